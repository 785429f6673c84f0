/* SPDX-License-Identifier: ISC
 *
 * serves.h - whether a file system serves for a spool.
 *
 * A spool that looks well and is not safe is worse than none: what it wants
 * of its file system is tried before anything is written to it.
 */
#ifndef SPOOL_SERVES_H
#define SPOOL_SERVES_H

#include "base/err.h"

/* The directory DIR, called NAME, can be synced. */
bool serves_sync(int dir, const char *name, struct err *err) MUST_CHECK;

/* The directory INSIDE, and the file PROBE, of ROOT can be locked as we do
 * that: by a descriptor for reading. */
bool serves_locks(int root, const char *inside, const char *probe,
    struct err *err) MUST_CHECK;

#endif
