/* SPDX-License-Identifier: ISC
 *
 * conf_table.c - every option is one row.
 */
#include "conf/conf_table.h"

#include "conf/conf_parser.h"

#include <string.h>

#define CONF(member) offsetof(struct conf, member)
#define LISTEN(member) offsetof(struct conf_listen, member)
#define ROUTE(member) offsetof(struct conf_route, member)
#define SITE(member) offsetof(struct conf_site, member)
#define SENDER(member) offsetof(struct conf_sender, member)
#define REPLY(member) offsetof(struct conf_reply, member)

#define K 1024ull
#define M (1024 * K)
#define G (1024 * M)
#define S 1000ull
#define MIN (60 * S)
#define H (60 * MIN)
#define D (24 * H)

/* Options whose value has no range. */
#define PLAIN(block, name, kind, fallback, offset, text) \
	{ block, name, kind, UNIT_NONE, fallback, 0, 0, NULL, offset, text }
#define COUNT(block, name, fallback, least, most, offset, text) \
	{ block, name, KIND_UNSIGNED, UNIT_NONE, fallback, least, most, NULL, \
	    offset, text }
#define SIZE(block, name, fallback, least, most, offset, text) \
	{ block, name, KIND_SIZE, UNIT_SIZE, fallback, least, most, NULL, \
	    offset, text }
#define BYTES(block, name, fallback, least, most, offset, text) \
	{ block, name, KIND_BYTES, UNIT_SIZE, fallback, least, most, NULL, \
	    offset, text }
#define TIME(block, name, fallback, least, most, offset, text) \
	{ block, name, KIND_TIME, UNIT_TIME, fallback, least, most, NULL, \
	    offset, text }

#define CLASS(block, klass, steps, days, after) \
	{ block, "retry", KIND_RETRY, UNIT_TIME, steps, 100, 7 * D, NULL, \
	    CONF(classes[klass]), \
	    "pauses before each new try; the last one repeats" }, \
	TIME(block, "lifetime", days, 1 * S, 30 * D, \
	    CONF(classes[klass].lifetime), \
	    "after so long a message goes back to its sender"), \
	{ block, "warn", KIND_TIME, UNIT_TIME, after, 1 * S, 30 * D, "never", \
	    CONF(classes[klass].warn), \
	    "after so long the sender is told of the delay" }, \
	{ block, "deadline", KIND_TIME, UNIT_TIME, "none", 1 * S, 30 * D, \
	    "none", CONF(classes[klass].deadline), \
	    "mail that has none is to be delivered within this time" }

#define TIMEOUT(name, fallback, member, text) \
	TIME(BLOCK_SITE, name, fallback, 100, 1 * H, SITE(member), text)

