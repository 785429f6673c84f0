/* SPDX-License-Identifier: ISC
 *
 * command.c - tests of splitting commands, and of the paths in them.
 */
#include "suites.h"

#include "smtp/command.h"

static const struct {
	const char *line;
	enum verb verb;
	const char *argument;
} lines[] = {
	{ "NOOP", VERB_NOOP, "" },
	{ "noop", VERB_NOOP, "" },
	{ "QuIt  ", VERB_QUIT, "" },
	{ "QUIT\t", VERB_QUIT, "" },
	{ "EHLO  host.example ", VERB_EHLO, "host.example" },
	{ "HELO host", VERB_HELO, "host" },
	{ "MAIL FROM:<a@b> SIZE=3", VERB_MAIL, "FROM:<a@b> SIZE=3" },
	{ "rcpt to:<a@b>", VERB_RCPT, "to:<a@b>" },
	{ "DATA", VERB_DATA, "" },
	{ "RSET", VERB_RSET, "" },
	{ "VRFY a b", VERB_VRFY, "a b" },
	{ "EXPN l", VERB_EXPN, "l" },
	{ "HELP", VERB_HELP, "" },
	{ "STARTTLS", VERB_STARTTLS, "" },
	{ "AUTH PLAIN x=", VERB_AUTH, "PLAIN x=" },
	{ "BDAT 5 LAST", VERB_BDAT, "5 LAST" },
	{ "ETRN @b", VERB_ETRN, "@b" },
	{ "", VERB_UNKNOWN, "" },
	{ " ", VERB_UNKNOWN, "" },
	{ " NOOP", VERB_UNKNOWN, "NOOP" },
	{ "NOOPS", VERB_UNKNOWN, "" },
	{ "NOO", VERB_UNKNOWN, "" },
	{ "?", VERB_UNKNOWN, "" },
	{ "GET / HTTP/1.1", VERB_UNKNOWN, "/ HTTP/1.1" },
	{ "MAIL\xc3\xa4 x", VERB_UNKNOWN, "x" },
};

static void
a_line_is_split_into_verb_and_argument(void)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		enum verb verb;
		struct span argument;

		CU_ASSERT_TRUE(command_split(span_of(lines[i].line), &verb,
		    &argument));
		CU_ASSERT_EQUAL(verb, lines[i].verb);
		CU_ASSERT_TRUE(span_is(argument, lines[i].argument));
	}
}

static void
every_verb_is_found_by_its_own_name(void)
{
	for (enum verb verb = VERB_UNKNOWN + 1; verb < VERB_COUNT; verb++) {
		enum verb found;
		struct span argument;

		CU_ASSERT_TRUE(command_split(span_of(verb_name(verb)), &found,
		    &argument));
		CU_ASSERT_EQUAL(found, verb);
	}
	CU_ASSERT_STRING_EQUAL(verb_name(VERB_UNKNOWN), "?");
}

static void
control_bytes_anywhere_are_refused(void)
{
	for (unsigned c = 0; c <= 0x7f; c = c == 31 ? 0x7f : c + 1)
		for (size_t at = 0; at < 7; at++) {
			char line[] = "VRFY abc";
			enum verb verb;
			struct span argument;

			line[at] = (char)c;
			CU_ASSERT_FALSE(command_split(span_make(line, 8),
			    &verb, &argument));
		}
}

enum { ALL = EXT_SIZE | EXT_8BITMIME | EXT_DSN | EXT_MT_PRIORITY |
	EXT_DELIVERBY | EXT_FUTURERELEASE | EXT_AUTH };

static const struct {
	const char *argument;
	unsigned code;
	const char *status, *mailbox;
} mails[] = {
	{ "FROM:<>", 0, "", "" },
	{ "FROM:<a@b>", 0, "", "a@b" },
	{ "from:<a@b>", 0, "", "a@b" },
	{ "FROM: <a@b>", 0, "", "a@b" },
	{ "FROM:  <a@b>  SIZE=1  ", 0, "", "a@b" },
	{ "FROM:<@x,@y:a@b>", 0, "", "a@b" },
	{ "FROM:a@b", 501, "5.1.7", NULL },
	{ "FROM:", 501, "5.1.7", NULL },
	{ "FROM", 501, "5.5.4", NULL },
	{ "FROM <a@b>", 501, "5.5.4", NULL },
	{ "FROM :<a@b>", 501, "5.5.4", NULL },
	{ "TO:<a@b>", 501, "5.5.4", NULL },
	{ "<a@b>", 501, "5.5.4", NULL },
	{ "", 501, "5.5.4", NULL },
	{ "FROM:<a@b>SIZE=1", 501, "5.5.4", NULL },
	{ "FROM:<a@b>>", 501, "5.5.4", NULL },
	{ "FROM:<a@b> <c@d>", 501, "5.5.4", NULL },
	{ "FROM:<root>", 501, "5.1.7", NULL },
	{ "FROM:<postmaster>", 501, "5.1.7", NULL },
	{ "FROM:<a@b", 501, "5.1.7", NULL },
	{ "FROM:<\xc3\xa4@b>", 553, "5.6.7", NULL },
	{ "FROM:<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaa@b>", 0, "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaa@b" },
	{ "FROM:<a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaa>", 501, "5.1.7", NULL },
};

