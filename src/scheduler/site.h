/* SPDX-License-Identifier: ISC
 *
 * site.h - what waits for one site, and how many may go there at once.
 *
 * A site is a destination as the network sees it: a set of mail hosts.  It
 * has a ready line per class.  While it answers, as many jobs are given out
 * as it has connections, and some in advance if it is quick; less pressing
 * ones do not count, and urgent ones may exceed that.  When it fails it rests,
 * growing longer each time, and is then probed by one job, the most pressing
 * one, until it answers.
 */
#ifndef SCHEDULER_SITE_H
#define SCHEDULER_SITE_H

#include "scheduler/flow.h"
#include "scheduler/meter.h"
#include "scheduler/queue.h"
#include "scheduler/suspects.h"

enum {
	SITE_QUICK_MS = 50,	/* transactions under this: jobs in advance */
	SITE_UNPROVEN = 2	/* jobs, while many are out */
};

struct site {
	struct link work;	/* on queue->work[work_class], or ->fresh */
	uint8_t work_class;	/* CLASS_COUNT: on none */
	bool work_fresh;
	struct heap_node rest;	/* on queue->resting */
	uint32_t number;	/* on the wire */
	char *key;		/* hosts, ports and policy: its identity */
	char *name;		/* for people */
	char *domain;		/* one of those it serves, for people */
	char *pattern;		/* of the site block whose limits hold */
	uint8_t *hosts;		/* host_list of wire/frames.h */
	size_t host_bytes;
	uint64_t hosts_hash;	/* of what they are, in whatever order */
	msec_t hosts_told;	/* when their order was last taken */
	unsigned connections, recipients, cuts_most;	/* its limits */

	struct rates *rates;	/* null: no limit to its rate */
	struct line ready[CLASS_COUNT];
	struct apart *apart;	/* null: it never had suspects */
	struct trickle trickle;
	size_t entries;		/* in all lines and flying */
	unsigned flying;
	unsigned urgent_flying, bulk_flying, large_flying;	/* of these … */
	unsigned urgent_large, bulk_large;	/* … and of both */
	struct flow flow;	/* connections at once, as it fares */

	bool proven;		/* it answered, and did not fail since */
	unsigned cuts;		/* transactions cut off in a row */
	unsigned failures;	/* in a row; 0 = it answers */
	bool unreached;		/* the last one: no host talked to us */
	bool talks;		/* it is probed, and a host does so now */
	msec_t rested;		/* when the present rest began */
	uint8_t rests_for;	/* the class whose schedule it follows */
	msec_t held;		/* nobody ends it before */
	char *reason;		/* why it failed last; null: never */
	struct attention *attention;	/* its operator is asked; null: not */
	const char *paused;	/* the operator's reason; null: it is not */

	/* for their owners */
	struct list domains;	/* routes: those that lead here */
	struct list spilled[CLASS_COUNT];	/* routes: with rows in the index */
	uint64_t spilled_count[CLASS_COUNT];
	struct link hungry;	/* window: lines may be refilled */
	struct link thinned;	/* on senders->thinned */
	struct link unheard;	/* dispatch: its deliverer does not read */
	struct link astray;	/* some of its entries belong elsewhere */
	struct link shrinking;	/* window: too much of it is in memory */
	struct barren {
		uint64_t visited;	/* rows, in vain */
		uint64_t freed;	/* line->freed then, and 1 */
	} barren[CLASS_COUNT];	/* refill: rows that are not wanted yet */
	struct entry *grouping;	/* intake: the entry being filled */
	uint64_t grouping_stamp;
	int deliverer;		/* dispatch: who looks after it; -1: nobody */
	uint64_t told;		/* dispatch: the birth that knows the site */
	bool fixed;		/* routes: one names its hosts */
	bool changed;		/* dispatch: what it knows is old */
	bool anew;		/* dispatch: its hosts are to be tried anew */
};

/* ---- the names that lead to a site -------------------------------------------- */

enum domain_state {
	DOMAIN_NEW,		/* nobody has asked yet */
	DOMAIN_ASKING,		/* the first answer is awaited */
	DOMAIN_KNOWN,		/* `site` is good until `expires` */
	DOMAIN_FAILED		/* `failure` stands until `expires` */
};

/* A recipient domain that mail in memory or in the index is for. */
struct domain {
	char *name;		/* lower case */
	uint64_t hash;		/* of the name, the same in every life */
	uint8_t state;
	uint8_t failure;	/* enum answer_status, or FAILURE_* */
	bool literal;		/* an address in brackets */
	bool fixed;		/* its route names the hosts */
	char *why;		/* for people, when DOMAIN_FAILED */
	struct site *site;
	struct link at_site;	/* on site->domains */
	msec_t expires;
	unsigned pending;	/* questions under way, or waiting */
	bool again;		/* the route has changed since they were asked */
	uint32_t token;		/* of the last one */
	struct hosts *hosts;	/* answers so far */
	struct list waiting;	/* entries that wait for the site */
	size_t entries;		/* in memory, wherever they are */
	uint64_t spilled[CLASS_COUNT];	/* INDEX_READY rows of it */
	struct refill_turn {	/* window: how they come back */
		uint64_t from;	/* the sender who is next */
		unsigned each;	/* rows of a sender at once; 0: not known */
	} refill[CLASS_COUNT];
	struct link spilled_at[CLASS_COUNT];
	struct link failed;	/* window: rows are to hear of the failure */
	struct entry *grouping;	/* as in struct site */
	uint64_t grouping_stamp;
	struct link age;	/* by last use, for the cache */
};

