/* SPDX-License-Identifier: ISC
 *
 * line.c - a ready line: what of one class waits for one site, in turns.
 */
#include "scheduler/line.h"

#include "base/mem.h"
#include "base/must.h"
#include "scheduler/sender.h"
#include "scheduler/site.h"

uint64_t
line_sender(struct span name)
{
	static const struct hash_key key = {
		0x706f737472696465, 0x722f73656e646572
	};

	return hash_span(key, name);
}

/* ---- shares ------------------------------------------------------------------- */

static struct span
share_key(const void *value)
{
	const struct share *share = value;

	return span_make(&share->key, sizeof share->key);
}

void
line_shares_init(struct map *shares)
{
	map_init(shares, share_key);
}

static struct share *
share_find(const struct map *shares, const struct line *line,
    uint64_t sender)
{
	struct share_key key = { line, sender };

	return map_find(shares, span_make(&key, sizeof key));
}

/* A new share waits for its first turn behind the others. */
static struct share *
share_of(struct queue *queue, struct line *line,
    const struct message *message)
{
	struct share *share = share_find(&queue->shares, line,
	    message->sender);

	if (share != NULL)
		return share;
	share = mem_new(struct share);
	share->key.line = line;
	share->key.sender = message->sender;
	share->credit = 1;
	share->klass = message->klass;
	list_init(&share->entries);
	heap_init(&share->due);
	list_append(&line->turns, &share->turn);
	map_add(&queue->shares, share);
	sender_attach(queue, share);
	return share;
}

static void
share_end(struct queue *queue, struct line *line, struct share *share)
{
	list_remove(share_is_parked(share) ? &line->parked : &line->turns,
	    &share->turn);
	heap_remove(&line->due, &share->first_due);
	heap_fini(&share->due);
	sender_detach(queue, share);
	map_remove(&queue->shares, share_key(share));
	mem_free(share);
}

/* Where SHARE stands among those of LINE that have deadlines. */
static void
sort_due(struct line *line, struct share *share)
{
	struct heap_node *first = heap_first(&share->due);

	if (first == NULL)
		heap_remove(&line->due, &share->first_due);
	else if (!share_is_parked(share))
		heap_put(&line->due, &share->first_due, first->key);
}

size_t
line_share(const struct map *shares, const struct line *line,
    uint64_t sender)
{
	const struct share *share = share_find(shares, line, sender);

	return share == NULL ? 0 : share->entries.count;
}

static int
cost(const struct entry *entry)
{
	uint64_t cost = 1 + entry->message->size / LINE_COST_BYTES;

	return cost < LINE_COST_MOST ? (int)cost : LINE_COST_MOST;
}

/* ---- the line ----------------------------------------------------------------- */

void
line_init(struct line *line)
{
	*line = (struct line){ 0 };
	list_init(&line->turns);
	list_init(&line->parked);
	heap_init(&line->due);
}

void
line_fini(struct line *line)
{
	must(line->count == 0);
	heap_fini(&line->due);
}

/* Whoever is set aside keeps its place. */
static void
to_front(struct line *line, struct share *share)
{
	share->had_turn = true;
	if (!share_is_parked(share)) {
		list_remove(&line->turns, &share->turn);
		list_prepend(&line->turns, &share->turn);
	}
	if (share->credit < 1)
		share->credit = 1;
}

void
line_add(struct queue *queue, struct line *line, struct entry *entry,
    bool front)
{
	const struct message *message = entry->message;
	struct share *share = share_of(queue, line, message);

	if (front) {
		list_prepend(&share->entries, &entry->place);
		to_front(line, share);
	} else {
		list_append(&share->entries, &entry->place);
	}
	entry->share = share;
	if (message->klass == CLASS_URGENT && message->deadline > 0) {
		heap_put(&share->due, &entry->wait, message->deadline);
		sort_due(line, share);
	}
	line->count++;
	line->parked_count += share_is_parked(share);
}

void
line_remove(struct queue *queue, struct line *line, struct entry *entry)
{
	struct share *share = entry->share;

	list_remove(&share->entries, &entry->place);
	if (heap_holds(&entry->wait)) {
		heap_remove(&share->due, &entry->wait);
		sort_due(line, share);
	}
	entry->share = NULL;
	line->count--;
	line->parked_count -= share_is_parked(share);
	line->freed += sender_got_room(share);
	if (list_empty(&share->entries))
		share_end(queue, line, share);
}

/* ---- who waits for a rate ----------------------------------------------------- */

static void
park(struct queue *queue, struct line *line, struct share *share)
{
	share->had_turn = list_first(&line->turns) == &share->turn;
	list_remove(&line->turns, &share->turn);
	list_append(&line->parked, &share->turn);
	heap_remove(&line->due, &share->first_due);
	line->parked_count += share->entries.count;
	sender_await(queue, share);
}

void
line_release(struct share *share)
{
	struct entry *entry = list_item(list_first(&share->entries),
	    struct entry, place);
	struct line *line = site_line_of(entry);

	must(!share_is_parked(share));
	list_remove(&line->parked, &share->turn);
	if (share->had_turn)
		list_prepend(&line->turns, &share->turn);
	else
		list_append(&line->turns, &share->turn);
	line->parked_count -= share->entries.count;
	sort_due(line, share);
}

static struct share *
share_at(const struct link *turn)
{
	return list_item(turn, struct share, turn);
}

