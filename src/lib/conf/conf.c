/* SPDX-License-Identifier: ISC
 *
 * conf.c - a configuration as a whole: birth, defaults, end.
 */
#include "conf/conf.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/must.h"
#include "conf/conf_type.h"

#include <limits.h>
#include <unistd.h>

static const char *const class_names[CLASS_COUNT] = {
	[CLASS_URGENT] = "urgent",
	[CLASS_NORMAL] = "normal",
	[CLASS_BULK]   = "bulk",
};

const char *
class_name(enum mail_class klass)
{
	must(klass < CLASS_COUNT);
	return class_names[klass];
}

bool
class_of_name(struct span name, enum mail_class *out)
{
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		if (span_is(name, class_names[i])) {
			*out = (enum mail_class)i;
			return true;
		}
	return false;
}

/* ---- the items of blocks ------------------------------------------------- */

static char **
items_of(const struct conf *conf, const struct conf_block *block)
{
	return (char **)(void *)((char *)(uintptr_t)conf + block->items);
}

static size_t *
item_count_of(const struct conf *conf, const struct conf_block *block)
{
	return (size_t *)(void *)((char *)(uintptr_t)conf +
	    block->item_count);
}

void *
conf_block_item(const struct conf *conf, enum conf_block_id id, size_t at)
{
	const struct conf_block *block = &conf_blocks[id];

	if (block->item_size == 0)
		return at == 0 ? (void *)(uintptr_t)conf : NULL;
	if (at >= *item_count_of(conf, block))
		return NULL;
	return *items_of(conf, block) + at * block->item_size;
}

void
conf_set_defaults(enum conf_block_id block, void *item)
{
	for (size_t i = 0; i < conf_option_count; i++)
		if (conf_options[i].block == block)
			conf_fallback_read(&conf_options[i],
			    (char *)item + conf_options[i].offset);
}

void *
conf_block_add(struct conf *conf, enum conf_block_id id, const char *argument)
{
	const struct conf_block *block = &conf_blocks[id];
	char **items = items_of(conf, block);
	size_t *count = item_count_of(conf, block);
	char *item;

	must(block->item_size > 0);
	*items = mem_resize(*items, *count + 1, block->item_size);
	item = *items + (*count)++ * block->item_size;
	memset(item, 0, block->item_size);
	*(char **)(void *)item = mem_strdup(argument);
	conf_set_defaults(id, item);
	return item;
}

/* ---- birth and end ------------------------------------------------------- */

struct conf *
conf_new(void)
{
	struct conf *conf = mem_new(struct conf);

	for (unsigned id = 0; id < BLOCK_COUNT; id++)
		if (conf_blocks[id].item_size == 0)
			conf_set_defaults((enum conf_block_id)id, conf);
	conf->node = CONF_NODE_UNSET;
	return conf;
}

static void
clear_item(enum conf_block_id block, void *item)
{
	for (size_t i = 0; i < conf_option_count; i++) {
		const struct conf_option *option = &conf_options[i];

		if (option->block == block &&
		    conf_types[option->kind].clear != NULL)
			conf_types[option->kind].clear(
			    (char *)item + option->offset);
	}
}

void
conf_free(struct conf **conf)
{
	if (*conf == NULL)
		return;
	for (unsigned id = 0; id < BLOCK_COUNT; id++) {
		const struct conf_block *block = &conf_blocks[id];
		void *item;

		for (size_t at = 0; (item = conf_block_item(*conf,
		    (enum conf_block_id)id, at)) != NULL; at++) {
			clear_item((enum conf_block_id)id, item);
			if (block->fini != NULL)
				block->fini(item);
			if (block->item_size > 0)
				mem_free(*(char **)item);
		}
		if (block->item_size > 0)
			mem_free(*items_of(*conf, block));
	}
	mem_free(*conf);
	*conf = NULL;
}

/* ---- what is computed ---------------------------------------------------- */

static bool
default_hostname(struct conf *conf, struct err *err)
{
	char name[HOST_NAME_MAX + 1];

	if (conf->hostname != NULL)
		return true;
	if (gethostname(name, sizeof name) == -1)
		return err_sys(err, "no hostname, and", "gethostname");
	name[sizeof name - 1] = '\0';
	if (name[0] == '\0' || !conf_is_hostname(name))
		return err_set(err, ERR_CONFIG, "no hostname, and the "
		    "system's, \"%s\", is no domain name: add one, as in "
		    "hostname relay.example.org", name);
	conf->hostname = mem_strdup(name);
	return true;
}

static void
default_user(const struct conf *conf, char **user)
{
	if (*user == NULL)
		*user = mem_strdup(conf->user);
}

/* A part of the processors, least 1, most MOST. */
static unsigned
share_of_processors(unsigned part, unsigned most)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned share = online <= 2 ? 1 : (unsigned)online / part;

	return share < 1 ? 1 : share > most ? most : share;
}

static bool
ends_in_any(const char *first, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		const char *const *pattern =
		    (const void *)(first + i * size);

		if (strcmp(*pattern, "*") == 0)
			return true;
	}
	return false;
}

bool
conf_complete(struct conf *conf, struct err *err)
{
	if (!default_hostname(conf, err))
		return false;
	default_user(conf, &conf->user_receiver);
	default_user(conf, &conf->user_scheduler);
	default_user(conf, &conf->user_deliverer);
	default_user(conf, &conf->user_resolver);
	if (conf->node == CONF_NODE_UNSET)
		conf->node = crc32c(0, conf->hostname,
		    strlen(conf->hostname)) % CONF_NODE_UNSET;
	if (conf->receivers == 0)
		conf->receivers = share_of_processors(2, 8);
	if (conf->deliverers == 0)
		conf->deliverers = share_of_processors(4, 8);
	if (!ends_in_any((char *)conf->routes, conf->route_count,
	    sizeof conf->routes[0]))
		conf_block_add(conf, BLOCK_ROUTE, "*");
	if (!ends_in_any((char *)conf->sites, conf->site_count,
	    sizeof conf->sites[0]))
		conf_block_add(conf, BLOCK_SITE, "*");
	return true;
}

msec_t
conf_time(const struct conf *conf, msec_t t)
{
	double scaled = (double)t * conf->time_scale;

	if (t == 0)
		return 0;
	if (scaled >= (double)MSEC_NEVER)
		return MSEC_NEVER;
	return scaled < 1 ? 1 : (msec_t)scaled;
}

/* Of the reserve, urgent mail leaves so much for journals and the index. */
enum { URGENT_LEAVES = 4 };

uint64_t
conf_floor(const struct conf *conf, enum mail_class klass)
{
	if (klass == CLASS_URGENT)
		return conf->reserve_bytes / URGENT_LEAVES;
	if (klass == CLASS_NORMAL)
		return conf->reserve_bytes;
	return conf->reserve_bytes + conf->bulk_reserve;
}
