/* SPDX-License-Identifier: ISC
 *
 * header.c - the header block of a message, field by field.
 *
 * Lines end in LF here, with or without a CR before it.  The receiver has
 * its own opinion of a lone LF; nothing here depends on it.
 */
#include "mail/header.h"

#include "base/must.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* RFC 5322, ftext; a dot at the start is stuffing, or no field's. */
static struct span
field_name(struct span line)
{
	size_t i = 0;

	while (i < line.length && line.data[i] > ' ' && line.data[i] < 0x7f &&
	    line.data[i] != ':')
		i++;
	return span_first(line, i > 0 && line.data[0] == '.' ? 0 : i);
}

/* Length of the field that S begins with: folded lines belong to it. */
static size_t
field_length(struct span s)
{
	size_t length = 0;

	do {
		length += span_find(span_skip(s, length), '\n');
		if (length < s.length)
			length++;
	} while (length < s.length && is_blank(s.data[length]));
	return length;
}

static struct span
without_line_end(struct span s)
{
	if (s.length > 0 && s.data[s.length - 1] == '\n')
		s.length--;
	if (s.length > 0 && s.data[s.length - 1] == '\r')
		s.length--;
	return s;
}

bool
header_pull(struct span *in, struct header_field *out)
{
	struct span name = field_name(*in);
	size_t colon = name.length;

	while (colon < in->length && is_blank(in->data[colon]))
		colon++;
	if (name.length == 0 || colon == in->length ||
	    in->data[colon] != ':')
		return false;
	out->name = name;
	out->whole = span_first(*in, field_length(*in));
	out->value = without_line_end(span_skip(out->whole, colon + 1));
	*in = span_skip(*in, out->whole.length);
	return true;
}

static bool
is_over(struct span rest)
{
	return rest.length == 0 || rest.data[0] == '\n' ||
	    (rest.length > 1 && rest.data[0] == '\r' && rest.data[1] == '\n');
}

bool
header_next(struct span *in, struct header_field *out)
{
	while (!header_pull(in, out)) {
		if (is_over(*in))
			return false;
		*in = span_skip(*in, span_find(*in, '\n') + 1);
	}
	return true;
}

size_t
header_block_length(struct span bytes)
{
	size_t at = 0;

	for (;;) {
		struct span rest = span_skip(bytes, at);
		size_t lf = span_find(rest, '\n');

		if (lf == rest.length)
			return 0;
		at += lf + 1;
		if (lf == 0 || (lf == 1 && rest.data[0] == '\r'))
			return at;
	}
}

void
header_value(struct span value, char *out, size_t most)
{
	size_t length = 0;

	must(most > 0);
	for (size_t i = 0; i < value.length && length < most - 1; i++) {
		uint8_t c = value.data[i];

		if (c == '\r' || c == '\n')
			continue;
		if (is_blank(c)) {
			if (length > 0)
				out[length++] = ' ';
			continue;
		}
		out[length++] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	while (length > 0 && out[length - 1] == ' ')
		length--;
	out[length] = '\0';
}
