/* SPDX-License-Identifier: ISC
 *
 * known.h - whether an address is among the recipients of an envelope.
 *
 * Addresses are the same when their local-parts are, byte for byte, and
 * their domains but for the case of letters.  A few are compared one by one;
 * from some on a table of keyed hashes keeps each question as short as the
 * first, however many there are and whoever chose them.
 */
#ifndef RECEIVER_KNOWN_H
#define RECEIVER_KNOWN_H

#include "base/hash.h"
#include "spool/envelope.h"

/* All zero: of an envelope without recipients. */
struct known {
	struct hash_key key;
	uint32_t *slots;	/* index of a recipient and 1; 0: free */
	uint32_t room;		/* slots, a power of two; 0: no table yet */
};

void known_fini(struct known *known);

bool known_has(const struct known *known, const struct envelope *envelope,
    struct span address);

/* The last recipient of ENVELOPE is new, and was not there before. */
void known_note_last(struct known *known, const struct envelope *envelope);

/* Of memory. */
size_t known_bytes(const struct known *known);

#endif
