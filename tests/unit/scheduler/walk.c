/* SPDX-License-Identifier: ISC
 *
 * walk.c - tests: which messages a filter means, wherever they wait.
 */
#include "suites.h"

#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"
#include "rig.h"
#include "scheduler/change.h"
#include "scheduler/rouse.h"
#include "scheduler/search.h"
#include "spool/bytes.h"

#include <stdio.h>

static const char many_sites[] = "queue { window 16 }\n"
    "site * { connections 2 }\n"
    "route one.test { to 127.0.0.1:9 }\n"
    "route uno.test { to 127.0.0.1:9 }\n"
    "route two.test { to 127.0.0.1:10 }\n"
    "route * { to 127.0.0.1:11 }\n"
    "class urgent { retry 1h; lifetime 1d; warn never }\n"
    "class normal { retry 1h; lifetime 1d; warn never }\n"
    "class bulk { retry 1h; lifetime 1d; warn never }\n";

static const struct rig_answer wait_for_me = { .wait = true };
static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
};
static const struct rig_answer down = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_SITE, .status = "4.4.1",
	.text = "Connection refused"
};

/* ---- a queue of all sorts, and a model of it --------------------------------------- */

enum { SORTS = 900 };

static const char *const domains[] = { "one.test", "uno.test", "two.test",
	"three.test" };
static const char *const site_names[] = { "127.0.0.1:9", "127.0.0.1:9",
	"127.0.0.1:10", "127.0.0.1:11" };

struct sort {
	struct msgid id;
	enum mail_class klass;
	bool news;		/* who sent it */
	unsigned first, second;	/* of domains; the same: just one */
};

static struct sort sorts[SORTS];

static void
send_sort(struct rig *rig, struct sort *sort)
{
	char a[64], b[64];
	const char *rcpts[3] = { a, b, NULL };

	sort->klass = (enum mail_class)rand_below(CLASS_COUNT);
	sort->news = rand_below(2) > 0;
	sort->first = sort->second = (unsigned)rand_below(4);
	if (rand_below(3) == 0 && sort->first < 2)
		sort->second = 2 + (unsigned)rand_below(2);
	snprintf(a, sizeof a, "a@%s", domains[sort->first]);
	snprintf(b, sizeof b, "b@%s", domains[sort->second]);
	if (sort->first == sort->second)
		rcpts[1] = NULL;
	sort->id = rig_commit(rig, sort->klass, sort->news ?
	    "news@large.test" : "note@small.test", rcpts);
}

/* Every tenth message is held. */
static void
hold_some(struct rig *rig)
{
	struct filter filter = { .by_id = true };
	struct walk *walk;

	filter.ids = mem_array(SORTS / 10, sizeof *filter.ids);
	for (int i = 0; i < SORTS; i += 10)
		filter.ids[filter.id_count++] = sorts[i].id;
	walk = walk_new(rig->s, &filter, 0);
	while (walk_on(walk, 10, change_hold, NULL))
		;
	CU_ASSERT_EQUAL(walk->count, SORTS / 10);
	walk_free(&walk);
	rig_settle(rig);
}

/* Some fly or are in line in memory, some in the index, some wait for a time,
 * some are held. */
static struct rig *
rig_of_sorts(void)
{
	struct rig *rig = rig_new(many_sites);

	rand_seed(7);
	rig_start(rig);
	rig->answer = later;
	for (int i = 0; i < SORTS / 4; i++)
		send_sort(rig, &sorts[i]);
	rig_settle(rig);
	rig->answer = wait_for_me;
	for (int i = SORTS / 4; i < SORTS; i++)
		send_sort(rig, &sorts[i]);
	rig_settle(rig);
	hold_some(rig);
	CU_ASSERT_TRUE(rig_count(rig, COUNT_FLYING) > 3);
	CU_ASSERT_TRUE(rig_count(rig, COUNT_WAITING) > 50);
	CU_ASSERT_TRUE(rig_count(rig, COUNT_HELD) > 20);
	CU_ASSERT_TRUE(rig_count(rig, COUNT_READY) > 100);
	CU_ASSERT_TRUE(rig->s->queue.messages.count > 20);
	CU_ASSERT_TRUE(rig->s->queue.messages.count < SORTS / 2);
	return rig;
}

static bool
model_matches(const struct sort *sort, const struct filter *f)
{
	struct span from = span_of(sort->news ? "news@large.test" :
	    "note@small.test");
	unsigned at[2] = { sort->first, sort->second };
	bool site = f->site == NULL;

	for (int i = 0; i < 2; i++)
		site |= f->site != NULL &&
		    (conf_glob_matches(f->site, span_of(domains[at[i]])) ||
		    conf_glob_matches(f->site, span_of(site_names[at[i]])));
	return site && (!f->by_class || f->klass == sort->klass) &&
	    (f->sender == NULL || conf_glob_matches(f->sender, from)) &&
	    f->older < 1000000;
}

