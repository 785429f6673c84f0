/* SPDX-License-Identifier: ISC
 *
 * queue.c - what waits in memory, and in which order it goes.
 */
#include "scheduler/queue.h"

#include "base/mem.h"
#include "base/must.h"
#include "scheduler/site.h"

static struct span
message_key(const void *value)
{
	const struct message *message = value;

	return span_make(message->id.bytes, sizeof message->id.bytes);
}

static struct span
site_key(const void *value)
{
	const struct site *site = value;

	return span_of(site->key);
}

void
queue_init(struct queue *queue)
{
	*queue = (struct queue){ .large = UINT64_MAX };
	map_init(&queue->messages, message_key);
	map_init(&queue->sites, site_key);
	line_shares_init(&queue->shares);
	senders_init(&queue->senders);
	spent_init(&queue->spent);
	for (int c = 0; c < CLASS_COUNT; c++) {
		list_init(&queue->work[c]);
		list_init(&queue->fresh[c]);
		queue->fresh_most[c] = SIZE_MAX;
	}
	heap_init(&queue->resting);
	heap_init(&queue->tokens);
	heap_init(&queue->later);
	heap_init(&queue->deadlines);
	suspects_init(&queue->suspects);
}

static void
free_messages(struct queue *queue)
{
	struct message *message;
	struct link *link;
	size_t at = 0;

	while ((message = map_each(&queue->messages, &at)) != NULL) {
		while ((link = list_first(&message->entries)) != NULL) {
			struct entry *entry = list_item(link, struct entry,
			    sibling);

			list_remove(&message->entries, link);
			if (entry->rcpts != &entry->one)
				mem_free(entry->rcpts);
			mem_free(entry);
		}
		map_remove(&queue->messages, message_key(message));
		mem_free(message);
	}
}

static void
clear_lines(struct queue *queue)
{
	struct entry *entry;
	struct site *site;
	size_t at = 0;

	while ((site = map_each(&queue->sites, &at)) != NULL)
		for (unsigned i = 0; i < site_lines(site); i++)
			while ((entry = line_next(site_line(site, i),
			    NULL)) != NULL)
				line_remove(queue, site_line(site, i), entry);
}

void
queue_fini(struct queue *queue)
{
	struct site *site;
	size_t at = 0;

	clear_lines(queue);
	free_messages(queue);
	while ((site = map_each(&queue->sites, &at)) != NULL) {
		site->entries = 0;
		site_free(queue, site);
	}
	senders_fini(queue);
	spent_fini(&queue->spent);
	map_fini(&queue->messages);
	map_fini(&queue->sites);
	map_fini(&queue->shares);
	heap_fini(&queue->resting);
	heap_fini(&queue->tokens);
	heap_fini(&queue->later);
	heap_fini(&queue->deadlines);
}

/* ---- messages and entries --------------------------------------------------- */

struct message *
message_find(const struct queue *queue, struct msgid id)
{
	return map_find(&queue->messages, span_make(id.bytes,
	    sizeof id.bytes));
}

struct message *
message_new(struct queue *queue, struct msgid id)
{
	struct message *message = mem_new(struct message);

	message->id = id;
	list_init(&message->entries);
	map_add(&queue->messages, message);
	return message;
}

void
message_free(struct queue *queue, struct message *message)
{
	must(list_empty(&message->entries) && message->report == NULL);
	heap_remove(&queue->deadlines, &message->alarm);
	map_remove(&queue->messages, message_key(message));
	mem_free(message);
}

bool
message_release(struct queue *queue, struct message *message)
{
	if (message->busy || message->report != NULL ||
	    !list_empty(&message->entries))
		return false;
	message_free(queue, message);
	return true;
}

struct entry *
entry_new(struct queue *queue, struct message *message)
{
	struct entry *entry = mem_new(struct entry);

	entry->message = message;
	entry->rcpts = &entry->one;
	list_append(&message->entries, &entry->sibling);
	queue->entries++;
	return entry;
}

void
entry_tried(struct entry *entry)
{
	if (!entry->hastened || entry->attempts == 0)
		entry->attempts++;
	entry->hastened = false;
}

/* Memory for recipients grows by doubling: counts that are powers of two. */
void
entry_add_rcpt(struct entry *entry, uint32_t rcpt)
{
	uint32_t count = entry->rcpt_count;

	if (count == 1 && entry->rcpts == &entry->one) {
		entry->rcpts = mem_array(2, sizeof *entry->rcpts);
		entry->rcpts[0] = entry->one;
	} else if (count > 1 && (count & (count - 1)) == 0) {
		entry->rcpts = mem_resize(entry->rcpts, (size_t)count * 2,
		    sizeof *entry->rcpts);
	}
	entry->rcpts[count] = rcpt;
	entry->rcpt_count++;
}

void
entry_set_rcpts(struct entry *entry, const uint32_t *rcpts, uint32_t count)
{
	uint32_t *old = entry->rcpts;

	must(count > 0);
	entry->rcpts = &entry->one;
	entry->rcpt_count = 0;
	for (uint32_t i = 0; i < count; i++)
		entry_add_rcpt(entry, rcpts[i]);
	if (old != &entry->one)
		mem_free(old);
}

void
entry_free(struct queue *queue, struct entry *entry)
{
	must(entry->state == ENTRY_IDLE);
	list_remove(&entry->message->entries, &entry->sibling);
	queue->entries--;
	if (entry->domain != NULL)
		entry->domain->entries--;
	if (entry->rcpts != &entry->one)
		mem_free(entry->rcpts);
	mem_free(entry);
}

