/* SPDX-License-Identifier: ISC
 *
 * param.c - tests of the parameters of MAIL and RCPT.
 */
#include "suites.h"

#include "smtp/command.h"

#include <stdio.h>

enum { ALL = EXT_SIZE | EXT_8BITMIME | EXT_DSN | EXT_MT_PRIORITY |
	EXT_DELIVERBY | EXT_FUTURERELEASE | EXT_AUTH };
#define X10 "xxxxxxxxxx"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10

static unsigned
mail_code(const char *words, unsigned offered, struct mail_params *params)
{
	char line[1024];
	struct path path;

	snprintf(line, sizeof line, "FROM:<a@b> %s", words);
	return mail_parse(span_of(line), offered, &path, params).code;
}

static unsigned
rcpt_code(const char *words, unsigned offered, struct rcpt_params *params)
{
	char line[1024];
	struct path path;

	snprintf(line, sizeof line, "TO:<a@b> %s", words);
	return rcpt_parse(span_of(line), offered, &path, params).code;
}

static const struct {
	const char *words;
	unsigned code;
} mails[] = {
	{ "SIZE=0", 0 }, { "SIZE=18446744073709551615", 0 },
	{ "size=00000000000000000012", 0 },
	{ "SIZE=18446744073709551616", 501 },
	{ "SIZE=99999999999999999999", 501 },
	{ "SIZE=000000000000000000001", 501 },
	{ "SIZE=", 501 }, { "SIZE", 501 }, { "SIZE=-1", 501 },
	{ "SIZE=+1", 501 }, { "SIZE=1k", 501 }, { "SIZE=1 SIZE=1", 501 },
	{ "BODY=7BIT", 0 }, { "BODY=8BITMIME", 0 }, { "BODY=8bitMime", 0 },
	{ "BODY=BINARYMIME", 501 }, { "BODY=", 501 }, { "BODY=8", 501 },
	{ "BODY=7BIT BODY=8BITMIME", 501 },
	{ "RET=FULL", 0 }, { "RET=hdrs", 0 }, { "RET=NONE", 501 },
	{ "RET=", 501 }, { "RET=FULL RET=FULL", 501 },
	{ "ENVID=QQ314159", 0 }, { "ENVID=a+20b", 0 }, { "ENVID=" X100, 0 },
	{ "ENVID=" X100 "x", 501 }, { "ENVID=", 501 }, { "ENVID=a=b", 501 },
	{ "ENVID=a+0D+0ABcc:+20x", 501 }, { "ENVID=a+FF", 501 },
	{ "ENVID=\xc3\xa4", 501 }, { "ENVID=a ENVID=a", 501 },
	{ "AUTH=<>", 0 }, { "AUTH=e+3Dmc2@example.com", 0 },
	{ "AUTH=+0Ax", 501 }, { "AUTH=<a=b>", 501 }, { "AUTH=", 501 },
	{ "AUTH=<> AUTH=<>", 501 },
	{ "MT-PRIORITY=0", 0 }, { "MT-PRIORITY=9", 0 },
	{ "MT-PRIORITY=-9", 0 }, { "mt-priority=3", 0 },
	{ "MT-PRIORITY=10", 501 }, { "MT-PRIORITY=-10", 501 },
	{ "MT-PRIORITY=-0", 501 }, { "MT-PRIORITY=+1", 501 },
	{ "MT-PRIORITY=-", 501 }, { "MT-PRIORITY=", 501 },
	{ "MT-PRIORITY=01", 501 }, { "MT-PRIORITY=1 MT-PRIORITY=1", 501 },
	{ "BY=120;R", 0 }, { "BY=-120;N", 0 }, { "BY=+1;rt", 0 },
	{ "BY=0;N", 0 }, { "BY=0;R", 501 }, { "BY=-1;R", 501 },
	{ "BY=999999999;N", 0 }, { "BY=1000000000;N", 501 },
	{ "BY=120", 501 }, { "BY=120;", 501 }, { "BY=120;X", 501 },
	{ "BY=120;T", 501 }, { "BY=120;RTT", 501 }, { "BY=;R", 501 },
	{ "BY=1;N BY=1;N", 501 },
	{ "HOLDFOR=1", 0 }, { "HOLDFOR=999999999", 0 }, { "HOLDFOR=0", 501 },
	{ "HOLDFOR=1000000000", 501 }, { "HOLDFOR=x", 501 },
	{ "HOLDUNTIL=2026-11-24T03:32:21Z", 0 },
	{ "HOLDFOR=1 HOLDUNTIL=2026-11-24T03:32:21Z", 501 },
	{ "HOLDUNTIL=2026-11-24T03:32:21Z HOLDFOR=1", 501 },
	{ "SMTPUTF8", 555 }, { "REQUIRETLS", 555 }, { "XFOO=1", 555 },
	{ "NOTIFY=NEVER", 555 }, { "SIZ=1", 555 }, { "SIZES=1", 555 },
	{ "=1", 501 }, { "-X=1", 501 }, { "<a@b>", 501 }, { "S_Z=1", 501 },
	{ "SIZE=1 BODY=7BIT RET=HDRS ENVID=x AUTH=<> MT-PRIORITY=4 BY=9;N "
	    "HOLDFOR=3", 0 },
	{ "SIZE=1 XFOO=1", 555 },
};

