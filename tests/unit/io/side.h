/* SPDX-License-Identifier: ISC
 *
 * side.h - two ends of a connection on one loop, for the tests of conn.
 */
#ifndef TESTS_UNIT_IO_SIDE_H
#define TESTS_UNIT_IO_SIDE_H

#include "io/conn.h"

enum { EVENTS = CONN_ENDED + 1 };

/* One end: what it was told and got. */
struct side {
	struct conn *conn;
	struct buf got;
	unsigned told[EVENTS];
	size_t largest;		/* of one CONN_INPUT */
	bool leave;		/* do not consume */
	bool pause;		/* after the next input */
	bool free_in[EVENTS];	/* conn_free() in that event */
	bool finish_in[EVENTS];
	void (*extra)(struct side *side, enum conn_event event);
	char why[128];
};

struct sides {
	struct loop *loop;
	struct side near, far;	/* two conns … */
	int raw;		/* … or one and a bare descriptor */
};

extern const struct conn_limits side_limits;

/* NEAR is a conn over one end of a socketpair; the other one is RAW. */
void sides_open_raw(struct sides *sides, const struct conn_limits *limits);
/* NEAR and FAR are conns. */
void sides_open(struct sides *sides);
void sides_close(struct sides *sides);

/* Run the loop until DONE; a failure after five seconds. */
void sides_run(struct sides *sides, bool (*done)(struct sides *sides));
/* Run the loop for some turns, in which nothing is expected. */
void sides_idle(struct sides *sides);

conn_fn side_event;

#endif
