/* SPDX-License-Identifier: ISC
 *
 * report.h - telling senders what became of their mail (RFC 3464).
 *
 * What is to be told about a message is gathered for a moment, so that its
 * sender gets one report and not one for each recipient.  The report is
 * committed like any message; only when it is durable are the recipients
 * whose failure it tells of struck off.
 */
#ifndef SCHEDULER_REPORT_H
#define SCHEDULER_REPORT_H

#include "mail/dsn.h"
#include "scheduler/queue.h"
#include "scheduler/rcpt_set.h"
#include "spool/commit.h"
#include "spool/status.h"

struct scheduler;

struct report_row {
	uint32_t rcpt;
	uint8_t action;		/* enum dsn_action */
	uint16_t code;
	char status[12];
	char *mta, *reply, *reason;	/* null: none */
	bool by, content, broken;	/* as in struct tidings */
	bool told;		/* it is in the report (NOTIFY) */
};

struct report {
	struct link place;	/* in reports->waiting */
	struct report *next;	/* of the same message */
	struct scheduler *scheduler;
	struct message *message;
	bool committing;
	struct report_row *rows;
	uint32_t count, room;
	msec_t due;		/* it waits so long for more to tell */
	msec_t not_before;	/* after a failure */
	uint8_t most;		/* enum dsn_returned: no more goes back */
	bool shortened;		/* it is a report once more, with less in it */
	struct msgid id;	/* of the report itself */
};

struct reports {
	struct committer *committer;	/* null: not made yet */
	struct msgid_maker ids;
	struct list waiting;
	size_t count;		/* waiting and being committed */
	struct timer *timer;
};

void reports_init(struct scheduler *s);
bool reports_start(struct scheduler *s, struct err *err) MUST_CHECK;
/* What is not committed is not told, and its recipients stay open. */
void reports_fini(struct scheduler *s);

struct tidings {
	uint32_t rcpt;
	enum dsn_action action;
	unsigned code;		/* of the reply; 0 = there was none */
	struct span status;	/* "5.1.1" */
	struct span mta;	/* who replied; may be empty */
	struct span text;	/* the reply, or the reason */
	bool by;		/* DELIVERBY wants it told, unless NOTIFY=NEVER */
	bool content;		/* refused for what it is, not for whom */
	bool broken;		/* it is damaged: nothing of it goes back */
};

/*
 * The sender of MESSAGE is to hear TIDINGS.  For a failure or expiry the
 * recipient is final once that is done.
 */
void report_add(struct scheduler *s, struct message *message,
    const struct tidings *tidings);

/* The turn's end: make the reports whose time has come. */
void reports_work(struct scheduler *s);

/* So many wait that nothing should be added but what is urgent; and not even
 * that. */
bool reports_are_many(const struct scheduler *s);
bool reports_are_too_many(const struct scheduler *s);

/*
 * MESSAGE turned out to be unreadable: what was to be told about it is not.
 * The number of recipients that were waiting for that.
 */
uint32_t reports_drop(struct scheduler *s, struct message *message);

/* Recipients whose failure is being reported, as a set and as a number. */
void report_present(const struct message *message, struct rcpt_set *set);
uint32_t report_rcpts(const struct message *message);

#endif
