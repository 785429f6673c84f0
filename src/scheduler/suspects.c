/* SPDX-License-Identifier: ISC
 *
 * suspects.c - entries that deliverers may have died of.
 */
#include "scheduler/suspects.h"

#include "base/mem.h"
#include "base/must.h"
#include "scheduler/site.h"

void
suspects_init(struct suspects *suspects)
{
	*suspects = (struct suspects){ .crowd = SUSPECT_CROWD,
	    .settle = SUSPECT_SETTLE };
	for (int c = 0; c < CLASS_COUNT; c++)
		list_init(&suspects->sites[c]);
}

void
suspects_open(struct suspects *suspects, bool open)
{
	suspects->open = open;
}

/* How long the last batch was out tells how long it takes to die. */
void
suspects_died(struct suspects *suspects, unsigned count, msec_t now)
{
	const struct batch *all = &suspects->batch[CLASS_BULK];
	msec_t settle = 2 * (now - all->began);

	if (settle < SUSPECT_SETTLE)
		settle = SUSPECT_SETTLE;
	suspects->settle = settle < SUSPECT_SETTLE_MOST ? settle :
	    SUSPECT_SETTLE_MOST;
	suspects->crowd = count > 3 ? count / 2 : 1;
	if (suspects->crowd > SUSPECT_CROWD_MOST)
		suspects->crowd = SUSPECT_CROWD_MOST;
	suspects->doubt = false;
	for (int c = 0; c < CLASS_COUNT; c++)
		suspects->batch[c].gone = 0;
}

/* One comes that a deliverer died of, as far as is known: it is to be alone. */
static void
doubt(struct suspects *suspects)
{
	suspects->crowd = 1;
	suspects->doubt = suspects->batch[CLASS_BULK].gone > 0;
}

/* All of the last batch live. */
static void
grow(struct suspects *suspects)
{
	if (!suspects->doubt)
		suspects->crowd *= 2;
	suspects->doubt = false;
	if (suspects->crowd > SUSPECT_CROWD_MOST)
		suspects->crowd = SUSPECT_CROWD_MOST;
	suspects->settle /= 2;
	if (suspects->settle < SUSPECT_SETTLE)
		suspects->settle = SUSPECT_SETTLE;
}

/* Batches that are over make room for the next ones. */
static void
end_batches(struct suspects *suspects, msec_t now)
{
	for (int c = 0; c < CLASS_COUNT; c++) {
		struct batch *batch = &suspects->batch[c];

		if (batch->gone == 0 || (batch->flying > 0 &&
		    now - batch->began < suspects->settle))
			continue;
		if (c == CLASS_BULK && batch->gone >= suspects->crowd)
			grow(suspects);
		batch->gone = 0;
	}
}

static void
count_gone(struct suspects *suspects, unsigned klass, msec_t now)
{
	for (unsigned c = klass; c < CLASS_COUNT; c++) {
		struct batch *batch = &suspects->batch[c];

		if (batch->gone++ == 0)
			batch->began = now;
		batch->flying++;
	}
}

/* ---- sites -------------------------------------------------------------------- */

unsigned
suspects_flying(const struct site *site)
{
	unsigned count = 0;

	for (unsigned c = 0; site->apart != NULL && c < CLASS_COUNT; c++)
		count += site->apart->flying[c];
	return count;
}

/* A quarter is for them while there are any. */
unsigned
suspects_window(const struct site *site)
{
	unsigned window = site_is_down(site) ? 1 : site->flow.window;

	return (window + 3) / 4;
}

static struct apart *
apart_new(struct site *site)
{
	struct apart *apart = mem_new(struct apart);

	apart->site = site;
	apart->work_class = CLASS_COUNT;
	for (int c = 0; c < CLASS_COUNT; c++)
		line_init(&apart->lines[c]);
	return apart;
}

