/* SPDX-License-Identifier: ISC
 *
 * conf_lexer.c - text in, words and braces out.
 */
#include "conf/conf_lexer.h"

void
conf_lexer_init(struct conf_lexer *lexer, struct span text)
{
	*lexer = (struct conf_lexer){ .rest = text, .line = 1,
	    .next_line = 1 };
	buf_init(&lexer->word, CONF_WORD_MOST);
}

void
conf_lexer_fini(struct conf_lexer *lexer)
{
	buf_fini(&lexer->word);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool
ends_word(uint8_t c)
{
	return is_blank(c) || c == '\n' || c == '{' || c == '}' || c == ';';
}

static void
skip_blanks_and_comment(struct conf_lexer *lexer)
{
	struct span *rest = &lexer->rest;

	while (rest->length > 0 && is_blank(rest->data[0]))
		*rest = span_skip(*rest, 1);
	if (rest->length > 0 && rest->data[0] == '#')
		*rest = span_skip(*rest, span_find(*rest, '\n'));
}

static enum conf_token
bad(struct err *err, const char *text)
{
	err_set(err, ERR_CONFIG, "%s", text);
	return TOKEN_BAD;
}

/* The rest starts behind the backslash. */
static bool
read_escape(struct conf_lexer *lexer)
{
	uint8_t c = lexer->rest.length > 0 ? lexer->rest.data[0] : 0;

	if (c == 'n')
		c = '\n';
	else if (c == 't')
		c = '\t';
	else if (c != '"' && c != '\\')
		return false;
	buf_append_byte(&lexer->word, c);
	lexer->rest = span_skip(lexer->rest, 1);
	return true;
}

/* The rest starts behind the first quote. */
static enum conf_token
read_quoted(struct conf_lexer *lexer, struct err *err)
{
	struct span *rest = &lexer->rest;

	for (;;) {
		uint8_t c = rest->length > 0 ? rest->data[0] : '\n';

		if (c == '\n')
			return bad(err, "a quoted string is not closed: "
			    "put a \" before the end of the line");
		*rest = span_skip(*rest, 1);
		if (c == '"')
			break;
		if (c == '\\' && !read_escape(lexer))
			return bad(err, "unknown escape in a quoted string: "
			    "there are \\\" \\\\ \\n \\t");
		if (c != '\\' && is_control(c))
			return bad(err, "a control byte in a quoted string: "
			    "there are \\n and \\t");
		if (c != '\\')
			buf_append_byte(&lexer->word, c);
	}
	if (rest->length > 0 && !ends_word(rest->data[0]))
		return bad(err, "text right after a closing quote: quote the "
		    "whole word, or put a space between");
	return TOKEN_WORD;
}

static enum conf_token
read_plain(struct conf_lexer *lexer, struct err *err)
{
	struct span *rest = &lexer->rest;

	while (rest->length > 0 && !ends_word(rest->data[0])) {
		uint8_t c = rest->data[0];

		if (is_control(c)) {
			err_set(err, ERR_CONFIG, "control byte 0x%02x: "
			    "a configuration is plain text", c);
			return TOKEN_BAD;
		}
		if (c == '"')
			return bad(err, "a quote inside a word: quote the "
			    "whole word");
		buf_append_byte(&lexer->word, c);
		*rest = span_skip(*rest, 1);
	}
	return TOKEN_WORD;
}

static enum conf_token
read_word(struct conf_lexer *lexer, struct err *err)
{
	enum conf_token token;

	buf_clear(&lexer->word);
	if (lexer->rest.data[0] == '"') {
		lexer->rest = span_skip(lexer->rest, 1);
		token = read_quoted(lexer, err);
	} else
		token = read_plain(lexer, err);
	if (token == TOKEN_WORD && lexer->word.full) {
		err_set(err, ERR_CONFIG, "a word of over %d bytes",
		    CONF_WORD_MOST);
		return TOKEN_BAD;
	}
	return token;
}

enum conf_token
conf_lexer_next(struct conf_lexer *lexer, struct err *err)
{
	struct span *rest = &lexer->rest;

	lexer->line = lexer->next_line;
	skip_blanks_and_comment(lexer);
	if (rest->length == 0)
		return TOKEN_END;
	switch (rest->data[0]) {
	case '\n':
		lexer->next_line++;
		*rest = span_skip(*rest, 1);
		return TOKEN_LINE;
	case ';':
		*rest = span_skip(*rest, 1);
		return TOKEN_LINE;
	case '{':
		*rest = span_skip(*rest, 1);
		return TOKEN_OPEN;
	case '}':
		*rest = span_skip(*rest, 1);
		return TOKEN_CLOSE;
	default:
		return read_word(lexer, err);
	}
}

static bool
must_be_quoted(const char *text)
{
	if (text[0] == '\0' || text[0] == '#')
		return true;
	for (; *text != '\0'; text++)
		if (ends_word((uint8_t)*text) || *text == '"' ||
		    is_control((uint8_t)*text))
			return true;
	return false;
}

void
conf_quote(const char *text, struct buf *out)
{
	if (!must_be_quoted(text)) {
		buf_append_text(out, text);
		return;
	}
	buf_append_byte(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_append_text(out, "\\n");
		else if (*text == '\t')
			buf_append_text(out, "\\t");
		else if (*text == '"' || *text == '\\')
			buf_printf(out, "\\%c", *text);
		else
			buf_append_byte(out, (uint8_t)*text);
	}
	buf_append_byte(out, '"');
}
