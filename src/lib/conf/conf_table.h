/* SPDX-License-Identifier: ISC
 *
 * conf_table.h - every option is one row.
 *
 * The row feeds the parser, the defaults, the dump and the check that the
 * manual names it.  To add an option: a member in conf.h, a row here, its
 * paragraph in postrider.conf(5), its test.
 */
#ifndef CONF_CONF_TABLE_H
#define CONF_CONF_TABLE_H

#include "conf/conf.h"

/* In the order in which a dump writes them. */
enum conf_block_id {
	BLOCK_TOP,
	BLOCK_LISTEN,
	BLOCK_TLS,
	BLOCK_RESOLVER,
	BLOCK_LIMITS,
	BLOCK_QUEUE,
	BLOCK_URGENT,
	BLOCK_NORMAL,
	BLOCK_BULK,
	BLOCK_CLASSIFY,
	BLOCK_BOUNCE,
	BLOCK_ROUTE,
	BLOCK_SITE,
	BLOCK_SENDER,
	BLOCK_REPLY,
	BLOCK_COUNT
};

/* How a value is read, kept and written (conf_type.c has a row for each). */
enum conf_kind {
	KIND_HOSTNAME,	 /* char *, a domain name */
	KIND_PATH,	 /* char *, absolute */
	KIND_USER,	 /* char * */
	KIND_MAILBOX,	 /* char *, has an @ */
	KIND_PATTERN,	 /* char *, a domain, *.DOMAIN or * */
	KIND_FLAG,	 /* bool; the name alone sets it */
	KIND_UNSIGNED,	 /* unsigned */
	KIND_SIZE,	 /* size_t */
	KIND_BYTES,	 /* uint64_t */
	KIND_TIME,	 /* msec_t */
	KIND_DOUBLE,	 /* double; least and most are millionths */
	KIND_CLASS,	 /* enum mail_class */
	KIND_LISTEN_TLS, /* enum listen_tls */
	KIND_BARE_LF,	 /* enum bare_lf */
	KIND_SITE_TLS,	 /* enum site_tls */
	KIND_FAIR_BY,	 /* enum fair_by */
	KIND_PART,	 /* struct conf_part */
	KIND_RATE,	 /* struct conf_rate */
	KIND_LOG,	 /* `log` and `log_path` of struct conf */
	KIND_RETRY,	 /* `retry` of struct conf_class */
	KIND_TRUST,	 /* a row of struct conf_listen's trusts */
	KIND_SERVER,	 /* one of struct conf's resolver_servers */
	KIND_HEADER,	 /* rows of struct conf's headers */
	KIND_TO,	 /* kind and hops of struct conf_route */
	KIND_COUNT
};

enum conf_unit { UNIT_NONE, UNIT_TIME, UNIT_SIZE, UNIT_PERCENT };

struct conf_option {
	enum conf_block_id block;
	const char *name;
	enum conf_kind kind;
	enum conf_unit unit;
	const char *fallback;	/* as in a file, `;` between lines of one that
				 * repeats; null: computed, or nothing */
	uint64_t least, most;	/* in ms or bytes where it has a unit */
	const char *zero;	/* the word for 0, which least need not allow */
	size_t offset;		/* in struct conf, or in the block's item */
	const char *text;	/* what it is, in one line */
};

extern const struct conf_option conf_options[];
extern const size_t conf_option_count;

/* The option NAME of BLOCK; null: there is none. */
const struct conf_option *conf_option_find(
    enum conf_block_id block, const char *name);

/*
 * A block of one kind may stand once and fills struct conf itself, or stands
 * often and each one adds an item to an array of struct conf.
 */
struct conf_block {
	const char *name;
	const char *word;	/* the argument that must follow; or null */
	const char *argument;	/* what the argument is; null: none */
	bool bare;		/* may stand without braces */
	size_t item_size;	/* 0: no items; else an item starts with a
				 * char *, the argument */
	size_t items, item_count;	/* offsets in struct conf */
	void (*fini)(void *item);	/* what is no option of it; or null */
};

extern const struct conf_block conf_blocks[BLOCK_COUNT];

/* Item AT of the block ID in CONF; null after the last.  A block without
 * items has CONF itself as its one item. */
void *conf_block_item(const struct conf *conf, enum conf_block_id id,
    size_t at);

/*
 * Add an item to CONF, all defaults, named by ARGUMENT.  The item stays
 * where it is until the next one is added.
 */
void *conf_block_add(struct conf *conf, enum conf_block_id id,
    const char *argument);

/* Fill the options of BLOCK in ITEM with their defaults. */
void conf_set_defaults(enum conf_block_id block, void *item);

/* A new configuration, all defaults that need no computing. */
struct conf *conf_new(void);

/*
 * Fill what is computed: the host's name, users, node, processes, and the
 * last route and site.  False: the host's own name is no good, ERR says so.
 */
bool conf_complete(struct conf *conf, struct err *err) MUST_CHECK;

enum { CONF_NODE_UNSET = 4096 };

/*
 * The names of all options, one at each call: "limits connections",
 * "class urgent retry", "hostname".  *AT starts at 0; null at the end.
 * Written to OUT.
 */
const char *conf_each_name(size_t *at, struct buf *out);

/*
 * Call FN with the name and the value of each option of BLOCK in ITEM, as
 * they stand in a file; one that repeats comes once for each line.
 */
typedef void conf_value_fn(void *owner, const char *name, const char *value);
void conf_each_value(enum conf_block_id block, const void *item,
    conf_value_fn *fn, void *owner);

#endif
