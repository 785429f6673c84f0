/* SPDX-License-Identifier: ISC
 *
 * dot_mend.h - bodies with bare CR and LF, made what they were meant to be.
 *
 * Where the data ends is decided by dot_read() before, and by nothing here:
 * this takes body bytes in wire form, and gives a body in wire form that has
 * no bare CR or LF and no end of data in it.  A bare LF, any CRs before an
 * LF, and a bare CR each become one CR LF.
 */
#ifndef SMTP_DOT_MEND_H
#define SMTP_DOT_MEND_H

#include "smtp/dot.h"

struct dot_mend {
	uint8_t state;
	bool cr_out;  /* the first of `crs` has gone out already */
	uint64_t crs; /* of which is not known yet what they are */
};

/*
 * Begin with the body bytes that BEFORE has not given out yet, which are the
 * first with a bare CR or LF.  KEPT becomes the reading of those that it
 * has; it is to follow what comes out from here on.
 */
void dot_mend_begin(
    struct dot_mend *mend, const struct dot *before, struct dot *kept);

/*
 * Take body bytes off IN, in order, and put what they become to OUT, at most
 * MOST bytes of it (4 or more); returns how many.  All is done when nothing
 * of IN is left.
 *
 * A dot behind a bare CR or LF is text, as the client saw no line begin
 * there: it is stuffed.  So is a lone one behind a CR LF that a bare CR or
 * LF follows.
 */
size_t dot_mend_read(
    struct dot_mend *mend, struct span *in, uint8_t *out, size_t most);

#endif
