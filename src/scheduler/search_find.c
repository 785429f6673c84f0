/* SPDX-License-Identifier: ISC
 *
 * search_find.c - which lists of the index a filter means.
 *
 * Those of rows that wait for their turn are in order of site, class and
 * sender, the others in order of class, place and site; what is not meant
 * is leapt over.  Sites that are known by name are asked for one by one.
 */
#include "scheduler/search.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"

enum {
	STEPS = 64,		/* lists asked for in a piece */
	NO_PLACE = INDEX_HELD + 1
};

/* ---- the sites of a name ---------------------------------------------- */

static void
add_site(struct search *search, uint64_t hash)
{
	if ((search->site_count & (search->site_count - 1)) == 0)
		search->sites = mem_resize(search->sites,
		    search->site_count == 0 ? 1 : search->site_count * 2,
		    sizeof *search->sites);
	search->sites[search->site_count++] = hash;
}

/* A name is that of a domain, or of a site that others lead to as well. */
static void
name_sites(struct search *search)
{
	struct scheduler *s = search->s;
	struct span name = span_of(search->filter->site);
	uint64_t own = routes_hash(name);
	const struct site *site;
	const struct link *link;
	size_t at = 0;

	add_site(search, own);
	while ((site = map_each(&s->queue.sites, &at)) != NULL) {
		if (!span_equal_nocase(span_of(site->name), name))
			continue;
		for (link = list_first(&site->domains); link != NULL;
		    link = list_next(&site->domains, link)) {
			const struct domain *domain = list_item(link,
			    struct domain, at_site);

			if (domain->hash != own)
				add_site(search, domain->hash);
		}
	}
}

/* ---- what is meant ------------------------------------------------------ */

static bool
means_place(const struct search *search, uint8_t place)
{
	return (search->places & 1u << place) != 0;
}

struct asked {
	const struct search *search;
	uint64_t site;
	bool matches;
};

static bool
ask_row(void *owner, const struct index_row *row)
{
	struct asked *asked = owner;

	asked->matches |= row->site == asked->site &&
	    search_site_matches(asked->search->s,
	    asked->search->filter->site, row->domain);
	return !asked->matches;
}

/* All rows of a list have the same domain: the first one tells it. */
static bool
means_site(struct search *search, const struct index_list *list,
    struct msgid first)
{
	struct asked asked = { .search = search, .site = list->site };
	struct err err;

	if (search->filter->site == NULL || search->sites != NULL ||
	    search->meant == list->site)
		return true;
	if (!index_each_of(search->s->window.index, first, ask_row, &asked,
	    &err))
		search_fail(search, &err);
	if (asked.matches)
		search->meant = list->site;
	return asked.matches;
}

static void
take(struct search *search, struct msgid first)
{
	if (streams_add(&search->streams, &search->at, first))
		return;
	streams_fini(&search->streams);
	search->how = SEARCH_LOOKS;
}

static bool
next_list(struct search *search, struct msgid *first)
{
	struct err err;
	bool found = false;

	if (!index_next_list(search->s->window.index, &search->at, first,
	    &found, &err))
		search_fail(search, &err);
	return found;
}

static uint8_t
first_class(const struct search *search)
{
	return search->filter->by_class ? (uint8_t)search->filter->klass : 0;
}

static void
begin_others(struct search *search)
{
	search->how = SEARCH_FINDS_OTHERS;
	search->site_at = 0;
	search->at = (struct index_list){ .klass = first_class(search),
	    .place = INDEX_DUE };
}

/* ---- those that wait for their turn ------------------------------------- */

void
search_find_begin(struct search *search)
{
	const char *glob = search->filter->site;

	if (glob != NULL && strpbrk(glob, "*?") == NULL)
		name_sites(search);
	if (!means_place(search, INDEX_READY)) {
		begin_others(search);
		return;
	}
	search->how = SEARCH_FINDS_READY;
	search->at = (struct index_list){ .place = INDEX_READY,
	    .klass = first_class(search),
	    .site = search->sites != NULL ? search->sites[0] : 0 };
}

static void
leave_site(struct search *search)
{
	uint64_t site = search->at.site + 1;

	if (search->sites != NULL &&
	    ++search->site_at < search->site_count)
		site = search->sites[search->site_at];
	else if (search->sites != NULL || site == 0) {
		begin_others(search);
		return;
	}
	search->at = (struct index_list){ .place = INDEX_READY, .site = site,
	    .klass = first_class(search) };
}

static void
find_ready(struct search *search)
{
	struct index_list *at = &search->at;
	uint64_t site = at->site;
	struct msgid first;

	if (!next_list(search, &first)) {
		if (search->sites == NULL)
			begin_others(search);
		else
			leave_site(search);
	} else if (search->sites != NULL && at->site != site) {
		leave_site(search);
	} else if (search->filter->by_class &&
	    at->klass < search->filter->klass) {
		at->klass = (uint8_t)search->filter->klass;
		at->sender = 0;
	} else if ((search->filter->by_class &&
	    at->klass > search->filter->klass) ||
	    !means_site(search, at, first)) {
		leave_site(search);
	} else {
		take(search, first);
		at->klass += ++at->sender == 0;
	}
}

/* ---- the others ------------------------------------------------------------ */

static void
merge(struct search *search)
{
	search->how = SEARCH_MERGES;
	streams_order(&search->streams);
}

static uint8_t
after_place(uint8_t place)
{
	return place == INDEX_DUE ? INDEX_HELD : NO_PLACE;
}

/* Behind the present list, if the sites are known. */
static void
next_named(struct search *search)
{
	struct index_list *at = &search->at;

	at->place = after_place(at->place);
	if (at->place != NO_PLACE)
		return;
	at->place = INDEX_DUE;
	if (!search->filter->by_class && ++at->klass < CLASS_COUNT)
		return;
	at->klass = first_class(search);
	search->site_at++;
}

static void
find_named(struct search *search)
{
	struct index_list *at = &search->at;
	struct msgid first;
	struct err err;
	size_t count = 0;

	if (search->site_at == search->site_count) {
		merge(search);
		return;
	}
	at->site = search->sites[search->site_at];
	if (means_place(search, at->place) &&
	    !index_list_ids(search->s->window.index, at,
	    (struct msgid){ { 0 } }, &first, 1, &count, &err))
		search_fail(search, &err);
	if (count > 0)
		take(search, first);
	next_named(search);
}

static void
find_others(struct search *search)
{
	struct index_list *at = &search->at;
	struct msgid first;

	if (!next_list(search, &first) || (search->filter->by_class &&
	    at->klass != search->filter->klass)) {
		if (search->how == SEARCH_FINDS_OTHERS)
			merge(search);
	} else if (!means_place(search, at->place)) {
		at->place = after_place(at->place);
		at->site = 0;
	} else {
		if (means_site(search, at, first))
			take(search, first);
		if (++at->site == 0)
			at->place = after_place(at->place);
	}
}

void
search_find(struct search *search)
{
	for (int i = 0; i < STEPS; i++) {
		if (search->s->window.index == NULL)
			search->how = SEARCH_IS_OVER;
		if (search->how == SEARCH_FINDS_READY)
			find_ready(search);
		else if (search->how != SEARCH_FINDS_OTHERS)
			return;
		else if (search->sites != NULL)
			find_named(search);
		else
			find_others(search);
	}
}
