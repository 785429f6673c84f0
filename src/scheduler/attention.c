/* SPDX-License-Identifier: ISC
 *
 * attention.c - hosts that wait for our operator.
 */
#include "scheduler/attention.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/results.h"
#include "scheduler/scheduler.h"

#include <stdio.h>
#include <string.h>

enum { ATTENTION_SHOWN = 50, ATTENTION_HOST = 300 };

/* "smtp.example:25", "[2001:db8::1]:25" */
static const char *
host_text(const struct attention *a, char out[ATTENTION_HOST])
{
	bool colons = strchr(a->host, ':') != NULL;

	snprintf(out, ATTENTION_HOST, "%s%.255s%s:%u", colons ? "[" : "",
	    a->host, colons ? "]" : "", a->port);
	return out;
}

static char *
copy(struct span text, size_t most)
{
	return span_copy(span_first(text, most));
}

void
attention_told(struct scheduler *s, struct site *site,
    const struct frame_attention *told)
{
	char host[ATTENTION_HOST];
	struct attention *a;

	if (site->attention != NULL)
		return;
	site->attention = a = mem_new(struct attention);
	a->host = copy(told->host, 255);
	a->port = told->port;
	a->text = copy(told->text, RESULTS_REASON_MOST);
	a->since = scheduler_wall(s);
	list_append(&s->attentions, &a->link);
	log_warn("%s %s: its mail waits until this is mended",
	    host_text(a, host), a->text);
}

void
attention_forget(struct scheduler *s, struct site *site)
{
	struct attention *a = site->attention;

	if (a == NULL)
		return;
	site->attention = NULL;
	list_remove(&s->attentions, &a->link);
	mem_free(a->host);
	mem_free(a->text);
	mem_free(a);
}

void
attention_forget_all(struct scheduler *s)
{
	struct site *site;
	size_t at = 0;

	while (!list_empty(&s->attentions) &&
	    (site = map_each(&s->queue.sites, &at)) != NULL)
		attention_forget(s, site);
}

static bool
took_mail(const struct frame_result *result)
{
	struct span list = result->rows;
	struct result_row row;

	while (result_row_pull(&list, &row))
		if (row.outcome == OUTCOME_DELIVERED)
			return true;
	return false;
}

void
attention_result(struct scheduler *s, struct site *site,
    const struct frame_result *result)
{
	const struct attention *a = site->attention;
	char host[ATTENTION_HOST];

	if (a == NULL || result->port != a->port ||
	    !span_is(result->mta, a->host) || !took_mail(result))
		return;
	log_info("%s takes mail again", host_text(a, host));
	attention_forget(s, site);
}

/* ---- for people ---------------------------------------------------------- */

static json_t *
object_of(const struct attention *a)
{
	char host[ATTENTION_HOST];

	return json_pack("{s:s, s:s, s:I}",
	    "host", host_text(a, host),
	    "text", a->text,
	    "since", (json_int_t)(a->since / 1000000));
}

json_t *
attention_object(const struct site *site)
{
	return site->attention == NULL ? NULL : object_of(site->attention);
}

json_t *
attention_list(const struct scheduler *s)
{
	const struct link *link = list_first(&s->attentions);
	json_t *rows = json_array();

	for (int i = 0; i < ATTENTION_SHOWN && link != NULL; i++) {
		json_array_append_new(rows, object_of(list_item(link,
		    struct attention, link)));
		link = list_next(&s->attentions, link);
	}
	return rows;
}
