/* SPDX-License-Identifier: ISC
 *
 * skips.c - which hosts the deliverers leave alone, for people who ask.
 */
#include "scheduler/skips.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"

#include <stdio.h>

enum { SKIPS_MOST = 16384 };

static struct span
skip_key(const void *value)
{
	const struct skip *skip = value;

	return span_make(skip->key, SKIP_KEY);
}

static void
make_key(unsigned number, struct addr addr, uint8_t key[SKIP_KEY])
{
	uint16_t deliverer = (uint16_t)number;

	memcpy(key, &deliverer, 2);
	memcpy(key + 2, &addr.ip, sizeof addr.ip);
	memcpy(key + 2 + sizeof addr.ip, &addr.port, 2);
}

void
skips_init(struct scheduler *s)
{
	map_init(&s->skips.by_key, skip_key);
	list_init(&s->skips.ages);
}

static void
drop(struct scheduler *s, struct skip *skip)
{
	map_remove(&s->skips.by_key, skip_key(skip));
	list_remove(&s->skips.ages, &skip->age);
	mem_free(skip);
}

void
skips_fini(struct scheduler *s)
{
	struct link *link;

	while ((link = list_first(&s->skips.ages)) != NULL)
		drop(s, list_item(link, struct skip, age));
	map_fini(&s->skips.by_key);
}

const struct skip *
skips_find(const struct scheduler *s, unsigned number, struct addr addr)
{
	uint8_t key[SKIP_KEY];

	make_key(number, addr, key);
	return map_find(&s->skips.by_key, span_make(key, SKIP_KEY));
}

static void
add(struct scheduler *s, unsigned number, struct addr addr,
    const struct frame_host *host)
{
	struct skip *skip = mem_new(struct skip);

	if (s->skips.ages.count >= SKIPS_MOST)
		drop(s, list_item(list_first(&s->skips.ages), struct skip,
		    age));
	make_key(number, addr, skip->key);
	skip->failures = host->failures;
	skip->until = host->until;
	snprintf(skip->why, sizeof skip->why, "%.*s", host->why.length <
	    SKIP_WHY ? (int)host->why.length : SKIP_WHY - 1,
	    (const char *)host->why.data);
	map_add(&s->skips.by_key, skip);
	list_append(&s->skips.ages, &skip->age);
}

void
skips_told(struct scheduler *s, unsigned number,
    const struct frame_host *host)
{
	struct addr addr = { .port = host->port };
	uint8_t key[SKIP_KEY];
	struct skip *old;

	if (host->address.length != sizeof addr.ip)
		return;
	memcpy(&addr.ip, host->address.data, sizeof addr.ip);
	make_key(number, addr, key);
	old = map_find(&s->skips.by_key, span_make(key, SKIP_KEY));
	if (old != NULL)
		drop(s, old);
	if (host->until != 0)
		add(s, number, addr, host);
}

void
skips_lost(struct scheduler *s, unsigned number)
{
	struct link *link = list_first(&s->skips.ages), *next;
	uint16_t deliverer = (uint16_t)number;

	for (; link != NULL; link = next) {
		struct skip *skip = list_item(link, struct skip, age);

		next = list_next(&s->skips.ages, link);
		if (memcmp(skip->key, &deliverer, 2) == 0)
			drop(s, skip);
	}
}