void
queue_count(struct queue *queue, uint8_t klass, enum count old,
    enum count new)
{
	if (old != COUNT_STATES)
		queue->counts[klass][old]--;
	if (new != COUNT_STATES)
		queue->counts[klass][new]++;
}

void
entry_later(struct queue *queue, struct entry *entry, usec_t due)
{
	must(entry->state == ENTRY_IDLE);
	entry->state = ENTRY_LATER;
	entry->site = NULL;	/* which may go meanwhile */
	heap_put(&queue->later, &entry->wait, due);
	queue_count(queue, entry->message->klass, COUNT_STATES,
	    COUNT_WAITING);
}

void
entry_pull(struct queue *queue, struct entry *entry)
{
	switch (entry->state) {
	case ENTRY_READY:
		site_line_remove(queue, entry);
		break;
	case ENTRY_ROUTING:
		list_remove(&entry->domain->waiting, &entry->place);
		queue_count(queue, entry->message->klass, COUNT_READY,
		    COUNT_STATES);
		break;
	case ENTRY_LATER:
		heap_remove(&queue->later, &entry->wait);
		queue_count(queue, entry->message->klass, COUNT_WAITING,
		    COUNT_STATES);
		break;
	default:
		must(entry->state == ENTRY_IDLE);
	}
	entry->state = ENTRY_IDLE;
}

void
entry_await_route(struct queue *queue, struct entry *entry)
{
	must(entry->state == ENTRY_IDLE);
	entry->state = ENTRY_ROUTING;
	list_append(&entry->domain->waiting, &entry->place);
	queue_count(queue, entry->message->klass, COUNT_STATES, COUNT_READY);
}

/* ---- picking ------------------------------------------------------------------ */

void
queue_ready(struct queue *queue, struct entry *entry, bool front)
{
	must(entry->state == ENTRY_IDLE && entry->site != NULL);
	entry->state = ENTRY_READY;
	entry->suspect = entry->message->suspect ||
	    entry->deaths >= SUSPECT_DEATHS;
	if (entry->suspect)
		suspects_add(queue, entry, front || entry->alone > 0);
	else
		site_line_add(queue, entry->site, entry, front);
	queue_count(queue, entry->message->klass, COUNT_STATES, COUNT_READY);
}

unsigned
trickle_choose(struct trickle *trickle, unsigned best, unsigned worst,
    const bool waits[CLASS_COUNT], msec_t now)
{
	unsigned choice = best;

	for (unsigned c = best + 1; c <= worst; c++) {
		if (!waits[c]) {
			trickle->passed[c] = 0;
			continue;
		}
		if (trickle->passed[c] == 0)
			trickle->picked[c] = now;
		if (++trickle->passed[c] > TRICKLE_PICKS && choice == best &&
		    now - trickle->picked[c] >= TRICKLE_MS)
			choice = c;
	}
	return choice;
}

void
trickle_picked(struct trickle *trickle, unsigned klass, msec_t now)
{
	trickle->passed[klass] = 0;
	trickle->picked[klass] = now;
}

/* Sites with nothing of KLASS but what waits for its senders' rates leave
 * the front of their list. */
static void
refresh(struct queue *queue, struct list *list, unsigned klass)
{
	struct link *link;
	struct site *site;

	while ((link = list_first(list)) != NULL) {
		site = list_item(link, struct site, work);
		site_update(queue, site);
		if (site->work_class == klass)
			return;
	}
}

/* The sites of KLASS whose turn it is.  Those that did not answer yet, and may
 * never do, are not to have all jobs there can be. */
static struct list *
next_sites(struct queue *queue, unsigned klass)
{
	struct list *known = &queue->work[klass];
	struct list *fresh = &queue->fresh[klass];

	if (list_empty(fresh) ||
	    queue->fresh_flying >= queue->fresh_most[klass])
		return known;
	return list_empty(known) || queue->turns % 2 == 0 ? fresh : known;
}

/* Each site keeps its own trickle; this one is for sites that have nothing
 * pressing, while others always have. */
static struct entry *
pick_site(struct queue *queue, enum mail_class worst, msec_t now)
{
	unsigned best = CLASS_COUNT;
	bool waits[CLASS_COUNT];
	struct site *site;

	for (unsigned c = 0; queue->senders.conf != NULL && c < CLASS_COUNT;
	    c++) {
		refresh(queue, &queue->work[c], c);
		refresh(queue, &queue->fresh[c], c);
	}
	for (unsigned c = CLASS_COUNT; c-- > 0;) {
		waits[c] = !list_empty(next_sites(queue, c));
		if (waits[c])
			best = c;
	}
	if (best > worst)
		return NULL;
	best = trickle_choose(&queue->trickle, best, CLASS_BULK, waits, now);
	trickle_picked(&queue->trickle, best, now);
	site = list_item(list_first(next_sites(queue, best)), struct site,
	    work);
	queue->turns++;
	return site_pick(queue, site, now);
}

struct entry *
queue_pick_until(struct queue *queue, enum mail_class worst, msec_t now)
{
	struct entry *entry = pick_site(queue, worst, now);

	if (entry == NULL)
		return NULL;
	entry->state = ENTRY_FLYING;
	entry->klass = entry->message->klass;
	queue_count(queue, entry->klass, COUNT_READY, COUNT_FLYING);
	return entry;
}
