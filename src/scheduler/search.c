/* SPDX-License-Identifier: ISC
 *
 * search.c - ids in the index, in order, of what a filter may mean.
 */
#include "scheduler/search.h"

#include "base/mem.h"
#include "scheduler/scheduler.h"

enum { ROWS = 2048 };		/* looked at in a piece */

/* Ids are made of the time of arrival; when a clock is set back, they go on
 * from where they were.  By more than this: what arrives until the clock is
 * there again is taken for as young as its ids say. */
#define CLOCK_SLACK (3600 * (usec_t)1000000)

bool
search_site_matches(const struct scheduler *s, const char *site,
    struct span name)
{
	const struct domain *domain;

	if (conf_glob_matches(site, name))
		return true;
	domain = map_find(&s->routes.domains, name);
	return domain != NULL && domain->site != NULL &&
	    conf_glob_matches(site, span_of(domain->site->name));
}

void
search_begin(struct search *search, struct scheduler *s,
    const struct filter *filter, unsigned places)
{
	*search = (struct search){ .s = s, .filter = filter,
	    .places = places, .oldest = INT64_MAX };
	if (filter->older > 0)
		search->oldest = scheduler_wall(s) - filter->older;
	if (s->window.index == NULL)
		search->how = SEARCH_IS_OVER;
	else if (!filter->by_class && filter->site == NULL &&
	    places == SEARCH_ALL)
		search->how = SEARCH_LOOKS;
	else
		search_find_begin(search);
}

void
search_end(struct search *search)
{
	streams_fini(&search->streams);
	mem_free(search->sites);
	mem_free(search->ids);
	*search = (struct search){ .how = SEARCH_IS_OVER };
}

void
search_fail(struct search *search, const struct err *err)
{
	search->how = SEARCH_IS_OVER;
	window_fail(search->s, err);
}

/* ---- looking at all rows --------------------------------------------------- */

struct look {
	struct search *search;
	struct msgid last;
	unsigned looked;
	bool stopped;
};

static bool
row_matches(const struct look *look, const struct index_row *row)
{
	const struct search *search = look->search;
	const struct filter *f = search->filter;

	return (search->places & 1u << row->place) != 0 &&
	    (!f->by_class || f->klass == row->klass) &&
	    row->arrived <= search->oldest &&
	    (f->site == NULL || search_site_matches(search->s, f->site,
	    row->domain));
}

/* All that follow in order of id are too young. */
static bool
is_too_young(const struct search *search, struct msgid id)
{
	return search->oldest != INT64_MAX &&
	    msgid_time(id) - CLOCK_SLACK > search->oldest;
}

/* It stops between messages, so that each is looked at as a whole. */
static bool
look_at_row(void *owner, const struct index_row *row)
{
	struct look *look = owner;
	struct search *search = look->search;
	size_t found = search->found;

	if (look->looked++ == 0 || msgid_compare(row->id, look->last) != 0) {
		if (look->looked > ROWS || found == SEARCH_IDS) {
			look->stopped = true;
			search->from = row->id;
			return false;
		}
		if (is_too_young(search, row->id))
			return false;
		look->last = row->id;
	}
	if ((found == 0 || msgid_compare(search->ids[found - 1], row->id) !=
	    0) && row_matches(look, row))
		search->ids[search->found++] = row->id;
	return true;
}

static void
look_on(struct search *search)
{
	struct look look = { .search = search };
	struct err err;

	search->found = search->found_at = 0;
	if (search->ids == NULL)
		search->ids = mem_array(SEARCH_IDS, sizeof *search->ids);
	if (search->s->window.index == NULL) {
		search->how = SEARCH_IS_OVER;
		return;
	}
	if (!index_each(search->s->window.index, search->from, look_at_row,
	    &look, &err))
		search_fail(search, &err);
	else if (!look.stopped)
		search->how = SEARCH_IS_OVER;
}

/* ---- the way ---------------------------------------------------------------- */

/* What was found and not passed yet. */
static bool
peek(const struct search *search, struct msgid *id)
{
	if (search->how == SEARCH_MERGES)
		return streams_first(&search->streams, id) &&
		    !is_too_young(search, *id);
	if (search->found_at == search->found)
		return false;
	*id = search->ids[search->found_at];
	return true;
}

enum search_step
search_peek(struct search *search, struct msgid *id)
{
	if (peek(search, id))
		return SEARCH_FOUND;
	if (search->how == SEARCH_MERGES)
		search->how = SEARCH_IS_OVER;
	else if (search->how == SEARCH_LOOKS)
		look_on(search);
	else if (search->how != SEARCH_IS_OVER)
		search_find(search);
	if (peek(search, id))
		return SEARCH_FOUND;
	return search->how == SEARCH_IS_OVER ? SEARCH_OVER :
	    SEARCH_GOES_ON;
}

void
search_next(struct search *search)
{
	struct err err;

	if (search->how != SEARCH_MERGES)
		search->found_at++;
	else if (search->s->window.index == NULL)
		search->how = SEARCH_IS_OVER;
	else if (!streams_take(&search->streams, search->s->window.index,
	    &err))
		search_fail(search, &err);
}
