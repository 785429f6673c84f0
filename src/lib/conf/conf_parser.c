/* SPDX-License-Identifier: ISC
 *
 * conf_parser.c - words and braces in, a configuration out.
 *
 * A statement is a name, words, and perhaps a block; a line, a brace or the
 * end of the file ends it.
 */
#include "conf/conf_parser.h"

#include "base/mem.h"
#include "conf/conf_lexer.h"
#include "conf/conf_suggest.h"

struct statement {
	char *name;
	struct conf_words words;
	struct conf_place place;
	enum conf_token end;	/* the token behind it */
};

void
conf_parser_init(struct conf_parser *parser, struct conf *conf,
    struct conf_told *told, struct err *err)
{
	*parser =
	    (struct conf_parser){ .conf = conf, .told = told, .err = err };
	parser->seen = mem_array(conf_option_count, sizeof parser->seen[0]);
	parser->bad = mem_array(conf_option_count, sizeof parser->bad[0]);
}

void
conf_parser_fini(struct conf_parser *parser)
{
	mem_free(parser->seen);
	mem_free(parser->bad);
	mem_free(parser->trusts);
}

static void
tell(struct conf_parser *parser, bool warning, struct conf_place place)
{
	char *text = mem_printf("%.200s:%u", place.file, place.line);

	conf_told_add(parser->told, warning, text, parser->err->text);
	mem_free(text);
}

bool
conf_error_at(struct conf_parser *parser, struct conf_place place)
{
	parser->err->kind = ERR_CONFIG;
	tell(parser, false, place);
	return false;
}

void
conf_warn_at(struct conf_parser *parser, struct conf_place place)
{
	tell(parser, true, place);
}

bool
conf_bad(const struct conf_parser *parser, enum conf_block_id block,
    const char *name)
{
	return parser->bad[conf_option_find(block, name) - conf_options];
}

struct conf_place
conf_seen(const struct conf_parser *parser, enum conf_block_id block,
    const char *name)
{
	return parser->seen[conf_option_find(block, name) - conf_options];
}

/* ---- options ------------------------------------------------------------- */

static void
note_trust(struct conf_parser *parser, const struct conf_listen *listen)
{
	parser->trusts = mem_resize(parser->trusts, listen->trust_count,
	    sizeof parser->trusts[0]);
	parser->trusts[listen->trust_count - 1] = parser->here;
}

static bool
set_option(struct conf_parser *parser, const struct conf_option *option,
    const struct conf_words *words, void *item)
{
	struct conf_place *seen = &parser->seen[option - conf_options];
	const struct conf_type *type = &conf_types[option->kind];
	void *field = (char *)item + option->offset;

	if (seen->file != NULL && !type->repeats)
		return err_set(parser->err, ERR_CONFIG, "%s is already set at "
		    "%.200s:%u: keep one of them", option->name, seen->file,
		    seen->line);
	*seen = parser->here;
	if (!type->read(option, words, field, parser->err)) {
		parser->bad[option - conf_options] = true;
		return false;
	}
	if (option->kind == KIND_TRUST)
		note_trust(parser, item);
	return true;
}

/* ---- blocks -------------------------------------------------------------- */

static bool run(struct conf_parser *parser, struct conf_lexer *lexer,
    struct conf_scope *scope, bool braces);

/* The block that NAME and the first word mean; BLOCK_COUNT: ERR tells. */
static enum conf_block_id
find_block(const struct statement *s, struct err *err)
{
	const char *word = s->words.count == 0 ? "" : s->words.word[0];
	bool known = false;

	for (unsigned id = BLOCK_TOP + 1; id < BLOCK_COUNT; id++) {
		if (strcmp(conf_blocks[id].name, s->name) != 0)
			continue;
		known = true;
		if (conf_blocks[id].word == NULL ||
		    strcmp(conf_blocks[id].word, word) == 0)
			return (enum conf_block_id)id;
	}
	if (known)
		err_set(err, ERR_CONFIG, "%s %.60s: urgent, normal or bulk is "
		    "wanted", s->name, word);
	else
		conf_unknown(BLOCK_TOP, s->name, err);
	return BLOCK_COUNT;
}

static bool
right_argument(const struct conf_block *block, const struct statement *s,
    struct err *err)
{
	bool wants = block->argument != NULL || block->word != NULL;

