/* SPDX-License-Identifier: ISC
 *
 * target.c - the addresses of a site.
 *
 * The scheduler sends the hosts in the order in which they are to be tried;
 * here they become one flat row of addresses.
 */
#include "deliverer/target.h"

#include "base/mem.h"
#include "wire/frames.h"

enum { ADDRESS_BYTES = 16 };

static void
target_fini(struct target *target)
{
	mem_free(target->host);
	mem_free(target->text);
}

static struct target
target_make(const struct host_row *host, struct span address)
{
	struct target target = { .host = span_copy(host->name) };
	char text[ADDR_TEXT_SIZE];

	memcpy(&target.addr.ip, address.data, ADDRESS_BYTES);
	target.addr.port = host->port;
	addr_text(target.addr, text);
	target.text = mem_printf("%s[%s]:%u", target.host, text, host->port);
	return target;
}

struct target *
targets_find(struct targets *targets, struct addr addr)
{
	for (size_t i = 0; i < targets->count; i++) {
		struct target *target = &targets->rows[i];

		if (target->addr.port == addr.port &&
		    memcmp(&target->addr.ip, &addr.ip, ADDRESS_BYTES) == 0)
			return target;
	}
	return NULL;
}

static void
remember(struct target *target, struct targets *former)
{
	const struct target *old = targets_find(former, target->addr);

	if (old == NULL)
		return;
	target->bad_until = old->bad_until;
	target->clear_until = old->clear_until;
	target->order = old->order;
}

void
targets_set(struct targets *targets, struct span hosts)
{
	struct targets former = *targets;
	struct host_row host;
	struct span rest;

	targets->count = 0;
	while (host_row_pull(&hosts, &host))
		for (rest = host.addresses; rest.length >= ADDRESS_BYTES &&
		    targets->count < TARGETS_MOST;
		    rest = span_skip(rest, ADDRESS_BYTES)) {
			struct target *target = &targets->rows[targets->count];

			*target = target_make(&host, rest);
			remember(target, &former);
			targets->count++;
		}
	targets_fini(&former);
}

void
targets_fini(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		target_fini(&targets->rows[i]);
	targets->count = 0;
}

int
targets_next(const struct targets *targets, uint64_t tried, msec_t now)
{
	int first = -1;

	for (size_t i = 0; i < targets->count; i++) {
		if (tried & UINT64_C(1) << i)
			continue;
		if (targets->rows[i].bad_until <= now)
			return (int)i;
		if (first == -1)
			first = (int)i;
	}
	return first;
}
