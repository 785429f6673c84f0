/* SPDX-License-Identifier: ISC
 *
 * routes.h - from a recipient's domain to its site.
 *
 * The route table names fixed hosts, or says that the MX records decide;
 * then the resolver is asked.  Answers are kept for their time to live,
 * failures for resolver { negative }.  A site is a set of hosts: domains
 * with the same mail hosts share it.
 */
#ifndef SCHEDULER_ROUTES_H
#define SCHEDULER_ROUTES_H

#include "base/list.h"
#include "base/map.h"
#include "wire/channel.h"

struct conf_site;
struct scheduler;
struct conf;
struct domain;
struct site;

/* Beside enum answer_status: why a domain has no site. */
enum { FAILURE_LOOP = 64, FAILURE_SYNTAX };

struct routes {
	struct map domains;	/* by name */
	struct list ages;	/* those by last use, oldest first */
	struct map questions;	/* by token: asked, or to be asked */
	struct list unasked;	/* those that wait for others' answers */
	size_t asked;
	uint32_t next_token;
	struct channel *resolver;	/* null: none lives */
	uint64_t stamp;		/* of the message being grouped */
	uint32_t epoch;		/* domains have left sites so often */
	struct list astray;	/* sites that some have left, with entries */
};

void routes_init(struct scheduler *s);
void routes_fini(struct scheduler *s);

/*
 * The domain called NAME (any case); if it is new or stale, its site is
 * looked for, and known at once where the route names addresses.
 */
struct domain *routes_domain(struct scheduler *s, struct span name);

/* The hash of a domain called NAME (any case), the same in every life. */
uint64_t routes_hash(struct span name);

/* Look again if what is known of DOMAIN is stale. */
void routes_refresh(struct scheduler *s, struct domain *domain);

/* Urgent mail waits for DOMAIN: it is asked for before others. */
void routes_press(struct scheduler *s, const struct domain *domain);

/* Recipients in a transaction to DOMAIN, as long as its site is unknown. */
unsigned routes_recipients(struct scheduler *s, const struct domain *domain);

/* Whose limits hold at SITE: a block that is gone is replaced by the one for
 * its hosts, until its domains have been looked up anew. */
const struct conf_site *routes_policy(const struct scheduler *s,
    const struct site *site);

/* The enhanced status for DOMAIN's failure, and whether it is for good. */
const char *routes_failure(const struct domain *domain, bool *permanent);

/* A resolver, or (null) none. */
void routes_resolver(struct scheduler *s, struct channel *resolver);
void routes_answer(struct scheduler *s, const struct frame_answer *answer);

/*
 * The configuration changed, it was OLD (reroute.c).  What is to be sent from
 * now on goes by the new routes and site blocks; every domain is looked up
 * anew, but what is known of one whose route is the same serves meanwhile.
 */
void routes_reload(struct scheduler *s, const struct conf *old);

/* Forget domains and sites that nobody uses. */
void routes_sweep(struct scheduler *s);

#endif
