/* SPDX-License-Identifier: ISC
 *
 * explain.c - sites and limits as JSON.
 */
#include "scheduler/explain.h"

#include "io/addr.h"
#include "scheduler/scheduler.h"
#include "wire/frames.h"

/* ---- options ---------------------------------------------------------------------- */

static void
add_value(void *owner, const char *name, const char *value)
{
	json_t *object = owner;
	uint64_t number;

	if (span_number(span_of(value), INT64_MAX, &number))
		json_object_set_new(object, name,
		    json_integer((json_int_t)number));
	else
		json_object_set_new(object, name, json_string(value));
}

json_t *
explain_options(enum conf_block_id block, const void *item)
{
	json_t *object = json_object();

	conf_each_value(block, item, add_value, object);
	return object;
}

json_t *
explain_classes(const struct conf *conf)
{
	json_t *classes = json_object();

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		json_object_set_new(classes, class_name(c),
		    explain_options(BLOCK_URGENT + c, conf));
	return classes;
}

/* ---- sites ------------------------------------------------------------------------ */

static json_t *
skip_object(const struct skip *skip, const char *address, msec_t now)
{
	return json_pack("{s:s, s:i, s:I, s:s}",
	    "address", address,
	    "failures", (int)skip->failures,
	    "for_ms", (json_int_t)(skip->until > now ? skip->until - now : 0),
	    "why", skip->why);
}

static json_t *
host_object(const struct scheduler *s, const struct site *site,
    const struct host_row *row)
{
	json_t *addresses = json_array(), *skipped = json_array();
	char text[ADDR_TEXT_SIZE];
	struct addr addr = { .port = row->port };
	const struct skip *skip;

	for (size_t at = 0; at + sizeof addr.ip <= row->addresses.length;
	    at += sizeof addr.ip) {
		memcpy(&addr.ip, row->addresses.data + at, sizeof addr.ip);
		json_array_append_new(addresses, json_string(addr_text(addr,
		    text)));
		skip = site->deliverer == -1 ? NULL : skips_find(s,
		    (unsigned)site->deliverer, addr);
		if (skip != NULL)
			json_array_append_new(skipped, skip_object(skip, text,
			    scheduler_now(s)));
	}
	if (json_array_size(skipped) == 0) {
		json_decref(skipped);
		skipped = NULL;
	}
	return json_pack("{s:s%, s:i, s:i, s:o, s:o*}",
	    "name", row->name.data, row->name.length,
	    "port", (int)row->port,
	    "preference", (int)row->preference,
	    "addresses", addresses, "skipped", skipped);
}

json_t *
explain_hosts(const struct scheduler *s, const struct site *site)
{
	struct span list = span_make(site->hosts, site->host_bytes);
	json_t *hosts = json_array();
	struct host_row row;

	while (host_row_pull(&list, &row))
		json_array_append_new(hosts, host_object(s, site, &row));
	return hosts;
}

static const char *
state_of(const struct site *site)
{
	if (site->paused != NULL)
		return "paused";
	if (site_rests(site))
		return "rests";
	if (site->failures > 0)
		return "probed";
	return "answers";
}

/* What is in memory and what is in the index, of each class. */
static json_t *
waiting_counts(const struct site *site)
{
	json_t *counts = json_object();

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		json_object_set_new(counts, class_name(c),
		    json_integer((json_int_t)(site_waiting(site, c) +
		    site->spilled_count[c])));
	return counts;
}

/* The window is a number only while it is narrower than the limits. */
static void
add_window(json_t *row, const struct site *site)
{
	if (site->flow.window < site->connections)
		json_object_set_new(row, "window",
		    json_integer(site->flow.window));
	if (site->cuts > 0)
		json_object_set_new(row, "cut_off",
		    json_integer(site->cuts));
}

/* Ms until the next token, where there is none. */
static void
add_tokens(json_t *row, const struct site *site, msec_t now)
{
	const struct rates *rates = site->rates;
	json_t *tokens;

	if (rates == NULL)
		return;
	tokens = json_object();
	if (meter_dry(&rates->all))
		json_object_set_new(tokens, "site",
		    json_integer(rates->all.wake.key - now));
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if (meter_dry(&rates->classes[c]))
			json_object_set_new(tokens, class_name(c),
			    json_integer(rates->classes[c].wake.key - now));
	json_object_set_new(row, "next_token_ms", tokens);
}

static void
add_pause(const struct scheduler *s, const struct site *site, json_t *row)
{
	const struct pause *pause = pauses_of(s, site);

	if (pause != NULL)
		json_object_set_new(row, "pause", explain_pause(pause));
}

json_t *
explain_pause(const struct pause *pause)
{
	return json_pack("{s:s, s:s, s:I, s:I}",
	    "pattern", pause->pattern,
	    "reason", pause->reason,
	    "since", (json_int_t)(pause->since / 1000000),
	    "until", (json_int_t)(pause->until / 1000000));
}

json_t *
explain_site(const struct scheduler *s, const struct site *site)
{
	json_t *row = json_pack("{s:s, s:s, s:I, s:s, s:i, s:i, s:i, s:i, "
	    "s:i, s:o}",
	    "site", site->name,
	    "domain", site->domain,
	    "domains", (json_int_t)site->domains.count,
	    "state", state_of(site),
	    "connections", (int)site->connections,
	    "recipients", (int)site->recipients,
	    "flying", (int)site->flying,
	    "took_ms", (int)site->flow.took_ms,
	    "failures", (int)site->failures,
	    "waiting", waiting_counts(site));
	json_t *senders;

	add_window(row, site);
	add_tokens(row, site, scheduler_now(s));
	senders = explain_site_senders(s, site);
	if (json_array_size(senders) > 0)
		json_object_set(row, "senders_waiting", senders);
	json_decref(senders);
	if (site_rests(site))
		json_object_set_new(row, "rests_ms", json_integer(
		    site->rest.key > scheduler_now(s) ?
		    site->rest.key - scheduler_now(s) : 0));
	if (site_why(site) != NULL)
		json_object_set_new(row, "reason",
		    json_string(site_why(site)));
	add_pause(s, site, row);
	if (site->attention != NULL)
		json_object_set_new(row, "attention",
		    attention_object(site));
	return row;
}
