/* SPDX-License-Identifier: ISC
 *
 * dsn.c - tests of reports.
 *
 * That a whole report can be read by others is shown by dsn_parses.py.
 */
#include "suites.h"

#include "mail/dsn.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct dsn_rcpt failed = {
	.address = "bob@example.net", .orcpt = "rfc822;Bob+2B@Example.NET",
	.action = DSN_FAILED, .status = "5.1.1", .mta = "mx.example.net",
	.reply = "550 5.1.1 no such user"
};

static const struct dsn_rcpt delayed = {
	.address = "cy@example.com", .action = DSN_DELAYED, .status = "4.4.1",
	.reason = "connection timed out", .until = 1795577541000000
};

static const struct dsn plain = {
	.hostname = "relay.example", .id = "RID", .original_id = "OID",
	.to = "ann@example.org", .envid = "QQ+2B1",
	.arrived = 1795491141000000, .now = 1795491201000000,
	.rcpts = &failed, .rcpt_count = 1,
	.original = { (const uint8_t *)"Subject: x\r\n\r\n..hi\r\n", 20 }
};

/* The report as text; the caller frees it. */
static char *
make(const struct dsn *dsn)
{
	struct buf out;
	char *text;

	setenv("TZ", "UTC0", 1);
	tzset();
	buf_init(&out, 1 << 20);
	dsn_put(dsn, &out);
	CU_ASSERT_FALSE(out.full);
	text = span_copy(buf_peek(&out));
	buf_fini(&out);
	return text;
}

static void
check_has(const struct dsn *dsn, const char *const *texts)
{
	char *report = make(dsn);

	for (; *texts != NULL; texts++) {
		CU_ASSERT_PTR_NOT_NULL(strstr(report, *texts));
		if (strstr(report, *texts) == NULL)
			fprintf(stderr, "missing: %s\n", *texts);
	}
	free(report);
}

static void
check_lacks(const struct dsn *dsn, const char *text)
{
	char *report = make(dsn);

	CU_ASSERT_PTR_NULL(strstr(report, text));
	free(report);
}

static void
a_report_tells_the_times_that_were_asked_for(void)
{
	static const char *const by[] = {
		"Arrival-Date: Tue, 24 Nov 2026 03:32:21 +0000\r\n"
		"Deliver-by-date: Tue, 24 Nov 2026 03:33:01 +0000\r\n\r\n",
		NULL
	};
	static const char *const both[] = {
		"Deliver-by-date: Tue, 24 Nov 2026 03:33:01 +0000\r\n"
		"Future-Release-Request: until;2026-11-24T03:32:41Z\r\n"
		"\r\n", NULL
	};
	struct dsn dsn = plain;

	check_lacks(&dsn, "Deliver-by-date");
	dsn.by = dsn.arrived + 40 * 1000000;
	check_has(&dsn, by);
	check_lacks(&dsn, "Future-Release-Request");
	dsn.hold = dsn.arrived + 20 * 1000000;
	check_has(&dsn, both);
}

static void
a_failure_is_told_to_people_and_machines(void)
{
	static const char *const texts[] = {
		"Date: Tue, 24 Nov 2026 03:33:21 +0000\r\n"
		"From: \"Mail Delivery System\" "
		"<MAILER-DAEMON@relay.example>\r\n"
		"To: <ann@example.org>\r\n",
		"Message-ID: <RID@relay.example>\r\n",
		"Auto-Submitted: auto-replied\r\n",
		"MIME-Version: 1.0\r\n",
		"Content-Type: multipart/report; "
		"report-type=delivery-status;\r\n",
		"<bob@example.net>\r\n    could not be delivered; "
		"mx.example.net answered:\r\n        550 5.1.1 no such user\r\n",
		"known here as OID. It is attached.\r\n",
		"\r\n\r\nReporting-MTA: dns; relay.example\r\n"
		"Original-Envelope-Id: QQ+1\r\n"
		"Arrival-Date: Tue, 24 Nov 2026 03:32:21 +0000\r\n"
		"\r\n"
		"Original-Recipient: rfc822;Bob+@Example.NET\r\n"
		"Final-Recipient: rfc822; bob@example.net\r\n"
		"Action: failed\r\n"
		"Status: 5.1.1\r\n"
		"Remote-MTA: dns; mx.example.net\r\n"
		"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
		"Last-Attempt-Date: Tue, 24 Nov 2026 03:33:21 +0000\r\n"
		"\r\n--",
		"Content-Type: message/rfc822\r\n\r\n"
		"Subject: x\r\n\r\n..hi\r\n\r\n--",
		NULL
	};

	check_has(&plain, texts);
	check_lacks(&plain, "Will-Retry-Until");
	check_lacks(&plain, "8bit");
}