static void
parameters_of_mail_are_taken_or_refused(void)
{
	for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
		struct mail_params params;
		unsigned code = mail_code(mails[i].words, ALL, &params);

		CU_ASSERT_EQUAL(code, mails[i].code);
		if (code != mails[i].code)
			fprintf(stderr, "%s: %u\n", mails[i].words, code);
	}
}

static void
what_is_not_offered_is_not_taken(void)
{
	static const struct {
		const char *words;
		unsigned ext;
	} rows[] = {
		{ "SIZE=1", EXT_SIZE }, { "BODY=7BIT", EXT_8BITMIME },
		{ "RET=FULL", EXT_DSN }, { "ENVID=x", EXT_DSN },
		{ "MT-PRIORITY=1", EXT_MT_PRIORITY },
		{ "BY=1;N", EXT_DELIVERBY },
		{ "HOLDFOR=1", EXT_FUTURERELEASE },
		{ "HOLDUNTIL=2026-11-24T03:32:21Z", EXT_FUTURERELEASE },
		{ "AUTH=<>", EXT_AUTH }
	};
	struct mail_params params;
	struct rcpt_params rcpt;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CU_ASSERT_EQUAL(mail_code(rows[i].words, rows[i].ext,
		    &params), 0);
		CU_ASSERT_EQUAL(mail_code(rows[i].words,
		    (unsigned)ALL & ~rows[i].ext, &params), 555);
	}
	CU_ASSERT_EQUAL(rcpt_code("NOTIFY=NEVER", EXT_DSN, &rcpt), 0);
	CU_ASSERT_EQUAL(rcpt_code("NOTIFY=NEVER", EXT_SIZE, &rcpt), 555);
	CU_ASSERT_EQUAL(rcpt_code("ORCPT=rfc822;a", EXT_SIZE, &rcpt), 555);
}

static void
the_values_of_mail_arrive(void)
{
	struct mail_params p;

	CU_ASSERT_EQUAL(mail_code("SIZE=4096 BODY=8BITMIME RET=HDRS "
	    "ENVID=a+2Bb AUTH=me MT-PRIORITY=-4 BY=-30;NT HOLDFOR=60", ALL,
	    &p), 0);
	CU_ASSERT_TRUE(p.has_size && p.size == 4096);
	CU_ASSERT_TRUE(p.eight_bit);
	CU_ASSERT_EQUAL(p.ret, 2);
	CU_ASSERT_TRUE(p.envid.length == 5);
	CU_ASSERT_TRUE(p.auth.length == 2);
	CU_ASSERT_TRUE(p.has_priority && p.priority == -4);
	CU_ASSERT_TRUE(p.has_by && p.by_seconds == -30);
	CU_ASSERT_TRUE(!p.by_return && p.by_trace);
	CU_ASSERT_TRUE(p.has_hold && p.hold_seconds == 60 &&
	    p.hold_until == 0);
	CU_ASSERT_EQUAL(mail_code("RET=FULL BY=5;R", ALL, &p), 0);
	CU_ASSERT_EQUAL(p.ret, 1);
	CU_ASSERT_TRUE(p.by_return && !p.by_trace && p.by_seconds == 5);
}

