/* SPDX-License-Identifier: ISC
 *
 * listing.c - the queue as mailq prints it, to the letter.
 */
#include "ctl/listing.h"

#include "suites.h"

#include <stdlib.h>
#include <time.h>

static const char *const rows[] = {
	"{\"queue_name\":\"active\",\"queue_id\":\"3T9K2M0QWZ7B4H1C\","
	"\"arrival_time\":1795491141,\"message_size\":1500,"
	"\"forced_expire\":false,\"sender\":\"a@b.test\","
	"\"recipients\":[{\"address\":\"c@d.test\"},"
	"{\"address\":\"e@f.test\"}]}",
	"{\"queue_name\":\"deferred\",\"queue_id\":\"3T9K2M0QWZ7B4H1D\","
	"\"arrival_time\":1795491141,\"message_size\":600,"
	"\"forced_expire\":false,\"sender\":\"\","
	"\"recipients\":[{\"address\":\"c@d.test\","
	"\"delay_reason\":\"451 later\"},"
	"{\"address\":\"e@f.test\",\"delay_reason\":\"451 later\"},"
	"{\"address\":\"g@h.test\"}]}",
	"{\"queue_name\":\"hold\",\"queue_id\":\"3T9K2M0QWZ7B4H1F\","
	"\"arrival_time\":1795491141,\"message_size\":1,"
	"\"forced_expire\":true,\"sender\":\"x\\u001b\\u009b@b.test\","
	"\"recipients\":[]}",
	"{\"end\":0}",
};

static const char expected[] =
    "----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------\n"
    "3T9K2M0QWZ7B4H1C*     1500 Tue Nov 24 03:32:21 a@b.test\n"
    "                                               c@d.test\n"
    "                                               e@f.test\n"
    "\n"
    "3T9K2M0QWZ7B4H1D       600 Tue Nov 24 03:32:21 MAILER-DAEMON\n"
    "                                                                   "
    "(451 later)\n"
    "                                               c@d.test\n"
    "                                               e@f.test\n"
    "                                                          "
    "(reason unavailable)\n"
    "                                               g@h.test\n"
    "\n"
    "3T9K2M0QWZ7B4H1F!#        1 Tue Nov 24 03:32:21 x???@b.test\n"
    "\n"
    "-- 2 Kbytes in 3 Requests.\n";

/* The text of the first COUNT rows. */
static void
list(size_t count, struct buf *out)
{
	struct listing listing = { 0 };
	size_t i;

	setenv("TZ", "UTC", 1);
	tzset();
	for (i = 0; i < count; i++) {
		json_t *row = json_loads(rows[i], 0, NULL);

		CU_ASSERT_PTR_NOT_NULL_FATAL(row);
		listing_row(&listing, row, out);
		json_decref(row);
	}
	listing_end(&listing, out);
}

static void
a_listing_looks_like_everybodys_mailq(void)
{
	struct buf out;

	buf_init(&out, 8192);
	list(sizeof(rows) / sizeof(rows[0]), &out);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), expected));
	if (!span_is(buf_peek(&out), expected))
		fprintf(stderr, "%.*s", (int)buf_length(&out),
		    (const char *)buf_peek(&out).data);
	buf_fini(&out);
}

static void
one_message_is_one_request(void)
{
	static const char last[] = "\n-- 1 Kbytes in 1 Request.\n";
	struct span all;
	struct buf out;

	buf_init(&out, 8192);
	list(1, &out);
	all = buf_peek(&out);
	CU_ASSERT_TRUE_FATAL(all.length > strlen(last));
	CU_ASSERT_TRUE(span_is(span_skip(all, all.length - strlen(last)),
	    last));
	buf_fini(&out);
}

static void
an_empty_queue_says_so(void)
{
	struct buf out;

	buf_init(&out, 8192);
	list(0, &out);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), "Mail queue is empty\n"));
	buf_fini(&out);
}

static void
a_queue_that_is_being_read_is_not_called_empty(void)
{
	struct listing listing = { 0 };
	json_t *row = json_pack("{s:{s:i, s:i}}", "loading", "read", 1,
	    "segments", 7);
	struct buf out;

	buf_init(&out, 8192);
	listing_row(&listing, row, &out);
	CU_ASSERT_EQUAL(buf_length(&out), 0);
	listing_end(&listing, &out);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), "Mail queue is being read\n"));
	buf_fini(&out);
	json_decref(row);
}

const struct unit_test listing_tests[] = {
	UNIT(a_listing_looks_like_everybodys_mailq),
	UNIT(one_message_is_one_request),
	UNIT(an_empty_queue_says_so),
	UNIT(a_queue_that_is_being_read_is_not_called_empty),
	UNIT_END
};
