/* SPDX-License-Identifier: ISC
 *
 * requests_site.c - the verbs about sites.
 *
 * A listing first gathers the keys of the sites it means, some in each turn,
 * and then tells of one after the other in order of name: what it needs is
 * bounded by what is in memory anyway.
 */
#include "base/mem.h"
#include "scheduler/client.h"
#include "scheduler/explain.h"
#include "scheduler/scheduler.h"

#include <stdlib.h>

enum {
	SITES_A_TURN = 64,	/* told of */
	GATHERED_A_TURN = 512,	/* looked at */
	DOMAINS_SHOWN = 20
};

struct site_task {
	struct task task;
	char *pattern;		/* null: all */
	bool gathers;		/* the sites from place `at` on are ahead … */
	size_t at;
	unsigned moves;		/* … of the map, when AT was 0 */
	char **keys;		/* a heap once all are gathered, least first */
	size_t count;
	uint64_t matched;
	void (*each)(struct client *client, struct site *site);
	bool counts;		/* the answer is a number */
};

static const struct pause *
pause_at(const struct scheduler *s, size_t at)
{
	const struct link *link = list_first(&s->pauses.list);

	while (link != NULL && at-- > 0)
		link = list_next(&s->pauses.list, link);
	return link == NULL ? NULL : list_item(link, struct pause, link);
}

/* ---- through the sites ---------------------------------------------------------------- */

static void
add_key(struct site_task *t, const char *key)
{
	if ((t->count & (t->count - 1)) == 0)
		t->keys = mem_resize(t->keys, t->count == 0 ? 1 :
		    t->count * 2, sizeof *t->keys);
	t->keys[t->count++] = mem_strdup(key);
}

static void
sink_key(struct site_task *t, size_t at)
{
	for (;;) {
		size_t least = at;
		char *key = t->keys[at];

		for (size_t i = 2 * at + 1; i <= 2 * at + 2; i++)
			if (i < t->count &&
			    strcmp(t->keys[i], t->keys[least]) < 0)
				least = i;
		if (least == at)
			return;
		t->keys[at] = t->keys[least];
		t->keys[least] = key;
		at = least;
	}
}

/* The least; the caller frees it. */
static char *
take_key(struct site_task *t)
{
	char *key = t->keys[0];

	t->keys[0] = t->keys[--t->count];
	if (t->count > 0)
		sink_key(t, 0);
	return key;
}

static void
forget_keys(struct site_task *t)
{
	while (t->count > 0)
		mem_free(t->keys[--t->count]);
	mem_free(t->keys);
	t->keys = NULL;
}

/* Some more; when the sites moved in their map, all anew. */
static void
gather(const struct scheduler *s, struct site_task *t)
{
	const struct map *map = &s->queue.sites;
	const struct site *site;

	if (t->moves != map->moves) {
		forget_keys(t);
		t->at = 0;
		t->moves = map->moves;
	}
	for (int i = 0; i < GATHERED_A_TURN; i++) {
		site = map_each(map, &t->at);
		if (site == NULL) {
			for (size_t k = t->count / 2; k > 0; k--)
				sink_key(t, k - 1);
			t->gathers = false;
			return;
		}
		if (t->pattern == NULL || pauses_match(t->pattern, site))
			add_key(t, site->key);
	}
}

static void
finish(struct site_task *t, struct client *client)
{
	if (t->pattern != NULL && t->matched == 0) {
		client_end(client, EX_NOINPUT, "no such site is known; a "
		    "site is known when there is mail for it");
		return;
	}
	if (t->counts)
		client_row(client, json_pack("{s:I}", "count",
		    (json_int_t)t->matched));
	client_end(client, EX_OK, NULL);
}

static enum task_step
on_sites(struct task *task, struct client *client)
{
	struct site_task *t = (struct site_task *)task;
	struct scheduler *s = client->control->s;

	if (t->gathers) {
		gather(s, t);
		return TASK_MORE;
	}
	for (int i = 0; i < SITES_A_TURN && t->count > 0; i++) {
		char *key = take_key(t);
		struct site *site = site_find(&s->queue, key);

		mem_free(key);
		if (site == NULL)
			continue;
		t->matched++;
		t->each(client, site);
	}
	if (t->count > 0)
		return TASK_MORE;
	finish(t, client);
	return TASK_DONE;
}

static void
free_sites(struct task *task, struct scheduler *s)
{
	struct site_task *t = (struct site_task *)task;

	(void)s;
	forget_keys(t);
	mem_free(t->pattern);
	mem_free(t);
}

static void
start_sites(struct client *client, const char *pattern,
    void (*each)(struct client *client, struct site *site), bool counts)
{
	struct site_task *t = mem_new(struct site_task);

	t->task = (struct task){ .on = on_sites, .free = free_sites };
	t->pattern = pattern == NULL ? NULL : mem_strdup(pattern);
	t->each = each;
	t->counts = counts;
	t->gathers = true;
	t->moves = client->control->s->queue.sites.moves;
	client_start(client, &t->task);
}