static void
what_was_not_given_is_told_apart(void)
{
	struct mail_params p;
	struct rcpt_params r;

	memset(&p, 0xff, sizeof p);
	memset(&r, 0xff, sizeof r);
	CU_ASSERT_EQUAL(mail_code("", ALL, &p), 0);
	CU_ASSERT_EQUAL(rcpt_code("", ALL, &r), 0);
	CU_ASSERT_FALSE(p.has_size || p.has_priority || p.has_by ||
	    p.has_hold || p.eight_bit);
	CU_ASSERT_EQUAL(p.ret, 0);
	CU_ASSERT_PTR_NULL(p.envid.data);
	CU_ASSERT_PTR_NULL(p.auth.data);
	CU_ASSERT_EQUAL(r.notify, 0);
	CU_ASSERT_PTR_NULL(r.orcpt.data);
}

static const struct {
	const char *text;
	int64_t unix_seconds;	/* 0: refused */
} dates[] = {
	{ "2026-11-24T03:32:21Z", 1795491141 },
	{ "2026-11-24t03:32:21z", 1795491141 },
	{ "2026-11-24T04:32:21+01:00", 1795491141 },
	{ "2026-11-23T22:02:21-05:30", 1795491141 },
	{ "2026-11-24T03:32:21.123Z", 1795491141 },
	{ "2000-02-29T00:00:00Z", 951782400 },
	{ "2024-12-31T23:59:60Z", 1735689600 },
	{ "1970-01-01T00:00:01Z", 1 },
	{ "9999-12-31T23:59:59Z", 253402300799 },
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59Z", 0 },
	{ "2023-02-29T00:00:00Z", 0 },
	{ "1900-02-29T00:00:00Z", 0 },
	{ "2026-04-31T00:00:00Z", 0 },
	{ "2026-13-01T00:00:00Z", 0 },
	{ "2026-00-01T00:00:00Z", 0 },
	{ "2026-01-00T00:00:00Z", 0 },
	{ "2026-01-01T24:00:00Z", 0 },
	{ "2026-01-01T00:60:00Z", 0 },
	{ "2026-01-01T00:00:61Z", 0 },
	{ "2026-01-01T00:00:00", 0 },
	{ "2026-01-01T00:00:00.Z", 0 },
	{ "2026-01-01T00:00:00+0100", 0 },
	{ "2026-01-01T00:00:00+24:00", 0 },
	{ "2026-01-01T00:00:00Zx", 0 },
	{ "2026-01-01", 0 },
	{ "26-01-01T00:00:00Z", 0 },
	{ "0000-01-01T00:00:00Z", 0 },
	{ "2026-1-1T00:00:00Z", 0 },
};

static void
holduntil_is_a_time_of_rfc_3339(void)
{
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		struct mail_params params;
		char words[64];
		unsigned code;

		snprintf(words, sizeof words, "HOLDUNTIL=%s", dates[i].text);
		code = mail_code(words, ALL, &params);
		CU_ASSERT_EQUAL(code, dates[i].unix_seconds == 0 ? 501 : 0);
		if (code == 0)
			CU_ASSERT_EQUAL(params.hold_until,
			    dates[i].unix_seconds);
	}
}

