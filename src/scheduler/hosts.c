/* SPDX-License-Identifier: ISC
 *
 * hosts.c - a set of mail hosts being put together.
 */
#include "scheduler/hosts.h"

#include "base/mem.h"
#include "base/rand.h"

#include <stdlib.h>
#include <strings.h>

struct hosts *
hosts_new(void)
{
	return mem_new(struct hosts);
}

static void
host_fini(struct host *host)
{
	mem_free(host->name);
	mem_free(host->addresses);
}

void
hosts_free(struct hosts **hosts)
{
	if (*hosts == NULL)
		return;
	for (size_t i = 0; i < (*hosts)->count; i++)
		host_fini(&(*hosts)->rows[i]);
	mem_free(*hosts);
	*hosts = NULL;
}

void
hosts_add(struct hosts *hosts, const struct host_row *row)
{
	struct host *host = &hosts->rows[hosts->count];

	if (hosts->count == HOSTS_MOST || row->addresses.length == 0)
		return;
	*host = (struct host){
		.preference = row->preference,
		.port = row->port,
		.name = text_lower(span_copy(row->name)),
		.address_bytes = row->addresses.length,
		.chance = (uint32_t)rand_below(UINT32_MAX),
	};
	host->addresses = mem_alloc(row->addresses.length);
	memcpy(host->addresses, row->addresses.data, row->addresses.length);
	hosts->count++;
}

void
hosts_drop_from(struct hosts *hosts, const char *name)
{
	uint32_t worst = UINT32_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < hosts->count; i++)
		if (strcasecmp(hosts->rows[i].name, name) == 0 &&
		    hosts->rows[i].preference < worst)
			worst = hosts->rows[i].preference;
	for (size_t i = 0; i < hosts->count; i++) {
		if (hosts->rows[i].preference < worst)
			hosts->rows[kept++] = hosts->rows[i];
		else
			host_fini(&hosts->rows[i]);
	}
	hosts->count = kept;
}

static int
by_preference(const void *a, const void *b)
{
	const struct host *x = a, *y = b;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	if (x->chance != y->chance)
		return x->chance < y->chance ? -1 : 1;
	return 0;
}

void
hosts_sort(struct hosts *hosts)
{
	qsort(hosts->rows, hosts->count, sizeof hosts->rows[0],
	    by_preference);
}

static int
by_rank_and_name(const void *a, const void *b)
{
	const struct host *x = *(const struct host *const *)a;
	const struct host *y = *(const struct host *const *)b;
	int order;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	order = strcasecmp(x->name, y->name);
	return order != 0 ? order : (int)x->port - (int)y->port;
}

void
hosts_key(const struct hosts *hosts, const char *policy, struct buf *out)
{
	const struct host *order[HOSTS_MOST];

	for (size_t i = 0; i < hosts->count; i++)
		order[i] = &hosts->rows[i];
	qsort(order, hosts->count, sizeof order[0], by_rank_and_name);
	buf_printf(out, "%s ", policy);
	for (size_t i = 0; i < hosts->count; i++) {
		if (i > 0)
			buf_append_byte(out, order[i]->preference ==
			    order[i - 1]->preference ? ',' : ';');
		buf_printf(out, "%s:%u", order[i]->name, order[i]->port);
	}
	buf_append_byte(out, '\0');
}

void
hosts_encode(const struct hosts *hosts, struct buf *out)
{
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *host = &hosts->rows[i];
		struct host_row row = {
			.preference = host->preference,
			.port = host->port,
			.name = span_of(host->name),
			.addresses = span_make(host->addresses,
			    host->address_bytes),
		};

		host_row_put(&row, out);
	}
}