/* ---- what is met ----------------------------------------------------------------------- */

enum { MET = 3 * SORTS };

struct met {
	struct msgid ids[MET];
	size_t count;
};

static void
meet(struct walk *walk, struct item *item, void *owner)
{
	struct met *met = owner;

	(void)walk;
	must(met->count < MET);
	met->ids[met->count++] = item->id;
}

static struct filter
parse(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	struct filter filter;
	struct err err;

	must(json != NULL && filter_parse(json, &filter, &err));
	json_decref(json);
	return filter;
}

static void
check_filter(struct rig *rig, const char *text)
{
	struct filter filter = parse(text), model = parse(text);
	struct walk *walk = walk_new(rig->s, &filter, 0);
	struct met met = { .count = 0 };
	size_t want = 0;

	while (walk_on(walk, 1 + (unsigned)rand_below(50), meet, &met))
		;
	for (int i = 0; i < SORTS; i++) {
		if (!model_matches(&sorts[i], &model))
			continue;
		if (want < met.count)
			CU_ASSERT_EQUAL(msgid_compare(met.ids[want],
			    sorts[i].id), 0);
		want++;
	}
	if (want != met.count)
		fprintf(stderr, "%s: %zu, not %zu\n", text, met.count, want);
	CU_ASSERT_EQUAL(met.count, want);
	walk_free(&walk);
	filter_fini(&model);
}

static const char *const sites[] = { "", "\"site\":\"one.test\"",
	"\"site\":\"UNO.Test\"", "\"site\":\"two.test\"",
	"\"site\":\"*\"", "\"site\":\"*o*.test\"", "\"site\":\"?wo.test\"",
	"\"site\":\"127.0.0.1:9\"", "\"site\":\"127.*:1?\"",
	"\"site\":\"four.test\"", "\"site\":\"f*\"" };
static const char *const classes[] = { "", "\"class\":\"urgent\"",
	"\"class\":\"normal\"", "\"class\":\"bulk\"" };
static const char *const others[] = { "", "\"sender\":\"news@*\"",
	"\"older\":0", "\"older\":3600" };

static const char *
filter_text(const char *const *parts, size_t count)
{
	static char text[256];
	size_t used = 1;

	text[0] = '{';
	for (size_t i = 0; i < count; i++)
		if (parts[i][0] != '\0')
			used += (size_t)snprintf(text + used,
			    sizeof text - used, "%s%s", used > 1 ? "," : "",
			    parts[i]);
	snprintf(text + used, sizeof text - used, "}");
	return text;
}

static void
a_walk_meets_what_the_filter_means_in_order_and_nothing_else(void)
{
	struct rig *rig = rig_of_sorts();

	for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
		for (size_t c = 0; c < sizeof classes / sizeof *classes; c++)
			for (size_t o = 0; o < sizeof others /
			    sizeof *others; o++) {
				const char *parts[] = { sites[i], classes[c],
					others[o] };

				check_filter(rig, filter_text(parts, 3));
			}
	rig_free(&rig);
}

/* ---- what goes from place to place ------------------------------------------------------- */

/* Everything that flies comes back, and other mail takes its place, coming
 * out of the index. */
static void
answer_all(struct rig *rig)
{
	for (size_t i = 0; i < rig->job_count; i++)
		if (!rig->jobs[i].answered)
			rig_answer_job(rig, i, &later);
	rig_settle(rig);
}

static void
a_walk_meets_once_what_moves_ahead_of_it(void)
{
	struct rig *rig = rig_of_sorts();
	struct met met = { .count = 0 };
	struct filter filter = parse("{\"site\":\"*.test\"}");
	struct walk *walk = walk_new(rig->s, &filter, 0);
	size_t jobs = rig->job_count;

	rig->answer = wait_for_me;
	for (int i = 0; walk_on(walk, 5, meet, &met); i++)
		if (i % 3 == 0)
			answer_all(rig);
	CU_ASSERT_TRUE(rig->job_count > jobs + SORTS / 2);
	CU_ASSERT_EQUAL_FATAL(met.count, SORTS);
	for (int i = 0; i < SORTS; i++)
		CU_ASSERT_EQUAL(msgid_compare(met.ids[i], sorts[i].id), 0);
	walk_free(&walk);
	rig_free(&rig);
}