bool
line_ready(struct queue *queue, struct line *line)
{
	struct link *turn;

	while ((turn = list_first(&line->turns)) != NULL &&
	    sender_is_dry(share_at(turn)->sender))
		park(queue, line, share_at(turn));
	return turn != NULL;
}

/* ---- picking ------------------------------------------------------------------ */

static void
end_turn(struct line *line, struct share *share)
{
	list_remove(&line->turns, &share->turn);
	list_append(&line->turns, &share->turn);
	share->credit++;
}

/* The share whose turn it is; there is one.  An entry may leave its share in
 * debt, which it pays by turns: over time each pick costs a bounded number of
 * these. */
static struct share *
next_share(struct queue *queue, struct line *line)
{
	struct share *share;

	for (;;) {
		must(line_ready(queue, line));
		share = share_at(line->turns.head.next);
		if (share->credit > 0 || line->turns.count == 1)
			return share;
		end_turn(line, share);
	}
}

static struct entry *
by_turns(struct queue *queue, struct line *line)
{
	struct share *share = next_share(queue, line);

	if (share->due.count == share->entries.count &&
	    ++share->served % LINE_FAIR != 0)
		return heap_item(heap_first(&share->due), struct entry, wait);
	return list_item(list_first(&share->entries), struct entry, place);
}

/* Null: nothing that may go has a deadline. */
static struct entry *
by_deadline(struct queue *queue, struct line *line)
{
	struct heap_node *first;
	struct share *share;

	while ((first = heap_first(&line->due)) != NULL) {
		share = heap_item(first, struct share, first_due);
		if (!sender_is_dry(share->sender))
			return heap_item(heap_first(&share->due),
			    struct entry, wait);
		park(queue, line, share);
	}
	return NULL;
}

/* Who is alone owes nobody.  What went by its deadline is not charged: the
 * turns of its sender's other mail are not to suffer. */
static void
charge(struct line *line, struct share *share, int cost)
{
	if (line->turns.count == 1)
		return;
	share->credit -= cost;
	if (share->credit <= 0)
		end_turn(line, share);
}

struct entry *
line_take(struct queue *queue, struct line *line)
{
	struct entry *entry;

	if (!line_ready(queue, line))
		return NULL;
	entry = by_deadline(queue, line);
	if (entry == NULL || ++line->picks % LINE_FAIR == 0) {
		entry = by_turns(queue, line);
		charge(line, entry->share, cost(entry));
	}
	line_remove(queue, line, entry);
	return entry;
}

struct entry *
line_take_first(struct queue *queue, struct line *line)
{
	struct entry *entry = by_deadline(queue, line);

	if (entry == NULL)
		return line_take(queue, line);
	line_remove(queue, line, entry);
	return entry;
}

bool
line_ready_small(struct queue *queue, struct line *line, uint64_t large)
{
	for (int i = 0; i < LINE_LOOK && line_ready(queue, line); i++) {
		struct share *share = next_share(queue, line);
		const struct entry *entry = list_item(
		    list_first(&share->entries), struct entry, place);

		if (entry->message->size <= large)
			return true;
		list_remove(&line->turns, &share->turn);
		list_append(&line->turns, &share->turn);
	}
	return false;
}

struct entry *
line_take_small(struct queue *queue, struct line *line, uint64_t large)
{
	struct entry *entry;

	if (!line_ready_small(queue, line, large))
		return NULL;
	/* The one that was looked at, whatever has an earlier deadline. */
	entry = list_item(list_first(&next_share(queue, line)->entries),
	    struct entry, place);
	charge(line, entry->share, cost(entry));
	line_remove(queue, line, entry);
	return entry;
}

/* ---- looking through ---------------------------------------------------------- */

static struct entry *
first_of(const struct link *turn)
{
	if (turn == NULL)
		return NULL;
	return list_item(list_first(&share_at(turn)->entries), struct entry,
	    place);
}

/* Those that are set aside first: who comes to be while somebody walks, as
 * entries are removed, is then met twice rather than never. */
struct entry *
line_next(const struct line *line, const struct entry *entry)
{
	const struct share *share;
	const struct link *link;

	if (entry == NULL) {
		link = list_first(&line->parked);
		return first_of(link != NULL ? link :
		    list_first(&line->turns));
	}
	share = entry->share;
	link = list_next(&share->entries, &entry->place);
	if (link != NULL)
		return list_item(link, struct entry, place);
	if (!share_is_parked(share))
		return first_of(list_next(&line->turns, &share->turn));
	link = list_next(&line->parked, &share->turn);
	return first_of(link != NULL ? link : list_first(&line->turns));
}

/* Null: LINK is the first. */
static struct link *
before(const struct list *list, const struct link *link)
{
	return link->prev == &list->head ? NULL : link->prev;
}

static struct entry *
last_of(const struct link *turn)
{
	return turn == NULL ? NULL : list_item(
	    share_at(turn)->entries.head.prev, struct entry, place);
}

struct entry *
line_last(const struct line *line)
{
	const struct list *list = list_empty(&line->parked) ? &line->turns :
	    &line->parked;

	if (line->count == 0)
		return NULL;
	return last_of(list->head.prev);
}

struct entry *
line_before(const struct line *line, const struct entry *entry)
{
	const struct share *share = entry->share;
	const struct link *link = before(&share->entries, &entry->place);

	if (link != NULL)
		return list_item(link, struct entry, place);
	if (!share_is_parked(share))
		return last_of(before(&line->turns, &share->turn));
	link = before(&line->parked, &share->turn);
	if (link == NULL && !list_empty(&line->turns))
		link = line->turns.head.prev;
	return last_of(link);
}
