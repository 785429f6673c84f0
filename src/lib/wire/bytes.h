/* SPDX-License-Identifier: ISC
 *
 * bytes.h - numbers and spans as bytes: for lib/wire alone.
 *
 * Little-endian; a span is its length in four bytes and then itself.
 */
#ifndef WIRE_BYTES_H
#define WIRE_BYTES_H

#include "base/span.h"

/* Write the low SIZE bytes of VALUE at TO; what is behind them. */
static inline uint8_t *
bytes_put(uint8_t *to, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> (8 * i));
	return to + size;
}

static inline uint8_t *
bytes_put_span(uint8_t *to, struct span s)
{
	to = bytes_put(to, s.length, 4);
	if (s.length > 0)
		memcpy(to, s.data, s.length);
	return to + s.length;
}

/* False: IN is too short; it is untouched. */
static inline bool
bytes_pull(struct span *in, size_t size, uint64_t *out)
{
	uint64_t value = 0;

	if (in->length < size)
		return false;
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)in->data[i] << (8 * i);
	*in = span_skip(*in, size);
	*out = value;
	return true;
}

static inline bool
bytes_pull_span(struct span *in, struct span *out)
{
	struct span rest = *in;
	uint64_t length;

	if (!bytes_pull(&rest, 4, &length) || length > rest.length)
		return false;
	*out = span_first(rest, (size_t)length);
	*in = span_skip(rest, (size_t)length);
	return true;
}

#endif
