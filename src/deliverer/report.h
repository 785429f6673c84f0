/* SPDX-License-Identifier: ISC
 *
 * report.h - what became of a job: a line in the log for each recipient,
 * and a RESULT to the scheduler.
 */
#ifndef DELIVERER_REPORT_H
#define DELIVERER_REPORT_H

#include "deliverer/message.h"
#include "deliverer/site.h"
#include "deliverer/transaction.h"

/* Where and when; times are wall microseconds. */
struct report {
	const struct job *job;
	const struct message *message;	/* null: could not be read */
	const char *host;	/* that answered; null: none did */
	uint16_t port;		/* of the host */
	const char *relay;	/* "host[addr]:port"; null: none */
	unsigned used;		/* transactions over the connection, and this */
	usec_t begun;		/* MAIL, or the end of waiting */
	usec_t setup;		/* of that, to make the connection */
	usec_t done;
	bool dsn_passed, by_passed;
	bool cut;		/* the connection ended within it */
};

/* A transaction's verdicts, recipient by recipient. */
void report_transaction(struct deliverer *deliverer,
    const struct report *report, const struct transaction *transaction);

/* One fate for all recipients of the job. */
struct fate {
	enum outcome outcome;
	enum scope scope;
	uint16_t code;
	const char *status, *text;
};
void report_all(struct deliverer *deliverer, const struct report *report,
    const struct fate *fate);

#endif
