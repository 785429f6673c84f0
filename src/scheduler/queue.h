/* SPDX-License-Identifier: ISC
 *
 * queue.h - what waits in memory, and in which order it goes.
 *
 * The pure core of the scheduler: messages, the entries they are cut into,
 * and the sites these are bound for.  It knows no files, no sockets and no
 * clock; callers pass the time in (monotonic ms unless it says wall).
 *
 * An entry is what one transaction carries: recipients of one message that
 * share a site.  It is in exactly one place: it waits for its domain's
 * routing, stands in a ready line of its site, flies (a deliverer has it),
 * or (a deliverer died with it twice) in one of suspects.h.  Entries that wait for a time are not here but in the
 * index, unless there is no index; then they are on the `later` heap.
 */
#ifndef SCHEDULER_QUEUE_H
#define SCHEDULER_QUEUE_H

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "conf/conf.h"
#include "scheduler/line.h"
#include "scheduler/sender.h"
#include "scheduler/spent.h"
#include "scheduler/suspects.h"
#include "spool/msgid.h"

struct segment;
struct domain;
struct report;
struct site;

enum entry_state {
	ENTRY_IDLE,		/* nowhere: being handled by its caller */
	ENTRY_ROUTING,		/* at its domain, which has no site yet */
	ENTRY_READY,		/* in a ready line of its site */
	ENTRY_FLYING,		/* a job at a deliverer */
	ENTRY_LATER		/* on the heap of those that wait for a time */
};

enum {
	MESSAGE_SUCCESS = 2,	/* somebody asked for NOTIFY=SUCCESS */
	MESSAGE_DELETED = 4,	/* the operator wants it gone */
	MESSAGE_HELD = 8	/* the operator wants it to stay */
};

enum {				/* `warned` of an index row */
	ROW_WARNED = 1,
	ROW_SUCCESS = MESSAGE_SUCCESS,
	ROW_TIMED = 16,		/* the envelope says more of its times */
	ROW_HASTENED = 32	/* as of an entry */
};

enum {				/* DELIVERBY */
	BY_ASKED = 1,		/* the deadline is its sender's */
	BY_RETURN = 2,		/* mode R: then it goes back */
	BY_TRACE = 4		/* T: its sender wants to hear of each relay */
};

/* A message with at least one entry or report in memory. */
struct message {
	struct msgid id;
	uint8_t klass;
	uint8_t flags;
	bool suspect;		/* a deliverer died that had only this */
	uint16_t busy;		/* who relies on it: not to be freed yet */
	struct segment *segment;
	uint64_t offset, size;	/* of its record */
	usec_t arrived, taken;	/* wall: accepted, and taken up here */
	usec_t deadline;	/* wall, 0 = none */
	usec_t released;	/* wall; when its life began: arrived, or the
				 * end of the time it was held for */
	usec_t slept;		/* of its life: the relay did not run */
	struct heap_node alarm;	/* on queue->deadlines, if BY_ASKED */
	uint8_t by;		/* BY_* */
	uint64_t sender;	/* whose turn it takes: line_sender() */
	uint32_t open;		/* recipients not final, wherever they are */
	struct list entries;	/* those in memory */
	struct report *report;	/* those to its sender, a chain */
};

struct entry {
	struct link place;	/* in the list of its state */
	struct link sibling;	/* in message->entries */
	struct heap_node wait;	/* ENTRY_LATER; or share->due */
	struct share *share;	/* in a ready line: of its sender */
	struct message *message;
	struct domain *domain;	/* whose routing it follows */
	struct site *site;	/* null while ENTRY_ROUTING */
	uint32_t *rcpts;	/* indexes in the envelope; &one if it is one */
	uint32_t rcpt_count, one;
	uint32_t job;		/* while ENTRY_FLYING */
	uint32_t epoch;		/* of the routes, when it was put together */
	uint16_t attempts;	/* transactions tried so far */
	uint8_t state;
	uint8_t klass;		/* while ENTRY_FLYING: what it took off as */
	uint8_t deaths;		/* of deliverers that had it in hand … */
	uint8_t alone;		/* … and nothing else; since it was tried */
	bool suspect;		/* readied as one: stands, or flies, apart */
	bool urgent_flies, bulk_flies;	/* counted so at its site */
	bool large_flies;	/* and so */
	bool fresh_flies;	/* counted so in the queue */
	bool warned;		/* its sender was told of the delay */
	bool hastened;		/* the operator brought its next try forward */
};

/*
 * Of so many picks, a class that waits gets one, if it had none for so long:
 * at each site, and among sites.
 */
enum { TRICKLE_PICKS = 16, TRICKLE_MS = 1000 };

struct trickle {
	unsigned passed[CLASS_COUNT];	/* picks that passed a class over */
	msec_t picked[CLASS_COUNT];	/* when it last had one, or came */
};

