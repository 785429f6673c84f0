/* SPDX-License-Identifier: ISC
 *
 * rows.c - tests of the lists inside frames.
 */
#include "wire/frames.h"
#include "unit/wire/suites.h"

static void
hosts_come_out_in_the_order_they_went_in(void)
{
	const struct host_row rows[] = {
		{ 10, 25, span_of("mx1.example.org"),
		    span_of("0123456789abcdef") },
		{ 20, 2525, span_of("mx2"), span_make(NULL, 0) },
	};
	struct buf *bytes = buf_new(4096);
	struct host_row out;
	struct span list;

	host_row_put(&rows[0], bytes);
	host_row_put(&rows[1], bytes);
	list = buf_peek(bytes);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_TRUE_FATAL(host_row_pull(&list, &out));
		CU_ASSERT_EQUAL(out.preference, rows[i].preference);
		CU_ASSERT_EQUAL(out.port, rows[i].port);
		CU_ASSERT_TRUE(span_equal(out.name, rows[i].name));
		CU_ASSERT_TRUE(span_equal(out.addresses, rows[i].addresses));
	}
	CU_ASSERT_FALSE(host_row_pull(&list, &out));
	buf_free(&bytes);
}

static void
half_an_address_is_garbage(void)
{
	const struct host_row row = { 10, 25, span_of("mx"),
	    span_of("0123456789abcde") };
	struct buf *bytes = buf_new(4096);
	struct host_row out;
	struct span list;

	host_row_put(&row, bytes);
	list = buf_peek(bytes);
	CU_ASSERT_FALSE(host_row_pull(&list, &out));
	CU_ASSERT_EQUAL(list.length, 0);
	buf_free(&bytes);
}

static void
results_come_out_as_they_went_in(void)
{
	const struct result_row row = { 70000, OUTCOME_AGAIN, 452, true,
	    span_of("4.5.3"), span_of("452 4.5.3 Too many recipients") };
	struct buf *bytes = buf_new(4096);
	struct result_row out;
	struct span list;

	result_row_put(&row, bytes);
	list = buf_peek(bytes);
	CU_ASSERT_TRUE_FATAL(result_row_pull(&list, &out));
	CU_ASSERT_EQUAL(out.rcpt, row.rcpt);
	CU_ASSERT_EQUAL(out.outcome, row.outcome);
	CU_ASSERT_EQUAL(out.code, row.code);
	CU_ASSERT_EQUAL(out.content, row.content);
	CU_ASSERT_TRUE(span_equal(out.status, row.status));
	CU_ASSERT_TRUE(span_equal(out.text, row.text));
	CU_ASSERT_FALSE(result_row_pull(&list, &out));
	buf_free(&bytes);
}

static void
a_result_cut_short_or_of_no_outcome_is_garbage(void)
{
	const struct result_row row = { 1, OUTCOME_FAILED, 550, true,
	    span_of("5.1.1"), span_of("no") };
	struct buf *bytes = buf_new(4096);
	struct result_row out;
	struct span list;

	result_row_put(&row, bytes);
	for (size_t cut = 0; cut < buf_length(bytes); cut++) {
		list = span_first(buf_peek(bytes), cut);
		CU_ASSERT_FALSE(result_row_pull(&list, &out));
		CU_ASSERT_EQUAL(list.length, 0);
	}
	bytes->data[bytes->start + 4] = OUTCOME_AGAIN + 1;
	list = buf_peek(bytes);
	CU_ASSERT_FALSE(result_row_pull(&list, &out));
	buf_free(&bytes);
}

static void
recipients_are_numbers_one_after_the_other(void)
{
	static const uint32_t rcpts[] = { 0, 1, 70000, UINT32_MAX };
	struct buf *bytes = buf_new(4096);
	struct span list;
	uint32_t out;

	for (int i = 0; i < 4; i++)
		rcpt_put(rcpts[i], bytes);
	list = buf_peek(bytes);
	for (int i = 0; i < 4; i++) {
		CU_ASSERT_TRUE_FATAL(rcpt_pull(&list, &out));
		CU_ASSERT_EQUAL(out, rcpts[i]);
	}
	CU_ASSERT_FALSE(rcpt_pull(&list, &out));
	list = span_of("abc");
	CU_ASSERT_FALSE(rcpt_pull(&list, &out));
	CU_ASSERT_EQUAL(list.length, 0);
	buf_free(&bytes);
}

const struct unit_test rows_tests[] = {
	UNIT(hosts_come_out_in_the_order_they_went_in),
	UNIT(half_an_address_is_garbage),
	UNIT(results_come_out_as_they_went_in),
	UNIT(a_result_cut_short_or_of_no_outcome_is_garbage),
	UNIT(recipients_are_numbers_one_after_the_other),
	UNIT_END
};
