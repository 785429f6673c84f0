/* SPDX-License-Identifier: ISC
 *
 * courier.h - one connection to a host of a site, from dialing to QUIT.
 *
 * A courier tries the addresses of its site one after the other until a
 * host talks to it, then waits in the site's idle list for jobs.  It frees
 * itself when its connection ends, and tells its site.
 */
#ifndef DELIVERER_COURIER_H
#define DELIVERER_COURIER_H

#include "io/conn.h"
#include "deliverer/message.h"
#include "deliverer/session.h"
#include "deliverer/site.h"

enum courier_state {
	COURIER_DIALING,	/* until a host is ready for MAIL */
	COURIER_IDLE,
	COURIER_READING,	/* verifying a large message */
	COURIER_BUSY,
	COURIER_LEAVING		/* QUIT was said */
};

struct courier {
	struct link all;	/* in site->couriers */
	struct link link;	/* in site->idle */
	struct link place;	/* in the deliverer's places, idle or dialing */
	struct site *site;
	struct deliverer *deliverer;
	enum courier_state state;
	/* the host */
	struct conn *conn;
	struct session session;
	uint64_t tried;		/* targets, a bit each */
	avoid_t avoid;		/* it was made for mail that avoids these */
	uint16_t tag;		/* of the target, see avoid.h */
	bool detour;		/* mail that avoids none goes elsewhere */
	bool joined;		/* counted at the target with `addr` */
	bool beside;		/* nobody waits for it: its host may be dead */
	bool stands_in;		/* a better host was not well */
	bool clear;		/* TLS with this target failed just now */
	bool all_final;		/* of the targets tried */
	struct addr addr;
	char host[256], relay[340];	/* of the target, which may go */
	struct site_failure failure;	/* of the last target */
	/* the work */
	struct job *job;
	struct message message;
	bool streaming;		/* a large body is on its way */
	struct job *ahead;	/* its first commands went out behind the
				 * body of the job */
	struct message ahead_message;
	bool was_ahead;		/* the job itself was */
	bool proves;		/* the server's order, by the one ahead */
	bool proved;		/* it keeps it */
	bool rested;		/* it was idle before it got the job */
	bool late;		/* the job's time was over, and it was broken
				 * off by us */
	unsigned used;		/* transactions begun */
	unsigned refused;	/* the last ones, that were put off */
	bool surplus;		/* it is one too many, or its host is left
				 * alone meanwhile */
	struct timer *reading;
	usec_t heard;		/* of the host, or called it: monotonic */
	uint64_t awaits;	/* what the deadline is for */
	usec_t dialed, ready, begun, begun_mono;
	msec_t missed;		/* its address is not its host's since; 0 */
};

/* A new one for SITE; it starts dialing in this call, and ends at the
 * earliest in the next turn.  It calls none of those in AVOID. */
struct courier *courier_new(struct site *site, avoid_t avoid);

/* What it may have. */
static inline struct taker
courier_taker(const struct courier *courier)
{
	return (struct taker){ courier->tag, courier->detour };
}

/* An idle courier takes JOB, or answers it at once when it cannot be sent;
 * then it is idle still. */
void courier_begin(struct courier *courier, struct job *job);

/* It waits in its site's idle list. */
void courier_rest(struct courier *courier);

/* Say QUIT; only when idle. */
void courier_quit(struct courier *courier);

/* Close at once, without a word.  A job that was not begun goes back into
 * the line, another one is dropped unanswered. */
void courier_free(struct courier *courier);

/* The body of its message has been sent, or part of it. */
bool courier_past_recall(const struct courier *courier);

/* The time of its job is over: a transaction that has not come to its body
 * ends, and the connection with it.  It may be gone afterwards. */
void courier_late(struct courier *courier);

/* ---- for courier*.c ----------------------------------------------------- */

conn_fn courier_event;

/* Go on with what the server said, up to the next wish that needs time.
 * The courier may be gone afterwards. */
void courier_step(struct courier *courier);

/* Send what is in deliverer->out. */
void courier_send(struct courier *courier);

/* The server's time for what it owes us now begins. */
void courier_wait(struct courier *courier);

/* The next piece of verifying a large message. */
void courier_verify(struct courier *courier);
/* Send the body, or begin to (`streaming`); courier_pump: more of it. */
void courier_body(struct courier *courier);
void courier_pump(struct courier *courier);
/* Put the next job's first commands behind the body just now being sent, if
 * they may go there; in deliverer->out. */
void courier_look_ahead(struct courier *courier);
/* The job is over: if one is ahead and the connection goes on, that is the
 * job now. */
void courier_follow(struct courier *courier);
/* The order of the server's replies is known, or is to be proved again. */
void courier_learn_order(struct courier *courier);
/* The one ahead goes back into the line: the server answered nothing of it,
 * and gets no more of it. */
void courier_hand_back_ahead(struct courier *courier);
/* Until JOB's deadline, by the clock that nobody sets; 0 = it has none. */
usec_t job_time_left(const struct job *job);
/* The verdicts are in. */
void courier_result(struct courier *courier);

/* Try the next address; at the end of all, in the next turn, give up. */
void courier_dial(struct courier *courier);
/* There is a connection: the session begins. */
void courier_connected(struct courier *courier);
/* It is going to try TARGET; it has nothing to do with its host any more. */
void courier_join_host(struct courier *courier, struct target *target);
void courier_leave_host(struct courier *courier);
/* Look whether the host hangs, to which it is CONNECTED or not. */
void courier_watch(struct courier *courier, bool connected);
/* A host keeps us waiting: others had better do without it. */
void courier_hangs(struct courier *courier);
/* The host is ready for MAIL; or failed because of WHY. */
void courier_welcome(struct courier *courier);
void courier_host_failed(struct courier *courier, const char *why);
/* The verdicts are in: what they tell of its host and of the connection. */
void courier_note_verdicts(struct courier *courier);
/* All that was said is for now, and another host may say something else: the
 * job is back in the line, and avoids this one.  ABOUT_MAIL: by the operator's
 * rules it says nothing of the host. */
bool courier_detour(struct courier *courier, bool about_mail);
/* Its host, or the connection, is of no use to mail for now. */
bool courier_is_refused(const struct courier *courier);
/* It is for mail that avoids a better host, or for all mail. */
void courier_set_detour(struct courier *courier, bool detour);
/* Leave the host alone for a time, because of WHY. */
void courier_leave_alone(struct courier *courier, const char *why);

/* It is to leave, now that it has nothing to do. */
bool courier_had_enough(struct courier *courier);
/* No more mail may go this way: the operator demands TLS that it has not, or
 * its host does not have the address any more. */
bool courier_is_stale(struct courier *courier);
/* It works for a host while a better one is well again. */
bool courier_is_spare(const struct courier *courier);
/* This host is not to be had.  WHY: no connection; null: the session tells.
 * The courier may be gone afterwards; after courier_give_up() it is. */
void courier_refused(struct courier *courier, const char *why);
void courier_give_up(struct courier *courier);

/* Forget the job and what belongs to it. */
void courier_forget_job(struct courier *courier);

#endif