static void
the_argument_of_mail_is_a_path_in_brackets(void)
{
	for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
		struct path path;
		struct mail_params params;
		struct complaint complaint = mail_parse(
		    span_of(mails[i].argument), ALL, &path, &params);

		CU_ASSERT_EQUAL(complaint.code, mails[i].code);
		CU_ASSERT_STRING_EQUAL(complaint.status, mails[i].status);
		if (complaint.code == 0)
			CU_ASSERT_TRUE(span_is(path.mailbox,
			    mails[i].mailbox));
	}
}

static const struct {
	const char *argument;
	unsigned code;
	const char *status, *mailbox;
} rcpts[] = {
	{ "TO:<a@b>", 0, "", "a@b" },
	{ "To: <a@b>", 0, "", "a@b" },
	{ "TO:<@x:a@b>", 0, "", "a@b" },
	{ "TO:<Postmaster>", 0, "", "Postmaster" },
	{ "TO:<POSTMASTER>", 0, "", "POSTMASTER" },
	{ "TO:<@x:postmaster>", 0, "", "postmaster" },
	{ "TO:<a@[192.0.2.1]>", 0, "", "a@[192.0.2.1]" },
	{ "TO:<>", 501, "5.1.3", NULL },
	{ "TO:<root>", 501, "5.1.3", NULL },
	{ "TO:a@b", 501, "5.1.3", NULL },
	{ "TO:<a@b>,<c@d>", 501, "5.5.4", NULL },
	{ "FROM:<a@b>", 501, "5.5.4", NULL },
	{ "TO:<a@b\xc3\xa4>", 553, "5.6.7", NULL },
	{ "TO:<a@b> SIZE=1", 555, "5.5.4", NULL },
};

static void
the_argument_of_rcpt_is_a_path_or_the_postmaster(void)
{
	for (size_t i = 0; i < sizeof rcpts / sizeof *rcpts; i++) {
		struct path path;
		struct rcpt_params params;
		struct complaint complaint = rcpt_parse(
		    span_of(rcpts[i].argument), ALL, &path, &params);

		CU_ASSERT_EQUAL(complaint.code, rcpts[i].code);
		CU_ASSERT_STRING_EQUAL(complaint.status, rcpts[i].status);
		if (complaint.code == 0)
			CU_ASSERT_TRUE(span_is(path.mailbox,
			    rcpts[i].mailbox));
	}
}

static const struct {
	const char *argument;
	unsigned code;
	const char *mailbox;
} slips[] = {
	{ "FROM:a@b", 0, "a@b" },
	{ "FROM: a@b SIZE=3", 0, "a@b" },
	{ "FROM:< a@b >", 0, "a@b" },
	{ "FROM:<a@b > SIZE=3", 0, "a@b" },
	{ "FROM:a@b.", 0, "a@b" },
	{ "FROM:<root>", 0, "root" },
	{ "FROM:root", 0, "root" },
	{ "FROM:<>", 0, "" },
	{ "FROM:", 501, NULL },
	{ "FROM: SIZE=3", 501, NULL },
	{ "FROM:a b@c", 501, NULL },
	{ "FROM:a@b> SIZE=3", 501, NULL },
	{ "FROM:<a@b SIZE=3", 501, NULL },
	{ "FROM:<a@b c@d>", 501, NULL },
	{ "FROM:< >", 501, NULL },
	{ "FROM:a@b FOO=1", 555, NULL },
	{ "FROM:\xc3\xa4@b", 553, NULL },
	{ "FROM:<\xc3\xa4@b>", 553, NULL },
};

static void
slips_are_understood_only_when_they_may_be(void)
{
	for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
		struct path path;
		struct mail_params params;
		struct complaint complaint = mail_parse(
		    span_of(slips[i].argument), ALL | SYNTAX_LIBERAL, &path,
		    &params);

		CU_ASSERT_EQUAL(complaint.code, slips[i].code);
		if (complaint.code == 0)
			CU_ASSERT_TRUE(span_is(path.mailbox,
			    slips[i].mailbox));
	}
}

const struct unit_test command_tests[] = {
	UNIT(slips_are_understood_only_when_they_may_be),
	UNIT(a_line_is_split_into_verb_and_argument),
	UNIT(every_verb_is_found_by_its_own_name),
	UNIT(control_bytes_anywhere_are_refused),
	UNIT(the_argument_of_mail_is_a_path_in_brackets),
	UNIT(the_argument_of_rcpt_is_a_path_or_the_postmaster),
	UNIT_END
};
