/* SPDX-License-Identifier: ISC
 *
 * bytes.h - numbers as bytes on disk, least significant first.
 *
 * Keys of the index are the exception: most significant first, so that the
 * order of the bytes is that of the numbers.
 */
#ifndef SPOOL_BYTES_H
#define SPOOL_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void
put_le(uint8_t *out, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t
get_le(const uint8_t *in, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | in[i];
	return value;
}

static inline void
put_be(uint8_t *out, uint64_t value, size_t bytes)
{
	for (size_t i = bytes; i-- > 0; value >>= 8)
		out[i] = (uint8_t)value;
}

static inline uint64_t
get_be(const uint8_t *in, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | in[i];
	return value;
}

#endif
