/* SPDX-License-Identifier: ISC
 *
 * edition.h - which program a spool is for.
 *
 * The file `edition` of a spool has a number and a line feed.  Without it the
 * spool is of the first edition: copies in it are not settled yet (see
 * first_edition.h).  What a later program has made is left untouched.
 */
#ifndef SPOOL_EDITION_H
#define SPOOL_EDITION_H

#include "base/err.h"

enum { SPOOL_EDITION = 2 };	/* ours */

/* Of the spool open on ROOT.  False: ERR tells; ERR_CONFIG: it is a later
 * one's, or what the file says makes no sense. */
bool edition_read(int root, unsigned *edition, struct err *err) MUST_CHECK;

/* It is of our edition from now on, durably. */
bool edition_write(int root, struct err *err) MUST_CHECK;

#endif