const struct conf_option conf_options[] = {
	PLAIN(BLOCK_TOP, "hostname", KIND_HOSTNAME, NULL, CONF(hostname),
	    "the name this relay goes by"),
	PLAIN(BLOCK_TOP, "spool", KIND_PATH, "/var/spool/postrider",
	    CONF(spool), "the directory that holds the mail"),
	PLAIN(BLOCK_TOP, "control", KIND_PATH, "/run/postrider/control",
	    CONF(control), "the control socket; .submit is added for mail"),
	PLAIN(BLOCK_TOP, "log", KIND_LOG, "syslog", 0,
	    "file PATH, stderr or syslog"),
	PLAIN(BLOCK_TOP, "user", KIND_USER, "postrider", CONF(user),
	    "the children run as this user"),
	PLAIN(BLOCK_TOP, "user-receiver", KIND_USER, NULL, CONF(user_receiver),
	    "the receivers do"),
	PLAIN(BLOCK_TOP, "user-scheduler", KIND_USER, NULL,
	    CONF(user_scheduler), "the scheduler does; it owns the spool"),
	PLAIN(BLOCK_TOP, "user-deliverer", KIND_USER, NULL,
	    CONF(user_deliverer), "the deliverers do"),
	PLAIN(BLOCK_TOP, "user-resolver", KIND_USER, NULL, CONF(user_resolver),
	    "the resolver does"),
	COUNT(BLOCK_TOP, "node", NULL, 0, 4095, CONF(node),
	    "this machine's number, in every message id"),
	COUNT(BLOCK_TOP, "receivers", NULL, 1, 63, CONF(receivers),
	    "processes that take mail in"),
	COUNT(BLOCK_TOP, "deliverers", NULL, 1, 64, CONF(deliverers),
	    "processes that carry mail on"),
	{ BLOCK_TOP, "time-scale", KIND_DOUBLE, UNIT_NONE, "1", 100, 1000000000,
	    NULL, CONF(time_scale),
	    "stretches retries, lifetimes and timeouts; for tests" },

	PLAIN(BLOCK_LISTEN, "trust", KIND_TRUST, NULL, 0,
	    "NET ... [ceiling CLASS] [bare-lf reject | normalize]: these "
	    "clients "
	    "may relay"),
	PLAIN(BLOCK_LISTEN, "class", KIND_CLASS, "normal", LISTEN(klass),
	    "of mail that asks for none"),
	PLAIN(BLOCK_LISTEN, "ceiling", KIND_CLASS, "urgent", LISTEN(ceiling),
	    "the most pressing class to be had here"),
	PLAIN(BLOCK_LISTEN, "tls", KIND_LISTEN_TLS, "offer", LISTEN(tls),
	    "offer (STARTTLS, given a certificate), implicit or none"),
	PLAIN(BLOCK_LISTEN, "strict", KIND_FLAG, NULL, LISTEN(strict),
	    "who may relay must keep to the letter of SMTP too"),
	PLAIN(BLOCK_LISTEN, "bare-lf", KIND_BARE_LF, "by-trust",
	    LISTEN(bare_lf),
	    "reject, normalize or by-trust: a CR or LF without the other"),

	PLAIN(BLOCK_TLS, "certificate", KIND_PATH, NULL, CONF(tls_certificate),
	    "PEM file with the chain, ours first"),
	PLAIN(BLOCK_TLS, "key", KIND_PATH, NULL, CONF(tls_key),
	    "PEM file with the private key"),

	PLAIN(BLOCK_RESOLVER, "server", KIND_SERVER, NULL, 0,
	    "ADDRESS[@PORT] of a name server; the system's when none is given"),
	PLAIN(BLOCK_RESOLVER, "roots", KIND_FLAG, NULL, CONF(resolver_roots),
	    "search from the root servers down, and ask no other server"),
	TIME(BLOCK_RESOLVER, "timeout", "30s", 100, 5 * MIN,
	    CONF(resolver_timeout), "a question is given up after so long"),
	{ BLOCK_RESOLVER, "negative", KIND_TIME, UNIT_TIME, "1m", 100, 1 * D,
	    "never", CONF(resolver_negative),
	    "a failed answer is kept so long" },

	COUNT(BLOCK_LIMITS, "connections", "10000", 1, 1000000,
	    CONF(connections), "sessions at once, in all"),
	COUNT(BLOCK_LIMITS, "connections-per-client", "1000", 1, 1000000,
	    CONF(connections_per_client), "sessions at once from one address"),
	COUNT(BLOCK_LIMITS, "connections-per-minute", "6000", 1, 1000000,
	    CONF(connections_per_minute),
	    "connections of an address that may not relay"),
	SIZE(BLOCK_LIMITS, "command-line", "4096", 512, 64 * K,
	    CONF(command_line), "a command, CRLF included"),
	{ BLOCK_LIMITS, "data-line", KIND_SIZE, UNIT_SIZE, "unlimited", 1000,
	    1 * G, "unlimited", CONF(data_line), "a line of a message" },
	SIZE(BLOCK_LIMITS, "header", "100k", 1 * K, 16 * M, CONF(header_bytes),
	    "the header block of a message"),
	COUNT(BLOCK_LIMITS, "recipients", "1000", 1, 50000, CONF(recipients),
	    "of one message"),
	BYTES(BLOCK_LIMITS, "message-size", "50M", 1 * K, 2 * G,
	    CONF(message_bytes), "a message"),
	COUNT(BLOCK_LIMITS, "errors", "20", 1, 10000, CONF(errors),
	    "bad commands before a session is ended"),
	COUNT(BLOCK_LIMITS, "hops", "50", 1, 1000, CONF(hops),
	    "Received fields before mail is taken to run in a loop"),
	TIME(BLOCK_LIMITS, "idle", "5m", 100, 1 * D, CONF(idle),
	    "between commands, and between pieces of data"),
	TIME(BLOCK_LIMITS, "session", "1d", 100, 30 * D, CONF(session),
	    "a session in all"),
	SIZE(BLOCK_LIMITS, "memory", "256M", 1 * M, 64 * G, CONF(memory),
	    "messages being received, in each receiver"),
	{ BLOCK_LIMITS, "hold", KIND_TIME, UNIT_TIME, "30d", 1 * S, 365 * D,
	    "never", CONF(hold), "mail may ask to be held back so long" },
	TIME(BLOCK_LIMITS, "deliver-by", "0", 0, 1 * D, CONF(deliver_by),
	    "the least time that mail may give us with BY and R"),

	SIZE(BLOCK_QUEUE, "window", "200000", 1, 100000000, CONF(window),
	    "entries held in memory; the others wait on disk"),
	BYTES(BLOCK_QUEUE, "segment-size", "32M", 64 * K, 4 * G,
	    CONF(segment_bytes), "a spool file is closed beyond this"),
	{ BLOCK_QUEUE, "compact", KIND_UNSIGNED, UNIT_PERCENT, "25", 0, 90,
	    NULL, CONF(compact),
	    "a closed spool file with less live mail than that is emptied" },
	BYTES(BLOCK_QUEUE, "large-message", "256k", 1 * K, 1 * G,
	    CONF(large_bytes), "over this a message has its own spool file"),
	TIME(BLOCK_QUEUE, "status-sync", "1s", 0, 1 * MIN, CONF(status_sync),
	    "what became of mail is on stable storage so soon"),
	BYTES(BLOCK_QUEUE, "reserve", "64M", 0, 1024 * G, CONF(reserve_bytes),
	    "with less room on disk only urgent mail is taken"),
	BYTES(BLOCK_QUEUE, "bulk-reserve", "64M", 0, 1024 * G,
	    CONF(bulk_reserve), "so much more room there must be for bulk"),
	{ BLOCK_QUEUE, "normal-most", KIND_SIZE, UNIT_SIZE, "10000000", 1,
	    1000000000, "unlimited", CONF(normal_most),
	    "with so many entries waiting no normal or bulk mail is taken" },
	{ BLOCK_QUEUE, "bulk-most", KIND_SIZE, UNIT_SIZE, "5000000", 1,
	    1000000000, "unlimited", CONF(bulk_most),
	    "with so many entries waiting no bulk mail is taken" },
	{ BLOCK_QUEUE, "normal-delay", KIND_TIME, UNIT_TIME, "10s", 1, 10 * MIN,
	    "unlimited", CONF(normal_delay),
	    "when commits take so long no normal or bulk mail is taken" },
	{ BLOCK_QUEUE, "bulk-delay", KIND_TIME, UNIT_TIME, "3s", 1, 10 * MIN,
	    "unlimited", CONF(bulk_delay),
	    "when commits take so long no bulk mail is taken" },
	{ BLOCK_QUEUE, "jitter", KIND_UNSIGNED, UNIT_PERCENT, "20", 0, 90, NULL,
	    CONF(retry_jitter), "pauses vary by so many percent" },
	PLAIN(BLOCK_QUEUE, "fair-by", KIND_FAIR_BY, "sender", CONF(fair_by),
	    "sender, domain or client: who takes turns inside a class"),
	{ BLOCK_QUEUE, "urgent-reserve", KIND_UNSIGNED, UNIT_PERCENT, "20", 1,
	    90, NULL, CONF(urgent_reserve),
	    "of all deliveries at once: only urgent mail gets these" },

	CLASS(BLOCK_URGENT, CLASS_URGENT, "5s 15s 30s 1m 2m 5m", "4h", "15m"),
	CLASS(BLOCK_NORMAL, CLASS_NORMAL, "1m 3m 10m 30m 1h 2h 4h", "5d", "4h"),
	CLASS(BLOCK_BULK, CLASS_BULK, "5m 15m 30m 1h 2h 4h", "5d", "never"),

	PLAIN(BLOCK_CLASSIFY, "header", KIND_HEADER,
	    /* no row reaches urgent: any plugin sets such fields */
	    "X-Priority 4* bulk 5* bulk; Importance low bulk;"
	    "Priority non-urgent bulk;"
	    "Precedence bulk bulk junk bulk list bulk; List-Id * bulk",
	    0, "NAME GLOB CLASS ...: mail with this header is of this class"),

	PLAIN(BLOCK_BOUNCE, "postmaster", KIND_MAILBOX, NULL, CONF(postmaster),
	    "gets the bounces that cannot be returned"),
	BYTES(BLOCK_BOUNCE, "return-size", "50k", 0, 100 * M,
	    CONF(bounce_bytes), "the most of a message that is sent back"),

	PLAIN(BLOCK_ROUTE, "to", KIND_TO, "mx", 0,
	    "mx, or HOST[:PORT] ... in order of preference"),

	COUNT(BLOCK_SITE, "connections", "20", 1, 10000, SITE(connections),
	    "at once"),
	{ BLOCK_SITE, "reserve", KIND_PART, UNIT_NONE, "3%", 0, 9999, NULL,
	    SITE(reserve), "of the connections, kept free for urgent mail" },
	COUNT(BLOCK_SITE, "recipients", "100", 1, 10000, SITE(recipients),
	    "in one transaction"),
	{ BLOCK_SITE, "messages", KIND_UNSIGNED, UNIT_NONE, "1000", 1, 1000000,
	    "unlimited", SITE(messages), "over one connection" },
	COUNT(BLOCK_SITE, "failures", "5", 1, 1000, SITE(failures),
	    "so many transactions cut off in a row, and the site rests"),
	PLAIN(BLOCK_SITE, "rate", KIND_RATE, "unlimited", SITE(rate),
	    "messages in a time, as in 100/s or 20/m"),
	PLAIN(BLOCK_SITE, "rate-urgent", KIND_RATE, "unlimited",
	    SITE(class_rate[CLASS_URGENT]), "of urgent mail"),
	PLAIN(BLOCK_SITE, "rate-normal", KIND_RATE, "unlimited",
	    SITE(class_rate[CLASS_NORMAL]), "of normal mail"),
	PLAIN(BLOCK_SITE, "rate-bulk", KIND_RATE, "unlimited",
	    SITE(class_rate[CLASS_BULK]), "of bulk mail"),
	TIME(BLOCK_SITE, "idle", "30s", 0, 1 * H, SITE(idle),
	    "a warm connection is kept so long"),
	PLAIN(BLOCK_SITE, "tls", KIND_SITE_TLS, "opportunistic", SITE(tls),
	    "opportunistic, none or encrypt"),
	TIMEOUT("timeout-connect", "30s", connect, "to connect"),
	TIMEOUT("timeout-greeting", "5m", greeting, "for the greeting"),
	TIMEOUT("timeout-helo", "5m", helo, "for the reply to EHLO"),
	TIMEOUT("timeout-mail", "5m", mail, "for the reply to MAIL"),
	TIMEOUT("timeout-rcpt", "5m", rcpt, "for the reply to RCPT"),
	TIMEOUT("timeout-data", "2m", data, "for the reply to DATA"),
	TIMEOUT("timeout-block", "3m", block, "to get rid of a piece of data"),
	TIMEOUT("timeout-dot", "10m", dot, "for the reply to the final dot"),
	TIMEOUT("timeout-quit", "5s", quit, "for the reply to QUIT"),

	PLAIN(BLOCK_SENDER, "rate", KIND_RATE, "unlimited", SENDER(rate),
	    "messages in a time, as in 100/s or 20/m, to all sites"),

	PLAIN(BLOCK_REPLY, "at", KIND_PATTERN, "*", REPLY(at),
	    "only at sites whose domain or mail host matches"),
	PLAIN(BLOCK_REPLY, "slow", KIND_FLAG, NULL, REPLY(slow),
	    "half as many connections to the site"),
	{ BLOCK_REPLY, "pause", KIND_TIME, UNIT_TIME, "none", 1 * S, 30 * D,
	    "none", REPLY(pause), "the site gets nothing for so long" },
	PLAIN(BLOCK_REPLY, "temporary", KIND_FLAG, NULL, REPLY(temporary),
	    "mail that is refused so waits for another try"),
	PLAIN(BLOCK_REPLY, "permanent", KIND_FLAG, NULL, REPLY(permanent),
	    "mail that is refused so goes back"),
};

