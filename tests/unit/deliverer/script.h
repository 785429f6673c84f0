/* SPDX-License-Identifier: ISC
 *
 * script.h - a server that plays a script against the client machine.
 *
 * A talk is what server and client say in turn, beginning with the server
 * and ending in NULL.  The player fulfils wishes: it begins one transaction
 * when the session is idle for the first time, or `jobs`, sends "BODY\r\n.\r\n" as the
 * body, and quits when idle again.  With `ahead` another transaction with
 * the same recipients goes out behind the first body.
 */
#ifndef TESTS_DELIVERER_SCRIPT_H
#define TESTS_DELIVERER_SCRIPT_H

#include "deliverer/session.h"

enum feeding { FEED_WHOLE, FEED_BYTES, FEED_SPLIT };

struct script {
	const char *name;
	enum site_tls tls;
	unsigned rcpts;		/* a@x, b@x, … */
	const char *talk[32];
	/* What became of it: "a=delivered b=failed(550 5.1.1)"; "-" when no
	 * transaction came to an end. */
	const char *result;
	const char *failure;	/* begins with; NULL: none is expected */
	unsigned jobs;		/* one after the other; 0: one */
	bool ahead;		/* a second transaction behind the body */
	bool drop;		/* and it is withdrawn at once */
	bool proves;		/* and it proves the order of the replies */
	enum session_order order;	/* which was that */
	bool lost;		/* the connection breaks after the talk */
	bool whole_only;	/* what matters is what comes in one piece */
};

/* An envelope from "s@x" with COUNT recipients. */
struct envelope *script_envelope(unsigned count);

/* Play SCRIPT whole, byte by byte, and split at every offset. */
void script_play(const struct script *script);

#endif
