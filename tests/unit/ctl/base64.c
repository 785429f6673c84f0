/* SPDX-License-Identifier: ISC
 *
 * base64.c - the vectors of RFC 4648, section 10, and what is refused.
 */
#include "ctl/base64.h"

#include "suites.h"

static const struct {
	const char *text;
	const char *bytes;	/* null: refused */
} rows[] = {
	{ "", "" }, { "Zg==", "f" }, { "Zm8=", "fo" }, { "Zm9v", "foo" },
	{ "Zm9vYg==", "foob" }, { "Zm9vYmE=", "fooba" },
	{ "Zm9vYmFy", "foobar" }, { "/+8=", "\xff\xef" },
	{ "Zg=", NULL }, { "Zg", NULL }, { "Z===", NULL }, { "Zm 9", NULL },
	{ "Zm9v\n", NULL }, { "=Zm9", NULL },
};

static void
base64_stands_for_these_bytes(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;
		bool ok;

		buf_init(&out, 64);
		ok = base64_decode(span_of(rows[i].text), &out);
		CU_ASSERT_EQUAL(ok, rows[i].bytes != NULL);
		CU_ASSERT_TRUE(!ok ||
		    span_is(buf_peek(&out), rows[i].bytes));
		buf_fini(&out);
	}
}

const struct unit_test base64_tests[] = {
	UNIT(base64_stands_for_these_bytes),
	UNIT_END
};
