/* SPDX-License-Identifier: ISC
 *
 * sendmail_options.c - command lines that programs give to sendmail.
 */
#include "ctl/sendmail_options.h"

#include "suites.h"

enum { WORDS = 8 };

struct line {
	const char *argv[WORDS];
};

static bool
parse(const struct line *line, struct sendmail_options *out,
    struct err *err)
{
	const char *argv[WORDS + 1] = { "sendmail" };
	int argc = 1;

	for (; line->argv[argc - 1] != NULL; argc++)
		argv[argc] = line->argv[argc - 1];
	return sendmail_options_parse(argc, (char **)argv, out, err);
}

/* Accepted, and the one word left is the recipient. */
static const struct line accepted[] = {
	{ { "x" } }, { { "-Am", "x" } }, { { "-Ac", "x" } },
	{ { "-h", "5", "x" } }, { { "-h5", "x" } }, { { "-m", "x" } },
	{ { "-n", "x" } }, { { "-U", "x" } }, { { "-L", "tag", "x" } },
	{ { "-X", "log", "x" } }, { { "-O", "DeliveryMode=b", "x" } },
	{ { "-oem", "x" } }, { { "-om", "x" } }, { { "-oi", "x" } },
	{ { "-odb", "x" } }, { { "-odq", "x" } }, { { "-odi", "x" } },
	{ { "-em", "x" } }, { { "-ep", "x" } }, { { "-eq", "x" } },
	{ { "-bm", "x" } }, { { "-i", "x" } }, { { "-ti", "x" } },
	{ { "-v", "x" } }, { { "-G", "x" } }, { { "-B7BIT", "x" } },
	{ { "-B", "8bitmime", "x" } }, { { "-F", "A B", "x" } },
	{ { "-fa@b", "x" } }, { { "-r", "a@b", "x" } },
	{ { "-Rhdrs", "x" } }, { { "-R", "FULL", "x" } },
	{ { "-V", "id", "x" } }, { { "-Nnever", "x" } },
	{ { "-N", "success,failure,delay", "x" } }, { { "--", "x" } },
	{ { "-i", "--", "x" } }, { { "-C", "file", "x" } },
	{ { "-p", "SMTP:host", "x" } }, { { "-pESMTP", "x" } },
	{ { "-d", "x" } }, { { "-d0.1", "x" } }, { { "-oe", "x" } },
	{ { "-oez", "x" } }, { { "-O", "recipients=any", "x" } },
};

static void
every_option_of_sendmail_is_accepted(void)
{
	size_t i;

	for (i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct sendmail_options options;
		struct err err = { 0 };
		int words = 1;

		while (accepted[i].argv[words - 1] != NULL)
			words++;
		if (!parse(&accepted[i], &options, &err) ||
		    options.rest != words - 1 || options.mode != MODE_MAIL) {
			CU_FAIL("a row of the table");
			fprintf(stderr, "row %zu: %s\n", i, err.text);
		}
	}
}

static const struct line refused[] = {
	{ { "-z" } }, { { "-f" } }, { { "-bd" } }, { { "-bt" } },
	{ { "-bpx" } }, { { "-B", "9BIT" } }, { { "-N", "sometimes" } },
	{ { "-N", "never,delay" } }, { { "-N", "delay,delay" } },
	{ { "-N", "" } }, { { "-R", "half" } }, { { "-V", "" } },
	{ { "-V", "a\nb" } }, { { "-V", "\xc3\xbc" } },
	{ { "-O", "priority=10" } }, { { "-O", "priority=" } },
	{ { "-O", "priority=4x" } }, { { "-O", "priority" } },
	{ { "-O", "deliverby" } }, { { "-O", "deliverby=" } },
	{ { "-O", "deliverby=600" } }, { { "-O", "deliverby=0;R" } },
	{ { "-O", "deliverby=60;R SIZE=1" } },
	{ { "-O", "deliverby=60;R\r\nRSET" } },
	{ { "-O", "holdfor=0" } }, { { "-O", "holdfor=5m" } },
	{ { "-O", "holduntil=tomorrow" } },
	{ { "-q15m" } }, { { "-qR" } }, { { "-O", "recipients=most" } },
	{ { "-O", "recipients" } },
};

static void
what_cannot_be_is_refused_and_says_which(void)
{
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct sendmail_options options;
		struct err err = { 0 };

		if (parse(&refused[i], &options, &err) ||
		    err.text[0] != '-') {
			CU_FAIL("a row of the table");
			fprintf(stderr, "row %zu: %s\n", i, err.text);
		}
	}
}

static void
options_take_effect(void)
{
	static const struct line line = { { "-ti", "-fa@b", "-FAnn",
	    "-N", "failure,success", "-Rhdrs", "-OPriority=-4" } };
	struct sendmail_options options;
	struct err err = { 0 };

	CU_ASSERT_TRUE_FATAL(parse(&line, &options, &err));
	CU_ASSERT_TRUE(options.take_recipients);
	CU_ASSERT_TRUE(options.dots_are_text);
	CU_ASSERT_FALSE(options.gateway);
	CU_ASSERT_STRING_EQUAL(options.from, "a@b");
	CU_ASSERT_STRING_EQUAL(options.full_name, "Ann");
	CU_ASSERT_STRING_EQUAL(options.notify, "FAILURE,SUCCESS");
	CU_ASSERT_STRING_EQUAL(options.ret, "HDRS");
	CU_ASSERT_TRUE(options.has_priority);
	CU_ASSERT_EQUAL(options.priority, -4);
}

