/* SPDX-License-Identifier: ISC
 *
 * clean.c - putting what strangers said into fields that we write.
 */
#include "mail/clean.h"

enum { COLUMNS = 76 };

static bool
is_name(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != 0 && strchr(".-_:[]+", c) != NULL);
}

static uint8_t
clean_byte(enum clean kind, uint8_t c)
{
	bool good = c >= ' ' && c <= '~';

	if (kind == CLEAN_COMMENT)
		good = good && c != '(' && c != ')' && c != '\\';
	else if (kind == CLEAN_NAME)
		good = is_name(c);
	return good ? c : '?';
}

static void
put(struct buf *out, enum clean kind, struct span text)
{
	uint8_t *to = buf_reserve(out, text.length);

	if (to == NULL)
		return;
	for (size_t i = 0; i < text.length; i++)
		to[i] = clean_byte(kind, text.data[i]);
	buf_added(out, text.length);
}

void
clean_put(struct buf *out, enum clean kind, const char *text, size_t most)
{
	put(out, kind, span_first(span_of(text), most));
}

/* How much of TEXT goes into a line with ROOM: up to its last space. */
static size_t
line_length(struct span text, size_t room)
{
	size_t length = room;

	if (text.length <= room)
		return text.length;
	while (length > 0 && text.data[length] != ' ')
		length--;
	return length;
}

void
clean_put_lines(struct buf *out, const char *text, size_t most,
    size_t column, const char *indent)
{
	struct span rest = span_trim(span_first(span_of(text), most));
	size_t first_column = strlen(indent);

	for (;;) {
		size_t room = COLUMNS > column ? COLUMNS - column : 1;
		size_t length = line_length(rest, room);

		/* A word too long: it may have more room in its own line. */
		if (length == 0 && column <= first_column)
			length = room;
		put(out, CLEAN_TEXT, span_first(rest, length));
		buf_append(out, "\r\n", 2);
		rest = span_trim(span_skip(rest, length));
		if (rest.length == 0)
			return;
		buf_append_text(out, indent);
		column = first_column;
	}
}