/* A new site named by KEY, which is not in the queue yet. */
struct site *site_new(struct queue *queue, const char *key, const char *name,
    const char *domain);
struct site *site_find(const struct queue *queue, const char *key);
/* It has no entries. */
void site_free(struct queue *queue, struct site *site);

/* The limits of POLICY hold from now on; what flies already is not called
 * back. */
void site_apply(struct queue *queue, struct site *site,
    const struct conf_site *policy);
void site_limit(struct queue *queue, struct site *site, unsigned connections,
    unsigned recipients);

/* Jobs of class KLASS that may fly at once. */
unsigned site_credit(const struct site *site, enum mail_class klass);

/* How SITE took a job. */
enum site_news {
	SITE_ANSWERED,		/* it talks to us, whatever it said */
	SITE_CUT,		/* it broke off: 421, lost, timed out */
	SITE_FAILED,		/* no host of it would */
	SITE_UNTRIED,		/* the job came back unused */
	SITE_LOST		/* who had the job is no more */
};

/*
 * A job that flew since SENT is back: it no longer counts.  TOOK ms is the
 * time of its transaction, 0 = none.  A failure begins a rest by the
 * schedule of the most pressing class that waits, unless the job was sent
 * before the present one began; so do several jobs in a row that were cut
 * off, each sent after the one before was.  The entry is idle.
 */
void site_landed(struct queue *queue, struct site *site, struct entry *entry,
    enum site_news news, unsigned took, msec_t sent, msec_t now,
    const struct conf *conf);

/* A host of it, which is being probed, is ready for mail.  If it failed for
 * want of that, urgent mail need not wait for what becomes of the probe. */
void site_talks(struct queue *queue, struct site *site);

/* Connections that it may have now, and urgent mail besides.  While suspects
 * are out, some of them are for these. */
unsigned site_window(const struct site *site);
unsigned site_beside(const struct site *site);

/* Its lines, of suspects too, by class: walk them with I below the first. */
unsigned site_lines(const struct site *site);
struct line *site_line(struct site *site, unsigned i);
/* What waits of KLASS in memory. */
size_t site_waiting(const struct site *site, unsigned klass);

/* It wants less of us; or takes ROOM connections and refuses more. */
void site_strained(struct queue *queue, struct site *site, msec_t sent,
    msec_t now, const struct conf *conf);
void site_room(struct queue *queue, struct site *site, unsigned room,
    msec_t now, const struct conf *conf);

/* It is to rest until UNTIL at least, because of what it said. */
void site_hold(struct queue *queue, struct site *site, enum mail_class klass,
    msec_t until, msec_t now);

/* Nothing goes there because of WHY, which outlives the pause; null: the
 * pause is over. */
void site_pause(struct queue *queue, struct site *site, const char *why);

/* As if it had never failed. */
void site_reset(struct queue *queue, struct site *site);

/* All rows in the index are of senders who have to wait for their rates. */
static inline bool
site_is_barren(const struct site *site, unsigned klass)
{
	return site->barren[klass].freed == site->ready[klass].freed + 1;
}

/* Why nothing goes there; null: something does. */
const char *site_why(const struct site *site);

/* End the rest: by the operator, or with new addresses. */
void site_rouse(struct queue *queue, struct site *site);

/* Mail of KLASS waits now: a rest that follows the schedule of a less
 * pressing class follows that of KLASS. */
void site_press(struct queue *queue, struct site *site,
    enum mail_class klass, msec_t now, const struct conf *conf);

/* A rest that lasts beyond UNTIL ends then, unless the site asked for it. */
void site_hurry(struct queue *queue, struct site *site, msec_t until);

/* Until a time: queue_wake() ends it. */
static inline bool
site_rests(const struct site *site)
{
	return heap_holds(&site->rest);
}

/* Whether SITE rests, is being probed, or is paused. */
bool site_is_down(const struct site *site);

/* For the parts of the core. */
void site_update(struct queue *queue, struct site *site);
struct entry *site_pick(struct queue *queue, struct site *site, msec_t now);
/* ENTRY of KLASS was taken off its line: it flies. */
void site_goes(struct queue *queue, struct site *site, struct entry *entry,
    unsigned klass, msec_t now);
void site_line_add(struct queue *queue, struct site *site,
    struct entry *entry, bool front);
/* The line in which ENTRY stands. */
struct line *site_line_of(const struct entry *entry);
void site_line_remove(struct queue *queue, struct entry *entry);

#endif
