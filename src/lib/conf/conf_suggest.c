/* SPDX-License-Identifier: ISC
 *
 * conf_suggest.c - what an operator may have meant.
 */
#include "conf/conf_suggest.h"

#include <stdio.h>

enum { NAME_MOST = 40 };

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to add, drop or change to make one word of the other. */
static size_t
distance(const char *a, const char *b)
{
	size_t rows = strlen(a), columns = strlen(b), row[NAME_MOST + 1];

	if (rows > NAME_MOST || columns > NAME_MOST)
		return NAME_MOST;
	for (size_t j = 0; j <= columns; j++)
		row[j] = j;
	for (size_t i = 1; i <= rows; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= columns; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = least(change, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[columns];
}

/* The AT-th name that may stand in BLOCK; null after the last. */
static const char *
known_name(enum conf_block_id block, size_t at)
{
	for (size_t i = 0; i < conf_option_count; i++)
		if (conf_options[i].block == block && at-- == 0)
			return conf_options[i].name;
	for (unsigned id = BLOCK_TOP + 1; block == BLOCK_TOP &&
	    id < BLOCK_COUNT; id++) {
		if (conf_blocks[id].word != NULL && id != BLOCK_URGENT)
			continue;	/* "class" once */
		if (at-- == 0)
			return conf_blocks[id].name;
	}
	return block == BLOCK_TOP && at == 0 ? "include" : NULL;
}

static const char *
nearest_name(enum conf_block_id block, const char *name)
{
	size_t best = strlen(name) / 3 + 2;
	const char *nearest = NULL, *known;

	for (size_t at = 0; (known = known_name(block, at)) != NULL; at++) {
		size_t d = distance(name, known);

		if (d < best) {
			best = d;
			nearest = known;
		}
	}
	return nearest;
}

/* Some other block that knows NAME exactly; BLOCK_COUNT: none. */
static enum conf_block_id
home_of(const char *name)
{
	for (size_t i = 0; i < conf_option_count; i++)
		if (strcmp(conf_options[i].name, name) == 0)
			return conf_options[i].block;
	for (unsigned id = BLOCK_TOP + 1; id < BLOCK_COUNT; id++)
		if (strcmp(conf_blocks[id].name, name) == 0)
			return BLOCK_TOP;
	return BLOCK_COUNT;
}

static void
list_names(enum conf_block_id block, const char *name, const char *where,
    struct err *err)
{
	struct buf list;
	const char *known;

	buf_init(&list, sizeof err->text);
	for (size_t at = 0; (known = known_name(block, at)) != NULL; at++)
		buf_printf(&list, "%s%s", at == 0 ? "" : ", ", known);
	err_set(err, ERR_CONFIG, "%.60s is unknown %s; there are %.*s", name,
	    where, (int)buf_length(&list), (const char *)list.data);
	buf_fini(&list);
}

bool
conf_unknown(enum conf_block_id block, const char *name, struct err *err)
{
	const char *nearest = nearest_name(block, name);
	enum conf_block_id home = home_of(name);
	char where[NAME_MOST + 8] = "here";

	if (block != BLOCK_TOP)
		snprintf(where, sizeof where, "in %s { }",
		    conf_blocks[block].name);
	if (home == BLOCK_TOP)
		return err_set(err, ERR_CONFIG, "%.60s is unknown %s; it "
		    "stands outside of all braces", name, where);
	if (home != BLOCK_COUNT)
		return err_set(err, ERR_CONFIG, "%.60s is unknown %s; it "
		    "stands in %s { }", name, where, conf_blocks[home].name);
	if (nearest != NULL)
		return err_set(err, ERR_CONFIG, "%.60s is unknown %s; did you "
		    "mean %s?", name, where, nearest);
	list_names(block, name, where, err);
	return false;
}
