/* SPDX-License-Identifier: ISC
 *
 * conf_lexer.h - text in, words and braces out.
 *
 * A word ends at white space, a brace, a semicolon or a newline; in double
 * quotes it may hold all of them but the newline, and \" \\ \n \t.
 */
#ifndef CONF_CONF_LEXER_H
#define CONF_CONF_LEXER_H

#include "base/buf.h"
#include "base/err.h"

enum conf_token {
	TOKEN_WORD,		/* its bytes are in `word` */
	TOKEN_OPEN,		/* { */
	TOKEN_CLOSE,		/* } */
	TOKEN_LINE,		/* newline or ; */
	TOKEN_END,
	TOKEN_BAD		/* ERR tells, without the place */
};

enum { CONF_WORD_MOST = 4096 };

struct conf_lexer {
	struct span rest;
	unsigned line;		/* of the token returned last, from 1 */
	unsigned next_line;
	struct buf word;
};

/* TEXT must outlive the lexer. */
void conf_lexer_init(struct conf_lexer *lexer, struct span text);
void conf_lexer_fini(struct conf_lexer *lexer);

enum conf_token conf_lexer_next(struct conf_lexer *lexer, struct err *err);

/* Write TEXT so that the lexer reads it as one word. */
void conf_quote(const char *text, struct buf *out);

#endif
