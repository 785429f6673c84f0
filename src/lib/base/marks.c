/* SPDX-License-Identifier: ISC
 *
 * marks.c - when too much is too much: a mark, and what it takes to be
 * below it again.
 */
#include "base/marks.h"

enum mark
mark_of(enum mark before, uint64_t value, uint64_t mark)
{
	uint64_t eighth = mark / 8, slow = mark - mark / 4;

	if (mark == 0)
		return MARK_NONE;
	if (value >= mark ||
	    (before == MARK_REFUSE && value >= mark - eighth))
		return MARK_REFUSE;
	if (value >= slow || (before >= MARK_SLOW && value >= slow - eighth))
		return MARK_SLOW;
	return MARK_NONE;
}
