/* SPDX-License-Identifier: ISC
 *
 * must.h - what cannot happen.
 *
 * must(cond) stays on in production: a process that no longer understands
 * itself aborts, and the master starts a new one.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#define must(cond) ((cond) ? (void)0 : must_fail(#cond, __FILE__, __LINE__))

void must_fail(const char *cond, const char *file, int line)
    __attribute__((noreturn, cold));

#endif
