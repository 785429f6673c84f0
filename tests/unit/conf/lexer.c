/* SPDX-License-Identifier: ISC
 *
 * lexer.c - words, braces, quotes and comments.
 */
#include "tests.h"

#include "conf/conf_lexer.h"

#include <stdio.h>

/* Tokens as one string: words in <>, ; for a line. */
static const struct {
	const char *text, *tokens;
} rows[] = {
	{ "", "" },
	{ "a b", "<a><b>" },
	{ "  a\t b \r\n", "<a><b>;" },
	{ "a;b", "<a>;<b>" },
	{ "a{b}c", "<a>{<b>}<c>" },
	{ "a # b { ;\nc", "<a>;<c>" },
	{ "a#b", "<a#b>" },
	{ "#", "" },
	{ "\"\"", "<>" },
	{ "\"a b;{}#\"", "<a b;{}#>" },
	{ "\"a\\\"b\\\\c\\n\\t\"", "<a\"b\\c\n\t>" },
	{ "\"a\";\"b\"", "<a>;<b>" },
	{ "a\\b", "<a\\b>" },
	{ "\xc3\xa9", "<\xc3\xa9>" },
	{ "\"a", "!" },
	{ "\"a\nb\"", "!" },
	{ "\"a\\", "!" },
	{ "\"a\\x41\"", "!" },
	{ "\"a\"b", "!" },
	{ "a\"b\"", "!" },
	{ "a\x01", "!" },
	{ "\"\x7f\"", "!" },
};

static void
tokens_of(struct span text, struct buf *out)
{
	struct conf_lexer lexer;
	enum conf_token token;
	struct err err;

	conf_lexer_init(&lexer, text);
	do {
		token = conf_lexer_next(&lexer, &err);
		switch (token) {
		case TOKEN_WORD:
			buf_append_byte(out, '<');
			buf_append_span(out, buf_peek(&lexer.word));
			buf_append_byte(out, '>');
			break;
		case TOKEN_OPEN:
			buf_append_byte(out, '{');
			break;
		case TOKEN_CLOSE:
			buf_append_byte(out, '}');
			break;
		case TOKEN_LINE:
			buf_append_byte(out, ';');
			break;
		case TOKEN_BAD:
			buf_append_byte(out, '!');
			break;
		case TOKEN_END:
			break;
		}
	} while (token != TOKEN_END && token != TOKEN_BAD);
	conf_lexer_fini(&lexer);
}

static void
text_comes_apart_into_words_and_braces(void)
{
	struct buf out;

	buf_init(&out, 1024);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(&out);
		tokens_of(span_of(rows[i].text), &out);
		CU_ASSERT_TRUE(span_is(buf_peek(&out), rows[i].tokens));
		if (!span_is(buf_peek(&out), rows[i].tokens))
			printf("%s: %.*s\n", rows[i].text,
			    (int)buf_length(&out), (char *)out.data);
	}
	buf_fini(&out);
}

static void
a_nul_byte_is_refused(void)
{
	struct buf out;

	buf_init(&out, 1024);
	tokens_of(span_make("a\0b", 3), &out);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), "!"));
	buf_fini(&out);
}

static void
a_word_over_the_most_is_refused(void)
{
	struct buf text, out;

	buf_init(&text, CONF_WORD_MOST + 1);
	buf_init(&out, CONF_WORD_MOST + 2);
	while (buf_length(&text) < CONF_WORD_MOST)
		buf_append_byte(&text, 'x');
	tokens_of(buf_peek(&text), &out);
	CU_ASSERT_EQUAL(buf_length(&out), CONF_WORD_MOST + 2);
	buf_clear(&out);
	buf_append_byte(&text, 'x');
	tokens_of(buf_peek(&text), &out);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), "!"));
	buf_fini(&text);
	buf_fini(&out);
}

static void
lines_are_counted_and_semicolons_are_not(void)
{
	struct conf_lexer lexer;
	struct err err;

	conf_lexer_init(&lexer, span_of("a;b\n\nc"));
	for (int i = 0; i < 3; i++)
		CU_ASSERT_NOT_EQUAL(conf_lexer_next(&lexer, &err), TOKEN_END);
	CU_ASSERT_EQUAL(lexer.line, 1);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_NOT_EQUAL(conf_lexer_next(&lexer, &err), TOKEN_END);
	CU_ASSERT_EQUAL(lexer.line, 3);
	CU_ASSERT_EQUAL(conf_lexer_next(&lexer, &err), TOKEN_END);
	conf_lexer_fini(&lexer);
}

static void
what_is_quoted_reads_back_as_one_word(void)
{
	static const char *const words[] = {
		"", "a", "a b", "#a", "a#", "{", "}", ";", "a;b", "\"", "\\",
		"a\\b", "a\nb", "\t", "\xc3\xa9 \"\\\" x",
	};
	struct buf quoted, out, want;

	buf_init(&quoted, 1024);
	buf_init(&out, 1024);
	buf_init(&want, 1024);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		buf_clear(&quoted);
		buf_clear(&out);
		buf_clear(&want);
		conf_quote(words[i], &quoted);
		tokens_of(buf_peek(&quoted), &out);
		buf_printf(&want, "<%s>", words[i]);
		CU_ASSERT_TRUE(span_equal(buf_peek(&out), buf_peek(&want)));
	}
	buf_fini(&quoted);
	buf_fini(&out);
	buf_fini(&want);
}

const struct unit_test lexer_tests[] = {
	UNIT(text_comes_apart_into_words_and_braces),
	UNIT(a_nul_byte_is_refused),
	UNIT(a_word_over_the_most_is_refused),
	UNIT(lines_are_counted_and_semicolons_are_not),
	UNIT(what_is_quoted_reads_back_as_one_word),
	UNIT_END
};
