/* SPDX-License-Identifier: ISC
 *
 * health.c - which hosts failed lately, whatever site they belong to.
 *
 * Only those are kept that are not well, so the table is small; when very
 * many fail, those that failed longest ago are forgotten first.
 */
#include "deliverer/health.h"

#include "base/mem.h"
#include "base/rand.h"

enum {
	AILMENTS_MOST = 16384,
	DOUBLINGS_MOST = 5,	/* of the time a host is left alone */
	JITTER = 10		/* percent of it */
};

static struct span
ailment_key(const void *value)
{
	const struct ailment *ailment = value;

	return span_make(ailment->key, HEALTH_KEY);
}

static void
make_key(struct addr addr, uint8_t key[HEALTH_KEY])
{
	memcpy(key, &addr.ip, sizeof(addr.ip));
	memcpy(key + sizeof(addr.ip), &addr.port, sizeof(addr.port));
}

static struct ailment *
find(const struct health *health, struct addr addr)
{
	uint8_t key[HEALTH_KEY];

	make_key(addr, key);
	return map_find(&health->ailments, span_make(key, HEALTH_KEY));
}

static void
cure(struct health *health, struct ailment *ailment)
{
	map_remove(&health->ailments, ailment_key(ailment));
	list_remove(&health->ages, &ailment->age);
	mem_free(ailment->why);
	mem_free(ailment);
}

static struct ailment *
begin(struct health *health, struct addr addr)
{
	struct ailment *ailment = mem_new(struct ailment);

	if (health->ages.count >= AILMENTS_MOST)
		cure(health, list_item(list_first(&health->ages),
		    struct ailment, age));
	make_key(addr, ailment->key);
	map_add(&health->ailments, ailment);
	list_append(&health->ages, &ailment->age);
	return ailment;
}

void
health_init(struct health *health)
{
	map_init(&health->ailments, ailment_key);
	list_init(&health->ages);
}

void
health_fini(struct health *health)
{
	struct link *link;

	while ((link = list_first(&health->ages)) != NULL)
		cure(health, list_item(link, struct ailment, age));
	map_fini(&health->ailments);
}

/* ---- asking ------------------------------------------------------------- */

const struct ailment *
health_find(const struct health *health, struct addr addr)
{
	return find(health, addr);
}

enum health_state
health_of(const struct health *health, struct addr addr, msec_t now)
{
	const struct ailment *ailment = find(health, addr);

	if (ailment == NULL)
		return HEALTH_WELL;
	return ailment->trier == NULL && ailment->until <= now ?
	    HEALTH_DUE : HEALTH_ILL;
}

/* ---- what happens ------------------------------------------------------- */

void
health_try(struct health *health, struct addr addr, const void *who,
    msec_t now)
{
	struct ailment *ailment = find(health, addr);

	if (ailment != NULL && ailment->trier == NULL &&
	    ailment->until <= now)
		ailment->trier = who;
}

static void
set_why(struct ailment *ailment, const char *why)
{
	mem_free(ailment->why);
	ailment->why = mem_strdup(why);
}

bool
health_hangs(struct health *health, struct addr addr, const void *who,
    const char *why, msec_t now)
{
	struct ailment *ailment = find(health, addr);

	if (ailment == NULL) {
		ailment = begin(health, addr);
		ailment->trier = who;
		ailment->until = now;
		set_why(ailment, why);
	}
	return ailment->trier == who;
}

/* Many may have tried it at once: what one of them sees, all see. */
static bool
is_known(const struct ailment *ailment, const void *who, msec_t now)
{
	return ailment->trier != who && (ailment->trier != NULL ||
	    ailment->until > now);
}

bool
health_failed(struct health *health, struct addr addr, const void *who,
    const char *why, msec_t now, msec_t base)
{
	struct ailment *ailment = find(health, addr);
	unsigned doublings;

	if (ailment == NULL)
		ailment = begin(health, addr);
	else if (is_known(ailment, who, now))
		return false;
	doublings = ailment->failures < DOUBLINGS_MOST ? ailment->failures :
	    DOUBLINGS_MOST;
	ailment->failures++;
	ailment->trier = NULL;
	ailment->talks = false;
	ailment->until = now + rand_jitter(base << doublings, JITTER);
	set_why(ailment, why);
	list_remove(&health->ages, &ailment->age);
	list_append(&health->ages, &ailment->age);
	return true;
}

bool
health_refused(struct health *health, struct addr addr, const void *who,
    const char *why, msec_t now, msec_t base)
{
	if (!health_failed(health, addr, who, why, now, base))
		return false;
	find(health, addr)->talks = true;
	return true;
}

bool
health_refuses(const struct health *health, struct addr addr, msec_t now)
{
	const struct ailment *ailment = find(health, addr);

	return ailment != NULL && ailment->talks && ailment->until > now;
}

bool
health_well(struct health *health, struct addr addr)
{
	struct ailment *ailment = find(health, addr);

	if (ailment == NULL)
		return false;
	cure(health, ailment);
	return true;
}

void
health_leave(struct health *health, struct addr addr, const void *who,
    msec_t now)
{
	struct ailment *ailment = find(health, addr);

	if (ailment == NULL || ailment->trier != who)
		return;
	ailment->trier = NULL;
	ailment->until = now;
	if (ailment->failures == 0)
		cure(health, ailment);
}
