/* SPDX-License-Identifier: ISC
 *
 * reply.c - replies: writing them (server) and pulling them (client).
 *
 * Both sides treat the text as hostile: what we write may quote a stranger,
 * what we read comes from one.
 */
#include "smtp/reply.h"

#include "base/must.h"

#include <stdio.h>

enum { LINE_ON_WIRE_MOST = 512 };

static uint8_t
clean_byte(uint8_t c)
{
	return c < ' ' || c > '~' ? '?' : c;
}

/* ---- writing ----------------------------------------------------------- */

static void
put_line(struct buf *out, unsigned code, const char *status, struct span text,
    bool last)
{
	char line[LINE_ON_WIRE_MOST + 1];
	size_t length, room;

	if (status == NULL)
		length = (size_t)snprintf(line, sizeof line, "%u%c", code,
		    last ? ' ' : '-');
	else
		length = (size_t)snprintf(line, sizeof line, "%u%c%.11s ",
		    code, last ? ' ' : '-', status);
	room = LINE_ON_WIRE_MOST - 2 - length;
	text = span_first(text, room);
	for (size_t i = 0; i < text.length; i++)
		line[length++] = (char)clean_byte(text.data[i]);
	line[length++] = '\r';
	line[length++] = '\n';
	buf_append(out, line, length);
}

void
reply_put(struct buf *out, unsigned code, const char *status,
    const char *text)
{
	struct span rest = span_of(text);
	bool last;

	must(code >= 200 && code <= 599);
	do {
		size_t length = span_find(rest, '\n');

		last = length == rest.length;
		put_line(out, code, status, span_first(rest, length), last);
		rest = span_skip(rest, length + 1);
	} while (!last);
}

void
reply_putf(struct buf *out, unsigned code, const char *status,
    const char *fmt, ...)
{
	char text[REPLY_TEXT_MOST];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	reply_put(out, code, status, text);
}

/* ---- pulling ----------------------------------------------------------- */

void
reply_init(struct reply *reply)
{
	*reply = (struct reply){ 0 };
	buf_init(&reply->text, REPLY_TEXT_MOST);
}

void
reply_fini(struct reply *reply)
{
	buf_fini(&reply->text);
}

void
reply_reset(struct reply *reply)
{
	reply->code = 0;
	reply->lines = 0;
	reply->bytes = 0;
	reply->part = PART_BEGINNING;
	reply->status[0] = '\0';
	buf_clear(&reply->text);
}

static bool
is_digit(struct span s, size_t at)
{
	return at < s.length && s.data[at] >= '0' && s.data[at] <= '9';
}

static bool
is_blank(struct span s, size_t at)
{
	return at < s.length && (s.data[at] == ' ' || s.data[at] == '\t');
}

/* Three digits and no fourth, the first from 2 to 5: there is no other reply
 * for us.  Whatever follows, the code is plain. */
static bool
parse_code(struct span line, unsigned *code)
{
	uint64_t number;

	if (line.length < 3 || is_digit(line, 3) ||
	    !span_number(span_first(line, 3), 599, &number) || number < 200)
		return false;
	*code = (unsigned)number;
	return true;
}

static size_t
count_digits(struct span s)
{
	size_t i = 0;

	while (is_digit(s, i))
		i++;
	return i;
}

/* Length of the status code of CODE's class that TEXT begins with, or 0. */
static size_t
status_length(struct span text, unsigned code)
{
	size_t length = 1;

	if (code / 100 == 3 || text.length < 5 ||
	    text.data[0] != '0' + code / 100)
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits;

		if (length >= text.length || text.data[length] != '.')
			return 0;
		digits = count_digits(span_skip(text, length + 1));
		if (digits < 1 || digits > 3)
			return 0;
		length += 1 + digits;
	}
	return length == text.length || is_blank(text, length) ? length : 0;
}

/* The status of the first line is the reply's; later lines repeat it. */
static struct span
take_status(struct reply *reply, struct span text)
{
	struct span rest = text;
	size_t length;

	while (is_blank(rest, 0))
		rest = span_skip(rest, 1);
	length = status_length(rest, reply->code);
	if (length == 0)
		return text;
	if (reply->lines == 1) {
		memcpy(reply->status, rest.data, length);
		reply->status[length] = '\0';
	} else if (!span_is(span_first(rest, length), reply->status)) {
		return text;
	}
	return span_skip(rest, length + 1);
}

