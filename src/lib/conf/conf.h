/* SPDX-License-Identifier: ISC
 *
 * conf.h - what the operator wants.
 *
 * A struct conf is one configuration, checked and complete: every option
 * has its default filled in.  It is read by the master, written out again
 * as text (conf_dump) to its children, and never changed once parsed.
 *
 * Times are milliseconds with `time-scale` already applied by the readers
 * through conf_time() below; sizes are bytes.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/conf_told.h"

#include <regex.h>
#include <sys/socket.h>
#include <netinet/in.h>

/* Most pressing first: a smaller number goes first everywhere. */
enum mail_class { CLASS_URGENT, CLASS_NORMAL, CLASS_BULK, CLASS_COUNT };

/* "urgent", "normal", "bulk". */
const char *class_name(enum mail_class klass);
/* False: NAME is no class. */
bool class_of_name(struct span name, enum mail_class *out);

enum log_kind { LOG_KIND_FILE, LOG_KIND_STDERR, LOG_KIND_SYSLOG };

/* An address block: 127.0.0.0/8, 2001:db8::/32.  IPv4 is kept mapped. */
struct conf_net {
	struct in6_addr address;
	unsigned bits;		/* of 128 */
};

/* What becomes of mail that has a CR or LF without the other. */
enum bare_lf {
	BARE_LF_BY_TRUST, /* normalized for those who may relay */
	BARE_LF_REJECT,
	BARE_LF_NORMALIZE /* made CR LF */
};

/* Clients from these nets may relay, with at most `ceiling`. */
struct conf_trust {
	struct conf_net *nets;
	size_t net_count;
	enum mail_class ceiling;
	enum bare_lf bare_lf; /* BARE_LF_BY_TRUST: as the listen says */
};

enum listen_tls { LISTEN_TLS_OFFER, LISTEN_TLS_IMPLICIT, LISTEN_TLS_NONE };

struct conf_listen {
	char *text;		/* "127.0.0.1:25", "[::1]:587", as written */
	struct sockaddr_storage address;
	socklen_t address_length;
	struct conf_trust *trusts;
	size_t trust_count;
	enum mail_class klass;	/* of mail that asks for none */
	enum mail_class ceiling;	/* the most to be had here */
	enum listen_tls tls;
	bool strict;		/* with those who may relay too */
	enum bare_lf bare_lf;
};

enum route_kind { ROUTE_MX, ROUTE_HOSTS };

/* A next hop as written: "mx1.example.org", "192.0.2.1:2525", "[::1]:25". */
struct conf_hop {
	char *host;		/* name or address, without brackets */
	uint16_t port;		/* 25 when none was given */
};

enum { CONF_HOPS_MOST = 32 };

struct conf_route {
	char *pattern;		/* "*", "example.org", "*.example.org" */
	enum route_kind kind;
	struct conf_hop *hops;	/* in order of preference */
	size_t hop_count;
};

enum site_tls { SITE_TLS_OPPORTUNISTIC, SITE_TLS_NONE, SITE_TLS_ENCRYPT };

/* A number, or so many percent of a whole. */
struct conf_part {
	unsigned number;
	bool percent;
};

/* So many in a time; thousandths 0: as many as there are. */
struct conf_rate {
	uint64_t thousandths;
	uint32_t seconds;	/* a second, a minute, an hour or a day */
};

/* Limits towards one site; RFC 5321, section 4.5.3.2 for the timeouts. */
struct conf_site {
	char *pattern;		/* of the recipient domain or the MX host */
	unsigned connections;	/* at once */
	struct conf_part reserve;	/* of them, for urgent mail */
	unsigned recipients;	/* in a transaction */
	unsigned messages;	/* over one connection; 0 = no limit */
	unsigned failures;	/* transactions cut off in a row: it rests */
	struct conf_rate rate;	/* of transactions */
	struct conf_rate class_rate[CLASS_COUNT];	/* of those of each class */
	msec_t idle;		/* a warm connection is kept so long */
	enum site_tls tls;
	msec_t connect, greeting, helo, mail, rcpt, data, block, dot, quit;
};

/* Limits of one sender, as queue { fair-by } says who that is. */
struct conf_sender {
	char *pattern;		/* glob */
	struct conf_rate rate;	/* of all its transactions */
};

