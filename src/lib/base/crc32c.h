/* SPDX-License-Identifier: ISC
 *
 * crc32c.h - CRC-32C (Castagnoli), by the processor where it can.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what CRC covers followed by DATA; start with 0. */
uint32_t crc32c(uint32_t crc, const void *data, size_t length);

/* The same by table, for machines without the instruction, and for tests. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t length);

#endif
