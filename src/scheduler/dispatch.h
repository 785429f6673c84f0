/* SPDX-License-Identifier: ISC
 *
 * dispatch.h - jobs to the deliverers, and how they come back.
 *
 * A site is looked after by one deliverer, so that its connections are in
 * one hand.  A deliverer hears of a site before its first job there, and is
 * handed a segment's descriptor before its first job from it.
 */
#ifndef SCHEDULER_DISPATCH_H
#define SCHEDULER_DISPATCH_H

#include "base/clock.h"
#include "base/list.h"
#include "wire/channel.h"

struct scheduler;
struct entry;
struct segment;
struct site;

enum { DELIVERERS_MOST = DELIVERER_APART + 1 };

/* The last one is for suspects (suspects.h) alone. */
struct deliverer {
	struct channel *channel;	/* null: it is not there */
	uint64_t birth;		/* tells one life of it from the next */
	size_t flying;		/* jobs it has */
	struct list unheard;	/* its sites, while it does not read */
	msec_t unheard_since;
};

struct job {
	struct entry *entry;	/* null: free */
	msec_t sent;
	uint32_t generation;
	uint32_t next_free;
	uint16_t deliverer;
};

struct dispatch {
	struct deliverer deliverers[DELIVERERS_MOST];
	unsigned count;		/* of those that are there, but for the
				 * one for suspects */
	uint64_t births;
	struct job *jobs;
	uint32_t job_room, job_free;	/* job_free: 0 = none */
	size_t flying;
	struct buf rcpts;	/* scratch */
};

void dispatch_init(struct scheduler *s);
void dispatch_fini(struct scheduler *s);

/* Deliverer NUMBER lives (anew), or (null) is gone: its jobs come back. */
void dispatch_deliverer(struct scheduler *s, unsigned number,
    struct channel *channel);

/* Give out what can go.  True: there is more for the next turn. */
bool dispatch_work(struct scheduler *s);

/* ---- dispatch_unheard.c ------------------------------------------------------ */

/* Deliverer NUMBER does not read what it is told. */
bool dispatch_is_unheard(const struct scheduler *s, unsigned number);
/* SITE, whose deliverer that is, offers nothing until it reads on, or another
 * one takes the site over. */
void dispatch_hush(struct scheduler *s, struct site *site);
/* The turn: who reads again?  When to look next; MSEC_NEVER: no need. */
void dispatch_listen(struct scheduler *s);
msec_t dispatch_next_listen(const struct scheduler *s);
/* The sites of NUMBER offer again. */
void dispatch_unhush(struct scheduler *s, unsigned number);

/* The one with the fewest jobs that reads; DELIVERERS_MOST: none does. */
unsigned dispatch_least_loaded(const struct scheduler *s);

/* A RESULT came from deliverer NUMBER. */
void dispatch_result(struct scheduler *s, unsigned number,
    const struct frame_result *result);

/* TALKS came from deliverer NUMBER. */
void dispatch_talks(struct scheduler *s, unsigned number,
    const struct frame_talks *talks);

/* ATTENTION came from deliverer NUMBER. */
void dispatch_attention(struct scheduler *s, unsigned number,
    const struct frame_attention *attention);

/* Nothing is to begin at SITE any more: what has not comes back. */
void dispatch_recall(struct scheduler *s, const struct site *site);

void dispatch_forget_segment(struct scheduler *s, struct segment *segment);

/* SITE, of which no job is out, is of no interest to its deliverer; the next
 * job tells of it anew. */
void dispatch_forget_site(struct scheduler *s, struct site *site);

/* ---- for dispatch.c (dispatch_known.c) ------------------------------------------ */

/* Who is to have ENTRY, told about its site. */
unsigned dispatch_find(struct scheduler *s, const struct entry *entry);

/* DELIVERER has SEGMENT, from now on at least.  False: it cannot be opened. */
bool dispatch_hand(struct scheduler *s, struct segment *segment,
    unsigned deliverer, struct err *err) MUST_CHECK;

/* DELIVERER is gone, and with it what it knew of segments. */
void dispatch_forgets(struct scheduler *s, unsigned deliverer);

#endif