/* False: the end line was sent. */
static bool
is_short(struct client *client, const char *pattern)
{
	if (pattern == NULL || strlen(pattern) <= GLOB_MOST)
		return true;
	client_end(client, EX_USAGE, "which site? no name is that long");
	return false;
}

/* Null: the end line was sent. */
static const char *
pattern_of(struct client *client, const json_t *request)
{
	const char *pattern = request_text(request, "site");

	if (pattern == NULL || *pattern == '\0') {
		client_end(client, EX_USAGE, "which site? a name is "
		    "expected");
		return NULL;
	}
	return is_short(client, pattern) ? pattern : NULL;
}

/* ---- looking ---------------------------------------------------------------------------- */

static void
list_site(struct client *client, struct site *site)
{
	client_row(client, explain_site(client->control->s, site));
}

/* Pauses are told too: they may match nothing that is known. */
void
request_site_list(struct client *client, const json_t *request)
{
	const char *pattern = request_text(request, "site");
	const struct pause *pause;

	if (!is_short(client, pattern))
		return;
	for (size_t i = 0; (pause = pause_at(client->control->s, i)) != NULL;
	    i++)
		client_row(client, json_pack("{s:o}", "pause",
		    explain_pause(pause)));
	start_sites(client, pattern, list_site, false);
}

static json_t *
domain_names(const struct site *site)
{
	const struct link *link = list_first(&site->domains);
	json_t *names = json_array();

	for (int i = 0; i < DOMAINS_SHOWN && link != NULL; i++) {
		json_array_append_new(names, json_string(list_item(link,
		    struct domain, at_site)->name));
		link = list_next(&site->domains, link);
	}
	return names;
}

static void
show_site(struct client *client, struct site *site)
{
	struct scheduler *s = client->control->s;
	const struct conf_site *policy = routes_policy(s, site);
	json_t *object = explain_site(s, site);
	json_t *options = explain_options(BLOCK_SITE, policy);

	json_object_set_new(options, "pattern",
	    json_string(policy->pattern));
	json_object_set_new(object, "policy", options);
	json_object_set_new(object, "hosts", explain_hosts(s, site));
	json_object_set_new(object, "some_domains", domain_names(site));
	client_row(client, object);
}

void
request_site_show(struct client *client, const json_t *request)
{
	const char *pattern = pattern_of(client, request);

	if (pattern != NULL)
		start_sites(client, pattern, show_site, false);
}

/* ---- changing ------------------------------------------------------------------------------ */

static void
reset_one(struct client *client, struct site *site)
{
	struct scheduler *s = client->control->s;

	site_reset(&s->queue, site);
	attention_forget(s, site);
	site->anew = true;
	site->changed = true;
	window_hungry(s, site);
	scheduler_ask(s);
}

void
request_site_reset(struct client *client, const json_t *request)
{
	const char *pattern = pattern_of(client, request);

	if (pattern != NULL)
		start_sites(client, pattern, reset_one, true);
}

static void
tell_count(struct client *client, uint64_t count)
{
	client_row(client, json_pack("{s:I}", "count", (json_int_t)count));
	client_end(client, EX_OK, NULL);
}

static uint64_t
count_matches(const struct scheduler *s, const char *pattern)
{
	const struct site *site;
	uint64_t count = 0;
	size_t at = 0;

	while ((site = map_each(&s->queue.sites, &at)) != NULL)
		count += pauses_match(pattern, site);
	return count;
}

void
request_site_pause(struct client *client, const json_t *request)
{
	struct scheduler *s = client->control->s;
	const char *pattern = pattern_of(client, request);
	const char *reason = request_text(request, "reason");
	const json_t *lasting = json_object_get(request, "seconds");
	json_int_t seconds = json_integer_value(lasting);
	usec_t until = 0;
	struct err err;

	if (pattern == NULL)
		return;
	if ((lasting != NULL && !json_is_integer(lasting)) || seconds < 0 ||
	    seconds > INT32_MAX) {
		client_end(client, EX_USAGE, "seconds: a whole number of at "
		    "most 2147483647 is expected");
		return;
	}
	if (seconds > 0)
		until = scheduler_wall(s) + seconds * 1000000;
	if (pauses_add(s, pattern, reason != NULL ? reason : "", until,
	    &err))
		tell_count(client, count_matches(s, pattern));
	else
		client_end(client, err.kind == ERR_FORMAT ? EX_DATAERR :
		    EX_IOERR, err.text);
}

void
request_site_resume(struct client *client, const json_t *request)
{
	struct scheduler *s = client->control->s;
	const char *pattern = pattern_of(client, request);
	struct err err;

	if (pattern == NULL)
		return;
	if (pauses_end(s, pattern, &err))
		tell_count(client, count_matches(s, pattern));
	else
		client_end(client, err.kind == ERR_FORMAT ? EX_NOINPUT :
		    EX_IOERR, err.text);
}
