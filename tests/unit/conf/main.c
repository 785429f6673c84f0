/* SPDX-License-Identifier: ISC
 *
 * main.c - the tests of lib/conf.
 */
#include "tests.h"

#include "base/mem.h"

#include <stdio.h>

struct conf *
conf_of(const char *text)
{
	struct err err;
	struct conf *conf = conf_parse(span_of(text), "f", &err);

	if (conf == NULL) {
		printf("%s\nin: %s\n", err.text, text);
		CU_FAIL("a good configuration is refused");
	}
	return conf;
}

char *
dump_of(const struct conf *conf, bool only_changed)
{
	struct buf out;
	char *text;

	buf_init(&out, 1 << 20);
	conf_dump(conf, only_changed, &out);
	CU_ASSERT_FALSE(out.full);
	text = span_copy(buf_peek(&out));
	buf_fini(&out);
	return text;
}

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "lexer", lexer_tests },
		{ "errors", error_tests },
		{ "options", option_tests },
		{ "dump", dump_tests },
		{ "defaults", default_tests },
		{ "match", match_tests },
		{ "load", load_tests },
		{ "replies", reply_tests },
		{ "notice", notice_tests },
		{ "told", told_tests },
		{ NULL, NULL },
	};

	return unit_run(argc, argv, suites);
}