static const struct {
	const char *words;
	unsigned code;
	uint8_t notify;
} rcpts[] = {
	{ "NOTIFY=NEVER", 0, 1 }, { "NOTIFY=SUCCESS", 0, 2 },
	{ "NOTIFY=FAILURE", 0, 4 }, { "NOTIFY=DELAY", 0, 8 },
	{ "notify=success,Failure,DELAY", 0, 14 },
	{ "NOTIFY=FAILURE,FAILURE", 0, 4 },
	{ "NOTIFY=NEVER,SUCCESS", 501, 0 }, { "NOTIFY=SUCCESS,NEVER", 501, 0 },
	{ "NOTIFY=", 501, 0 }, { "NOTIFY=,", 501, 0 },
	{ "NOTIFY=SUCCESS,", 501, 0 }, { "NOTIFY=,SUCCESS", 501, 0 },
	{ "NOTIFY=NOW", 501, 0 }, { "NOTIFY", 501, 0 },
	{ "NOTIFY=NEVER NOTIFY=NEVER", 501, 0 },
	{ "ORCPT=rfc822;Bob@Example.ORG", 0, 0 },
	{ "ORCPT=x400;/C=de/", 501, 0 }, { "ORCPT=x400;/C+3Dde/", 0, 0 },
	{ "ORCPT=rfc822;" X100 X100 X100 X100 X10 X10 X10 X10 X10 X10 X10 X10
	    X10 "xxx", 0, 0 },
	{ "ORCPT=rfc822;" X100 X100 X100 X100 X10 X10 X10 X10 X10 X10 X10 X10
	    X10 "xxxx", 501, 0 },
	{ "ORCPT=rfc822", 501, 0 }, { "ORCPT=rfc822;", 501, 0 },
	{ "ORCPT=;a", 501, 0 }, { "ORCPT=", 501, 0 },
	{ "ORCPT=rf c822;a", 501, 0 }, { "ORCPT=rf+20;a", 501, 0 },
	{ "ORCPT=rfc822;a+0D+0ARemote-MTA:+20x", 501, 0 },
	{ "ORCPT=rfc822;a+00", 501, 0 }, { "ORCPT=rfc822;a+C3", 501, 0 },
	{ "ORCPT=rfc822;a ORCPT=rfc822;a", 501, 0 },
	{ "ORCPT=rfc822;a NOTIFY=SUCCESS", 0, 2 },
};

static void
parameters_of_rcpt_are_taken_or_refused(void)
{
	for (size_t i = 0; i < sizeof rcpts / sizeof *rcpts; i++) {
		struct rcpt_params params;
		unsigned code = rcpt_code(rcpts[i].words, ALL, &params);

		CU_ASSERT_EQUAL(code, rcpts[i].code);
		if (code == 0)
			CU_ASSERT_EQUAL(params.notify, rcpts[i].notify);
	}
}

static void
orcpt_is_kept_as_it_was_given(void)
{
	struct path path;
	struct rcpt_params params;

	CU_ASSERT_EQUAL(rcpt_parse(span_of("TO:<a@b> ORCPT=RFC822;Bob+2BX@Y"),
	    ALL, &path, &params).code, 0);
	CU_ASSERT_TRUE(span_is(params.orcpt, "RFC822;Bob+2BX@Y"));
}

/* Every byte, written as hexchar and raw, in each value that is xtext. */
static void
no_byte_gets_in_by_xtext_that_would_not_get_in_plain(void)
{
	static const char *const keywords[] = { "ENVID=", "AUTH=" };
	struct mail_params mail;
	struct rcpt_params rcpt;
	char words[40];

	for (unsigned c = 1; c < 256; c++) {
		bool clean = c >= ' ' && c <= '~';

		for (size_t i = 0; i < 2; i++) {
			snprintf(words, sizeof words, "%sa+%02Xb",
			    keywords[i], c);
			CU_ASSERT_EQUAL(mail_code(words, ALL, &mail),
			    clean ? 0 : 501);
			snprintf(words, sizeof words, "%sa%cb", keywords[i],
			    (int)c);
			CU_ASSERT_EQUAL(mail_code(words, ALL, &mail) == 0,
			    clean && strchr(" +=", (int)c) == NULL);
		}
		snprintf(words, sizeof words, "ORCPT=rfc822;a+%02Xb", c);
		CU_ASSERT_EQUAL(rcpt_code(words, ALL, &rcpt),
		    clean ? 0 : 501);
	}
}

const struct unit_test param_tests[] = {
	UNIT(parameters_of_mail_are_taken_or_refused),
	UNIT(what_is_not_offered_is_not_taken),
	UNIT(the_values_of_mail_arrive),
	UNIT(what_was_not_given_is_told_apart),
	UNIT(holduntil_is_a_time_of_rfc_3339),
	UNIT(parameters_of_rcpt_are_taken_or_refused),
	UNIT(orcpt_is_kept_as_it_was_given),
	UNIT(no_byte_gets_in_by_xtext_that_would_not_get_in_plain),
	UNIT_END
};
