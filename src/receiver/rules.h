/* SPDX-License-Identifier: ISC
 *
 * rules.h - what all sessions of the process go by, and who a client is.
 *
 * The owner of the sessions keeps struct rules up to date (time, disk,
 * pressure, configuration); the session machine only looks at it, makes
 * ids from it and counts in it.
 */
#ifndef RECEIVER_RULES_H
#define RECEIVER_RULES_H

#include "conf/conf.h"
#include "io/addr.h"
#include "receiver/habits.h"
#include "receiver/pressure.h"
#include "spool/msgid.h"

struct rules {
	const struct conf *conf;	/* replaced on reload */
	usec_t now;		/* wall time of the bytes at hand */
	struct msgid_maker ids;
	bool draining;		/* nothing new is taken */
	struct pressure pressure;
	uint64_t disk_free;	/* bytes left for the spool */
	size_t in_flight;	/* bytes of messages held in memory */
	uint64_t refused;	/* replies 4yz and 5yz, ever */
	struct habits *habits;	/* of strangers; null: all is logged */
};

/* Who is at the other end, and what it may do; fixed at the greeting. */
struct client {
	struct addr address;
	bool local;		/* came over the submission socket, as `uid` */
	bool trusted;		/* may relay */
	bool liberal;		/* is understood where it slips */
	bool mends;		/* bare CR and LF become CR LF */
	bool can_tls;		/* STARTTLS is possible here */
	uint8_t klass;		/* of mail that asks for none */
	uint8_t ceiling;	/* most pressing class it may have */
	uint32_t uid;
};

enum { CLIENT_TEXT_SIZE = ADDR_TEXT_SIZE + 16 };

/* "unknown[192.0.2.7]" or "local[uid 1000]".  Returns OUT. */
const char *client_text(const struct client *client,
    char out[CLIENT_TEXT_SIZE]);

#endif
