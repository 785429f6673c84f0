/* SPDX-License-Identifier: ISC
 *
 * frames.c - tests of the codec and of who may say what.
 */
#include "wire/frames.h"
#include "unit/wire/suites.h"

#include "base/rand.h"

#include <stdlib.h>

#define S(text) { (const uint8_t *)(text), sizeof(text) - 1 }

/* One of each kind, every field told apart from every other. */
static const struct frame samples[] = {
	{ FRAME_CONF, -1, { .conf = { 7, S("hostname a\n"), S("CERT"),
	    S("KEY") } } },
	{ FRAME_LOG, -1, { .log = { 2 } } },
	{ FRAME_BOARD, -1, { .board = { 0x01020304 } } },
	{ FRAME_LISTEN, -1, { .listen = { 5 } } },
	{ FRAME_CONTROL, -1, { .control = { 1 } } },
	{ FRAME_SUBMIT, -1, { .submit = { 2 } } },
	{ FRAME_SPOOL, -1, { .spool = { 3 } } },
	{ FRAME_PEER, -1, { .peer = { ROLE_RECEIVER, 0xfffffffe } } },
	{ FRAME_GO, -1, { .go = { 4 } } },
	{ FRAME_DRAIN, -1, { .drain = { 5 } } },
	{ FRAME_RELOADED, -1, { .reloaded = { 9, 1, S("line 3: no") } } },
	{ FRAME_READY, -1, { .ready = { 6 } } },
	{ FRAME_LOG_LOST, -1, { .log_lost = { 8 } } },
	{ FRAME_ASK_RELOAD, -1, { .ask = { 77 } } },
	{ FRAME_ASK_LOG, -1, { .ask = { 79 } } },
	{ FRAME_ASK_STOP, -1, { .ask = { 78 } } },
	{ FRAME_ASK_APART, -1, { .ask = { 78 } } },
	{ FRAME_ARRIVED, -1, { .arrived = { 2, 300, 70000,
	    0x0102030405060708 } } },
	{ FRAME_CLOSED, -1, { .closed = { 1, 301, 70001,
	    0x1112131415161718 } } },
	{ FRAME_BROKEN, -1, { .closed = { 0, 302, 70002, UINT64_MAX } } },
	{ FRAME_PRESSURE, -1, { .pressure = { 4, 6 } } },
	{ FRAME_KEPT, -1, { .kept = { 2, 303, 70003 } } },
	{ FRAME_QUESTION, -1, { .question = { 1, QUESTION_HOST,
	    S("mx.example.org") } } },
	{ FRAME_ANSWER, -1, { .answer = { 1, ANSWER_TEMPORARY, 1, 300,
	    S("hosts"), S("SERVFAIL") } } },
	{ FRAME_SITE, -1, { .site = { 12, 1, 1, S("mx.example.org"),
	    S("example.org"), S("*.org"), S("list") } } },
	{ FRAME_SITE_GONE, -1, { .site_gone = { 13 } } },
	{ FRAME_SEGMENT, -1, { .segment = { 14 } } },
	{ FRAME_SEGMENT_GONE, -1, { .segment_gone = { 15 } } },
	{ FRAME_JOB, -1, { .job = { 1, 2, 3, 1, 513, 0x2122232425262728, 99,
	    S("ten bytes!"), 1700000000000000, -5, 1, 20, 5, S("\1\0\0\0") } } },
	{ FRAME_RECALL, -1, { .recall = { 17 } } },
	{ FRAME_RESULT, -1, { .result = { 1, 2, SCOPE_SITE, 1, 1,
	    SIGN_CUT, 515, 600000, 1234, S("mx"), 2526,
	    S("rows") } } },
	{ FRAME_HOST, -1, { .host = { S("sixteen bytes ab"), 2525, 3,
	    0x2122232425262728, S("Connection refused") } } },
	{ FRAME_TALKS, -1, { .talks = { 16 } } },
	{ FRAME_ATTENTION, -1, { .attention = { 18, S("mx.example.org"), 587,
	    S("asks for a login") } } },
};

