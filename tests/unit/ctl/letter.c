/* SPDX-License-Identifier: ISC
 *
 * letter.c - header blocks as programs write them, and as they are sent.
 */
#include "ctl/letter.h"

#include "suites.h"

#include <stdlib.h>
#include <time.h>

#define DATE "Date: Tue, 24 Nov 2026 03:32:21 +0000\r\n"
#define FROM "From: Ann <ann@here.test>\r\n"
#define ID "Message-ID: <unique@here.test>\r\n"
#define HAS "Date: d\r\nFrom: f\r\nMessage-ID: i\r\n"

static const struct {
	bool take, complete;
	const char *wire, *head, *rest, *recipients;
} rows[] = {
	/* what is missing is added, and nothing else is touched */
	{ false, true, "Subject: x\r\n\r\nbody\r\n",
	    DATE FROM ID "Subject: x\r\n\r\n", "body\r\n", "" },
	{ false, true, HAS "\r\nbody\r\n", HAS "\r\n", "body\r\n", "" },
	{ false, true, "from: f\r\n\r\n", DATE ID "from: f\r\n\r\n", "", "" },
	{ false, false, "Subject: x\r\n\r\nb\r\n", "Subject: x\r\n\r\n",
	    "b\r\n", "" },
	/* no header, or no empty line after it */
	{ false, false, "\r\nbody\r\n", "\r\n", "body\r\n", "" },
	{ false, false, "just text\r\nmore\r\n", "\r\n",
	    "just text\r\nmore\r\n", "" },
	{ false, false, "A: x\r\ntext\r\n", "A: x\r\n\r\n", "text\r\n", "" },
	{ false, false, "A: x\r\n", "A: x\r\n\r\n", "", "" },
	{ false, false, "", "\r\n", "", "" },
	/* the first line of a mailbox file */
	{ false, false, "From a@b Tue Nov 24\r\nA: x\r\n\r\n",
	    "A: x\r\n\r\n", "", "" },
	{ false, false, ">From a@b Tue Nov 24\r\nA: x\r\n\r\n",
	    "A: x\r\n\r\n", "", "" },
	/* recipients are taken only when asked, and Bcc goes only then */
	{ false, false, "To: a@b.test\r\nBcc: c@d.test\r\n\r\n",
	    "To: a@b.test\r\nBcc: c@d.test\r\n\r\n", "", "" },
	{ true, false, "To: a@b.test\r\nBcc: c@d.test\r\nX: y\r\n\r\n",
	    "To: a@b.test\r\nX: y\r\n\r\n", "", "a@b.test|c@d.test" },
	{ true, false, "tO: a\r\nCC: b\r\n\t, c\r\nbcc:\r\n d\r\n\r\n",
	    "tO: a\r\nCC: b\r\n\t, c\r\n\r\n", "",
	    "a@here.test|b@here.test|c@here.test|d@here.test" },
	{ true, false, "To: a@b.test, a@b.test\r\nCc: a@b.test\r\n\r\n",
	    "To: a@b.test, a@b.test\r\nCc: a@b.test\r\n\r\n", "",
	    "a@b.test" },
	/* Resent- fields take the place of the others */
	{ true, false, "To: a@b.test\r\nBcc: e@f.test\r\n"
	    "Resent-To: c@d.test\r\nResent-Bcc: g@h.test\r\n\r\n",
	    "To: a@b.test\r\nResent-To: c@d.test\r\n\r\n", "",
	    "c@d.test|g@h.test" },
	/* a body is no header */
	{ true, false, "To: a@b.test\r\n\r\nBcc: c@d.test\r\n",
	    "To: a@b.test\r\n\r\n", "Bcc: c@d.test\r\n", "a@b.test" },
};

static void
join(const struct recipients *recipients, struct buf *out)
{
	size_t i;

	for (i = 0; i < recipients->count; i++)
		buf_printf(out, "%s%s", i > 0 ? "|" : "",
		    recipients->items[i]);
}

