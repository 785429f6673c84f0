/* SPDX-License-Identifier: ISC
 *
 * marks.h - when too much is too much: a mark, and what it takes to be
 * below it again.
 *
 * Between slowing down and refusing, and on the way back, lies a distance,
 * so that a value that hovers at its mark does not flicker.  Pure.
 */
#ifndef BASE_MARKS_H
#define BASE_MARKS_H

#include <stdint.h>

enum mark { MARK_NONE, MARK_SLOW, MARK_REFUSE };

/*
 * What VALUE means when MARK is where to refuse (0: never): slow down from
 * three quarters of it.  A level that was reached BEFORE is left when VALUE
 * is an eighth of MARK below where it began.
 */
enum mark mark_of(enum mark before, uint64_t value, uint64_t mark);

#endif