enum { SAMPLES = sizeof samples / sizeof samples[0] };

static bool
same_span(uint64_t pointer, uint64_t length, struct span want)
{
	return length == want.length && memcmp(
	    (const void *)(uintptr_t)pointer, want.data, want.length) == 0;
}

/*
 * Whether all of A and B agree.  No field is named here, so that one which
 * the table forgets is found: where A's word points to the text of a
 * sample, B must hold a span of the same bytes; all else must be equal.
 */
static bool
same(const struct frame *a, const struct frame *b)
{
	enum { WORDS = sizeof(struct frame) / 8 };
	uint64_t of_a[WORDS], of_b[WORDS];

	memcpy(of_a, a, sizeof of_a);
	memcpy(of_b, b, sizeof of_b);
	for (size_t i = 0; i < WORDS; i++) {
		if (of_a[i] == of_b[i])
			continue;
		if (i + 1 == WORDS || of_a[i + 1] == 0 ||
		    of_a[i + 1] > 64 || of_a[i] < 0x10000 ||
		    !same_span(of_b[i], of_b[i + 1], span_make(
		    (const void *)(uintptr_t)of_a[i], of_a[i + 1])))
			return false;
		i++;
	}
	return true;
}

static void
there_is_a_sample_of_every_kind(void)
{
	CU_ASSERT_EQUAL_FATAL(SAMPLES, FRAME_COUNT);
	for (size_t i = 0; i < SAMPLES; i++) {
		CU_ASSERT_EQUAL(samples[i].kind, i);
		CU_ASSERT_STRING_NOT_EQUAL(frame_name(samples[i].kind), "");
	}
}

static void
every_kind_comes_out_as_it_went_in(void)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		struct buf *bytes = buf_new(1 << 16);
		struct frame out;
		struct span in;
		struct err err;

		frame_encode(&samples[i], bytes);
		in = buf_peek(bytes);
		CU_ASSERT_EQUAL_FATAL(frame_decode(&in, &out, &err),
		    FRAME_DONE);
		CU_ASSERT_EQUAL(in.length, 0);
		CU_ASSERT_TRUE(same(&samples[i], &out));
		buf_free(&bytes);
	}
}

static void
a_frame_split_at_any_byte_needs_more_and_is_not_touched(void)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		struct buf *bytes = buf_new(1 << 16);
		struct frame out;
		struct err err;

		frame_encode(&samples[i], bytes);
		for (size_t cut = 0; cut < buf_length(bytes); cut++) {
			struct span in = span_first(buf_peek(bytes), cut);

			CU_ASSERT_EQUAL(frame_decode(&in, &out, &err),
			    FRAME_MORE);
			CU_ASSERT_EQUAL(in.length, cut);
		}
		buf_free(&bytes);
	}
}

/* A frame of KIND with LENGTH bytes in its head and BODY behind it. */
static enum frame_step
decode_raw(uint32_t length, uint8_t kind, struct span body, char *why)
{
	struct buf *bytes = buf_new(1 << 16);
	enum frame_step step;
	struct frame out;
	struct span in;
	struct err err = { .text = "" };

	for (int i = 0; i < 4; i++)
		buf_append_byte(bytes, (uint8_t)(length >> (8 * i)));
	buf_append_byte(bytes, kind);
	buf_append_span(bytes, body);
	in = buf_peek(bytes);
	step = frame_decode(&in, &out, &err);
	memcpy(why, err.text, sizeof err.text);
	buf_free(&bytes);
	return step;
}

