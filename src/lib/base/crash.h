/* SPDX-License-Identifier: ISC
 *
 * crash.h - named places at which a test may pull the plug.
 *
 * Built with --enable-crash-points, CRASH_POINT("name") kills the process
 * with SIGKILL when POSTRIDER_CRASH is "name" or "name:N" (at the Nth
 * passing).  Otherwise it is nothing at all.
 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#ifdef CRASH_POINTS
#define CRASH_POINT(name) crash_point(name)
#else
#define CRASH_POINT(name) ((void)0)
#endif

void crash_point(const char *name);

#endif