	if (s->end != TOKEN_OPEN && !block->bare)
		return err_set(err, ERR_CONFIG, "%s is a block: write %s%s%s "
		    "{ ... }, the brace on the same line", s->name, s->name,
		    wants ? " " : "", !wants ? "" : block->word != NULL ?
		    block->word : block->argument);
	if (s->words.count == (wants ? 1 : 0))
		return true;
	if (!wants)
		return err_set(err, ERR_CONFIG, "%s takes nothing before its "
		    "brace, not %.60s", s->name, s->words.word[0]);
	return err_set(err, ERR_CONFIG, "%s takes one %s, not %zu", s->name,
	    block->word != NULL ? "class" : block->argument, s->words.count);
}

static void
forget_seen(struct conf_parser *parser, enum conf_block_id block)
{
	for (size_t i = 0; i < conf_option_count; i++)
		if (conf_options[i].block == block) {
			parser->seen[i].file = NULL;
			parser->bad[i] = false;
		}
}

/* After the closing brace nothing more stands on the line. */
static bool
after_block(struct conf_parser *parser, struct conf_lexer *lexer,
    enum conf_token *token)
{
	*token = conf_lexer_next(lexer, parser->err);
	parser->here.line = lexer->line;
	if (*token == TOKEN_WORD || *token == TOKEN_OPEN)
		err_set(parser->err, ERR_CONFIG, "something stands behind a "
		    "}: put it on a line of its own, or a ; between");
	parser->stuck |= *token == TOKEN_BAD;
	if (*token == TOKEN_WORD || *token == TOKEN_OPEN ||
	    *token == TOKEN_BAD)
		return conf_error_at(parser, parser->here);
	return true;
}

static bool
open_block(struct conf_parser *parser, struct conf_lexer *lexer,
    struct statement *s)
{
	struct conf_scope scope = { .opened = s->place };
	const struct conf_block *block;

	scope.block = find_block(s, parser->err);
	block = &conf_blocks[scope.block];
	if (scope.block == BLOCK_COUNT ||
	    !right_argument(block, s, parser->err))
		return conf_error_at(parser, s->place);
	if (block->item_size > 0)
		forget_seen(parser, scope.block);
	if (!conf_check_open(parser, block->argument == NULL ? NULL :
	    s->words.word[0], &scope))
		return conf_error_at(parser, s->place);
	if (s->end == TOKEN_OPEN) {
		if (!run(parser, lexer, &scope, true) ||
		    !after_block(parser, lexer, &s->end))
			return false;
	}
	return conf_check_close(parser, &scope);
}

/* ---- statements ---------------------------------------------------------- */

static bool
do_include(struct conf_parser *parser, const struct statement *s,
    struct conf_scope *scope)
{
	if (s->words.count != 1 || s->end == TOKEN_OPEN)
		return err_set(parser->err, ERR_CONFIG, "include takes one "
		    "FILE, and no braces") || conf_error_at(parser, s->place);
	if (parser->include == NULL)
		return err_set(parser->err, ERR_CONFIG, "include is not "
		    "possible here: this text is not a file") ||
		    conf_error_at(parser, s->place);
	parser->here = s->place;
	if (!parser->include(parser, s->words.word[0], scope)) {
		parser->stuck = false; /* only the other file is */
		return false;
	}
	parser->here = s->place;
	return true;
}

static bool
do_statement(struct conf_parser *parser, struct conf_lexer *lexer,
    struct conf_scope *scope, struct statement *s)
{
	const struct conf_option *option =
	    conf_option_find(scope->block, s->name);

	if (strcmp(s->name, "include") == 0)
		return do_include(parser, s, scope);
	parser->here = s->place;
	if (option == NULL && scope->block == BLOCK_TOP)
		return open_block(parser, lexer, s);
	if (option == NULL) {
		conf_unknown(scope->block, s->name, parser->err);
		return conf_error_at(parser, s->place);
	}
	if (s->end == TOKEN_OPEN) {
		err_set(parser->err, ERR_CONFIG, "%s takes no braces here",
		    s->name);
		return conf_error_at(parser, s->place);
	}
	return set_option(parser, option, &s->words, scope->item) ||
	    conf_error_at(parser, s->place);
}