enum count { COUNT_READY, COUNT_FLYING, COUNT_WAITING, COUNT_HELD,
	COUNT_STATES };

struct queue {
	struct map messages;	/* by id */
	struct map sites;	/* by key */
	struct map shares;	/* of all ready lines */
	struct senders senders;	/* if they have rates */
	struct list work[CLASS_COUNT];	/* sites with a pick to offer … */
	struct list fresh[CLASS_COUNT];	/* … that did not answer yet */
	unsigned turns;		/* of these two */
	struct trickle trickle;	/* of the classes, node-wide */
	struct heap resting;	/* sites that failed, by the end of the rest */
	struct heap tokens;	/* meters that are dry, by their next token */
	struct spent spent;	/* those that are gone, and were so */
	struct heap later;	/* entries, by due time (wall usec) */
	struct heap deadlines;	/* messages, by their deadline (wall usec) */
	struct suspects suspects;
	bool tight;		/* many jobs are out: sites that did not answer
				 * yet get a few each */
	size_t fresh_flying;	/* jobs of such sites … */
	size_t fresh_most[CLASS_COUNT];	/* … and the most there are to be when
				 * one of this class goes */
	uint64_t large;		/* bytes; a larger message never takes the
				 * last connection of a site */
	size_t entries;		/* in memory */
	uint32_t next_site;
	/* entries in memory and in the index */
	uint64_t counts[CLASS_COUNT][COUNT_STATES];
};

void queue_init(struct queue *queue);
/* All messages, entries and sites are freed. */
void queue_fini(struct queue *queue);

/* ---- messages and entries --------------------------------------------------- */

/* A message without entries; ID is not in the queue yet. */
struct message *message_new(struct queue *queue, struct msgid id);
struct message *message_find(const struct queue *queue, struct msgid id);
/* Nothing of MESSAGE is in memory any more. */
void message_free(struct queue *queue, struct message *message);
/* Free MESSAGE if it has neither entries nor a report nor is busy. */
bool message_release(struct queue *queue, struct message *message);

/* A new ENTRY_IDLE entry without recipients. */
struct entry *entry_new(struct queue *queue, struct message *message);
void entry_add_rcpt(struct entry *entry, uint32_t rcpt);
/* ENTRY was tried without success.  What the operator asked for between two
 * tries is none of the schedule's: the next pause is not longer for it. */
void entry_tried(struct entry *entry);
/* Keep only the COUNT recipients in RCPTS (may be part of its own). */
void entry_set_rcpts(struct entry *entry, const uint32_t *rcpts,
    uint32_t count);
/* ENTRY is idle; its message stays. */
void entry_free(struct queue *queue, struct entry *entry);

/* Take ENTRY out of wherever it stands (not while flying): it is idle. */
void entry_pull(struct queue *queue, struct entry *entry);

/* ENTRY (idle) waits for its domain's site. */
void entry_await_route(struct queue *queue, struct entry *entry);

/* It is to wait until DUE (wall) in memory. */
void entry_later(struct queue *queue, struct entry *entry, usec_t due);

/* An entry of class KLASS is counted in state NEW instead of OLD;
 * COUNT_STATES stands for nowhere. */
void queue_count(struct queue *queue, uint8_t klass, enum count old,
    enum count new);

/* ---- picking ------------------------------------------------------------------ */

/*
 * The entry that is to go next, node-wide, of class WORST or a more pressing
 * one (a trickle may be less); it is ENTRY_FLYING and counted against its
 * site.  Null: nothing can go now.
 */
struct entry *queue_pick_until(struct queue *queue, enum mail_class worst,
    msec_t now);

static inline struct entry *
queue_pick(struct queue *queue, msec_t now)
{
	return queue_pick_until(queue, CLASS_BULK, now);
}

/* Something of KLASS may go now. */
static inline bool
queue_has_work(const struct queue *queue, enum mail_class klass)
{
	return !list_empty(&queue->work[klass]) ||
	    !list_empty(&queue->fresh[klass]);
}

/* A pick is made: BEST, or a class of BEST + 1 … WORST that is due (WAITS[c]:
 * it waits). */
unsigned trickle_choose(struct trickle *trickle, unsigned best,
    unsigned worst, const bool waits[CLASS_COUNT], msec_t now);
void trickle_picked(struct trickle *trickle, unsigned klass, msec_t now);

/* Put ENTRY (idle, its site known) into its ready line, or (deliverers died
 * with it) its line of suspects, at the end or (it was there before) at the
 * front. */
void queue_ready(struct queue *queue, struct entry *entry, bool front);

/* Sites whose rest is over may be probed from now on, and tokens that came
 * may be taken. */
void queue_wake(struct queue *queue, msec_t now);

/* When queue_wake() has something to do; MSEC_NEVER: nothing waits for a
 * time. */
msec_t queue_next_wake(const struct queue *queue);

#endif
