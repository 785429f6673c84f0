/* SPDX-License-Identifier: ISC
 *
 * intake.c - text into wire form, byte for byte.
 *
 * A CR is held back until the next byte tells what it was: any number of
 * them before a LF is one line end, as programs make them that turn LF into
 * CRLF twice; before anything else each was a line end of its own.
 */
#include "ctl/intake.h"

enum {
	AT_START,		/* of a line */
	IN_LINE,
	AFTER_CR,
	AFTER_DOT,		/* a dot at the start of a line is held back */
	AFTER_DOT_CR
};

static void
end_line(struct intake *intake, struct buf *out)
{
	buf_append(out, "\r\n", 2);
	intake->state = AT_START;
	intake->held = 0;
}

/* The CRs that were held back were line ends themselves. */
static void
end_held(struct intake *intake, struct buf *out)
{
	unsigned count = intake->held;

	while (count-- > 0)
		end_line(intake, out);
}

/* False: too many are held back already. */
static bool
hold_cr(struct intake *intake, uint8_t state)
{
	if (intake->held == INTAKE_HELD_MOST)
		return false;
	intake->held++;
	intake->state = state;
	return true;
}

/* The dot held back was text: it goes out, stuffed. */
static void
put_dot(struct intake *intake, struct buf *out)
{
	buf_append(out, "..", 2);
	intake->state = IN_LINE;
}

static void
lone_dot(struct intake *intake, struct buf *out)
{
	if (intake->dot_ends) {
		intake->ended = true;
		return;
	}
	put_dot(intake, out);
	end_line(intake, out);
}

static void
take_text(struct intake *intake, uint8_t byte, struct buf *out)
{
	if (byte == '\n') {
		end_line(intake, out);
	} else if (byte == '\r') {
		hold_cr(intake, AFTER_CR);
	} else {
		intake->eight_bit |= byte > 127;
		buf_append_byte(out, byte == '\0' ? '?' : byte);
		intake->state = IN_LINE;
	}
}

/* BYTE comes behind CRs, or behind a dot at the start of a line and perhaps
 * CRs.  True: that is all about it. */
static bool
take_held(struct intake *intake, uint8_t byte, struct buf *out)
{
	bool dot = intake->state != AFTER_CR;

	if (byte == '\r' &&
	    hold_cr(intake, dot ? AFTER_DOT_CR : AFTER_CR))
		return true;
	if (byte == '\n' && dot) {
		lone_dot(intake, out);
		return true;
	}
	if (byte == '\n') {
		end_line(intake, out);
		return true;
	}
	if (dot)
		put_dot(intake, out);
	end_held(intake, out);
	return false;
}

static void
take_byte(struct intake *intake, uint8_t byte, struct buf *out)
{
	if (intake->state >= AFTER_CR && take_held(intake, byte, out))
		return;
	if (intake->state == AT_START && byte == '.')
		intake->state = AFTER_DOT;
	else
		take_text(intake, byte, out);
}

/* The bytes at the front of TEXT that are nothing but text: copied whole. */
static size_t
take_run(struct intake *intake, struct span text, struct buf *out)
{
	size_t length = 0;

	if (intake->state != IN_LINE)
		return 0;
	while (length < text.length && text.data[length] != '\n' &&
	    text.data[length] != '\r' && text.data[length] != '\0')
		intake->eight_bit |= text.data[length++] > 127;
	buf_append(out, text.data, length);
	return length;
}

void
intake_feed(struct intake *intake, struct span text, struct buf *out)
{
	while (text.length > 0 && !intake->ended) {
		text = span_skip(text, take_run(intake, text, out));
		if (text.length == 0)
			break;
		take_byte(intake, text.data[0], out);
		text = span_skip(text, 1);
	}
}

void
intake_finish(struct intake *intake, struct buf *out)
{
	if (intake->ended)
		return;
	switch (intake->state) {
	case IN_LINE:
		end_line(intake, out);
		break;
	case AFTER_CR:
		end_held(intake, out);
		break;
	case AFTER_DOT:
		lone_dot(intake, out);
		break;
	case AFTER_DOT_CR:
		if (intake->dot_ends)
			break;
		put_dot(intake, out);
		end_held(intake, out);
		break;
	}
	intake->ended = true;
}
