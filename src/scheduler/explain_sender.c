/* SPDX-License-Identifier: ISC
 *
 * explain_sender.c - whose mail waits for the rate of its sender.
 */
#include "scheduler/explain.h"
#include "scheduler/scheduler.h"

#include <stdio.h>

enum { SENDERS_SHOWN = 20 };

static void
rate_text(const struct scheduler *s, const struct sender *sender,
    char out[CONF_RATE_TEXT])
{
	const struct conf_sender *block = conf_sender_for(s->conf,
	    span_of(sender->name));
	struct conf_rate rate = { 0 };

	if (block != NULL)
		rate = block->rate;
	conf_rate_text(rate, out);
}

/* Ms until the next token of SENDER. */
static json_int_t
next_ms(const struct scheduler *s, const struct sender *sender)
{
	msec_t now = scheduler_now(s);

	return meter_dry(&sender->meter) && sender->meter.wake.key > now ?
	    sender->meter.wake.key - now : 0;
}

static json_t *
sender_row(const struct scheduler *s, const struct sender *sender)
{
	char rate[CONF_RATE_TEXT];

	rate_text(s, sender, rate);
	return json_pack("{s:s, s:s, s:I}",
	    "sender", sender->name,
	    "rate", rate,
	    "next_ms", next_ms(s, sender));
}

static void
add_shares(const struct scheduler *s, const struct line *line, json_t *rows)
{
	const struct link *link = list_first(&line->parked);

	while (link != NULL && json_array_size(rows) < SENDERS_SHOWN) {
		const struct share *share = list_item(link,
		    const struct share, turn);
		json_t *row;

		link = list_next(&line->parked, link);
		if (share->sender->name == NULL)
			continue;
		row = sender_row(s, share->sender);
		json_object_set_new(row, "class",
		    json_string(class_name(share->klass)));
		json_object_set_new(row, "waiting",
		    json_integer((json_int_t)share->entries.count));
		json_array_append_new(rows, row);
	}
}

json_t *
explain_site_senders(const struct scheduler *s, const struct site *site)
{
	json_t *rows = json_array();

	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		add_shares(s, &site->ready[c], rows);
		if (site->apart != NULL)
			add_shares(s, &site->apart->lines[c], rows);
	}
	return rows;
}

json_t *
explain_class_senders(const struct scheduler *s, unsigned klass)
{
	json_t *rows = json_array(), *row;
	const struct sender *sender;
	size_t at = 0;

	while (json_array_size(rows) < SENDERS_SHOWN &&
	    (sender = map_each(&s->queue.senders.all, &at)) != NULL) {
		if (sender->name == NULL ||
		    list_empty(&sender->waiting[klass]))
			continue;
		row = sender_row(s, sender);
		json_object_set_new(row, "sites", json_integer(
		    (json_int_t)sender->waiting[klass].count));
		json_array_append_new(rows, row);
	}
	return rows;
}

bool
explain_wait(const struct scheduler *s, uint64_t key,
    char text[EXPLAIN_WAIT_TEXT], msec_t *until)
{
	const struct sender *sender = sender_find(&s->queue, key);
	char rate[CONF_RATE_TEXT];

	if (sender == NULL || sender->name == NULL ||
	    !meter_dry(&sender->meter))
		return false;
	rate_text(s, sender, rate);
	snprintf(text, EXPLAIN_WAIT_TEXT, "its sender %.60s may send %s",
	    sender->name, rate);
	*until = sender->meter.wake.key;
	return true;
}
