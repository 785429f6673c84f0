/* SPDX-License-Identifier: ISC
 *
 * rouse.c - sites that rest are tried because the operator wants it.
 *
 * What waits there is not gone through, but counted.
 */
#include "scheduler/rouse.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"

bool
rouse_site(struct scheduler *s, struct site *site)
{
	if (site == NULL || !site_is_down(site) ||
	    !site_rests(site))
		return false;
	site_rouse(&s->queue, site);
	return true;
}

bool
rouse_may(const struct filter *filter)
{
	return !filter->by_id && filter->sender == NULL &&
	    filter->recipient == NULL && filter->older == 0;
}

/* Few, as long as there is an index: the site does not answer. */
static uint64_t
count_in_line(const struct line *line, const char *glob)
{
	const struct entry *entry = NULL;
	uint64_t count = 0;

	while ((entry = line_next(line, entry)) != NULL)
		count += conf_glob_matches(glob, span_of(entry->domain->name));
	return count;
}

static uint64_t
count_spilled(const struct site *site, uint8_t klass, const char *glob)
{
	const struct list *domains = &site->spilled[klass];
	const struct link *link;
	uint64_t count = 0;

	for (link = list_first(domains); link != NULL;
	    link = list_next(domains, link)) {
		const struct domain *domain = list_item(link, struct domain,
		    spilled_at[klass]);

		if (conf_glob_matches(glob, span_of(domain->name)))
			count += domain->spilled[klass];
	}
	return count;
}

static uint64_t
count_waiting(struct site *site, const struct filter *filter)
{
	const char *glob = filter->site;
	uint64_t count = 0;

	if (glob != NULL && conf_glob_matches(glob, span_of(site->name)))
		glob = NULL;
	for (uint8_t c = 0; c < CLASS_COUNT; c++) {
		if (filter->by_class && filter->klass != c)
			continue;
		if (glob == NULL) {
			count += site_waiting(site, c) +
			    site->spilled_count[c];
			continue;
		}
		for (unsigned i = c; i < site_lines(site); i += CLASS_COUNT)
			count += count_in_line(site_line(site, i), glob);
		count += count_spilled(site, c, glob);
	}
	return count;
}

/* A site that is roused leaves the heap. */
uint64_t
rouse_sites(struct scheduler *s, const struct filter *filter)
{
	const struct heap *resting = &s->queue.resting;
	size_t count = resting->count;
	struct site **sites = mem_array(count + 1, sizeof *sites);
	uint64_t all = 0;

	for (size_t i = 0; i < count; i++)
		sites[i] = heap_item(resting->nodes[i], struct site, rest);
	for (size_t i = 0; i < count; i++) {
		uint64_t waiting = count_waiting(sites[i], filter);

		if (waiting > 0 && rouse_site(s, sites[i]))
			all += waiting;
	}
	mem_free(sites);
	scheduler_ask(s);
	return all;
}
