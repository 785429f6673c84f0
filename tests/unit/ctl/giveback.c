/* SPDX-License-Identifier: ISC
 *
 * giveback.c - reports about those who do not get a message.
 */
#include "ctl/giveback.h"

#include "base/mem.h"
#include "suites.h"

static const char header[] = "Subject: alarm\r\n\r\n";

static void
refuse(struct recipients *refused, const char *address, const char *why,
    bool answered)
{
	recipients_refuse(refused, (struct refusal){
		.address = mem_strdup(address), .why = mem_strdup(why),
		.status = "5.1.3", .answered = answered, .exit = 65 });
}

/* The report about REFUSED with ORIGINAL, as a string that the caller frees. */
static char *
report_with(const struct recipients *refused, const char *id,
    const char *original, bool whole)
{
	struct err err;
	struct conf *conf = conf_parse(span_of("hostname relay.test\n"
	    "listen 127.0.0.1:25\n"), "test", &err);
	struct giveback giveback = { .conf = conf, .sender = "a@b.test",
	    .unique = "unique", .id = id, .envid = "my id",
	    .original = span_of(original), .whole = whole };
	struct buf out;
	char *text;

	CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
	buf_init(&out, 1 << 24);
	giveback_put(&giveback, refused, 1795491141000000, &out);
	text = span_copy(buf_peek(&out));
	buf_fini(&out);
	conf_free(&conf);
	return text;
}

static char *
report_about(const struct recipients *refused, const char *id)
{
	return report_with(refused, id, header, false);
}

/* Neither long lines nor bytes that are not declared: a host might refuse the
 * report for them. */
static void
a_report_returns_what_any_host_takes(void)
{
	static const struct { int fill; const char *body, *want, *not; } rows[] = {
		{ 10, "\xc3\xb6", "message/rfc822\r\n"
		    "Content-Transfer-Encoding: 8bit\r\n\r\nSubject: x\r\n",
		    "rfc822-headers" },
		{ 10, "o", "message/rfc822\r\n\r\nSubject: x\r\n", "8bit" },
		{ 999, "\xc3\xb6", "text/rfc822-headers\r\n\r\n"
		    "Subject: x\r\n\r\n--", "\xc3\xb6" }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct recipients refused;
		char original[2000], *text;

		recipients_init(&refused);
		refuse(&refused, "c@d.test", "550 5.1.1 nobody", true);
		snprintf(original, sizeof(original), "Subject: x\r\n\r\n"
		    "%0*d\r\n%s\r\n", rows[i].fill, 0, rows[i].body);
		text = report_with(&refused, "3T9K", original, true);
		CU_ASSERT_PTR_NOT_NULL(strstr(text, rows[i].want));
		CU_ASSERT_PTR_NULL(strstr(text, rows[i].not));
		mem_free(text);
		recipients_fini(&refused);
	}
}

static void
a_report_says_who_does_not_get_it_and_why(void)
{
	struct recipients refused;
	char *text;

	recipients_init(&refused);
	refuse(&refused, "Foo <>\x01\r\nX: y", "To: not an address: Foo <>",
	    false);
	refuse(&refused, "c@d.test", "550 5.1.1 nobody", true);
	text = report_about(&refused, "3T9K");
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "\r\nTo: <a@b.test>\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "known here as 3T9K."));
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    "Final-Recipient: rfc822; Foo <>???X: y\r\nAction: failed\r\n"
	    "Status: 5.1.3\r\nDiagnostic-Code: x-postrider; "
	    "To: not an address: Foo <>"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text,
	    "Remote-MTA: dns; relay.test\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 nobody\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "Original-Envelope-Id: my id"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, header));
	CU_ASSERT_PTR_NULL(strstr(text, "\r\nX: y"));
	mem_free(text);
	recipients_fini(&refused);
}

static void
a_report_about_very_many_has_an_end(void)
{
	struct recipients refused;
	unsigned i;
	char *text;

	recipients_init(&refused);
	for (i = 0; i < GIVEBACK_RCPTS_MOST + 500; i++) {
		char address[32];

		snprintf(address, sizeof(address), "n%u@d.test", i);
		refuse(&refused, address, "550 5.1.1 nobody", true);
	}
	text = report_about(&refused, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "known here as unique."));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "rfc822; n999@d.test\r\n"));
	CU_ASSERT_PTR_NULL(strstr(text, "n1000@d.test"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "rfc822; and 500 more\r\n"));
	mem_free(text);
	recipients_fini(&refused);
}

const struct unit_test giveback_tests[] = {
	UNIT(a_report_returns_what_any_host_takes),
	UNIT(a_report_says_who_does_not_get_it_and_why),
	UNIT(a_report_about_very_many_has_an_end),
	UNIT_END
};
