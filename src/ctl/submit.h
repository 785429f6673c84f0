/* SPDX-License-Identifier: ISC
 *
 * submit.h - speaking SMTP to the relay on this machine.
 *
 * A conversation of one message over the submit socket.  Blocking: this is
 * a tool that has nothing else to do.
 */
#ifndef CTL_SUBMIT_H
#define CTL_SUBMIT_H

#include "base/err.h"
#include "ctl/recipients.h"
#include "smtp/reply.h"

enum submit_body { BODY_UNSAID, BODY_SEVEN, BODY_EIGHT };

/* What goes beside the content; null and 0: not given. */
struct submit_envelope {
	const char *sender;	/* "" for the null reverse-path */
	struct recipients *recipients;	/* whom the relay refuses is noted */
	bool all;		/* all are to be taken, or none is */
	const char *envid;	/* as given by the user, not xtext */
	const char *ret;	/* "FULL", "HDRS" */
	const char *notify;	/* "NEVER", "SUCCESS,FAILURE" */
	enum submit_body body;
	bool has_priority;
	int priority;
	const char *by;		/* "600;R" */
	const char *hold_for, *hold_until;
};

struct submit {
	int fd;
	const char *path;	/* borrowed */
	bool verbose;		/* show the conversation on standard error */
	bool dsn, eight_bit, mt_priority;	/* what the relay offers */
	struct buf in;
	struct reply reply;
};

/*
 * All return EX_OK, or the exit code that says why not, with ERR filled;
 * then submit_close() is all that may follow.
 */
/* Connect, and greet as HOSTNAME. */
int submit_open(struct submit *submit, const char *path,
    const char *hostname, bool verbose, struct err *err);
/*
 * MAIL, RCPT for each, DATA.  Recipients that are refused for good are noted
 * and passed over, if others are taken and not all must be; whom the relay
 * cannot take now is a reason to try all of it again later.
 */
int submit_begin(struct submit *submit, const struct submit_envelope *what,
    struct err *err);
/* The same without DATA, for the refusals alone: EX_OK, though all were. */
int submit_ask(struct submit *submit, const struct submit_envelope *what,
    struct err *err);
/* Send a piece of the content, in wire form. */
int submit_piece(struct submit *submit, struct span wire, struct err *err);
/* The lone dot, and what the relay says to it. */
int submit_end(struct submit *submit, struct err *err);

void submit_close(struct submit *submit);

/* The exit code for a reply that refuses; RCPT tells whether it was one to
 * RCPT.  Pure. */
int submit_exit(unsigned code, const char *status, bool rcpt);

#endif
