/* SPDX-License-Identifier: ISC
 *
 * mailing_read.c - standard input, in wire form.
 */
#include "ctl/mailing_inside.h"
#include "ctl/tool.h"

#include "mail/header.h"

#include <errno.h>
#include <unistd.h>

int
mailing_read(struct sending *sending, struct err *err)
{
	uint8_t bytes[MAILING_PIECE];
	ssize_t got;

	do
		got = read(STDIN_FILENO, bytes, sizeof(bytes));
	while (got == -1 && errno == EINTR);
	if (got == -1) {
		err_sys(err, "cannot read", "standard input");
		return EX_IOERR;
	}
	intake_feed(&sending->intake, span_make(bytes, (size_t)got),
	    &sending->wire);
	if (got == 0)
		intake_finish(&sending->intake, &sending->wire);
	sending->at_end = sending->intake.ended;
	return EX_OK;
}

enum { FIELD_NAME_MOST = 998 };	/* the longest line of RFC 5322 */

/* The first line that is no header field, in WIRE: has it come whole, or so
 * far that it cannot become one any more?  Some text has no line ends. */
static bool
header_is_over(struct span wire)
{
	struct header_field field;

	if (header_block_length(wire) > 0)
		return true;
	while (header_pull(&wire, &field))
		continue;
	return span_find(wire, '\n') < wire.length ||
	    (wire.length > FIELD_NAME_MOST &&
	    span_find(span_first(wire, FIELD_NAME_MOST), ':') ==
	    FIELD_NAME_MOST);
}

/* Read until the header block is there.  It is looked for only each time
 * another piece's worth has come, however small the writes were. */
int
mailing_read_header(struct sending *sending, struct err *err)
{
	size_t most = sending->conf->header_bytes, look = 0;
	int status = EX_OK;

	while (status == EX_OK && !sending->at_end) {
		if (buf_length(&sending->wire) >= look) {
			if (header_is_over(buf_peek(&sending->wire)))
				break;
			look = buf_length(&sending->wire) + MAILING_PIECE;
		}
		if (buf_length(&sending->wire) > most) {
			err_set(err, ERR_LIMIT, "the header block is over "
			    "%zu bytes", most);
			return EX_DATAERR;
		}
		status = mailing_read(sending, err);
	}
	return status;
}
