/* SPDX-License-Identifier: ISC
 *
 * base64.c - bytes out of base64 (RFC 4648).
 */
#include "ctl/base64.h"

/* The six bits of DIGIT; -1: no digit. */
static int
bits_of(uint8_t digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return digit - 'A';
	if (digit >= 'a' && digit <= 'z')
		return digit - 'a' + 26;
	if (digit >= '0' && digit <= '9')
		return digit - '0' + 52;
	if (digit == '+')
		return 62;
	return digit == '/' ? 63 : -1;
}

bool
base64_decode(struct span text, struct buf *out)
{
	uint32_t word = 0;
	size_t i, digits = 0, length = text.length;

	if (length % 4 != 0)
		return false;
	for (i = 0; i < 2 && length > 0 && text.data[length - 1] == '='; i++)
		length--;
	for (i = 0; i < length; i++) {
		int bits = bits_of(text.data[i]);

		if (bits == -1)
			return false;
		word = word << 6 | (uint32_t)bits;
		if (++digits % 4 != 1)
			buf_append_byte(out, (uint8_t)(word >>
			    (6 - 2 * ((digits - 1) % 4))));
	}
	return !out->full;
}
