/* SPDX-License-Identifier: ISC
 *
 * hosts.c - a set of mail hosts being put together.
 */
#include "scheduler/hosts.h"

#include "base/hash.h"
#include "base/mem.h"

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

	if (hosts->count == HOSTS_MOST)
		return;
	*host = (struct host){
		.preference = row->preference,
		.port = row->port,
		.name = text_lower(span_copy(row->name)),
		.address_bytes = row->addresses.length,
	};
	host->addresses = mem_alloc(row->addresses.length);
	if (row->addresses.length > 0)
		memcpy(host->addresses, row->addresses.data,
		    row->addresses.length);
	hosts->count++;
}

bool
hosts_have_address(const struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (hosts->rows[i].address_bytes > 0)
			return true;
	return false;
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
by_rank_and_name(const void *a, const void *b)
{
	const struct host *x = a, *y = b;
	int order;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	order = strcmp(x->name, y->name);
	return order != 0 ? order : (int)x->port - (int)y->port;
}

void
hosts_sort(struct hosts *hosts)
{
	qsort(hosts->rows, hosts->count, sizeof hosts->rows[0],
	    by_rank_and_name);
}

/* A sum, so that no order shows. */
uint64_t
hosts_hash(const struct hosts *hosts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *host = &hosts->rows[i];
		uint64_t own = hash_span((struct hash_key){
		    host->preference, host->port }, span_of(host->name));

		for (size_t at = 0; at + 16 <= host->address_bytes; at += 16)
			sum += hash_span((struct hash_key){ own, own },
			    span_make(host->addresses + at, 16));
	}
	return sum;
}

void
hosts_key(const struct hosts *hosts, const char *policy, struct buf *out)
{
	const struct host *row = hosts->rows;

	buf_printf(out, "%s ", policy);
	for (size_t i = 0; i < hosts->count; i++) {
		if (i > 0)
			buf_append_byte(out, row[i].preference ==
			    row[i - 1].preference ? ',' : ';');
		buf_printf(out, "%s:%u", row[i].name, row[i].port);
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
