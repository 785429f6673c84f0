/* SPDX-License-Identifier: ISC
 *
 * plain.c - which characters only show, and do nothing to a terminal.
 */
#include "base/plain.h"

/* The character at TEXT; *LENGTH 0: it is none.  Longer forms than needed,
 * surrogates and what is beyond Unicode are none. */
static uint32_t
decode(struct span text, size_t *length)
{
	static const struct {
		uint8_t mask, begin;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};
	uint8_t first = text.data[0];
	uint32_t value;
	size_t more = 0;

	*length = 0;
	while (more < 4 && (first & forms[more].mask) != forms[more].begin)
		more++;
	if (more == 4 || text.length <= more)
		return 0;
	value = first & (uint8_t)~forms[more].mask;
	for (size_t i = 1; i <= more; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (text.data[i] & 0x3f);
	}
	if (value >= forms[more].least && value <= 0x10ffff &&
	    (value < 0xd800 || value > 0xdfff))
		*length = more + 1;
	return value;
}

static bool
is_plain(uint32_t c)
{
	return c >= 0x20 && (c < 0x7f || c >= 0xa0) &&
	    c != 0x61c && c != 0xfeff &&
	    (c < 0x200b || c > 0x200f) && (c < 0x2028 || c > 0x202e) &&
	    (c < 0x2060 || c > 0x206f);
}

size_t
plain_length_beyond(struct span text)
{
	size_t length;
	uint32_t c;

	if (text.length == 0)
		return 0;
	c = decode(text, &length);
	return is_plain(c) ? length : 0;
}
