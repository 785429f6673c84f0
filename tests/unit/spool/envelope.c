/* SPDX-License-Identifier: ISC
 *
 * envelope.c - tests of the envelope as bytes.
 */
#include "room.h"

#include "base/mem.h"

#include <stdlib.h>

static void
encode(const struct envelope *e, struct buf *out)
{
	buf_init(out, 1 << 20);
	envelope_encode(e, out);
}

static bool
is_refused(struct span bytes)
{
	struct err err;
	struct envelope *e = envelope_decode(bytes, &err);
	bool refused = e == NULL && err.kind == ERR_FORMAT;

	envelope_free(&e);
	return refused;
}

static void
same_text(const char *a, const char *b)
{
	CU_ASSERT_EQUAL(a == NULL, b == NULL);
	if (a != NULL && b != NULL)
		CU_ASSERT_STRING_EQUAL(a, b);
}

static void
what_goes_in_comes_out(void)
{
	struct envelope *in = room_envelope(5), *out;
	struct buf bytes;
	struct err err;

	in->flags = ENVELOPE_8BIT | ENVELOPE_PRIORITY;
	in->ret = RET_HDRS;
	in->by = in->arrived + 5000000;
	in->by_return = 1;
	in->hold = in->arrived + 1;
	in->envid = mem_strdup("QQ+2B314159");
	encode(in, &bytes);
	CU_ASSERT_FALSE(bytes.full);
	out = envelope_decode(buf_peek(&bytes), &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_EQUAL(out->arrived, in->arrived);
	CU_ASSERT_EQUAL(out->flags, in->flags);
	CU_ASSERT_EQUAL(out->priority, -3);
	CU_ASSERT_EQUAL(out->ret, RET_HDRS);
	CU_ASSERT_EQUAL(out->hops, 2);
	CU_ASSERT_EQUAL(out->body_size, 1234);
	CU_ASSERT_EQUAL(out->by, in->by);
	CU_ASSERT_EQUAL(out->by_return, 1);
	CU_ASSERT_EQUAL(out->hold, in->hold);
	same_text(out->reverse_path, in->reverse_path);
	same_text(out->envid, in->envid);
	same_text(out->client, in->client);
	same_text(out->sender, in->sender);
	CU_ASSERT_EQUAL_FATAL(out->rcpt_count, 5);
	for (unsigned i = 0; i < 5; i++) {
		same_text(out->rcpts[i].address, in->rcpts[i].address);
		same_text(out->rcpts[i].orcpt, in->rcpts[i].orcpt);
		CU_ASSERT_EQUAL(out->rcpts[i].notify, in->rcpts[i].notify);
	}
	envelope_free(&in);
	envelope_free(&out);
	buf_fini(&bytes);
}

static void
the_null_reverse_path_is_kept(void)
{
	struct envelope *in = room_envelope(1), *out;
	struct buf bytes;
	struct err err;

	envelope_set_reverse_path(in, span_of(""));
	encode(in, &bytes);
	out = envelope_decode(buf_peek(&bytes), &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_STRING_EQUAL(out->reverse_path, "");
	CU_ASSERT_PTR_NULL(out->envid);
	envelope_free(&in);
	envelope_free(&out);
	buf_fini(&bytes);
}

static void
an_envelope_cut_short_or_with_more_behind_is_refused(void)
{
	struct envelope *in = room_envelope(3);
	struct buf bytes;

	encode(in, &bytes);
	for (size_t i = 0; i < buf_length(&bytes); i++) {
		/* in memory of its own, so that reading on is seen */
		uint8_t *copy = malloc(i);

		memcpy(copy, buf_peek(&bytes).data, i);
		CU_ASSERT_TRUE(is_refused(span_make(copy, i)));
		free(copy);
	}
	buf_append_byte(&bytes, 0);
	CU_ASSERT_TRUE(is_refused(buf_peek(&bytes)));
	envelope_free(&in);
	buf_fini(&bytes);
}

/* Any byte may be changed without harm; some changes are still envelopes. */
static void
no_changed_byte_makes_an_unclean_envelope(void)
{
	struct envelope *in = room_envelope(2), *out;
	struct buf bytes, again;
	struct err err;

	encode(in, &bytes);
	for (size_t i = 0; i < buf_length(&bytes); i++)
		for (unsigned v = 0; v < 256; v++) {
			uint8_t old = bytes.data[bytes.start + i];

			bytes.data[bytes.start + i] = (uint8_t)v;
			out = envelope_decode(buf_peek(&bytes), &err);
			bytes.data[bytes.start + i] = old;
			if (out == NULL)
				continue;
			encode(out, &again);
			CU_ASSERT_FALSE(again.full);
			CU_ASSERT_EQUAL(buf_length(&again),
			    buf_length(&bytes));
			buf_fini(&again);
			envelope_free(&out);
		}
	envelope_free(&in);
	buf_fini(&bytes);
}

static void
control_bytes_are_refused_both_ways(void)
{
	static const char bad[] = { 1, 9, 10, 13, 31, 127 };
	struct envelope *in = room_envelope(1);
	struct buf bytes;

	for (size_t i = 0; i < sizeof bad; i++) {
		char *at;

		encode(in, &bytes);
		at = memmem(bytes.data, bytes.end, "from@", 5);
		CU_ASSERT_PTR_NOT_NULL_FATAL(at);
		*at = bad[i];
		CU_ASSERT_TRUE(is_refused(buf_peek(&bytes)));
		buf_fini(&bytes);

		in->rcpts[0].address[0] = bad[i];
		encode(in, &bytes);
		CU_ASSERT_TRUE(bytes.full);
		buf_fini(&bytes);
		in->rcpts[0].address[0] = 'r';
	}
	envelope_free(&in);
}

static void
numbers_that_make_no_sense_are_refused(void)
{
	struct envelope *in = room_envelope(1);
	struct buf bytes;
	static const struct { size_t at; uint8_t value; } rows[] = {
		{ 0, 2 },		/* version */
		{ 1, 3 },		/* ret */
		{ 2, 10 }, { 2, 0xf6 },	/* priority 10, -10 */
		{ 3, 2 },		/* by mode */
		{ 4, 64 }, { 7, 128 },	/* flags */
		{ 15, 0x80 },		/* arrived before 1970 */
		{ 42, 0 },		/* no recipient */
		{ 42, 2 },		/* one more than there is */
		{ 45, 1 }		/* 16 million recipients */
	};

	encode(in, &bytes);
	CU_ASSERT_FALSE(is_refused(buf_peek(&bytes)));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t old = bytes.data[rows[i].at];

		bytes.data[rows[i].at] = rows[i].value;
		CU_ASSERT_TRUE(is_refused(buf_peek(&bytes)));
		bytes.data[rows[i].at] = old;
	}
	envelope_free(&in);
	buf_fini(&bytes);
}

static void
what_could_not_be_read_back_is_not_written(void)
{
	struct envelope *none = envelope_new(), *in = room_envelope(1);
	char *long_one = mem_alloc(ENVELOPE_STRING_MOST + 2);
	struct buf bytes;

	encode(none, &bytes);
	CU_ASSERT_TRUE(bytes.full);
	buf_fini(&bytes);

	memset(long_one, 'x', ENVELOPE_STRING_MOST + 1);
	envelope_add_rcpt(in, span_of(long_one), span_of(NULL), 0);
	encode(in, &bytes);
	CU_ASSERT_TRUE(bytes.full);
	buf_fini(&bytes);

	long_one[ENVELOPE_STRING_MOST] = '\0';
	mem_free(in->rcpts[1].address);
	in->rcpts[1].address = mem_strdup(long_one);
	encode(in, &bytes);
	CU_ASSERT_FALSE(bytes.full);
	CU_ASSERT_FALSE(is_refused(buf_peek(&bytes)));
	buf_fini(&bytes);

	in->rcpts[1].notify = NOTIFY_NEVER | NOTIFY_DELAY;
	encode(in, &bytes);
	CU_ASSERT_TRUE(bytes.full);
	buf_fini(&bytes);
	mem_free(long_one);
	envelope_free(&in);
	envelope_free(&none);
}

static void
the_domain_is_behind_the_last_at(void)
{
	CU_ASSERT_TRUE(span_is(address_domain("a@b.example"), "b.example"));
	CU_ASSERT_TRUE(span_is(address_domain("\"a@b\"@c.example"),
	    "c.example"));
	CU_ASSERT_EQUAL(address_domain("postmaster").length, 0);
	CU_ASSERT_EQUAL(address_domain("").length, 0);
}

/* BYTES, an envelope, as one of version 2, as former versions wrote it. */
static void
make_copy(struct buf *bytes, const uint8_t origin[16])
{
	struct span all = buf_peek(bytes);
	struct buf out;

	buf_init(&out, 1 << 20);
	buf_append_byte(&out, 2);
	buf_append(&out, all.data + 1, 45);
	buf_append(&out, origin, 16);
	buf_append_span(&out, span_skip(all, 46));
	buf_fini(bytes);
	buf_init(bytes, 1 << 20);
	buf_take(bytes, &out);
}

static void
a_copy_names_its_original_and_who_was_done(void)
{
	static const uint8_t origin[16] = { CLASS_BULK, 1, 0x2c, 0x01, 0xef,
	    0xcd, 0xab, 0x89, 0x9a, 0x78, 0x56, 0x34, 0x12 };
	struct envelope *in = room_envelope(1), *out;
	struct buf bytes;
	size_t notify;
	struct err err;

	in->rcpts[0].notify = NOTIFY_SUCCESS | NOTIFY_DELAY;
	encode(in, &bytes);
	make_copy(&bytes, origin);
	CU_ASSERT_EQUAL(envelope_rcpt_count(buf_peek(&bytes)), 1);
	out = envelope_decode(buf_peek(&bytes), &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_TRUE(out->copied);
	CU_ASSERT_EQUAL(out->origin.segment.klass, CLASS_BULK);
	CU_ASSERT_EQUAL(out->origin.segment.slot, 300);
	CU_ASSERT_EQUAL(out->origin.segment.sequence, 0x89abcdef);
	CU_ASSERT_EQUAL(out->origin.offset, 0x123456789aULL);
	CU_ASSERT_TRUE(out->origin.held);
	CU_ASSERT_FALSE(out->origin.warned);
	CU_ASSERT_FALSE(out->rcpts[0].settled);
	envelope_free(&out);
	/* the recipient is the last thing: notify, address, orcpt */
	notify = buf_length(&bytes) - 2 - strlen(in->rcpts[0].address) - 3 -
	    (in->rcpts[0].orcpt == NULL ? 0 : strlen(in->rcpts[0].orcpt));
	bytes.data[bytes.start + notify] |= 0x80;
	out = envelope_decode(buf_peek(&bytes), &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	CU_ASSERT_TRUE(out->rcpts[0].settled);
	CU_ASSERT_EQUAL(out->rcpts[0].notify, in->rcpts[0].notify);
	envelope_free(&out);
	buf_fini(&bytes);
	/* in any other envelope nobody can have been done before */
	encode(in, &bytes);
	bytes.data[bytes.start + notify - 16] |= 0x80;
	CU_ASSERT_TRUE(is_refused(buf_peek(&bytes)));
	buf_fini(&bytes);
	envelope_free(&in);
}

static void
a_copy_of_no_class_or_of_other_flags_is_refused(void)
{
	static const uint8_t origin[16] = { 0 };
	struct envelope *e = room_envelope(1);
	struct buf bytes;

	encode(e, &bytes);
	make_copy(&bytes, origin);
	CU_ASSERT_FALSE(is_refused(buf_peek(&bytes)));
	bytes.data[bytes.start + 46] = CLASS_COUNT;
	CU_ASSERT_TRUE(is_refused(buf_peek(&bytes)));
	bytes.data[bytes.start + 46] = CLASS_URGENT;
	bytes.data[bytes.start + 47] = 4;
	CU_ASSERT_TRUE(is_refused(buf_peek(&bytes)));
	CU_ASSERT_TRUE(is_refused(span_first(buf_peek(&bytes), 50)));
	buf_fini(&bytes);
	envelope_free(&e);
}

const struct unit_test envelope_tests[] = {
	UNIT(what_goes_in_comes_out),
	UNIT(the_null_reverse_path_is_kept),
	UNIT(an_envelope_cut_short_or_with_more_behind_is_refused),
	UNIT(no_changed_byte_makes_an_unclean_envelope),
	UNIT(control_bytes_are_refused_both_ways),
	UNIT(numbers_that_make_no_sense_are_refused),
	UNIT(what_could_not_be_read_back_is_not_written),
	UNIT(a_copy_names_its_original_and_who_was_done),
	UNIT(a_copy_of_no_class_or_of_other_flags_is_refused),
	UNIT(the_domain_is_behind_the_last_at),
	UNIT_END
};
