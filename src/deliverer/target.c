/* SPDX-License-Identifier: ISC
 *
 * target.c - the addresses of a site.
 *
 * The scheduler sends the hosts by preference; here they become one flat row
 * of addresses.  Equal hosts share the connections.
 */
#include "deliverer/target.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "wire/frames.h"

enum { ADDRESS_BYTES = 16 };

static void
target_fini(struct target *target)
{
	mem_free(target->host);
	mem_free(target->text);
}

static uint16_t
tag_of(struct addr addr)
{
	uint16_t tag = (uint16_t)hash_span((struct hash_key){ addr.port, 0 },
	    span_make(&addr.ip, sizeof(addr.ip)));

	return tag != 0 ? tag : 1;
}

static struct target
target_make(const struct host_row *host, struct span address)
{
	struct target target = { .host = span_copy(host->name) };
	char text[ADDR_TEXT_SIZE];

	memcpy(&target.addr.ip, address.data, ADDRESS_BYTES);
	target.addr.port = host->port;
	target.tag = tag_of(target.addr);
	target.preference = host->preference;
	addr_text(target.addr, text);
	target.text = mem_printf("%s[%s]:%u", target.host, text, host->port);
	return target;
}

struct target *
targets_find(struct targets *targets, struct addr addr)
{
	for (size_t i = 0; i < targets->count; i++)
		if (addr_equal(targets->rows[i].addr, addr))
			return &targets->rows[i];
	return NULL;
}

static void
remember(struct target *target, struct targets *former)
{
	const struct target *old = targets_find(former, target->addr);

	if (old == NULL)
		return;
	target->users = old->users;
	target->chance = old->chance;
	target->clear_until = old->clear_until;
	target->proving = old->proving;
	target->refusals = old->refusals;
}

static size_t
flatten(struct span hosts, struct target rows[TARGETS_MOST])
{
	struct host_row host;
	size_t count = 0;
	uint16_t number = 0;
	struct span rest;

	for (; host_row_pull(&hosts, &host); number++) {
		uint32_t chance = (uint32_t)rand_below(UINT32_MAX);

		for (rest = host.addresses;
		    rest.length >= ADDRESS_BYTES && count < TARGETS_MOST;
		    rest = span_skip(rest, ADDRESS_BYTES)) {
			rows[count] = target_make(&host, rest);
			rows[count].number = number;
			rows[count++].chance = chance;
		}
	}
	return count;
}

/* Most sites have one address or two, and there may be very many sites. */
void
targets_set(struct targets *targets, struct span hosts)
{
	struct target rows[TARGETS_MOST];
	size_t count = flatten(hosts, rows);

	for (size_t i = 0; i < count; i++)
		remember(&rows[i], targets);
	targets_fini(targets);
	if (count == 0)
		return;
	targets->rows = mem_array(count, sizeof *rows);
	memcpy(targets->rows, rows, count * sizeof *rows);
	targets->count = count;
}

void
targets_fini(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		target_fini(&targets->rows[i]);
	mem_free(targets->rows);
	if (targets->ours != NULL)
		target_fini(targets->ours);
	mem_free(targets->ours);
	targets->rows = NULL;
	targets->ours = NULL;
	targets->count = 0;
}

void
targets_drop_own(struct targets *targets,
    bool (*ours)(const void *owner, struct addr addr), const void *owner,
    bool fixed)
{
	uint32_t worst = UINT32_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < targets->count; i++) {
		struct target *row = &targets->rows[i];

		row->own = ours(owner, row->addr);
		if (row->own && row->preference < worst)
			worst = row->preference;
	}
	for (size_t i = 0; i < targets->count; i++) {
		struct target *row = &targets->rows[i];

		if (row->own && targets->ours == NULL) {
			targets->ours = mem_new(struct target);
			*targets->ours = *row;
		} else if (row->own || (!fixed && row->preference >= worst)) {
			target_fini(row);
		} else {
			targets->rows[kept++] = *row;
		}
	}
	targets->count = kept;
}

static bool
is_tried(uint64_t tried, size_t at)
{
	return (tried & UINT64_C(1) << at) != 0;
}

/* The addresses of one host keep their order. */
static bool
goes_before(const struct target *row, const struct target *best)
{
	if (row->number == best->number)
		return false;
	if (row->preference != best->preference)
		return row->preference < best->preference;
	if (row->users != best->users)
		return row->users < best->users;
	return row->chance < best->chance;
}

int
targets_next(const struct targets *targets, uint64_t tried,
    const struct health *health, msec_t now)
{
	int best = -1;

	for (size_t i = 0; i < targets->count; i++) {
		const struct target *row = &targets->rows[i];

		if (is_tried(tried, i) || (best != -1 &&
		    !goes_before(row, &targets->rows[best])))
			continue;
		if (health_of(health, row->addr, now) != HEALTH_ILL)
			best = (int)i;
	}
	return best;
}

int
targets_resort(const struct targets *targets, uint64_t tried, bool idle,
    const struct health *health)
{
	for (size_t i = 0; i < targets->count; i++) {
		const struct ailment *ailment = health_find(health,
		    targets->rows[i].addr);

		if (!is_tried(tried, i) && (!idle || ailment == NULL ||
		    ailment->trier == NULL))
			return (int)i;
	}
	return -1;
}

bool
targets_all(const struct targets *targets, uint64_t tried)
{
	return targets->count == TARGETS_MOST ? tried == UINT64_MAX :
	    tried == (UINT64_C(1) << targets->count) - 1;
}

bool
targets_have_other(const struct targets *targets, struct addr addr,
    const struct health *health, msec_t now)
{
	for (size_t i = 0; i < targets->count; i++) {
		const struct target *row = &targets->rows[i];

		if (!addr_equal(row->addr, addr) &&
		    health_of(health, row->addr, now) == HEALTH_WELL)
			return true;
	}
	return false;
}

uint64_t
targets_avoided(const struct targets *targets, avoid_t avoid)
{
	uint64_t bits = 0;

	for (size_t i = 0; avoid != 0 && i < targets->count; i++)
		if (avoid_has(avoid, targets->rows[i].tag))
			bits |= UINT64_C(1) << i;
	return bits;
}

bool
targets_elsewhere(const struct targets *targets, avoid_t avoid,
    const struct health *health, msec_t now)
{
	for (size_t i = 0; i < targets->count; i++) {
		const struct target *row = &targets->rows[i];

		if (!avoid_has(avoid, row->tag) &&
		    health_of(health, row->addr, now) == HEALTH_WELL)
			return true;
	}
	return false;
}

size_t
targets_better(const struct targets *targets, uint16_t preference,
    bool well, const struct health *health, msec_t now)
{
	size_t count = 0;

	for (size_t i = 0; i < targets->count; i++)
		count += targets->rows[i].preference < preference &&
		    well == (health_of(health, targets->rows[i].addr, now) ==
		    HEALTH_WELL);
	return count;
}

bool
targets_doubted(const struct targets *targets, const struct health *health,
    msec_t now)
{
	for (size_t i = 0; i < targets->count; i++)
		if (health_of(health, targets->rows[i].addr, now) !=
		    HEALTH_WELL)
			return true;
	return false;
}
