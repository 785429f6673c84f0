/* SPDX-License-Identifier: ISC
 *
 * conf_dump.c - a configuration out again as text.
 *
 * An option is changed when its lines differ from those of a configuration
 * that nobody wrote anything in but the host's name and the user.
 */
#include "conf/conf_type.h"

#include "base/mem.h"
#include "base/must.h"
#include "conf/conf_lexer.h"

static void
write_option(const struct conf_option *option, const void *item,
    const char *indent, struct buf *out)
{
	conf_types[option->kind].write(option,
	    (const char *)item + option->offset, indent, out);
}

static bool
same_lines(const struct conf_option *option, const void *item,
    const void *fresh)
{
	struct buf a, b;
	bool same;

	buf_init(&a, SIZE_MAX / 2);
	buf_init(&b, SIZE_MAX / 2);
	write_option(option, item, "", &a);
	write_option(option, fresh, "", &b);
	same = span_equal(buf_peek(&a), buf_peek(&b));
	buf_fini(&a);
	buf_fini(&b);
	return same;
}

/*
 * The options of one block, those that differ from FRESH (null: all).
 * True: something differs.
 */
static bool
write_options(enum conf_block_id id, const void *item, const void *fresh,
    struct buf *out)
{
	const char *indent = id == BLOCK_TOP ? "" : "\t";
	bool differs = false;

	for (size_t i = 0; i < conf_option_count; i++) {
		const struct conf_option *option = &conf_options[i];

		if (option->block != id || (fresh != NULL &&
		    same_lines(option, item, fresh)))
			continue;
		differs = true;
		write_option(option, item, indent, out);
	}
	return differs;
}

/* A block of items is written even when it is all defaults. */
static void
write_block(enum conf_block_id id, const void *item, const void *fresh,
    struct buf *out)
{
	const struct conf_block *block = &conf_blocks[id];
	struct buf lines;

	if (id == BLOCK_TOP) {
		write_options(id, item, fresh, out);
		return;
	}
	buf_init(&lines, SIZE_MAX / 2);
	if (write_options(id, item, fresh, &lines) || block->item_size > 0) {
		buf_append_text(out, block->name);
		if (block->word != NULL)
			buf_printf(out, " %s", block->word);
		if (block->argument != NULL) {
			buf_append_byte(out, ' ');
			conf_quote(*(char *const *)item, out);
		}
		buf_append_text(out, " {\n");
		buf_append_span(out, buf_peek(&lines));
		buf_append_text(out, "}\n");
	}
	buf_fini(&lines);
}

/* LINE is "name value". */
static void
tell_line(struct span line, const struct conf_option *option,
    conf_value_fn *fn, void *owner)
{
	char *value = span_copy(span_trim(span_skip(line,
	    strlen(option->name))));

	fn(owner, option->name, value);
	mem_free(value);
}

void
conf_each_value(enum conf_block_id block, const void *item,
    conf_value_fn *fn, void *owner)
{
	struct buf lines;

	buf_init(&lines, SIZE_MAX / 2);
	for (size_t i = 0; i < conf_option_count; i++) {
		const struct conf_option *option = &conf_options[i];
		struct span rest;

		if (option->block != block)
			continue;
		buf_clear(&lines);
		write_option(option, item, "", &lines);
		for (rest = buf_peek(&lines); rest.length > 0; ) {
			size_t at = span_find(rest, '\n');

			tell_line(span_first(rest, at), option, fn, owner);
			rest = span_skip(rest, at + 1);
		}
	}
	buf_fini(&lines);
}

/* One of everything, with nothing changed: what CONF is compared to. */
static struct conf *
fresh_conf(const struct conf *conf)
{
	struct conf *fresh = conf_new();
	struct err err;

	conf_block_add(fresh, BLOCK_LISTEN, "");
	conf_block_add(fresh, BLOCK_REPLY, "");
	fresh->hostname = mem_strdup(conf->hostname);
	mem_free(fresh->user);
	fresh->user = mem_strdup(conf->user);
	must(conf_complete(fresh, &err));
	mem_free(fresh->hostname);	/* these two are always written */
	fresh->hostname = NULL;
	mem_free(fresh->user);
	fresh->user = mem_strdup("postrider");
	return fresh;
}

void
conf_dump(const struct conf *conf, bool only_changed, struct buf *out)
{
	struct conf *fresh = only_changed ? fresh_conf(conf) : NULL;
	const void *item;

	for (unsigned i = 0; i < BLOCK_COUNT; i++) {
		enum conf_block_id id = (enum conf_block_id)i;

		for (size_t at = 0; (item = conf_block_item(conf, id, at)) !=
		    NULL; at++)
			/* a route always says where it goes */
			write_block(id, item, fresh == NULL ||
			    id == BLOCK_ROUTE ? NULL :
			    conf_block_item(fresh, id, 0), out);
	}
	conf_free(&fresh);
}
