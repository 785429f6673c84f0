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
	struct conf_told *told;		/* mistakes and warnings */
	bool stuck;			/* the rest of this file says nothing */
	struct conf_place *seen;	/* for each option, where it was set */
	bool *bad;			/* and whether that was a mistake */
	struct conf_place *trusts;	/* for each trust of the open listen */
	struct conf_place implicit;	/* the first listen that needs TLS */
	struct conf_place listen;	/* the first listen of all */
	bool classified;		/* there is a classify block */

	/* Parse the file that PATH means at this place, through
	 * conf_parser_run(); null: there are no files. */
	bool (*include)(struct conf_parser *parser, const char *path,
	    const struct conf_scope *scope);
	void *files;			/* of `include` */
};

void conf_parser_init(struct conf_parser *parser, struct conf *conf,
    struct conf_told *told, struct err *err);
void conf_parser_fini(struct conf_parser *parser);

/*
 * Read TEXT as if it stood in SCOPE (null: outside of all braces).  NAME is
 * its file; it must live as long as the parser.  Behind a mistake it goes on
 * with the next statement.  False: there it could not.
 */
bool conf_parser_run(struct conf_parser *parser, struct span text,
    const char *name, const struct conf_scope *scope);

/* Tell ERR's text as a mistake at PLACE.  Always false. */
bool conf_error_at(struct conf_parser *parser, struct conf_place place);

/* The same as a warning. */
void conf_warn_at(struct conf_parser *parser, struct conf_place place);

/* Whether the option's value was a mistake, so that it says nothing. */
bool conf_bad(const struct conf_parser *parser, enum conf_block_id block,
    const char *name);

/* Where the option NAME of BLOCK was set; file null: it was not. */
struct conf_place conf_seen(const struct conf_parser *parser,
    enum conf_block_id block, const char *name);

/* conf_check.c: a block was closed, and everything was read. */
bool conf_check_open(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope);
bool conf_check_close(struct conf_parser *parser, struct conf_scope *scope);
bool conf_check_all(struct conf_parser *parser);

/* conf_warn.c: what may be meant, and rarely is. */
void conf_warn_listen(struct conf_parser *parser,
    const struct conf_listen *listen, struct conf_place opened);
void conf_warn_all(struct conf_parser *parser);

/* conf_reply.c: the same for a block reply. */
bool conf_reply_open(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope);
bool conf_reply_close(struct conf_parser *parser,
    const struct conf_reply *reply, struct conf_place opened);
void conf_reply_fini(void *item);

#endif
