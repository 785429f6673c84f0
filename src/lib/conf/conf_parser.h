/* SPDX-License-Identifier: ISC
 *
 * conf_parser.h - words and braces in, a configuration out.
 *
 * The parser reads text; which text an `include` means is its owner's
 * business (conf_load.c).
 */
#ifndef CONF_CONF_PARSER_H
#define CONF_CONF_PARSER_H

#include "conf/conf_type.h"

struct conf_place {
	const char *file;	/* null: nowhere */
	unsigned line;
};

/* The braces that are open. */
struct conf_scope {
	enum conf_block_id block;
	void *item;
	struct conf_place opened;
};

struct conf_parser {
	struct conf *conf;
	struct err *err;
	struct conf_place here;
	struct conf_place *seen;	/* for each option, where it was set */
	struct conf_place *trusts;	/* for each trust of the open listen */
	struct conf_place implicit;	/* the first listen that needs TLS */
	bool classified;		/* there is a classify block */

	/* Parse the file that PATH means at this place, through
	 * conf_parser_run(); null: there are no files. */
	bool (*include)(struct conf_parser *parser, const char *path,
	    const struct conf_scope *scope);
	void *files;			/* of `include` */
};

void conf_parser_init(struct conf_parser *parser, struct conf *conf,
    struct err *err);
void conf_parser_fini(struct conf_parser *parser);

/*
 * Read TEXT as if it stood in SCOPE (null: outside of all braces).  NAME is
 * its file; it must live as long as the parser.
 */
bool conf_parser_run(struct conf_parser *parser, struct span text,
    const char *name, const struct conf_scope *scope);

/* Put PLACE before ERR's text.  Always false. */
bool conf_error_at(struct conf_parser *parser, struct conf_place place);

/* Where the option NAME of BLOCK was set; file null: it was not. */
struct conf_place conf_seen(const struct conf_parser *parser,
    enum conf_block_id block, const char *name);

/* conf_check.c: a block was closed, and everything was read. */
bool conf_check_open(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope);
bool conf_check_close(struct conf_parser *parser, struct conf_scope *scope);
bool conf_check_all(struct conf_parser *parser);

/* conf_reply.c: the same for a block reply. */
bool conf_reply_open(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope);
bool conf_reply_close(struct conf_parser *parser,
    const struct conf_reply *reply, struct conf_place opened);
void conf_reply_fini(void *item);

#endif