/* The table of messages in memory grows while a walk takes their ids. */
static void
a_walk_meets_once_what_was_in_memory_while_more_comes(void)
{
	enum { BEFORE = 700, AFTER = 1500 };
	struct rig *rig = rig_new("route * { to 127.0.0.1:9 }\n");
	struct filter all = { .all = true };
	struct met met = { .count = 0 };
	struct walk *walk;
	unsigned moves;

	rig_start(rig);
	rig->answer = wait_for_me;
	for (int i = 0; i < BEFORE; i++)
		sorts[i].id = rig_send(rig, CLASS_BULK, "a@from.test",
		    "b@to.test");
	rig_settle(rig);
	CU_ASSERT_EQUAL(rig->s->queue.messages.count, BEFORE);
	walk = walk_new(rig->s, &all, 0);
	CU_ASSERT_TRUE(walk_on(walk, 1, meet, &met));
	CU_ASSERT_TRUE(walk->collects && walk->ids.count > 0);
	moves = rig->s->queue.messages.moves;
	for (int i = 0; i < AFTER; i++)
		rig_send(rig, CLASS_BULK, "a@from.test", "b@to.test");
	rig_settle(rig);
	CU_ASSERT_TRUE(rig->s->queue.messages.moves > moves);
	while (walk_on(walk, 10, meet, &met))
		;
	CU_ASSERT_TRUE_FATAL(met.count >= BEFORE);
	for (size_t i = 0; i < BEFORE; i++)
		CU_ASSERT_EQUAL(msgid_compare(met.ids[i], sorts[i].id), 0);
	for (size_t i = 1; i < met.count; i++)
		CU_ASSERT_TRUE(msgid_compare(met.ids[i - 1], met.ids[i]) < 0);
	walk_free(&walk);
	rig_free(&rig);
}

static void
ids_come_in_order_and_once_however_often_they_were_added(void)
{
	struct idheap heap = { 0 };
	struct msgid id = { { 0 } };

	rand_seed(3);
	for (int i = 0; i < 5000; i++) {
		id.bytes[9] = (uint8_t)rand_below(100);
		idheap_add(&heap, id, i > 100);
		if (i == 100)
			idheap_order(&heap);
	}
	CU_ASSERT_TRUE(heap.room < 400);
	for (uint8_t i = 0; i < 100; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(idheap_first(&heap));
		CU_ASSERT_EQUAL(idheap_first(&heap)->bytes[9], i);
		idheap_take(&heap);
	}
	CU_ASSERT_PTR_NULL(idheap_first(&heap));
	idheap_fini(&heap);
}

/* ---- narrow walks ---------------------------------------------------------------------- */

/* Messages that a walk which WANTS some meets. */
static size_t
count_met(struct rig *rig, const char *text, unsigned wants)
{
	struct filter filter = parse(text);
	struct walk *walk = walk_new(rig->s, &filter, wants);
	struct met met = { .count = 0 };

	while (walk_on(walk, 256, meet, &met))
		;
	walk_free(&walk);
	return met.count;
}

static void
who_has_got_it_is_no_recipient_any_more(void)
{
	static const enum outcome each[] = { OUTCOME_DELIVERED,
		OUTCOME_DEFERRED };
	static const char *const rcpts[] = { "a@one.test", "b@one.test",
		NULL };
	struct rig *rig = rig_new(many_sites);

	rig_start(rig);
	rig->answer = later;
	rig->answer.each = each;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_waiting, 1);
	CU_ASSERT_EQUAL(count_met(rig, "{\"recipient\":\"a@*\"}", 0), 0);
	CU_ASSERT_EQUAL(count_met(rig, "{\"recipient\":\"b@*\"}", 0), 1);
	rig->answer = wait_for_me;
	rig_commit(rig, CLASS_NORMAL, "a@from.test", rcpts);
	rig_until(rig, rig_jobs, 2);
	CU_ASSERT_EQUAL(count_met(rig, "{\"recipient\":\"a@*\"}", 0), 1);
	CU_ASSERT_EQUAL(count_met(rig, "{\"recipient\":\"b@*\"}", 0), 2);
	rig_free(&rig);
}

static void
note_place(struct walk *walk, struct item *item, void *owner)
{
	size_t *counts = owner;
	unsigned places = 0;

	(void)walk;
	for (size_t i = 0; i < item->row_count; i++)
		places |= 1u << item->rows[i].row.place;
	for (unsigned p = 0; p <= INDEX_HELD; p++)
		counts[p] += (places & 1u << p) != 0;
}

/* What is in memory is met as well, unless only what waits for a time is
 * wanted: with an index, nothing in memory does. */
