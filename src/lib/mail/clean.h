/* SPDX-License-Identifier: ISC
 *
 * clean.h - putting what strangers said into fields that we write.
 *
 * Everything goes through here on its way into a Received field or a report:
 * one gate, and it stands at the last place, behind every decoding.
 */
#ifndef MAIL_CLEAN_H
#define MAIL_CLEAN_H

#include "base/buf.h"

enum clean {
	CLEAN_TEXT,		/* printable US-ASCII and the space */
	CLEAN_COMMENT,		/* the same without ( ) and backslash */
	CLEAN_NAME		/* what host names, literals and ids have */
};

/* Append at most MOST bytes of TEXT (null: nothing); what KIND does not
 * allow becomes "?". */
void clean_put(struct buf *out, enum clean kind, const char *text,
    size_t most);

/*
 * Append TEXT as CLEAN_TEXT, at most MOST bytes of it, and CRLF, broken into
 * lines of at most 76 columns; COLUMN is where the first begins, each other
 * begins with INDENT (which has a space).  Words that fit in no line are
 * cut.
 */
void clean_put_lines(struct buf *out, const char *text, size_t most,
    size_t column, const char *indent);

#endif
