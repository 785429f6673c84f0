/* SPDX-License-Identifier: ISC
 *
 * dns.c - the only home of libunbound.
 *
 * DNSSEC is validated when we resolve from the roots ourselves and Debian's
 * root key is there; a forwarder is trusted to do it for us or not at all.
 */
#include "resolver/dns.h"

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <unistd.h>

#include <unbound.h>
#include <unbound-event.h>

#define ROOT_KEY "/usr/share/dns/root.key"
#define RESOLV_CONF "/etc/resolv.conf"
#define LOCAL_SERVER "127.0.0.1"

enum { CLASS_IN = 1, SEC_SECURE = 2 };

struct dns {
	struct ub_ctx *context;
	struct list queries;
	bool closing;
};

struct query {
	struct link link;
	struct dns *dns;
	enum dns_type type;
	dns_fn *fn;
	void *owner;
	unsigned slot;
};

/* ---- setting up --------------------------------------------------------- */

static bool
check(int code, const char *what, struct err *err)
{
	if (code == 0)
		return true;
	return err_set(err, ERR_LIBRARY, "libunbound: %s: %s", what,
	    ub_strerror(code));
}

/* In the library's own notation; more in flight than its modest default,
 * and a server that was down is asked again soon. */
static bool
set_options(struct ub_ctx *context, const struct conf *conf, struct err *err)
{
	char negative[32];
	const char *const options[][2] = {
		{ "do-not-query-localhost:", "no" },
		{ "outgoing-range:", "512" },
		{ "num-queries-per-thread:", "4096" },
		{ "outgoing-num-tcp:", "32" },
		{ "infra-host-ttl:", "60" },
		{ "infra-keep-probing:", "yes" },
		{ "cache-max-negative-ttl:", negative },
		{ "msg-cache-size:", "16m" },
		{ "rrset-cache-size:", "32m" },
	};
	msec_t seconds = conf_time(conf, conf->resolver_negative) / 1000;

	snprintf(negative, sizeof(negative), "%lld",
	    (long long)(seconds > 0 ? seconds : 1));
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!check(ub_ctx_set_option(context, options[i][0],
		    options[i][1]), options[i][0], err))
			return false;
	return true;
}

static bool
ask_roots(struct ub_ctx *context, struct err *err)
{
	return access(ROOT_KEY, R_OK) == -1 ||
	    check(ub_ctx_add_ta_file(context, ROOT_KEY), ROOT_KEY, err);
}

/*
 * A file without a server means this machine, to the library as to all who
 * read it; so does none.  The root servers are not asked instead: they know
 * nothing of names at home, and mail for these would be returned.
 */
static bool
ask_system(struct ub_ctx *context, struct err *err)
{
	int code = ub_ctx_resolvconf(context, RESOLV_CONF);

	if (code == 0)
		return true;
	log_warn(RESOLV_CONF " cannot be used: %s: asking " LOCAL_SERVER
	    " until it can", ub_strerror(code));
	return check(ub_ctx_set_fwd(context, LOCAL_SERVER), LOCAL_SERVER,
	    err);
}

static bool
set_servers(struct ub_ctx *context, const struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->resolver_server_count; i++)
		if (!check(ub_ctx_set_fwd(context, conf->resolver_servers[i]),
		    conf->resolver_servers[i], err))
			return false;
	if (conf->resolver_server_count > 0)
		return true;
	(void)ub_ctx_hosts(context, NULL);	/* may be missing */
	return conf->resolver_roots ? ask_roots(context, err) :
	    ask_system(context, err);
}

/* The library answers for some top-level names by itself; whoever names a
 * server of his own may well use "test" for tests. */
static bool
unblock(struct ub_ctx *context, const struct conf *conf, struct err *err)
{
	if (conf->resolver_server_count == 0)
		return true;
	return check(ub_ctx_zone_remove(context, "test."), "test", err) &&
	    check(ub_ctx_zone_remove(context, "invalid."), "invalid", err);
}

struct dns *
dns_open(const struct conf *conf, struct loop *loop, struct err *err)
{
	struct dns *dns = mem_new(struct dns);

	list_init(&dns->queries);
	dns->context = ub_ctx_create_event(loop_base(loop));
	if (dns->context == NULL)
		err_set(err, ERR_LIBRARY, "libunbound does not start");
	else if (check(ub_ctx_debugout(dns->context, NULL), "log", err) &&
	    set_options(dns->context, conf, err) &&
	    set_servers(dns->context, conf, err) &&
	    unblock(dns->context, conf, err))
		return dns;
	dns_close(&dns);
	return NULL;
}

void
dns_close(struct dns **at)
{
	struct dns *dns = *at;

	if (dns == NULL)
		return;
	dns->closing = true;	/* the library tells all who still wait */
	ub_ctx_delete(dns->context);
	while (!list_empty(&dns->queries))
		mem_free(list_item(list_take(&dns->queries), struct query,
		    link));
	mem_free(dns);
	*at = NULL;
}

/* ---- asking ------------------------------------------------------------- */

static void
on_answer(void *data, int rcode, void *packet, int length, int secure,
    char *why_bogus, int was_ratelimited)
{
	static struct dns_reply reply;	/* large, and lent for the call */
	struct query *query = data;

	if (query->dns->closing)
		return;
	(void)why_bogus;
	(void)was_ratelimited;
	if (rcode == 0 && packet != NULL && length > 0)
		dns_read(span_make(packet, (size_t)length), query->type,
		    &reply);
	else
		reply = (struct dns_reply){ .status = rcode == 3 ? DNS_NONE :
		    DNS_FAILED };
	reply.secure = secure == SEC_SECURE;
	list_remove(&query->dns->queries, &query->link);
	query->fn(query->owner, query->slot, &reply);
	mem_free(query);
}

void
dns_ask(struct dns *dns, const char *name, enum dns_type type, dns_fn *fn,
    void *owner, unsigned slot)
{
	struct query *query = mem_new(struct query);

	query->dns = dns;
	query->type = type;
	query->fn = fn;
	query->owner = owner;
	query->slot = slot;
	list_append(&dns->queries, &query->link);
	if (ub_resolve_event(dns->context, name, type, CLASS_IN, query,
	    on_answer, NULL) != 0)
		on_answer(query, 2, NULL, 0, 0, NULL, 0);
}
