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
	reply->status[0] = '\0';
	buf_clear(&reply->text);
}

/* Three digits, the first from 2 to 5: there is no other reply for us. */
static bool
parse_code(struct span line, unsigned *code)
{
	uint64_t number;

	if (line.length < 3 ||
	    !span_number(span_first(line, 3), 599, &number) || number < 200)
		return false;
	*code = (unsigned)number;
	return true;
}

static size_t
count_digits(struct span s)
{
	size_t i = 0;

	while (i < s.length && s.data[i] >= '0' && s.data[i] <= '9')
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
	if (length < text.length && text.data[length] != ' ')
		return 0;
	return length;
}

/* The status of the first line is the reply's; later lines repeat it. */
static struct span
take_status(struct reply *reply, struct span text)
{
	size_t length = status_length(text, reply->code);

	if (length == 0)
		return text;
	if (reply->lines == 1) {
		memcpy(reply->status, text.data, length);
		reply->status[length] = '\0';
	} else if (!span_is(span_first(text, length), reply->status)) {
		return text;
	}
	return span_skip(text, length + 1);
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

/* LINE is without its end. */
static enum reply_step
take_line(struct reply *reply, struct span line)
{
	unsigned code;
	struct span text = span_skip(line, 4);

	if (!parse_code(line, &code))
		return REPLY_BAD;
	if (line.length > 3 && line.data[3] != ' ' && line.data[3] != '-')
		return REPLY_BAD;
	if (reply->lines > 0 && code != reply->code)
		return REPLY_BAD;
	if (reply->lines == REPLY_LINES_MOST)
		return REPLY_BAD;
	reply->code = code;
	reply->lines++;
	add_text(reply, take_status(reply, text));
	return line.length > 3 && line.data[3] == '-' ? REPLY_MORE :
	    REPLY_DONE;
}

enum reply_step
reply_pull(struct reply *reply, struct span *in)
{
	enum reply_step step = REPLY_MORE;

	while (step == REPLY_MORE) {
		size_t length = span_find(*in, '\n');
		struct span line = span_first(*in, length);

		if (length > REPLY_LINE_MOST)
			return REPLY_BAD;
		if (length == in->length)
			return REPLY_MORE;
		if (length > 0 && line.data[length - 1] == '\r')
			line.length--;
		*in = span_skip(*in, length + 1);
		step = take_line(reply, line);
	}
	return step;
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
