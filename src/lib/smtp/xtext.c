/* SPDX-License-Identifier: ISC
 *
 * xtext.c - text that survives as an SMTP parameter (RFC 3461, section 4).
 *
 * What is decoded here ends up in headers, reports and logs, so the gate
 * against line breaks and other controls is in the decoder itself: there is
 * no way to get at a decoded form that is not clean.
 */
#include "smtp/command.h"

#include "base/mem.h"

static bool
is_xchar(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '+' && c != '=';
}

/* Only capitals: "+0a" is not xtext. */
static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that S begins with, counted off S; -1: not clean xtext. */
static int
pull_byte(struct span *s)
{
	int high, low, byte;

	if (s->data[0] != '+') {
		byte = is_xchar(s->data[0]) ? s->data[0] : -1;
		*s = span_skip(*s, 1);
		return byte;
	}
	if (s->length < 3)
		return -1;
	high = hex_value(s->data[1]);
	low = hex_value(s->data[2]);
	if (high == -1 || low == -1)
		return -1;
	*s = span_skip(*s, 3);
	byte = high * 16 + low;
	return byte >= ' ' && byte < 0x7f ? byte : -1;
}

bool
xtext_is_valid(struct span s)
{
	while (s.length > 0)
		if (pull_byte(&s) == -1)
			return false;
	return true;
}

long
xtext_decode(struct span s, uint8_t *out)
{
	long length = 0;

	while (s.length > 0) {
		int byte = pull_byte(&s);

		if (byte == -1)
			return -1;
		out[length++] = (uint8_t)byte;
	}
	return length;
}

char *
xtext_encode(struct span text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = mem_array(text.length + 1, 3);
	size_t length = 0;

	for (size_t i = 0; i < text.length; i++) {
		uint8_t c = text.data[i];

		if (is_xchar(c)) {
			out[length++] = (char)c;
			continue;
		}
		out[length++] = '+';
		out[length++] = digits[c >> 4];
		out[length++] = digits[c & 15];
	}
	return out;
}