static const struct {
	uint32_t length;
	uint8_t kind;
	struct span body;
	const char *why;
} broken[] = {
	{ 0, 0, S(""), "a frame of 0 bytes" },
	{ UINT32_MAX, FRAME_GO, S("1234"), "a frame of 4294967295 bytes" },
	{ (16 << 20) + 1, FRAME_GO, S("1234"), "a frame of" },
	{ 5, FRAME_COUNT, S("1234"), "no such frame" },
	{ 5, 255, S("1234"), "no such frame" },
	{ 4, FRAME_GO, S("123"), "ends too soon (frame go" },
	{ 6, FRAME_GO, S("12345"), "too long (frame go" },
	{ 14, FRAME_RELOADED, S("1234\1\5\0\0\0abcd"), "ends too soon" },
	{ 14, FRAME_RELOADED, S("1234\1\xff\xff\xff\xff""abcd"),
	    "ends too soon" },
	{ 14, FRAME_RELOADED, S("1234\1\3\0\0\0abcd"), "too long" },
};

static void
garbage_is_bad_and_says_why(void)
{
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		char why[512];

		CU_ASSERT_EQUAL(decode_raw(broken[i].length, broken[i].kind,
		    broken[i].body, why), FRAME_BAD);
		CU_ASSERT_PTR_NOT_NULL(strstr(why, broken[i].why));
	}
}

/* A decoder that reads beyond its bytes is caught by the sanitizer. */
static void
random_bytes_never_lead_astray(void)
{
	rand_seed(1);
	for (int i = 0; i < 20000; i++) {
		size_t length = (size_t)rand_below(64);
		uint8_t *bytes = malloc(length + 5);
		struct span in = span_make(bytes, length + 5);
		struct frame out;
		struct err err;

		for (size_t k = 0; k < length + 5; k++)
			bytes[k] = (uint8_t)rand_below(256);
		bytes[0] = (uint8_t)(length + 1);
		bytes[1] = bytes[2] = bytes[3] = 0;
		bytes[4] = (uint8_t)rand_below(FRAME_COUNT);
		if (frame_decode(&in, &out, &err) == FRAME_DONE)
			CU_ASSERT_EQUAL(in.length, 0);
		free(bytes);
	}
}

static void
what_is_said_goes_one_way_only(void)
{
	for (int kind = 0; kind < FRAME_COUNT; kind++) {
		int ways = 0;

		for (int a = 0; a < ROLE_COUNT; a++) {
			CU_ASSERT_FALSE(frame_may((enum frame_kind)kind,
			    (enum role)a, (enum role)a));
			for (int b = 0; b < ROLE_COUNT; b++) {
				bool there = frame_may((enum frame_kind)kind,
				    (enum role)a, (enum role)b);

				ways += there;
				CU_ASSERT_FALSE(there && frame_may(
				    (enum frame_kind)kind, (enum role)b,
				    (enum role)a));
			}
		}
		CU_ASSERT_TRUE(ways > 0);
	}
}

static void
those_who_face_the_network_may_say_little(void)
{
	static const struct {
		enum role from;
		unsigned count;
	} rows[] = {
		/* ready, log-lost; arrived, closed, broken */
		{ ROLE_RECEIVER, 5 },
		/* ready, log-lost; result, host, talks, attention */
		{ ROLE_DELIVERER, 6 },
		/* ready, log-lost; answer */
		{ ROLE_RESOLVER, 3 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		unsigned count = 0;

		for (int kind = 0; kind < FRAME_COUNT; kind++)
			for (int to = 0; to < ROLE_COUNT; to++)
				if (frame_may((enum frame_kind)kind,
				    rows[i].from, (enum role)to)) {
					count++;
					CU_ASSERT_FALSE(frame_has_fd(
					    (enum frame_kind)kind));
				}
		CU_ASSERT_EQUAL(count, rows[i].count);
	}
}

const struct unit_test frames_tests[] = {
	UNIT(there_is_a_sample_of_every_kind),
	UNIT(every_kind_comes_out_as_it_went_in),
	UNIT(a_frame_split_at_any_byte_needs_more_and_is_not_touched),
	UNIT(garbage_is_bad_and_says_why),
	UNIT(random_bytes_never_lead_astray),
	UNIT(what_is_said_goes_one_way_only),
	UNIT(those_who_face_the_network_may_say_little),
	UNIT_END
};
