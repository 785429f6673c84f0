/* SPDX-License-Identifier: ISC
 *
 * rcpt_set.h - some of the recipients of a message, by their index (pure).
 */
#ifndef SCHEDULER_RCPT_SET_H
#define SCHEDULER_RCPT_SET_H

#include "base/mem.h"

struct rcpt_set {
	uint32_t total;		/* recipients of the message */
	uint32_t count;		/* those in the set */
	uint64_t few;		/* the bits, while TOTAL is at most 64 */
	uint64_t *many;
};

static inline void
rcpt_set_init(struct rcpt_set *set, uint32_t total)
{
	*set = (struct rcpt_set){ .total = total };
	if (total > 64)
		set->many = mem_array((total + 63) / 64, sizeof *set->many);
}

static inline void
rcpt_set_fini(struct rcpt_set *set)
{
	mem_free(set->many);
}

static inline bool
rcpt_set_has(const struct rcpt_set *set, uint32_t rcpt)
{
	const uint64_t *bits = set->many != NULL ? set->many : &set->few;

	return rcpt < set->total &&
	    (bits[rcpt / 64] >> (rcpt % 64) & 1) != 0;
}

/* Recipients beyond TOTAL are ignored. */
static inline void
rcpt_set_add(struct rcpt_set *set, uint32_t rcpt)
{
	uint64_t *bits = set->many != NULL ? set->many : &set->few;

	if (rcpt >= set->total || rcpt_set_has(set, rcpt))
		return;
	bits[rcpt / 64] |= (uint64_t)1 << (rcpt % 64);
	set->count++;
}

static inline void
rcpt_set_add_all(struct rcpt_set *set)
{
	for (uint32_t i = 0; i < set->total; i++)
		rcpt_set_add(set, i);
}

#endif
