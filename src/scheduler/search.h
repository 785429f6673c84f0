/* SPDX-License-Identifier: ISC
 *
 * search.h - ids in the index, in order, of what a filter may mean.
 *
 * Rows stand in lists by class, place and site.  When the filter names any
 * of these, the lists it means are found first, and then their ids come
 * merged: what it does not mean costs nothing.  A filter that names none of
 * them, or means very many lists, goes through all rows; these are looked
 * at as they come.  What is found is to be held against the filter again.
 */
#ifndef SCHEDULER_SEARCH_H
#define SCHEDULER_SEARCH_H

#include "scheduler/filter.h"
#include "scheduler/streams.h"

struct scheduler;

enum { SEARCH_IDS = 256 };

enum {				/* places */
	SEARCH_DUE = 1 << INDEX_DUE,
	SEARCH_READY = 1 << INDEX_READY,
	SEARCH_HELD = 1 << INDEX_HELD,
	SEARCH_ALL = SEARCH_DUE | SEARCH_READY | SEARCH_HELD
};

struct search {
	struct scheduler *s;
	const struct filter *filter;	/* borrowed */
	unsigned places;
	usec_t oldest;		/* wall; what arrived after is too young */
	enum {
		SEARCH_FINDS_READY, SEARCH_FINDS_OTHERS,	/* lists */
		SEARCH_MERGES, SEARCH_LOOKS, SEARCH_IS_OVER
	} how;
	/* finding lists */
	uint64_t *sites;	/* hashes; null: they are asked their names */
	size_t site_count, site_at;
	struct index_list at;	/* where it goes on */
	uint64_t meant;		/* the last site that was asked and is meant */
	struct streams streams;
	/* looking at all rows */
	struct msgid from;	/* where it goes on */
	struct msgid *ids;	/* what was found */
	size_t found, found_at;
};

/* FILTER must live as long as the search. */
void search_begin(struct search *search, struct scheduler *s,
    const struct filter *filter, unsigned places);
void search_end(struct search *search);

enum search_step { SEARCH_FOUND, SEARCH_GOES_ON, SEARCH_OVER };

/* A piece of the search, if none is found yet.  *ID is the next one, until
 * search_next(). */
enum search_step search_peek(struct search *search, struct msgid *id);
void search_next(struct search *search);

/* Whether the glob SITE means what is called DOMAIN, or the site that this
 * leads to. */
bool search_site_matches(const struct scheduler *s, const char *site,
    struct span domain);

/* ---- search_find.c ---------------------------------------------------- */

/* Find the lists that are meant, and some more of them. */
void search_find_begin(struct search *search);
void search_find(struct search *search);

/* The index failed. */
void search_fail(struct search *search, const struct err *err);

#endif
