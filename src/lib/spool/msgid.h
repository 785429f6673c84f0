/* SPDX-License-Identifier: ISC
 *
 * msgid.h - the name of a message, for ever.
 *
 * 80 bits: 52 of wall microseconds, 12 of node, 16 of maker (slot and
 * birth).  As text 16 characters of an alphabet whose order is that of the
 * bits, without the look-alikes I, L, O and U: ids sort by time, as bytes
 * and as text, name their node, are safe in file names, and are never
 * reused.
 */
#ifndef SPOOL_MSGID_H
#define SPOOL_MSGID_H

#include "base/clock.h"
#include "base/span.h"

enum { MSGID_BYTES = 10, MSGID_TEXT = 16 };

struct msgid {
	uint8_t bytes[MSGID_BYTES];	/* big-endian: memcmp is the order */
};

/* Makes ids; each maker in the world has its own (node, maker) pair. */
struct msgid_maker {
	uint16_t node, maker;
	usec_t last;
};

/* SLOT (0..63) and ten bits of chance make the maker's part. */
void msgid_maker_init(struct msgid_maker *maker, unsigned node, unsigned slot);

/* A new id at wall time NOW; if the clock stands, goes back, or makes no
 * sense, the time in the id goes on by one. */
struct msgid msgid_next(struct msgid_maker *maker, usec_t now);

usec_t msgid_time(struct msgid id);
unsigned msgid_node(struct msgid id);

/* Returns OUT. */
const char *msgid_text(struct msgid id, char out[MSGID_TEXT + 1]);
/* False: TEXT is no id.  Lower case is taken too. */
bool msgid_parse(struct span text, struct msgid *out);

static inline int
msgid_compare(struct msgid a, struct msgid b)
{
	return memcmp(a.bytes, b.bytes, MSGID_BYTES);
}

#endif