static void
a_delay_tells_how_long_it_is_tried(void)
{
	static const char *const texts[] = {
		"Subject: Your message is delayed\r\n",
		"    is still being tried:\r\n        connection timed out\r\n"
		"    We go on trying until Wed, 25 Nov 2026 03:32:21 +0000.\r\n",
		"Action: delayed\r\nStatus: 4.4.1\r\n"
		"Diagnostic-Code: x-postrider; connection timed out\r\n"
		"Last-Attempt-Date: Tue, 24 Nov 2026 03:33:21 +0000\r\n"
		"Will-Retry-Until: Wed, 25 Nov 2026 03:32:21 +0000\r\n",
		NULL
	};
	struct dsn dsn = plain;

	dsn.rcpts = &delayed;
	check_has(&dsn, texts);
	check_lacks(&dsn, "Remote-MTA");
	check_lacks(&dsn, "Original-Recipient");
}

static void
an_expiry_is_a_failure_in_the_words_of_rfc_3464(void)
{
	static const char *const texts[] = {
		"Subject: Your message could not be delivered in time\r\n",
		"Action: failed\r\nStatus: 4.4.7\r\n", NULL
	};
	struct dsn_rcpt rcpt = failed;
	struct dsn dsn = plain;

	rcpt.action = DSN_EXPIRED;
	rcpt.status = "4.4.7";
	dsn.rcpts = &rcpt;
	check_has(&dsn, texts);
}

static void
success_says_whether_more_is_to_be_heard(void)
{
	static const char *const delivered[] = {
		"Subject: Your message was delivered\r\n",
		"Action: delivered\r\nStatus: 2.1.5\r\n", NULL
	};
	static const char *const relayed[] = {
		"Subject: Your message was handed on\r\n",
		"Action: relayed\r\nStatus: 2.1.5\r\n", NULL
	};
	struct dsn_rcpt rcpt = { .address = "a@b", .status = "2.1.5" };
	struct dsn dsn = plain;

	dsn.rcpts = &rcpt;
	rcpt.action = DSN_DELIVERED;
	check_has(&dsn, delivered);
	rcpt.action = DSN_RELAYED;
	check_has(&dsn, relayed);
}

static void
the_worst_news_make_the_subject(void)
{
	static const char *const texts[] = {
		"Subject: Your message could not be delivered\r\n",
		"\r\nNot all recipients of your message fared alike.",
		"Final-Recipient: rfc822; cy@example.com\r\n",
		"Final-Recipient: rfc822; bob@example.net\r\n", NULL
	};
	struct dsn_rcpt rcpts[3] = { delayed, failed, delayed };
	struct dsn dsn = plain;

	dsn.rcpts = rcpts;
	dsn.rcpt_count = 3;
	check_has(&dsn, texts);
}

static void
only_the_header_comes_back_when_only_it_is_there(void)
{
	static const char *const texts[] = {
		"Its header is attached.\r\n",
		"Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\n\r\n--",
		NULL
	};
	struct dsn dsn = plain;

	dsn.returned = DSN_HEADER;
	dsn.original = span_of("Subject: x\r\n");
	check_has(&dsn, texts);
	dsn.original = span_of("Subject: x");
	check_has(&dsn, texts);
}

static void
an_8_bit_original_is_declared(void)
{
	static const char *const texts[] = {
		"\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
		"Content-Type: message/rfc822\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\nSubject: \xc3\xa4\r\n",
		NULL
	};
	struct dsn dsn = plain;

	dsn.eight_bit = true;
	dsn.original = span_of("Subject: \xc3\xa4\r\n\r\nx\r\n");
	check_has(&dsn, texts);
}