static void
times_are_handed_on_as_given(void)
{
	static const struct line line = { { "-Odeliverby=600;RT",
	    "-OHoldFor=60", "-O", "holduntil=2030-01-02T03:04:05Z" } };
	struct sendmail_options options;
	struct err err = { 0 };

	CU_ASSERT_TRUE_FATAL(parse(&line, &options, &err));
	CU_ASSERT_STRING_EQUAL(options.by, "600;RT");
	CU_ASSERT_STRING_EQUAL(options.hold_for, "60");
	CU_ASSERT_STRING_EQUAL(options.hold_until, "2030-01-02T03:04:05Z");
	CU_ASSERT_FALSE(options.has_priority);
}

static const struct {
	struct line line;
	enum sendmail_errors errors;
	bool all;
} errors[] = {
	{ { { "-i" } }, ERRORS_UNSAID, false },
	{ { { "-oep" } }, ERRORS_PRINT, false },
	{ { { "-oeq" } }, ERRORS_QUIET, false },
	{ { { "-oem" } }, ERRORS_MAIL, false },
	{ { { "-oew" } }, ERRORS_MAIL, false },
	{ { { "-oee" } }, ERRORS_MAIL_ZERO, false },
	{ { { "-ee" } }, ERRORS_MAIL_ZERO, false },
	{ { { "-O", "ErrorMode=q" } }, ERRORS_QUIET, false },
	{ { { "-oem", "-oi", "-oez" } }, ERRORS_MAIL, false },
	{ { { "-O", "Recipients=ALL" } }, ERRORS_UNSAID, true },
	{ { { "-Orecipients=all", "-Orecipients=any" } }, ERRORS_UNSAID,
	    false },
};

static void
who_is_to_hear_of_failures_is_known(void)
{
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct sendmail_options options;
		struct err err = { 0 };

		CU_ASSERT_TRUE(parse(&errors[i].line, &options, &err));
		CU_ASSERT_EQUAL(options.errors, errors[i].errors);
		CU_ASSERT_EQUAL(options.all, errors[i].all);
	}
}

static void
words_after_the_first_recipient_are_recipients(void)
{
	static const struct line line = { { "-i", "x", "-t" } };
	struct sendmail_options options;
	struct err err = { 0 };

	CU_ASSERT_TRUE_FATAL(parse(&line, &options, &err));
	CU_ASSERT_FALSE(options.take_recipients);
	CU_ASSERT_EQUAL(options.rest, 2);
}

static const struct {
	struct line line;
	enum sendmail_mode mode;
	const char *id, *site, *sender;
} modes[] = {
	{ { { "-bp" } }, MODE_LIST, NULL, NULL, NULL },
	{ { { "-bs" } }, MODE_SMTP, NULL, NULL, NULL },
	{ { { "-bh" } }, MODE_NOTHING, NULL, NULL, NULL },
	{ { { "-bH" } }, MODE_NOTHING, NULL, NULL, NULL },
	{ { { "-bi" } }, MODE_NOTHING, NULL, NULL, NULL },
	{ { { "-I" } }, MODE_NOTHING, NULL, NULL, NULL },
	{ { { "-bv" } }, MODE_VERIFY, NULL, NULL, NULL },
	{ { { "-q" } }, MODE_FLUSH, NULL, NULL, NULL },
	{ { { "-qI3T9K" } }, MODE_FLUSH, "3T9K", NULL, NULL },
	{ { { "-qI", "3T9K" } }, MODE_FLUSH, "3T9K", NULL, NULL },
	{ { { "-qRb.test" } }, MODE_FLUSH, NULL, "b.test", NULL },
	{ { { "-qR", "a@b.test" } }, MODE_FLUSH, NULL, "b.test", NULL },
	{ { { "-qR@b.test" } }, MODE_FLUSH, NULL, "b.test", NULL },
	{ { { "-qSa@b" } }, MODE_FLUSH, NULL, NULL, "a@b" },
};

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
the_other_modes_are_known(void)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct sendmail_options options;
		struct err err = { 0 };

		CU_ASSERT_TRUE(parse(&modes[i].line, &options, &err));
		CU_ASSERT_EQUAL(options.mode, modes[i].mode);
		CU_ASSERT_TRUE(same(options.flush_id, modes[i].id));
		CU_ASSERT_TRUE(same(options.flush_site, modes[i].site));
		CU_ASSERT_TRUE(same(options.flush_sender, modes[i].sender));
	}
}

const struct unit_test sendmail_options_tests[] = {
	UNIT(every_option_of_sendmail_is_accepted),
	UNIT(what_cannot_be_is_refused_and_says_which),
	UNIT(options_take_effect),
	UNIT(times_are_handed_on_as_given),
	UNIT(who_is_to_hear_of_failures_is_known),
	UNIT(words_after_the_first_recipient_are_recipients),
	UNIT(the_other_modes_are_known),
	UNIT_END
};
