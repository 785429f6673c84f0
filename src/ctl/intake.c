/* SPDX-License-Identifier: ISC
 *
 * intake.c - text into wire form, byte for byte.
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
		intake->state = AFTER_CR;
	} else {
		intake->eight_bit |= byte > 127;
		buf_append_byte(out, byte);
		intake->state = IN_LINE;
	}
}

static void
take_byte(struct intake *intake, uint8_t byte, struct buf *out)
{
	switch (intake->state) {
	case AFTER_CR:
		end_line(intake, out);
		if (byte == '\n')
			return;
		break;
	case AFTER_DOT:
		if (byte == '\r') {
			intake->state = AFTER_DOT_CR;
			return;
		}
		if (byte == '\n') {
			lone_dot(intake, out);
			return;
		}
		put_dot(intake, out);
		break;
	case AFTER_DOT_CR:
		if (byte == '\n') {
			lone_dot(intake, out);
			return;
		}
		put_dot(intake, out);
		end_line(intake, out);
		break;
	}
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
	    text.data[length] != '\r')
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
	case AFTER_CR:
		end_line(intake, out);
		break;
	case AFTER_DOT:
	case AFTER_DOT_CR:
		lone_dot(intake, out);
		break;
	}
	intake->ended = true;
}