/* Add a line of text, made clean; what is over the most is left out. */
static void
add_text(struct reply *reply, struct span text)
{
	size_t room = reply->text.most - buf_length(&reply->text);
	uint8_t *to;

	if (reply->lines > 1 && room > 0) {
		buf_append_byte(&reply->text, '\n');
		room--;
	}
	text = span_first(text, room);
	if (text.length == 0)
		return;
	to = buf_reserve(&reply->text, text.length);
	must(to != NULL);
	for (size_t i = 0; i < text.length; i++)
		to[i] = clean_byte(text.data[i]);
	buf_added(&reply->text, text.length);
}

/* What stands behind the code: a blank or a hyphen as a rule, which are no
 * part of the text. */
static struct span
text_of(struct span line)
{
	bool parted = is_blank(line, 3) ||
	    (line.length > 3 && line.data[3] == '-');

	return span_skip(line, parted ? 4 : 3);
}

/*
 * Take LINE, which is without its end.  Lines may differ in their code as
 * long as its meaning is the same, and the last one counts.  Once the code is
 * known, a line without one is text: only the last must have it.
 */
static enum reply_step
take_line(struct reply *reply, struct span line, reply_text_fn *fn,
    void *owner)
{
	unsigned code;
	bool coded = parse_code(line, &code);

	if (reply->lines == 0 ? !coded : coded &&
	    code / 100 != reply->code / 100)
		return REPLY_BAD;
	reply->lines++;
	if (coded) {
		reply->code = code;
		line = take_status(reply, text_of(line));
	}
	add_text(reply, line);
	if (fn != NULL)
		fn(owner, reply, line);
	return REPLY_DONE;
}

/* Count LENGTH bytes; false: those are too many for one reply. */
static bool
count(struct reply *reply, size_t length)
{
	if (length > REPLY_BYTES_MOST - reply->bytes)
		return false;
	reply->bytes += length;
	return true;
}

static enum reply_step
endless(const struct reply *reply)
{
	return reply->lines > 0 ? REPLY_ENDLESS : REPLY_BAD;
}

/* A line, or as much of it as is looked at. */
static enum reply_step
pull_front(struct reply *reply, struct span *in, reply_text_fn *fn,
    void *owner)
{
	size_t length = span_find(*in, '\n');
	struct span line = span_first(*in, length);
	bool whole = length <= REPLY_LINE_MOST, goes_on;

	if (whole && length == in->length)
		return REPLY_MORE;
	if (!whole)
		line.length = length = REPLY_LINE_MOST;
	if (!count(reply, length + whole))
		return endless(reply);
	*in = span_skip(*in, length + whole);
	while (line.length > 0 && line.data[line.length - 1] == '\r')
		line.length--;
	goes_on = !parse_code(line, &(unsigned){ 0 }) ||
	    (line.length > 3 && line.data[3] == '-');
	if (take_line(reply, line, fn, owner) == REPLY_BAD)
		return REPLY_BAD;
	if (!whole)
		reply->part = goes_on ? PART_REST : PART_LAST_REST;
	return whole && !goes_on ? REPLY_DONE : REPLY_MORE;
}

/* What a line has over REPLY_LINE_MOST is left out. */
static enum reply_step
pull_rest(struct reply *reply, struct span *in)
{
	size_t length = span_find(*in, '\n');
	bool whole = length < in->length, last = reply->part == PART_LAST_REST;

	if (!count(reply, length + whole))
		return endless(reply);
	*in = span_skip(*in, length + whole);
	if (whole)
		reply->part = PART_BEGINNING;
	return whole && last ? REPLY_DONE : REPLY_MORE;
}

enum reply_step
reply_pull_texts(struct reply *reply, struct span *in, reply_text_fn *fn,
    void *owner)
{
	enum reply_step step;
	size_t before;

	do {
		before = in->length;
		step = reply->part == PART_BEGINNING ?
		    pull_front(reply, in, fn, owner) : pull_rest(reply, in);
	} while (step == REPLY_MORE && in->length < before);
	return step;
}

enum reply_step
reply_pull(struct reply *reply, struct span *in)
{
	return reply_pull_texts(reply, in, NULL, NULL);
}

const char *
reply_line(const struct reply *reply, char *out, size_t most)
{
	struct span text = buf_peek(&reply->text);
	int length;

	must(most > 0);
	length = snprintf(out, most, "%u%s%s%s", reply->code,
	    reply->status[0] == '\0' ? "" : " ", reply->status,
	    text.length == 0 ? "" : " ");
	if ((size_t)length >= most)
		return out;
	text = span_first(text, most - 1 - (size_t)length);
	for (size_t i = 0; i < text.length; i++)
		out[length++] = text.data[i] == '\n' ? ' ' :
		    (char)text.data[i];
	out[length] = '\0';
	return out;
}