static void
put_on_list(struct suspects *suspects, struct apart *apart, unsigned klass)
{
	if (klass == apart->work_class)
		return;
	if (apart->work_class != CLASS_COUNT)
		list_remove(&suspects->sites[apart->work_class],
		    &apart->work);
	apart->work_class = (uint8_t)klass;
	if (klass != CLASS_COUNT)
		list_append(&suspects->sites[klass], &apart->work);
}

/* They are few, and wait for no other mail's credit: only for one another,
 * and for a probe. */
static bool
may_go(const struct site *site, unsigned klass)
{
	unsigned flying = 0;

	if (site_rests(site) || site->paused != NULL)
		return false;
	if (site_is_down(site))
		return site->flying == 0;
	for (unsigned c = 0; c <= klass; c++)
		flying += site->apart->flying[c];
	return flying < suspects_window(site);
}

static unsigned
best_class(struct queue *queue, struct site *site)
{
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		struct line *line = &site->apart->lines[c];

		if (line->count > 0 && !rates_dry(site, c) &&
		    may_go(site, c) && line_ready(queue, line))
			return c;
	}
	return CLASS_COUNT;
}

void
suspects_update(struct queue *queue, struct site *site)
{
	if (site->apart != NULL)
		put_on_list(&queue->suspects, site->apart,
		    best_class(queue, site));
}

void
suspects_leave(struct queue *queue, struct site *site)
{
	if (site->apart == NULL)
		return;
	put_on_list(&queue->suspects, site->apart, CLASS_COUNT);
	for (int c = 0; c < CLASS_COUNT; c++)
		line_fini(&site->apart->lines[c]);
	mem_free(site->apart);
}

void
suspects_add(struct queue *queue, struct entry *entry, bool front)
{
	struct site *site = entry->site;

	if (site->apart == NULL)
		site->apart = apart_new(site);
	if (entry->alone > 0)
		doubt(&queue->suspects);
	line_add(queue, site_line_of(entry), entry, front);
	queue->suspects.count++;
	site->entries++;
	site_update(queue, site);
}

void
suspects_landed(struct queue *queue, const struct entry *entry)
{
	struct suspects *suspects = &queue->suspects;

	entry->site->apart->flying[entry->klass]--;
	for (unsigned c = entry->klass; c < CLASS_COUNT; c++) {
		must(suspects->batch[c].flying > 0);
		suspects->batch[c].flying--;
	}
	suspects->count--;
}

/* ---- picking ------------------------------------------------------------------ */

/* Sites with nothing of the class but what waits for its senders' rates leave
 * the list by being looked at. */
static struct site *
first_site(struct queue *queue, unsigned klass)
{
	struct list *list = &queue->suspects.sites[klass];
	struct link *link;

	while ((link = list_first(list)) != NULL) {
		struct apart *apart = list_item(link, struct apart, work);

		site_update(queue, apart->site);
		if (apart->work_class == klass)
			return apart->site;
	}
	return NULL;
}

/* A site takes its turn at the end of its list again. */
static struct entry *
pick_from(struct queue *queue, struct site *site, unsigned klass, msec_t now)
{
	struct apart *apart = site->apart;
	struct entry *entry = line_take_first(queue, &apart->lines[klass]);

	must(entry != NULL);
	count_gone(&queue->suspects, klass, now);
	apart->flying[klass]++;
	entry->state = ENTRY_FLYING;
	entry->klass = (uint8_t)klass;
	queue_count(queue, (uint8_t)klass, COUNT_READY, COUNT_FLYING);
	site_goes(queue, site, entry, klass, now);
	put_on_list(&queue->suspects, apart, CLASS_COUNT);
	site_update(queue, site);
	return entry;
}

/* What keeps a class out keeps out those less pressing too. */
struct entry *
suspects_pick(struct queue *queue, msec_t now)
{
	struct suspects *suspects = &queue->suspects;

	if (!suspects->open || suspects->count == 0)
		return NULL;
	end_batches(suspects, now);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		struct site *site = first_site(queue, c);

		if (site != NULL)
			return suspects->batch[c].gone < suspects->crowd ?
			    pick_from(queue, site, c, now) : NULL;
	}
	return NULL;
}
