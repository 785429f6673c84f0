/* SPDX-License-Identifier: ISC
 *
 * smuggling.c - what looks like the end of data and is not.  Each row is a
 * test of its own, fed whole, byte by byte and cut at every offset, in
 * clear and over TLS: one message at most, and none of the smuggled sender.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include <stdio.h>

#define SMUGGLED "MAIL FROM:<evil@x.test>\r\nRCPT TO:<victim@y.test>\r\n" \
	"DATA\r\nevil\r\n"

enum { WHOLE = -1, BYTEWISE = -2 };

static void
say(struct talk *talk, struct span bytes, long cut)
{
	if (cut == BYTEWISE)
		for (size_t i = 0; i < bytes.length; i++)
			talk_say(talk, span_make(bytes.data + i, 1));
	else if (cut == WHOLE)
		talk_say(talk, bytes);
	else {
		talk_say(talk, span_first(bytes, (size_t)cut));
		talk_say(talk, span_skip(bytes, (size_t)cut));
	}
}

/* What was taken, mended, is fit to be sent: no hop sees an end in it. */
static void
look_at_kept(const struct talk *talk)
{
	struct span body = span_of(talk->got[0].body);
	struct dot seen = dot_over(body);
	struct err err;

	CU_ASSERT_EQUAL(talk->messages, 1);
	CU_ASSERT_TRUE(talk->got[0].full_size);
	CU_ASSERT_TRUE(dot_vouches(&seen, body.length, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(talk->got[0].body, "MAIL FROM:<evil"));
}

static void
try(struct span data, const char *hear, long cut, bool tls, bool mends)
{
	struct talk talk;
	char heard[SHORT_MOST];

	talk_begin(&talk, NULL, true);
	talk.session.client.mends = mends;
	/* a NUL, and what is right as it is, are no matter of line ends */
	if (mends && strcmp(hear, "550 5.6.11") == 0)
		hear = "250 2.0.0";
	talk_hear(&talk, HELLO);
	if (tls) {
		talk_hear(&talk, "STARTTLS\r\n");
		talk_hear(&talk, HELLO);
	}
	HEARS(&talk, FROM_A TO_B "DATA\r\n", "250 2.1.0, 250 2.1.5, 354");
	buf_clear(&talk.replies);
	say(&talk, data, cut);
	talk_short(buf_peek(&talk.replies), heard);
	if (strcmp(heard, hear) != 0)
		fprintf(stderr, "cut %ld: %s\n", cut, heard);
	CU_ASSERT_STRING_EQUAL(heard, hear);
	CU_ASSERT_TRUE(talk.messages <= 1);
	CU_ASSERT_TRUE(talk.messages == 0 ||
	    strcmp(talk.got[0].sender, "a@sender.test") == 0);
	CU_ASSERT_EQUAL(talk.session.state, SESSION_GREETED);
	if (strcmp(hear, "250 2.0.0") == 0)
		look_at_kept(&talk);
	talk_end(&talk);
}

/* VECTOR between two texts, and then the true end. */
static void
smuggle(const char *vector, size_t length, const char *hear)
{
	struct buf *data = buf_new(4096);
	struct span bytes;

	buf_append_text(data, "innocent");
	buf_append(data, vector, length);
	buf_append_text(data, SMUGGLED "\r\n.\r\n");
	bytes = buf_peek(data);
	for (unsigned way = 0; way < 4; way++) {
		bool tls = (way & 1) != 0, mends = (way & 2) != 0;

		try(bytes, hear, WHOLE, tls, mends);
		try(bytes, hear, BYTEWISE, tls, mends);
		for (long cut = 1; cut < (long)bytes.length; cut++)
			try(bytes, hear, cut, tls, mends);
	}
	buf_free(&data);
}

/* name, bytes, what the true end earns */
#define SMUGGLING_TABLE(ROW)						\
	ROW(lf_dot_lf, "\n.\n", "550 5.6.11")				\
	ROW(lf_dot_cr, "\n.\r", "550 5.6.11")				\
	ROW(cr_dot_lf, "\r.\n", "550 5.6.11")				\
	ROW(cr_dot_cr, "\r.\r", "550 5.6.11")				\
	ROW(lf_dot_crlf, "\n.\r\n", "550 5.6.11")			\
	ROW(cr_dot_crlf, "\r.\r\n", "550 5.6.11")			\
	ROW(crlf_dot_lf, "\r\n.\n", "550 5.6.11")			\
	ROW(crlf_dot_cr, "\r\n.\r", "550 5.6.11")			\
	ROW(crlf_nul_dot_crlf, "\r\n\0.\r\n", "550 5.6.0")		\
	ROW(crlf_dot_nul_crlf, "\r\n.\0\r\n", "550 5.6.0")		\
	ROW(crlf_dot_cr_crlf, "\r\n.\r\r\n", "550 5.6.11")		\
	ROW(cr_crlf_dot_cr_crlf, "\r\r\n.\r\r\n", "550 5.6.11")		\
	ROW(lf_lf_dot_lf_lf, "\n\n.\n\n", "550 5.6.11")			\
	ROW(crlf_dot_dot_crlf, "\r\n..\r\n", "250 2.0.0")		\
	ROW(crlf_space_dot_crlf, "\r\n .\r\n", "250 2.0.0")		\
	ROW(crlf_dot_space_crlf, "\r\n. \r\n", "250 2.0.0")

#define ROW_TEST(name, vector, hear)					\
	static void							\
	no_message_is_smuggled_by_##name(void)				\
	{								\
		smuggle(vector, sizeof vector - 1, hear);		\
	}
SMUGGLING_TABLE(ROW_TEST)

static void
the_true_end_is_seen_by_the_same_harness(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, true);
	talk_hear(&talk, HELLO);
	talk_hear(&talk, FROM_A TO_B "DATA\r\n");
	HEARS(&talk, "innocent\r\n.\r\nMAIL FROM:<evil@x.test>\r\n",
	    "250 2.0.0, 250 2.1.0");
	talk_end(&talk);
}

#define ROW_UNIT(name, vector, hear) UNIT(no_message_is_smuggled_by_##name),

const struct unit_test smuggling_tests[] = {
	SMUGGLING_TABLE(ROW_UNIT)
	UNIT(the_true_end_is_seen_by_the_same_harness),
	UNIT_END
};
