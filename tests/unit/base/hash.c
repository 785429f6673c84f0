/* SPDX-License-Identifier: ISC
 *
 * hash.c - CRC-32C and SipHash-2-4 against the vectors of their authors.
 */
#include "tests.h"

#include "base/crc32c.h"
#include "base/hash.h"
#include "base/rand.h"

typedef uint32_t crc_fn(uint32_t crc, const void *data, size_t length);

static crc_fn *const implementations[] = { crc32c, crc32c_portable };

enum { IMPLEMENTATIONS = sizeof implementations / sizeof implementations[0] };

/* RFC 3720, appendix B.4, and the check value of the CRC catalogues. */
static void
both_crcs_agree_with_the_known_vectors(void)
{
	uint8_t zeros[32] = { 0 }, ones[32], up[32], down[32];

	for (int i = 0; i < 32; i++) {
		ones[i] = 0xff;
		up[i] = (uint8_t)i;
		down[i] = (uint8_t)(31 - i);
	}
	for (int i = 0; i < IMPLEMENTATIONS; i++) {
		crc_fn *crc = implementations[i];

		CU_ASSERT_EQUAL(crc(0, "", 0), 0);
		CU_ASSERT_EQUAL(crc(0, "123456789", 9), 0xe3069283);
		CU_ASSERT_EQUAL(crc(0, zeros, 32), 0x8a9136aa);
		CU_ASSERT_EQUAL(crc(0, ones, 32), 0x62a8ab43);
		CU_ASSERT_EQUAL(crc(0, up, 32), 0x46dd794e);
		CU_ASSERT_EQUAL(crc(0, down, 32), 0x113fdb5c);
	}
}

static void
a_crc_in_pieces_is_that_of_the_whole_at_any_alignment(void)
{
	uint8_t data[200];
	bool same = true;

	rand_seed(10);
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)rand_below(256);
	for (size_t start = 0; start < 9; start++)
		for (size_t cut = start; cut <= sizeof data; cut++) {
			size_t rest = sizeof data - cut;
			uint32_t whole = crc32c_portable(0, data + start,
			    sizeof data - start);
			uint32_t a = crc32c(0, data + start, cut - start);
			uint32_t b = crc32c_portable(0, data + start,
			    cut - start);

			same = same &&
			    crc32c(a, data + cut, rest) == whole &&
			    crc32c_portable(b, data + cut, rest) == whole;
		}
	CU_ASSERT_TRUE(same);
}

/* From the reference implementation: key 00..0f, input 00, 01, 02, ... */
static const struct {
	size_t length;
	uint64_t hash;
} vectors[] = {
	{ 0, 0x726fdb47dd0e0e31 },
	{ 1, 0x74f839c593dc67fd },
	{ 8, 0x93f5f5799a932462 },
	{ 15, 0xa129ca6149be45e5 },
};

static void
siphash_agrees_with_the_known_vectors(void)
{
	static const struct hash_key key = {
		0x0706050403020100, 0x0f0e0d0c0b0a0908
	};
	uint8_t data[16];

	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		CU_ASSERT_EQUAL(hash_span(key, span_make(data,
		    vectors[i].length)), vectors[i].hash);
}

static void
no_two_keys_are_alike(void)
{
	struct hash_key a = hash_key_new(), b = hash_key_new();

	CU_ASSERT_TRUE(a.k0 != b.k0 && a.k1 != b.k1);
	CU_ASSERT_NOT_EQUAL(hash_span(a, span_of("x")),
	    hash_span(b, span_of("x")));
}

const struct unit_test hash_tests[] = {
	UNIT(both_crcs_agree_with_the_known_vectors),
	UNIT(a_crc_in_pieces_is_that_of_the_whole_at_any_alignment),
	UNIT(siphash_agrees_with_the_known_vectors),
	UNIT(no_two_keys_are_alike),
	UNIT_END
};