/* An original that has seen the future, as far as it can be told. */
static void
no_original_can_hold_the_boundary(void)
{
	struct dsn dsn = plain;
	char original[256], *report, *at;
	int found = 0;

	snprintf(original, sizeof original,
	    "Subject: x\r\n\r\n--=_report-%llx-0\r\n--=_report-%llx-1--\r\n",
	    (unsigned long long)dsn.now, (unsigned long long)dsn.now);
	dsn.original = span_of(original);
	report = make(&dsn);
	at = strstr(report, "boundary=\"");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	CU_ASSERT_EQUAL(strncmp(strchr(at, '"'), "\"=_report-", 10), 0);
	at = strchr(at, '"') + 1;
	*strchr(at, '"') = '\0';
	CU_ASSERT_PTR_NULL(strstr(original, at));
	for (char *p = at + strlen(at) + 1; (p = strstr(p, at)) != NULL; p++)
		found++;
	CU_ASSERT_EQUAL(found, 4);
	free(report);
}

/* Every line ends in CRLF, is short, and has no dot that is not stuffed. */
static bool
is_wire_form(const char *report)
{
	for (const char *line = report; *line != '\0';) {
		const char *lf = strchr(line, '\n');

		if (lf == NULL || lf == line || lf[-1] != '\r' ||
		    lf - line > 998 || (line[0] == '.' && line[1] != '.') ||
		    memchr(line, '\r', (size_t)(lf - line - 1)) != NULL)
			return false;
		line = lf + 1;
	}
	return true;
}

static void
hostile_values_stay_in_their_fields(void)
{
	static const char evil[] = "x\r\n\r\n.\r\nBcc: y\xc3\xa4\x01";
	struct dsn_rcpt rcpt = {
		.address = evil, .orcpt = evil, .action = DSN_FAILED,
		.status = evil, .mta = evil, .reply = evil
	};
	struct dsn dsn = {
		.hostname = evil, .id = evil, .original_id = evil,
		.to = evil, .envid = evil, .rcpts = &rcpt, .rcpt_count = 1,
		.original = span_of("a: b\r\n")
	};
	char *report = make(&dsn);

	CU_ASSERT_TRUE(is_wire_form(report));
	CU_ASSERT_PTR_NULL(strstr(report, "\nBcc"));
	CU_ASSERT_PTR_NULL(strstr(report, "\xc3"));
	CU_ASSERT_PTR_NULL(strstr(report, "Original-"));
	free(report);
	rcpt.orcpt = "rfc822\r\nBcc: x;y";
	report = make(&dsn);
	CU_ASSERT_PTR_NULL(strstr(report, "Original-"));
	free(report);
	rcpt.orcpt = "rfc822;x+0D+0ABcc:+20y";
	dsn.envid = "x+0D+0ABcc:+20y";
	report = make(&dsn);
	CU_ASSERT_PTR_NULL(strstr(report, "Original-"));
	free(report);
}

static void
long_values_make_no_long_lines(void)
{
	static char huge[5000];
	struct dsn_rcpt rcpt = {
		.address = huge, .orcpt = huge, .action = DSN_FAILED,
		.status = huge, .mta = huge, .reply = huge
	};
	struct dsn dsn = {
		.hostname = huge, .id = huge, .original_id = huge,
		.to = huge, .envid = huge, .rcpts = &rcpt, .rcpt_count = 1,
		.original = span_of("a: b\r\n")
	};
	char *report;

	memset(huge, '.', sizeof huge - 1);
	report = make(&dsn);
	CU_ASSERT_TRUE(is_wire_form(report));
	free(report);
}

const struct unit_test dsn_tests[] = {
	UNIT(a_report_tells_the_times_that_were_asked_for),
	UNIT(a_failure_is_told_to_people_and_machines),
	UNIT(a_delay_tells_how_long_it_is_tried),
	UNIT(an_expiry_is_a_failure_in_the_words_of_rfc_3464),
	UNIT(success_says_whether_more_is_to_be_heard),
	UNIT(the_worst_news_make_the_subject),
	UNIT(only_the_header_comes_back_when_only_it_is_there),
	UNIT(an_8_bit_original_is_declared),
	UNIT(no_original_can_hold_the_boundary),
	UNIT(hostile_values_stay_in_their_fields),
	UNIT(long_values_make_no_long_lines),
	UNIT_END
};
