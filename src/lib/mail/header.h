/* SPDX-License-Identifier: ISC
 *
 * header.h - the header block of a message, field by field (RFC 5322).
 *
 * Tolerant: a relay passes on what it is given.  Works on wire form; a
 * stuffed dot at the start of a line is no field anyway.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/span.h"

struct header_field {
	struct span name;	/* without colon and spaces */
	struct span value;	/* unfolded only by header_value(); raw here,
				 * without the final CRLF */
	struct span whole;	/* the field with its CRLF */
};

/* Pull one field off the header block IN (CRLF or LF lines).  False: the
 * empty line, the end, or something that is no field. */
bool header_pull(struct span *in, struct header_field *out);

/* The same, but lines that are no field are passed over.  False: the empty
 * line, or the end. */
bool header_next(struct span *in, struct header_field *out);

/* Length of the header block at the start of BYTES with its empty line; 0:
 * the empty line is not there yet. */
size_t header_block_length(struct span bytes);

/* VALUE unfolded and trimmed into OUT (NUL-terminated, cut to MOST - 1). */
void header_value(struct span value, char *out, size_t most);

#endif
