/* SPDX-License-Identifier: ISC
 *
 * rig.h - a whole scheduler over a spool of its own, with fake peers.
 *
 * The receiver is a real committer; the deliverer is the other end of a
 * channel and does as it is told; the resolver answers from a table.
 */
#ifndef TESTS_SCHEDULER_RIG_H
#define TESTS_SCHEDULER_RIG_H

#include "scheduler/scheduler.h"
#include "spool/commit.h"
#include "spool/segment.h"
#include "unit/unit.h"

enum { RIG_JOBS = 4096 };

struct rig_job {
	struct frame_job job;	/* its spans are not valid any more */
	uint32_t rcpts[64];
	uint32_t rcpt_count;
	char site[128];
	bool answered;
	bool apart;		/* it came to the deliverer for suspects */
};

/* What the deliverer says to the next jobs. */
struct rig_answer {
	bool wait;		/* say nothing until rig_answer() */
	enum outcome outcome;
	const enum outcome *each;	/* of each recipient; null: as above */
	enum scope scope;
	unsigned code;
	const char *status, *text, *mta;
	uint16_t port;		/* of the mta */
	uint32_t took;
	bool dsn_passed, by_passed;
	bool content;		/* refused for what it is */
};

struct rig {
	char path[64];		/* holds spool/ */
	struct conf *conf;
	struct loop *loop;
	struct scheduler *s;
	struct board_row row;
	struct spool_dirs dirs;	/* the receiver's */
	struct committer *committer;
	struct msgid_maker ids;
	unsigned slot;
	bool silent;		/* the receiver's news are lost */
	usec_t ahead;		/* of its clock to ours */
	bool no_time;		/* what it takes has BY=0;N … */
	usec_t time;		/* … or so much time, with BY;N */
	struct channel *near, *far;	/* scheduler's and deliverer's end */
	struct channel *near_apart, *far_apart;	/* of that for suspects */
	struct channel *near_dns, *far_dns;
	struct channel *near_in, *far_in;	/* and the receiver's */
	size_t kept;		/* ends of segments that it heard are kept */
	const char *text;	/* of what is sent; null: a few words */
	bool lies;		/* it goes to the spool as it is, whatever the
				 * dot reader says */
	struct rig_answer answer;
	struct rig_job *jobs;
	size_t job_count;
	size_t sites_told, sites_gone, segments_told, segments_gone;
	struct { uint32_t number; char name[128], domain[64], policy[64];
	    bool fixed; } sites[64];
	struct { uint32_t number; int fd; } segments[64];
	enum answer_status dns;	/* what the resolver says */
	const char *mx[4];	/* the hosts it names, with an address */
	size_t nowhere_from;	/* those from here on have no address */
	bool shuffles;		/* they are equal, and each answer has them
				 * in another order */
	size_t questions;
	char asked[64];		/* the name in the last one */
	bool mute;		/* the resolver answers nothing … */
	uint32_t first_token;	/* … and this was asked first meanwhile */
	struct timer *look;	/* rig_until() looks when it rings */
	size_t committed, failed;
	struct committed where;	/* of the last one */
	struct msgid id;
};

/* TEXT is added to the configuration. */
struct rig *rig_new(const char *text);
void rig_free(struct rig **rig);

/* The muted resolver answers what it was asked first. */
void rig_answer_first(struct rig *rig);

/* The scheduler starts, and ends in an orderly way or by being killed (what
 * it had in memory, in its index's and in its journals' buffers is lost;
 * what a turn had written is not). */
void rig_start(struct rig *rig);
void rig_stop(struct rig *rig);
void rig_deliverer(struct rig *rig);	/* a new one appears */
void rig_deliverer_dies(struct rig *rig);
void rig_apart(struct rig *rig);	/* the one for suspects */
void rig_apart_dies(struct rig *rig);

/* Commit a message to RCPTS (ends in null) and wait until it is durable. */
struct msgid rig_commit(struct rig *rig, enum mail_class klass,
    const char *from, const char *const *rcpts);
struct msgid rig_send(struct rig *rig, enum mail_class klass,
    const char *from, const char *rcpt);
/* The same, without waiting for it to be committed. */
void rig_begin(struct rig *rig, enum mail_class klass, const char *from,
    const char *rcpt);
/* With NOTIFY for every recipient. */
struct msgid rig_send_notify(struct rig *rig, const char *from,
    const char *rcpt, uint8_t notify);
/* The receiver is no more, and a new one comes. */
void rig_new_receiver(struct rig *rig);
/* It has a channel, too: it hears what the scheduler says to it. */
void rig_receiver_hears(struct rig *rig);

/* Answer a job that waits. */
void rig_answer_job(struct rig *rig, size_t job,
    const struct rig_answer *answer);

/* Run the loop until DONE says so.  False (and a failed test): it did not
 * for 10 seconds. */
typedef bool rig_done_fn(struct rig *rig, uint64_t number);
bool rig_until(struct rig *rig, rig_done_fn *done, uint64_t number);
/* Run until nothing more happens for a while. */
void rig_settle(struct rig *rig);

/* Conditions for rig_until(). */
bool rig_jobs(struct rig *rig, uint64_t number);
bool rig_empty(struct rig *rig, uint64_t number);	/* no message left */
bool rig_no_segments(struct rig *rig, uint64_t number);
bool rig_waiting(struct rig *rig, uint64_t number);	/* due rows */
bool rig_corrupt(struct rig *rig, uint64_t number);	/* files there */

/* Files of the spool's directory DIR that end in SUFFIX. */
size_t rig_files(const struct rig *rig, const char *dir,
    const char *suffix);
uint64_t rig_count(const struct rig *rig, enum count state);

/* The message of job AT, read as a deliverer would; free with
 * record_fini(). */
void rig_read(struct rig *rig, size_t at, struct record *out);
bool rig_body_has(const struct record *record, const char *text);

#endif