/* What follows when a server refuses something in words that match. */
struct conf_reply {
	char *regex;		/* POSIX extended, no case */
	char *at;		/* pattern of the domain or the mail host */
	regex_t *compiled;
	bool slow;		/* the window of the site is halved */
	msec_t pause;		/* the site rests so long; 0 = it does not */
	bool temporary, permanent;	/* taken for 4yz, or 5yz */
};

enum { RETRY_STEPS_MOST = 32 };

struct conf_class {
	msec_t retry[RETRY_STEPS_MOST];	/* the last one repeats */
	unsigned retry_count;
	msec_t lifetime;
	msec_t warn;		/* delay warning after; 0 = never */
	msec_t deadline;	/* of mail that has none; 0 = none */
};

/* Mail with header NAME whose value matches PATTERN is of class KLASS. */
struct conf_header {
	char *name;
	char *pattern;		/* glob over the value, no case; "*" = any */
	enum mail_class klass;
};

/* Whose turn mail takes: of the user who sent it, or else … */
enum fair_by {
	FAIR_BY_SENDER,		/* the domain of the reverse-path, or client */
	FAIR_BY_DOMAIN,		/* the same, but whichever user */
	FAIR_BY_CLIENT		/* the client's address */
};

enum { RESOLVER_SERVERS_MOST = 8 };

struct conf {
	/* who and where */
	char *hostname;
	char *spool;
	char *control;		/* its socket; CONTROL.submit beside it */
	enum log_kind log;
	char *log_path;		/* for LOG_KIND_FILE */
	char *user;		/* default of the four below */
	char *user_receiver, *user_scheduler;
	char *user_deliverer, *user_resolver;
	unsigned node;		/* 0..4095, in every id; from hostname */
	unsigned receivers, deliverers;	/* processes */
	double time_scale;	/* of retries, lifetimes, timeouts */

	struct conf_listen *listens;
	size_t listen_count;

	/* tls { } */
	char *tls_certificate, *tls_key;	/* null: no STARTTLS */

	/* resolver { } */
	char *resolver_servers[RESOLVER_SERVERS_MOST];	/* "ADDR@PORT" */
	size_t resolver_server_count;
	bool resolver_roots;	/* search from the root servers down */
	msec_t resolver_timeout;
	msec_t resolver_negative;	/* a failed answer is kept so long */

	/* limits { } */
	unsigned connections, connections_per_client;
	unsigned connections_per_minute;	/* of a stranger */
	size_t command_line;	/* bytes of a command, CRLF included */
	size_t data_line;	/* bytes of a line of data; 0 = no limit */
	size_t header_bytes;	/* of the header block */
	unsigned recipients;	/* of one message */
	uint64_t message_bytes;
	unsigned errors;	/* bad commands before 421 */
	unsigned hops;		/* Received fields before a loop is seen */
	msec_t idle;		/* between commands, and pieces of data */
	msec_t session;		/* a session in all */
	size_t memory;		/* bytes of messages coming in, per process */
	msec_t hold;		/* most of FUTURERELEASE; 0 = not offered */
	msec_t deliver_by;	/* least of DELIVERBY with R; 0 = any */

	/* queue { } */
	size_t window;		/* entries held in memory */
	uint64_t segment_bytes;	/* a segment is closed beyond this */
	unsigned compact;	/* percent; 0 = never */
	uint64_t large_bytes;	/* a message over this has its own segment */
	msec_t status_sync;	/* journals are synced at least so often */
	uint64_t reserve_bytes;	/* of disk, that only urgent mail gets */
	uint64_t bulk_reserve;	/* more of it, that bulk mail does not get */
	size_t bulk_most, normal_most;	/* entries in all; 0 = no limit */
	msec_t bulk_delay, normal_delay;	/* of commits; 0 = no limit */
	unsigned retry_jitter;	/* percent */
	enum fair_by fair_by;
	unsigned urgent_reserve;	/* percent of jobs at once */
	struct conf_class classes[CLASS_COUNT];

	/* classify { } */
	struct conf_header *headers;
	size_t header_count;