static void
check_row(size_t i)
{
	struct letter letter = { .take_recipients = rows[i].take,
	    .complete = rows[i].complete, .hostname = "here.test",
	    .sender = "ann@here.test", .full_name = "Ann",
	    .unique = "unique", .now = 1795491141000000 };
	struct recipients recipients;
	struct buf head, all;
	struct err err = { 0 };
	struct span rest;

	buf_init(&head, 4096);
	buf_init(&all, 4096);
	recipients_init(&recipients);
	CU_ASSERT_TRUE(letter_make(&letter, span_of(rows[i].wire), &head,
	    &rest, &recipients, &err));
	join(&recipients, &all);
	if (!span_is(buf_peek(&head), rows[i].head) ||
	    !span_is(rest, rows[i].rest) ||
	    !span_is(buf_peek(&all), rows[i].recipients)) {
		CU_FAIL("a row of the table");
		fprintf(stderr, "row %zu: %.*s", i, (int)buf_length(&head),
		    (const char *)buf_peek(&head).data);
	}
	recipients_fini(&recipients);
	buf_fini(&all);
	buf_fini(&head);
}

static void
a_header_block_is_made_whole_and_gives_its_recipients(void)
{
	size_t i;

	setenv("TZ", "UTC", 1);
	tzset();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(i);
}

static void
a_wrong_address_is_named_with_its_field_and_the_others_stay(void)
{
	struct letter letter = { .take_recipients = true,
	    .hostname = "here.test", .sender = "" };
	struct recipients recipients;
	struct err err = { 0 };
	struct span rest;
	struct buf head;

	buf_init(&head, 4096);
	recipients_init(&recipients);
	CU_ASSERT_TRUE(letter_make(&letter,
	    span_of("To: a@b.test\r\nCc: Bo Example, c@d.test\r\n\r\n"),
	    &head, &rest, &recipients, &err));
	CU_ASSERT_EQUAL(recipients.count, 2);
	CU_ASSERT_EQUAL_FATAL(recipients.refused_count, 1);
	CU_ASSERT_STRING_EQUAL(recipients.refused[0].why,
	    "Cc: not an address: Bo Example");
	CU_ASSERT_STRING_EQUAL(recipients.refused[0].address, "Bo Example");
	CU_ASSERT_STRING_EQUAL(recipients.refused[0].status, "5.1.3");
	recipients_fini(&recipients);
	buf_fini(&head);
}

static const struct {
	const char *name, *value;
} names[] = {
	{ NULL, "a@b.test" },
	{ "", "a@b.test" },
	{ "Ann Example", "Ann Example <a@b.test>" },
	{ "Ann (root)", "\"Ann (root)\" <a@b.test>" },
	{ "Example, \"A\\B\"", "\"Example, \\\"A\\\\B\\\"\" <a@b.test>" },
	{ "M\xc3\xbcller", "=?UTF-8?Q?M=C3=BCller?= <a@b.test>" },
};

static void
a_full_name_is_quoted_or_encoded_when_it_must_be(void)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf out;

		buf_init(&out, 4096);
		letter_put_from(names[i].name, "a@b.test", &out);
		CU_ASSERT_TRUE(span_is(buf_peek(&out), names[i].value));
		buf_fini(&out);
	}
}

static void
no_encoded_word_is_longer_than_75(void)
{
	struct span rest;
	struct buf out;
	char name[601];
	size_t i;

	for (i = 0; i < 600; i += 2)
		memcpy(name + i, "\xc3\xbc", 2);
	name[600] = '\0';
	buf_init(&out, 8192);
	letter_put_from(name, "a@b.test", &out);
	for (rest = buf_peek(&out); rest.length > 0;
	    rest = span_skip(rest, span_find(rest, ' ') + 1))
		CU_ASSERT_TRUE(span_find(rest, ' ') <= 75 + 2);
	buf_fini(&out);
}

const struct unit_test letter_tests[] = {
	UNIT(a_header_block_is_made_whole_and_gives_its_recipients),
	UNIT(a_wrong_address_is_named_with_its_field_and_the_others_stay),
	UNIT(a_full_name_is_quoted_or_encoded_when_it_must_be),
	UNIT(no_encoded_word_is_longer_than_75),
	UNIT_END
};