static void
a_walk_that_wants_one_place_passes_the_others_by(void)
{
	struct rig *rig = rig_of_sorts();
	size_t counts[INDEX_HELD + 1] = { 0 };
	struct filter all = { .all = true };
	struct walk *walk = walk_new(rig->s, &all, 0);

	while (walk_on(walk, 256, note_place, counts))
		;
	walk_free(&walk);
	CU_ASSERT_TRUE(counts[INDEX_READY] > 100);
	CU_ASSERT_EQUAL(count_met(rig, "{}", WALK_DUE), counts[INDEX_DUE]);
	CU_ASSERT_EQUAL(count_met(rig, "{\"site\":\"*.test\"}", WALK_DUE),
	    counts[INDEX_DUE]);
	CU_ASSERT_TRUE(count_met(rig, "{}", WALK_HELD) <=
	    counts[INDEX_HELD] + rig->s->queue.messages.count);
	CU_ASSERT_TRUE(count_met(rig, "{}", WALK_HELD) >=
	    counts[INDEX_HELD]);
	CU_ASSERT_TRUE(count_met(rig, "{}", WALK_UNHELD) >=
	    SORTS - counts[INDEX_HELD]);
	rig_free(&rig);
}

/* ---- very many lists ---------------------------------------------------------------------- */

/* A row that no segment knows, of a site of its own. */
static void
put_lone(struct rig *rig, uint32_t number, enum index_place place)
{
	char domain[32];
	struct index_row row = {
		.first_rcpt = 1, .place = (uint8_t)place,
		.klass = number % 4 == 0 ? CLASS_BULK : CLASS_NORMAL,
		.rcpts = span_make("\1\0\0\0", 4), .reason = span_of(""),
		.due = 5
	};
	struct err err;

	snprintf(domain, sizeof domain, "d%u.test", number);
	put_be(row.id.bytes, number, 8);
	row.domain = span_of(domain);
	row.site = routes_hash(row.domain);
	must(index_put(rig->s->window.index, &row, &err));
}

/* Numbers of the ids that are found must be those that MEANS says. */
static void
check_search(struct rig *rig, const char *text, uint32_t most,
    bool (*means)(uint32_t number))
{
	struct filter filter = parse(text);
	struct search search;
	enum search_step step;
	struct msgid id;
	uint32_t next = 0;

	search_begin(&search, rig->s, &filter, SEARCH_ALL);
	while ((step = search_peek(&search, &id)) != SEARCH_OVER) {
		if (step == SEARCH_GOES_ON)
			continue;
		while (next < most && !means(next))
			next++;
		CU_ASSERT_EQUAL_FATAL(get_be(id.bytes, 8), next++);
		search_next(&search);
	}
	while (next < most && !means(next))
		next++;
	CU_ASSERT_EQUAL(next, most);
	search_end(&search);
	filter_fini(&filter);
}

static bool
is_normal(uint32_t number)
{
	return number % 4 != 0;
}

static bool
is_bulk(uint32_t number)
{
	return number % 4 == 0;
}

static bool
begins_with_77(uint32_t number)
{
	while (number > 77)
		number /= 10;
	return number == 77;
}

static bool
is_77(uint32_t number)
{
	return number == 77;
}

static void
more_lists_than_can_be_merged_are_searched_all_the_same(void)
{
	enum { ROWS = STREAMS_MOST / 3 * 4 + 40 };
	struct rig *rig = rig_new(many_sites);

	rig_start(rig);
	for (uint32_t i = 0; i < ROWS; i++)
		put_lone(rig, i, i % 3);
	check_search(rig, "{\"class\":\"normal\"}", ROWS, is_normal);
	check_search(rig, "{\"class\":\"bulk\"}", ROWS, is_bulk);
	check_search(rig, "{\"site\":\"d77*\"}", ROWS, begins_with_77);
	check_search(rig, "{\"site\":\"d77.test\"}", ROWS, is_77);
	check_search(rig, "{\"site\":\"d77.test\",\"class\":\"normal\"}",
	    ROWS, is_77);
	rig_free(&rig);
}

/* ---- age -------------------------------------------------------------------------------- */

/* A row whose id and whose arrival are so many seconds old. */
static void
put_aged(struct rig *rig, struct msgid_maker *maker, usec_t by_id,
    usec_t by_arrival)
{
	usec_t now = scheduler_wall(rig->s);
	struct index_row row = {
		.id = msgid_next(maker, now - by_id * 1000000),
		.place = INDEX_HELD, .klass = CLASS_BULK, .site = 5,
		.rcpts = span_make("\0\0\0\0", 4),
		.domain = span_of("a.test"), .reason = span_of(""),
		.arrived = now - by_arrival * 1000000
	};
	struct err err;

	must(index_put(rig->s->window.index, &row, &err));
}