const size_t conf_option_count =
    sizeof conf_options / sizeof conf_options[0];

#define ITEMS(type, list, number) \
	.item_size = sizeof(struct type), .items = CONF(list), \
	.item_count = CONF(number)

const struct conf_block conf_blocks[BLOCK_COUNT] = {
	[BLOCK_TOP]      = { .name = "" },
	[BLOCK_LISTEN]   = { .name = "listen", .argument = "ADDRESS:PORT",
	    .bare = true, ITEMS(conf_listen, listens, listen_count) },
	[BLOCK_TLS]      = { .name = "tls" },
	[BLOCK_RESOLVER] = { .name = "resolver" },
	[BLOCK_LIMITS]   = { .name = "limits" },
	[BLOCK_QUEUE]    = { .name = "queue" },
	[BLOCK_URGENT]   = { .name = "class", .word = "urgent" },
	[BLOCK_NORMAL]   = { .name = "class", .word = "normal" },
	[BLOCK_BULK]     = { .name = "class", .word = "bulk" },
	[BLOCK_CLASSIFY] = { .name = "classify" },
	[BLOCK_BOUNCE]   = { .name = "bounce" },
	[BLOCK_ROUTE]    = { .name = "route", .argument = "PATTERN",
	    ITEMS(conf_route, routes, route_count) },
	[BLOCK_SITE]     = { .name = "site", .argument = "PATTERN",
	    ITEMS(conf_site, sites, site_count) },
	[BLOCK_SENDER]   = { .name = "sender", .argument = "PATTERN",
	    ITEMS(conf_sender, senders, sender_count) },
	[BLOCK_REPLY]    = { .name = "reply", .argument = "REGEX",
	    ITEMS(conf_reply, replies, reply_count),
	    .fini = conf_reply_fini },
};

const struct conf_option *
conf_option_find(enum conf_block_id block, const char *name)
{
	for (size_t i = 0; i < conf_option_count; i++)
		if (conf_options[i].block == block &&
		    strcmp(conf_options[i].name, name) == 0)
			return &conf_options[i];
	return NULL;
}

const char *
conf_each_name(size_t *at, struct buf *out)
{
	const struct conf_option *option;
	const struct conf_block *block;

	if (*at >= conf_option_count)
		return NULL;
	option = &conf_options[(*at)++];
	block = &conf_blocks[option->block];
	buf_clear(out);
	if (option->block != BLOCK_TOP)
		buf_printf(out, "%s ", block->name);
	if (block->word != NULL)
		buf_printf(out, "%s ", block->word);
	buf_append(out, option->name, strlen(option->name) + 1);
	return (const char *)out->data;
}
