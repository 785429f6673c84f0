/* SPDX-License-Identifier: ISC
 *
 * crc32c.c - CRC-32C (Castagnoli), by the processor where it can.
 */
#include "base/crc32c.h"

#include <stdbool.h>
#include <string.h>

/* 16 entries a nibble at a time: small, and only the fallback. */
static const uint32_t nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
	0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t
crc32c_portable(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *p = data;

	crc = ~crc;
	while (length-- > 0) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t crc, const void *data, size_t length)
{
	const uint8_t *p = data;
	uint64_t value = (uint32_t)~crc, word;

	for (; length >= 8; length -= 8, p += 8) {
		memcpy(&word, p, 8);
		value = __builtin_ia32_crc32di(value, word);
	}
	crc = (uint32_t)value;
	while (length-- > 0)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return ~crc;
}
#endif

uint32_t
crc32c(uint32_t crc, const void *data, size_t length)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, data, length);
#endif
	return crc32c_portable(crc, data, length);
}
