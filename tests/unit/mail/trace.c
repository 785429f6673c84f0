/* SPDX-License-Identifier: ISC
 *
 * trace.c - tests of the Received field.
 */
#include "suites.h"

#include "mail/header.h"
#include "mail/trace.h"

#include <stdlib.h>
#include <time.h>

static const struct trace network = {
	.helo = "mail.example.org", .client = "[192.0.2.1]",
	.hostname = "relay.example", .protocol = "ESMTP",
	.id = "3T9K2M0QWZ7B4H1C", .when = 1795491141000000
};

static void
check(const struct trace *trace, const char *text)
{
	struct buf out;

	setenv("TZ", "UTC0", 1);
	tzset();
	buf_init(&out, 8192);
	trace_put(trace, &out);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), text));
	buf_fini(&out);
}

static void
mail_from_the_network_is_traced(void)
{
	check(&network,
	    "Received: from mail.example.org ([192.0.2.1])\r\n"
	    "\tby relay.example with ESMTP id 3T9K2M0QWZ7B4H1C;\r\n"
	    "\tTue, 24 Nov 2026 03:32:21 +0000\r\n");
}

static void
tls_and_the_only_recipient_are_told(void)
{
	struct trace trace = network;

	trace.protocol = "ESMTPS";
	trace.tls = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384";
	trace.only_rcpt = "\"a (b)\"@example.net";
	check(&trace,
	    "Received: from mail.example.org ([192.0.2.1])\r\n"
	    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n"
	    "\tby relay.example with ESMTPS id 3T9K2M0QWZ7B4H1C\r\n"
	    "\tfor <\"a (b)\"@example.net>;\r\n"
	    "\tTue, 24 Nov 2026 03:32:21 +0000\r\n");
}

static void
the_priority_that_was_asked_for_is_told(void)
{
	struct trace trace = network;

	trace.only_rcpt = "b@example.net";
	trace.priority = "-3";
	check(&trace,
	    "Received: from mail.example.org ([192.0.2.1])\r\n"
	    "\tby relay.example with ESMTP id 3T9K2M0QWZ7B4H1C\r\n"
	    "\tfor <b@example.net>\r\n"
	    "\tPRIORITY -3;\r\n"
	    "\tTue, 24 Nov 2026 03:32:21 +0000\r\n");
}

static void
a_client_without_a_name_is_named_by_its_address(void)
{
	struct trace trace = network;

	trace.helo = NULL;
	check(&trace,
	    "Received: from [192.0.2.1] ([192.0.2.1])\r\n"
	    "\tby relay.example with ESMTP id 3T9K2M0QWZ7B4H1C;\r\n"
	    "\tTue, 24 Nov 2026 03:32:21 +0000\r\n");
}

static void
local_mail_is_traced_to_its_user(void)
{
	struct trace trace = network;

	trace.helo = trace.client = NULL;
	trace.user = "uid 1000";
	trace.protocol = "local";
	check(&trace,
	    "Received: by relay.example (from uid 1000) with local "
	    "id 3T9K2M0QWZ7B4H1C;\r\n"
	    "\tTue, 24 Nov 2026 03:32:21 +0000\r\n");
}

/* Each value tries to end its line, its comment or the field. */
static void
no_value_can_write_a_line_of_its_own(void)
{
	static const char evil[] = "x)\r\nBcc: y; \xc3\xa4\\(\x01\x7f";
	struct trace trace = {
		.helo = evil, .client = evil, .user = evil,
		.hostname = evil, .protocol = evil, .tls = evil, .id = evil,
		.only_rcpt = "a@b\r\nBcc: y\xc3", .when = 0
	};
	struct header_field field;
	struct buf out;
	struct span in;
	char value[4096];

	buf_init(&out, 8192);
	trace_put(&trace, &out);
	in = buf_peek(&out);
	CU_ASSERT_TRUE(header_pull(&in, &field));
	CU_ASSERT_TRUE(span_is(field.name, "Received"));
	CU_ASSERT_EQUAL(in.length, 0);
	header_value(field.value, value, sizeof value);
	CU_ASSERT_PTR_NULL(strstr(value, "\xc3"));
	CU_ASSERT_PTR_NULL(strchr(value, 1));
	CU_ASSERT_PTR_NULL(strstr(value, "x)?"));
	buf_fini(&out);
}

static void
lines_stay_short_however_long_the_values_are(void)
{
	static char huge[5000];
	struct trace trace = {
		.helo = huge, .client = huge, .user = huge,
		.hostname = huge, .protocol = huge, .tls = huge, .id = huge,
		.only_rcpt = huge, .when = 0
	};
	struct buf out;
	struct span rest;

	memset(huge, 'x', sizeof huge - 1);
	buf_init(&out, 65536);
	trace_put(&trace, &out);
	for (rest = buf_peek(&out); rest.length > 0;) {
		size_t lf = span_find(rest, '\n');

		CU_ASSERT_TRUE(lf <= 998);
		CU_ASSERT_TRUE(lf > 0 && rest.data[lf - 1] == '\r');
		rest = span_skip(rest, lf + 1);
	}
	buf_fini(&out);
}

const struct unit_test trace_tests[] = {
	UNIT(mail_from_the_network_is_traced),
	UNIT(tls_and_the_only_recipient_are_told),
	UNIT(the_priority_that_was_asked_for_is_told),
	UNIT(a_client_without_a_name_is_named_by_its_address),
	UNIT(local_mail_is_traced_to_its_user),
	UNIT(no_value_can_write_a_line_of_its_own),
	UNIT(lines_stay_short_however_long_the_values_are),
	UNIT_END
};
