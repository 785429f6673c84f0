/* SPDX-License-Identifier: ISC
 *
 * smuggling.c - what other servers took for the end of the data.
 *
 * Each vector stands in a body, followed by commands that its sender would
 * have us believe.  It must not end the data, fed whole, byte by byte, and
 * in two pieces cut at every place; and the real end behind it must.
 */
#include "suites.h"

#include "dot_reference.h"

enum { BYTES_MOST = 256 };

struct outcome {
	bool bare, nul;
};

static const char before[] = "Subject: x\r\n\r\nharmless";
static const char behind[] =
    "MAIL FROM:<evil@example.org>\r\nRCPT TO:<a@example.org>\r\nDATA\r\n"
    "Subject: smuggled\r\n\r\nhello";
static const char real_end[] = "\r\n.\r\n";

/* Whether the data ends at the real end alone, and is seen as WANT tells. */
static bool
stays_inside(struct span s, size_t split, struct outcome want)
{
	struct dot dot = DOT_START;
	struct buf body;
	size_t used;
	bool good;

	buf_init(&body, BYTES_MOST);
	good = dot_feed(&dot, s, split, &body, &used) == DOT_DONE &&
	    used == s.length && buf_length(&body) == s.length - 3 &&
	    span_equal(buf_peek(&body), span_first(s, s.length - 3)) &&
	    dot.bare == want.bare && dot.nul == want.nul;
	buf_fini(&body);
	return good;
}

static void
check(struct span vector, struct outcome want)
{
	struct buf bytes;
	struct span s;

	buf_init(&bytes, BYTES_MOST);
	buf_append_text(&bytes, before);
	buf_append_span(&bytes, vector);
	buf_append_text(&bytes, behind);
	buf_append_text(&bytes, real_end);
	CU_ASSERT_FALSE_FATAL(bytes.full);
	s = buf_peek(&bytes);
	CU_ASSERT_TRUE(stays_inside(s, s.length, want));
	CU_ASSERT_TRUE(stays_inside(s, s.length + 1, want));
	for (size_t split = 0; split < s.length; split++)
		CU_ASSERT_TRUE(stays_inside(s, split, want));
	buf_fini(&bytes);
}

#define VECTOR(name, bytes, ...)					\
	static void							\
	name(void)							\
	{								\
		check(span_make(bytes, sizeof bytes - 1),		\
		    (struct outcome){ __VA_ARGS__ });			\
	}

VECTOR(lf_dot_lf_does_not_end_the_data, "\n.\n", .bare = true)
VECTOR(lf_dot_cr_does_not_end_the_data, "\n.\r", .bare = true)
VECTOR(cr_dot_lf_does_not_end_the_data, "\r.\n", .bare = true)
VECTOR(cr_dot_cr_does_not_end_the_data, "\r.\r", .bare = true)
VECTOR(lf_dot_crlf_does_not_end_the_data, "\n.\r\n", .bare = true)
VECTOR(cr_dot_crlf_does_not_end_the_data, "\r.\r\n", .bare = true)
VECTOR(crlf_dot_lf_does_not_end_the_data, "\r\n.\n", .bare = true)
VECTOR(crlf_dot_cr_does_not_end_the_data, "\r\n.\r", .bare = true)
VECTOR(crlf_nul_dot_crlf_does_not_end_the_data, "\r\n\0.\r\n", .nul = true)
VECTOR(crlf_dot_nul_crlf_does_not_end_the_data, "\r\n.\0\r\n", .nul = true)
VECTOR(crlf_dot_cr_crlf_does_not_end_the_data, "\r\n.\r\r\n", .bare = true)
VECTOR(cr_crlf_dot_cr_crlf_does_not_end_the_data, "\r\r\n.\r\r\n",
    .bare = true)
VECTOR(crlf_dot_dot_crlf_does_not_end_the_data, "\r\n..\r\n", .bare = false)
VECTOR(crlf_dot_space_crlf_does_not_end_the_data, "\r\n. \r\n",
    .bare = false)
VECTOR(lf_lf_dot_crlf_does_not_end_the_data, "\n\n.\r\n", .bare = true)
VECTOR(crlf_dot_lf_cr_does_not_end_the_data, "\r\n.\n\r", .bare = true)

/* These hide nothing: the end is real, and what is before it is flagged. */
static void
a_cr_before_the_last_crlf_is_bare(void)
{
	struct span s = span_of("x\r\r\n.\r\n");

	for (size_t split = 0; split <= s.length + 1; split++)
		CU_ASSERT_TRUE(stays_inside(s, split,
		    (struct outcome){ .bare = true }));
}

static void
an_lf_before_the_last_crlf_is_bare(void)
{
	struct span s = span_of("x\n\r\n.\r\n");

	for (size_t split = 0; split <= s.length + 1; split++)
		CU_ASSERT_TRUE(stays_inside(s, split,
		    (struct outcome){ .bare = true }));
}

const struct unit_test smuggling_tests[] = {
	UNIT(lf_dot_lf_does_not_end_the_data),
	UNIT(lf_dot_cr_does_not_end_the_data),
	UNIT(cr_dot_lf_does_not_end_the_data),
	UNIT(cr_dot_cr_does_not_end_the_data),
	UNIT(lf_dot_crlf_does_not_end_the_data),
	UNIT(cr_dot_crlf_does_not_end_the_data),
	UNIT(crlf_dot_lf_does_not_end_the_data),
	UNIT(crlf_dot_cr_does_not_end_the_data),
	UNIT(crlf_nul_dot_crlf_does_not_end_the_data),
	UNIT(crlf_dot_nul_crlf_does_not_end_the_data),
	UNIT(crlf_dot_cr_crlf_does_not_end_the_data),
	UNIT(cr_crlf_dot_cr_crlf_does_not_end_the_data),
	UNIT(crlf_dot_dot_crlf_does_not_end_the_data),
	UNIT(crlf_dot_space_crlf_does_not_end_the_data),
	UNIT(lf_lf_dot_crlf_does_not_end_the_data),
	UNIT(crlf_dot_lf_cr_does_not_end_the_data),
	UNIT(a_cr_before_the_last_crlf_is_bare),
	UNIT(an_lf_before_the_last_crlf_is_bare),
	UNIT_END
};
