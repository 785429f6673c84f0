/* SPDX-License-Identifier: ISC
 *
 * crcjoin.h - the CRC-32C of two things one after the other.
 */
#ifndef SPOOL_CRCJOIN_H
#define SPOOL_CRCJOIN_H

#include <stdint.h>

/* The CRC of A followed by B, from the CRC of each and B's length. */
uint32_t crc_join(uint32_t crc_a, uint32_t crc_b, uint64_t length_b);

#endif
