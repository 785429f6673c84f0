/* SPDX-License-Identifier: ISC
 *
 * line.c - a ready line: what of one class waits for one site, in turns.
 */
#include "scheduler/line.h"

#include "base/mem.h"
#include "base/must.h"
#include "scheduler/queue.h"

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
share_of(struct map *shares, struct line *line, uint64_t sender)
{
	struct share *share = share_find(shares, line, sender);

	if (share != NULL)
		return share;
	share = mem_new(struct share);
	share->key.line = line;
	share->key.sender = sender;
	share->credit = 1;
	list_init(&share->entries);
	list_append(&line->turns, &share->turn);
	map_add(shares, share);
	return share;
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
	heap_init(&line->due);
}

void
line_fini(struct line *line)
{
	must(line->count == 0);
	heap_fini(&line->due);
}

void
line_add(struct map *shares, struct line *line, struct entry *entry,
    bool front)
{
	const struct message *message = entry->message;
	struct share *share = share_of(shares, line, message->sender);

	if (front) {
		list_prepend(&share->entries, &entry->place);
		list_remove(&line->turns, &share->turn);
		list_prepend(&line->turns, &share->turn);
		if (share->credit < 1)
			share->credit = 1;
	} else {
		list_append(&share->entries, &entry->place);
	}
	entry->share = share;
	if (message->klass == CLASS_URGENT && message->deadline > 0)
		heap_put(&line->due, &entry->wait, message->deadline);
	line->count++;
}

void
line_remove(struct map *shares, struct line *line, struct entry *entry)
{
	struct share *share = entry->share;

	list_remove(&share->entries, &entry->place);
	heap_remove(&line->due, &entry->wait);
	entry->share = NULL;
	line->count--;
	if (!list_empty(&share->entries))
		return;
	list_remove(&line->turns, &share->turn);
	map_remove(shares, share_key(share));
	mem_free(share);
}

static void
end_turn(struct line *line, struct share *share)
{
	list_remove(&line->turns, &share->turn);
	list_append(&line->turns, &share->turn);
	share->credit++;
}

/* The share whose turn it is.  An entry may leave its share in debt, which
 * it pays by turns: over time each pick costs a bounded number of these. */
static struct share *
next_share(struct line *line)
{
	struct share *share;

	for (;;) {
		share = list_item(line->turns.head.next, struct share, turn);
		if (share->credit > 0 || line->turns.count == 1)
			return share;
		end_turn(line, share);
	}
}

static struct entry *
by_turns(struct line *line)
{
	return list_item(list_first(&next_share(line)->entries),
	    struct entry, place);
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
line_take(struct map *shares, struct line *line)
{
	struct heap_node *due = heap_first(&line->due);
	struct entry *entry;

	if (line->count == 0)
		return NULL;
	if (due != NULL && ++line->picks % LINE_FAIR != 0) {
		entry = heap_item(due, struct entry, wait);
	} else {
		entry = by_turns(line);
		charge(line, entry->share, cost(entry));
	}
	line_remove(shares, line, entry);
	return entry;
}

struct entry *
line_take_first(struct map *shares, struct line *line)
{
	struct heap_node *due = heap_first(&line->due);
	struct entry *entry;

	if (due == NULL)
		return line_take(shares, line);
	entry = heap_item(due, struct entry, wait);
	line_remove(shares, line, entry);
	return entry;
}

/* ---- looking through ---------------------------------------------------------- */

static struct entry *
first_of(const struct link *turn)
{
	const struct share *share;

	if (turn == NULL)
		return NULL;
	share = list_item(turn, const struct share, turn);
	return list_item(list_first(&share->entries), struct entry, place);
}

struct entry *
line_next(const struct line *line, const struct entry *entry)
{
	const struct link *link;

	if (entry == NULL)
		return first_of(list_first(&line->turns));
	link = list_next(&entry->share->entries, &entry->place);
	if (link != NULL)
		return list_item(link, struct entry, place);
	return first_of(list_next(&line->turns, &entry->share->turn));
}

struct entry *
line_last(const struct line *line)
{
	const struct share *share;

	if (line->count == 0)
		return NULL;
	share = list_item(line->turns.head.prev, const struct share, turn);
	return list_item(share->entries.head.prev, struct entry, place);
}
