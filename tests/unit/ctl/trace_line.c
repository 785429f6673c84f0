/* SPDX-License-Identifier: ISC
 *
 * trace_line.c - lines of the log, said for people.
 */
#include "ctl/trace_line.h"

#include "suites.h"

#define HEAD "Nov 24 03:32:21 relay postrider/"
#define ID "3T9K2M0QWZ7B4H1C"

static void
each_shape_of_line_is_said_in_words(void)
{
	static const struct { const char *line, *said; } rows[] = {
		{ HEAD "deliverer[7]: " ID ": to=<a@b.example>, "
		    "relay=mx.b.example[192.0.2.7]:25, conn_use=3, "
		    "delay=0.81, delays=0/0/0/1, dsn=2.0.0, status=sent "
		    "(250 2.0.0 Ok (fine)), class=urgent, try=2",
		    "deliverer  sent to a@b.example by "
		    "mx.b.example[192.0.2.7]:25, try 2, after 0.81 s: "
		    "250 2.0.0 Ok (fine)\n" },
		{ HEAD "scheduler[7]: " ID ": to=<a@b.example>, relay=none, "
		    "delay=5, delays=0/0/0/1, dsn=4.4.3, status=deferred "
		    "(no answer), class=bulk, try=1",
		    "scheduler  deferred to a@b.example, try 1, after 5 s: "
		    "no answer\n" },
		{ HEAD "scheduler[7]: " ID ": from=<>, size=12, nrcpt=2 "
		    "(queue active), class=bulk",
		    "scheduler  queued from <>, 12 bytes, 2 recipients, "
		    "class bulk\n" },
		{ HEAD "receiver[7]: " ID ": client=unknown[127.0.0.1]",
		    "receiver   accepted from unknown[127.0.0.1]\n" },
		{ HEAD "receiver[7]: " ID ": uid=5 from=<a@b>",
		    "receiver   accepted from this machine, uid=5 "
		    "from=<a@b>\n" },
		{ HEAD "scheduler[7]: " ID ": sender non-delivery "
		    "notification: 3T9K2M0QWZ7B4H1D",
		    "scheduler  told its sender: non-delivery report "
		    "3T9K2M0QWZ7B4H1D\n" },
		{ HEAD "scheduler[7]: " ID ": removed",
		    "scheduler  done with all recipients\n" },
		{ HEAD "receiver[7]: " ID ": message-id=<x@y>",
		    "receiver   message-id=<x@y>\n" },
		{ HEAD "receiver[7]: " ID ": ", "receiver   \n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct trace_line line;
		struct buf out;
		struct span said;

		buf_init(&out, 4096);
		CU_ASSERT_TRUE_FATAL(trace_line_parse(span_of(rows[i].line),
		    &line));
		trace_line_say(&line, &out);
		said = buf_peek(&out);
		CU_ASSERT_TRUE(span_is(span_first(said, 17),
		    "Nov 24 03:32:21  "));
		CU_ASSERT_TRUE(span_is(span_skip(said, 17), rows[i].said));
		buf_fini(&out);
	}
}

static void
a_line_that_is_about_no_message_is_passed_over(void)
{
	static const char *const rows[] = {
		"", "Nov 24", HEAD, HEAD "receiver[7]: ",
		HEAD "receiver[7]: NOQUEUE: reject: RCPT from a: 554",
		HEAD "receiver[7]: " ID, HEAD "receiver[7]: " ID " x",
		HEAD "receiver[7]: " ID "X: removed",
		"Nov 24 03:32:21 relay other/receiver[7]: " ID ": removed",
		"Nov 24 03:32:21 relay postrider/receiver",
	};
	struct trace_line line;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CU_ASSERT_FALSE(trace_line_parse(span_of(rows[i]), &line));
}

static void
an_address_is_found_whole_and_without_regard_to_case(void)
{
	struct trace_line line;

	CU_ASSERT_TRUE_FATAL(trace_line_parse(span_of(HEAD "scheduler[7]: "
	    ID ": from=<App@Client.test>, size=1, nrcpt=1 (queue active), "
	    "class=bulk"), &line));
	CU_ASSERT_TRUE(trace_line_names(&line, span_of("app@client.test")));
	CU_ASSERT_FALSE(trace_line_names(&line, span_of("pp@client.test")));
	CU_ASSERT_FALSE(trace_line_names(&line, span_of("app@client")));
	CU_ASSERT_TRUE_FATAL(trace_line_parse(span_of(HEAD "deliverer[7]: "
	    ID ": to=<b@x>, relay=none, status=sent (from=<c@x>), class=bulk"),
	    &line));
	CU_ASSERT_TRUE(trace_line_names(&line, span_of("b@x")));
	CU_ASSERT_FALSE(trace_line_names(&line, span_of("c@x")));
}

const struct unit_test trace_line_tests[] = {
	UNIT(each_shape_of_line_is_said_in_words),
	UNIT(a_line_that_is_about_no_message_is_passed_over),
	UNIT(an_address_is_found_whole_and_without_regard_to_case),
	UNIT_END
};