/* How many a search finds; *PIECES without any. */
static size_t
count_found(struct rig *rig, const char *text, size_t *pieces)
{
	struct filter filter = parse(text);
	struct search search;
	enum search_step step;
	struct msgid id;
	size_t count = 0;

	*pieces = 0;
	search_begin(&search, rig->s, &filter, SEARCH_ALL);
	while ((step = search_peek(&search, &id)) != SEARCH_OVER) {
		*pieces += step == SEARCH_GOES_ON;
		if (step == SEARCH_FOUND) {
			count++;
			search_next(&search);
		}
	}
	search_end(&search);
	filter_fini(&filter);
	return count;
}

static void
what_is_too_young_ends_a_search_unless_a_clock_went_back(void)
{
	struct rig *rig = rig_new(many_sites);
	struct msgid_maker maker;
	size_t pieces;

	rig_start(rig);
	msgid_maker_init(&maker, 1, 1);
	for (usec_t hours = 100; hours > 80; hours--)
		put_aged(rig, &maker, hours * 3600, hours * 3600);
	put_aged(rig, &maker, 7200, 9000);	/* back by half an hour */
	for (int i = 0; i < 9000; i++)
		put_aged(rig, &maker, 60, 60);
	CU_ASSERT_EQUAL(count_found(rig, "{\"older\":8000}", &pieces), 21);
	CU_ASSERT_EQUAL(pieces, 0);
	CU_ASSERT_EQUAL(count_found(rig, "{\"older\":357000}", &pieces), 1);
	CU_ASSERT_EQUAL(pieces, 0);
	CU_ASSERT_EQUAL(count_found(rig,
	    "{\"older\":8000,\"class\":\"bulk\"}", &pieces), 21);
	CU_ASSERT_EQUAL(count_found(rig, "{\"older\":10}", &pieces), 9021);
	CU_ASSERT_EQUAL(count_found(rig, "{}", &pieces), 9021);
	rig_free(&rig);
}

/* ---- sites that rest ---------------------------------------------------------------------- */

static void
what_waits_at_a_site_that_is_roused_is_counted(void)
{
	static const struct { const char *filter; uint64_t count; } rows[] = {
		{ "{\"class\":\"urgent\"}", 0 },
		{ "{\"site\":\"three.test\"}", 0 },
		{ "{\"site\":\"uno.test\",\"class\":\"bulk\"}", 10 },
		{ "{\"site\":\"uno.test\"}", 30 },
		{ "{\"site\":\"127.0.0.1:9\"}", 60 },
		{ "{\"class\":\"bulk\"}", 20 },
		{ "{}", 60 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig *rig = rig_new(many_sites);
		struct filter filter = parse(rows[i].filter);

		rig_start(rig);
		rig->answer = down;
		for (int n = 0; n < 60; n++)
			rig_send(rig, n % 6 < 2 ? CLASS_BULK : CLASS_NORMAL,
			    "a@from.test", n % 2 == 0 ? "b@one.test" :
			    "b@uno.test");
		rig_settle(rig);
		CU_ASSERT_EQUAL(rig_count(rig, COUNT_READY), 60);
		CU_ASSERT_TRUE(index_count(rig->s->window.index) > 20);
		rig->answer = wait_for_me;
		CU_ASSERT_EQUAL(rouse_sites(rig->s, &filter), rows[i].count);
		rig_settle(rig);
		CU_ASSERT_EQUAL(rig_count(rig, COUNT_FLYING),
		    rows[i].count > 0);
		CU_ASSERT_EQUAL(rouse_sites(rig->s, &filter), 0);
		filter_fini(&filter);
		rig_free(&rig);
	}
}

const struct unit_test walk_tests[] = {
	UNIT(who_has_got_it_is_no_recipient_any_more),
	UNIT(a_walk_meets_what_the_filter_means_in_order_and_nothing_else),
	UNIT(a_walk_meets_once_what_moves_ahead_of_it),
	UNIT(a_walk_meets_once_what_was_in_memory_while_more_comes),
	UNIT(ids_come_in_order_and_once_however_often_they_were_added),
	UNIT(a_walk_that_wants_one_place_passes_the_others_by),
	UNIT(more_lists_than_can_be_merged_are_searched_all_the_same),
	UNIT(what_is_too_young_ends_a_search_unless_a_clock_went_back),
	UNIT(what_waits_at_a_site_that_is_roused_is_counted),
	UNIT_END
};