/* The words from the one just read on, to the token that ends them. */
static bool
collect(struct conf_parser *parser, struct conf_lexer *lexer,
    struct statement *s)
{
	s->place = parser->here;
	s->name = span_copy(buf_peek(&lexer->word));
	for (;;) {
		s->end = conf_lexer_next(lexer, parser->err);
		if (s->end != TOKEN_WORD)
			break;
		if (s->words.count == CONF_WORDS_MOST) {
			err_set(parser->err, ERR_CONFIG, "over %d words in a "
			    "line", CONF_WORDS_MOST);
			return conf_error_at(parser, s->place);
		}
		s->words.word[s->words.count++] =
		    span_copy(buf_peek(&lexer->word));
	}
	if (s->end != TOKEN_BAD)
		return true;
	parser->stuck = true;
	return conf_error_at(parser, s->place);
}

static bool
statement(struct conf_parser *parser, struct conf_lexer *lexer,
    struct conf_scope *scope, enum conf_token *end)
{
	struct statement *s = mem_new(struct statement);
	bool good;

	good = collect(parser, lexer, s) &&
	    do_statement(parser, lexer, scope, s);
	*end = s->end;
	while (s->words.count > 0)
		mem_free(s->words.word[--s->words.count]);
	mem_free(s->name);
	mem_free(s);
	return good;
}

static bool
misplaced(struct conf_parser *parser, const char *text)
{
	parser->stuck = true;
	err_set(parser->err, ERR_CONFIG, "%s", text);
	return conf_error_at(parser, parser->here);
}

/* The block of a statement that is a mistake, whose { was read, is passed
 * over.  False: it has no end. */
static bool
skip_block(struct conf_parser *parser, struct conf_lexer *lexer,
    enum conf_token *token)
{
	struct conf_place opened = parser->here;
	unsigned depth = 1;

	while (depth > 0) {
		*token = conf_lexer_next(lexer, parser->err);
		if (*token == TOKEN_END || *token == TOKEN_BAD) {
			parser->here = opened;
			return misplaced(parser,
			    "this { is never closed: "
			    "add a }");
		}
		depth += *token == TOKEN_OPEN;
		depth -= *token == TOKEN_CLOSE;
	}
	*token = conf_lexer_next(lexer, parser->err);
	return true;
}

/* Behind a mistake that was told: to the token that the next statement can
 * begin behind.  False: what comes cannot be told apart any more. */
static bool
recover(struct conf_parser *parser, struct conf_lexer *lexer,
    enum conf_token *token)
{
	if (parser->stuck)
		return false;
	return *token != TOKEN_OPEN || skip_block(parser, lexer, token);
}

/* Statements up to the end of the text, or to the } with BRACES. */
static bool
run(struct conf_parser *parser, struct conf_lexer *lexer,
    struct conf_scope *scope, bool braces)
{
	enum conf_token token = conf_lexer_next(lexer, parser->err);

	for (;;) {
		parser->here.line = lexer->line;
		switch (token) {
		case TOKEN_WORD:
			if (!statement(parser, lexer, scope, &token) &&
			    !recover(parser, lexer, &token))
				return false;
			if (token == TOKEN_OPEN)
				return misplaced(parser, "a { too many");
			break;
		case TOKEN_LINE:
			token = conf_lexer_next(lexer, parser->err);
			break;
		case TOKEN_CLOSE:
			return braces || misplaced(parser,
			    "a } that closes nothing: take it out");
		case TOKEN_END:
			if (!braces)
				return true;
			parser->here = scope->opened;
			return misplaced(parser,
			    "this { is never closed: add a }");
		case TOKEN_OPEN:
			return misplaced(parser, "a { without a name: put it "
			    "on the line of its block's name");
		case TOKEN_BAD:
			parser->stuck = true;
			return conf_error_at(parser, parser->here);
		}
	}
}

bool
conf_parser_run(struct conf_parser *parser, struct span text,
    const char *name, const struct conf_scope *scope)
{
	struct conf_scope top = { .block = BLOCK_TOP, .item = parser->conf };
	struct conf_lexer lexer;
	bool good;

	if (scope != NULL)
		top = *scope;
	parser->here = (struct conf_place){ name, 1 };
	conf_lexer_init(&lexer, text);
	good = run(parser, &lexer, &top, false);
	conf_lexer_fini(&lexer);
	return good;
}
