/* SPDX-License-Identifier: ISC
 *
 * crcjoin.c - the CRC-32C of two things one after the other.
 *
 * A CRC is a polynomial's remainder.  Appending LENGTH bytes multiplies what
 * came before by x to the power of 8 * LENGTH, whatever the bytes are, so
 * the two remainders are joined by one such product and a sum (xor).  Bits
 * are mirrored: the coefficient of 1 is the highest bit.
 */
#include "spool/crcjoin.h"

#define POLYNOMIAL 0x82f63b78u
#define ONE 0x80000000u
#define X_TO_8 0x00800000u

/* A * B modulo the polynomial. */
static uint32_t
multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (; a != 0; a <<= 1) {
		if ((a & ONE) != 0)
			product ^= b;
		b = (b & 1) != 0 ? b >> 1 ^ POLYNOMIAL : b >> 1;
	}
	return product;
}

uint32_t
crc_join(uint32_t crc_a, uint32_t crc_b, uint64_t length_b)
{
	uint32_t power = ONE;

	for (uint32_t square = X_TO_8; length_b != 0; length_b >>= 1) {
		if ((length_b & 1) != 0)
			power = multiply(power, square);
		square = multiply(square, square);
	}
	return multiply(power, crc_a) ^ crc_b;
}