	/* bounce { } */
	char *postmaster;	/* gets bounces of bounces; null: drop */
	uint64_t bounce_bytes;	/* most of the original that is returned */

	struct conf_route *routes;	/* in order; never empty */
	size_t route_count;
	struct conf_site *sites;	/* in order; the last one matches "*" */
	size_t site_count;
	struct conf_sender *senders;	/* in order */
	size_t sender_count;
	struct conf_reply *replies;	/* in order */
	size_t reply_count;
};

/*
 * Read and check the file at PATH, and go on behind a mistake: TOLD, which is
 * empty before and cleared by the caller, gets all of them and the warnings.
 * Null: there are mistakes.
 */
struct conf *conf_read(const char *path, struct conf_told *told) MUST_CHECK;

/*
 * The same where one mistake is enough.  Null: ERR is ERR_CONFIG, and its
 * text starts with FILE:LINE (the file where the mistake is, after includes).
 */
struct conf *conf_load(const char *path, struct err *err) MUST_CHECK;

/* The same from TEXT; NAME stands for the file name in ERR. */
struct conf *conf_parse(struct span text, const char *name, struct err *err)
    MUST_CHECK;

void conf_free(struct conf **conf);

/*
 * Write CONF as text that conf_parse() reads back to the same: every option
 * in the order of the table.  With ONLY_CHANGED, those that are not the
 * default.
 */
void conf_dump(const struct conf *conf, bool only_changed, struct buf *out);

/* T scaled by time-scale, at least 1 ms unless T is 0. */
msec_t conf_time(const struct conf *conf, msec_t t);

/* The room that mail of KLASS must leave on disk, in bytes. */
uint64_t conf_floor(const struct conf *conf, enum mail_class klass);

/* PART of WHOLE: at least one (unless PART is 0), and always less than
 * WHOLE; of a whole of 0 or 1 it is 0. */
unsigned conf_part_of(struct conf_part part, unsigned whole);

/* Nanoseconds from one to the next; 0: no limit. */
int64_t conf_rate_interval(struct conf_rate rate);
/* As it is written: "2.5/s", "unlimited". */
enum { CONF_RATE_TEXT = 32 };
void conf_rate_text(struct conf_rate rate, char out[CONF_RATE_TEXT]);

/* The first route whose pattern matches DOMAIN; there is always one. */
const struct conf_route *conf_route_for(const struct conf *conf,
    struct span domain);

/*
 * The first site whose pattern matches DOMAIN or any of the COUNT HOSTS; in
 * whatever order these are, it is the same one.
 */
const struct conf_site *conf_site_for(const struct conf *conf,
    struct span domain, const struct span *hosts, size_t count);

/* The site with that very PATTERN; null: there is none. */
const struct conf_site *conf_site_named(const struct conf *conf,
    struct span pattern);

/* The first block whose pattern matches the sender NAME; null: there is
 * none. */
const struct conf_sender *conf_sender_for(const struct conf *conf,
    struct span name);

/*
 * The first rule for the reply TEXT ("450 4.2.1 mailbox busy") of HOST to
 * mail for DOMAIN; null: there is none.
 */
const struct conf_reply *conf_reply_for(const struct conf *conf,
    const char *text, struct span domain, struct span host);

/*
 * Whether ADDRESS (IPv6, IPv4 mapped) is in NET.  IPv4 is in nets of IPv4
 * only.
 */
bool conf_net_holds(const struct conf_net *net, const struct in6_addr *address);

/* The first trust of LISTEN that has all of NET in one of its own; or null. */
const struct conf_trust *conf_trust_within(const struct conf_listen *listen,
    const struct conf_net *net);

/*
 * The first trust of LISTEN with a net of CLIENT; null: a stranger.
 */
const struct conf_trust *conf_trust_of(const struct conf_listen *listen,
    const struct in6_addr *client);

/* "*", exact, or "*.domain" (subdomains, not the domain itself); no case. */
bool conf_pattern_matches(const char *pattern, struct span name);

/* Glob over TEXT with * and ?, without regard to case. */
bool conf_glob_matches(const char *glob, struct span text);
/* Whether the glob A matches all that B does.  It may be missed where a ?
 * meets a *. */
bool conf_glob_covers(const char *a, const char *b);

#endif
