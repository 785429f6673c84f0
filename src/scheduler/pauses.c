/* SPDX-License-Identifier: ISC
 *
 * pauses.c - sites to which the operator wants nothing sent for now.
 *
 * A change is first tried on the list, then kept; if it cannot be kept it
 * is taken back, so that what holds and what would hold after a restart are
 * the same.
 */
#include "scheduler/pauses.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/scheduler.h"

void
pauses_init(struct scheduler *s)
{
	list_init(&s->pauses.list);
}

void
pauses_fini(struct scheduler *s)
{
	struct link *link;

	while ((link = list_take(&s->pauses.list)) != NULL)
		pause_free(list_item(link, struct pause, link));
}

/* ---- what matches ------------------------------------------------------------------- */

static bool
any_host_matches(const char *glob, const struct site *site)
{
	struct span list = span_make(site->hosts, site->host_bytes);
	struct host_row row;

	while (host_row_pull(&list, &row))
		if (conf_glob_matches(glob, row.name))
			return true;
	return false;
}

bool
pauses_match(const char *glob, const struct site *site)
{
	const struct link *link;

	if (conf_glob_matches(glob, span_of(site->name)) ||
	    any_host_matches(glob, site))
		return true;
	for (link = list_first(&site->domains); link != NULL;
	    link = list_next(&site->domains, link))
		if (conf_glob_matches(glob, span_of(list_item(link,
		    struct domain, at_site)->name)))
			return true;
	return false;
}

const struct pause *
pauses_of(const struct scheduler *s, const struct site *site)
{
	const struct link *link;

	for (link = list_first(&s->pauses.list); link != NULL;
	    link = list_next(&s->pauses.list, link)) {
		const struct pause *pause = list_item(link, struct pause,
		    link);

		if (site->paused == pause->said)
			return pause;
	}
	return NULL;
}

static const char *
why_paused(const struct scheduler *s, const struct site *site)
{
	const struct link *link;

	for (link = list_first(&s->pauses.list); link != NULL;
	    link = list_next(&s->pauses.list, link)) {
		const struct pause *pause = list_item(link, struct pause,
		    link);

		if (pauses_match(pause->pattern, site))
			return pause->said;
	}
	return NULL;
}

static void
set(struct scheduler *s, struct site *site, const char *why)
{
	bool was = site->paused != NULL;

	site_pause(&s->queue, site, why);
	if (why != NULL) {
		dispatch_recall(s, site);
		window_shrink(s, site);
	} else if (was) {
		window_hungry(s, site);
	}
	scheduler_ask(s);
}

void
pauses_part(struct scheduler *s, struct site *site)
{
	const char *why = site->paused == NULL ? NULL : why_paused(s, site);

	if (why != site->paused)
		set(s, site, why);
}

/* After any change of the list. */
static void
apply(struct scheduler *s)
{
	struct site *site;
	size_t at = 0;

	while ((site = map_each(&s->queue.sites, &at)) != NULL) {
		const char *why = why_paused(s, site);

		if (why != site->paused)
			set(s, site, why);
	}
}

void
pauses_join(struct scheduler *s, struct site *site, const char *name)
{
	const struct link *link;

	if (site->paused != NULL)
		return;
	for (link = list_first(&s->pauses.list); link != NULL;
	    link = list_next(&s->pauses.list, link)) {
		const struct pause *pause = list_item(link, struct pause,
		    link);

		if (conf_glob_matches(pause->pattern, span_of(name)) ||
		    conf_glob_matches(pause->pattern, span_of(site->name)) ||
		    any_host_matches(pause->pattern, site)) {
			set(s, site, pause->said);
			return;
		}
	}
}

/* ---- changes -------------------------------------------------------------------------- */

static struct pause *
find(const struct scheduler *s, const char *pattern)
{
	const struct link *link;

	for (link = list_first(&s->pauses.list); link != NULL;
	    link = list_next(&s->pauses.list, link)) {
		struct pause *pause = list_item(link, struct pause, link);

		if (span_equal_nocase(span_of(pause->pattern),
		    span_of(pattern)))
			return pause;
	}
	return NULL;
}

static bool
is_clean(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if ((uint8_t)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return length <= PAUSE_TEXT_MOST;
}

/* OLD leaves the list and NEW comes, either may be null.  False: it could
 * not be kept, and all is as before. */
static bool
change(struct scheduler *s, struct pause *old, struct pause *new,
    struct err *err)
{
	struct list *list = &s->pauses.list;

	if (old != NULL)
		list_remove(list, &old->link);
	if (new != NULL)
		list_append(list, &new->link);
	if (!pauses_save(s, err)) {
		if (new != NULL) {
			list_remove(list, &new->link);
			pause_free(new);
		}
		if (old != NULL)
			list_append(list, &old->link);
		return false;
	}
	apply(s);
	if (old != NULL)
		pause_free(old);
	return true;
}

bool
pauses_add(struct scheduler *s, const char *pattern, const char *reason,
    usec_t until, struct err *err)
{
	struct pause *old = find(s, pattern);

	if (!is_clean(pattern) || !is_clean(reason))
		return err_set(err, ERR_FORMAT, "the text is too long, or "
		    "has control bytes");
	if (old == NULL && s->pauses.list.count >= PAUSES_MOST)
		return err_set(err, ERR_FORMAT, "there are %d pauses "
		    "already; a pattern could stand for many", PAUSES_MOST);
	if (!change(s, old, pause_new(pattern, reason, scheduler_wall(s),
	    until), err))
		return false;
	log_info("paused %s%s%s", pattern, *reason != '\0' ? ": " : "",
	    reason);
	return true;
}

/* A pause that has another name, but holds what is called PATTERN. */
static const struct pause *
find_other(const struct scheduler *s, const char *pattern)
{
	const struct link *link;
	const struct site *site;
	size_t at = 0;

	for (link = list_first(&s->pauses.list); link != NULL;
	    link = list_next(&s->pauses.list, link)) {
		const struct pause *pause = list_item(link, struct pause,
		    link);

		if (conf_glob_matches(pause->pattern, span_of(pattern)))
			return pause;
	}
	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		if (site->paused != NULL && pauses_match(pattern, site))
			return pauses_of(s, site);
	return NULL;
}

static bool
is_not_paused(const struct scheduler *s, const char *pattern,
    struct err *err)
{
	const struct pause *other = find_other(s, pattern);

	if (other != NULL)
		return err_set(err, ERR_FORMAT, "%s was paused as %s: resume "
		    "that", pattern, other->pattern);
	return err_set(err, ERR_FORMAT, "%s is not paused; site list tells "
	    "what is", pattern);
}

bool
pauses_end(struct scheduler *s, const char *pattern, struct err *err)
{
	struct pause *old = find(s, pattern);

	if (old == NULL)
		return is_not_paused(s, pattern, err);
	if (!change(s, old, NULL, err))
		return false;
	log_info("resumed %s", pattern);
	return true;
}

void
pauses_care(struct scheduler *s)
{
	usec_t now = scheduler_wall(s);
	struct link *link, *next;
	struct err err;

	for (link = list_first(&s->pauses.list); link != NULL; link = next) {
		struct pause *pause = list_item(link, struct pause, link);

		next = list_next(&s->pauses.list, link);
		if (pause->until == 0 || pause->until > now)
			continue;
		log_info("the pause of %s is over", pause->pattern);
		list_remove(&s->pauses.list, link);
		if (!pauses_save(s, &err))
			log_warn("%s; the pause of %s would be looked at "
			    "again after a restart", err.text,
			    pause->pattern);
		apply(s);
		pause_free(pause);
	}
}
