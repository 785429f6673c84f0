/* SPDX-License-Identifier: ISC
 *
 * wake.c - what waits for a time: sites that rest, rates without a token.
 */
#include "scheduler/queue.h"
#include "scheduler/site.h"

static void
token(struct queue *queue, struct meter *meter, msec_t now)
{
	if (meter->sender != NULL)
		sender_token(queue, meter->sender, now);
	else
		site_update(queue, meter->site);
}

void
queue_wake(struct queue *queue, msec_t now)
{
	struct heap_node *first;

	while ((first = heap_first(&queue->resting)) != NULL &&
	    first->key <= now)
		site_rouse(queue, heap_item(first, struct site, rest));
	while ((first = heap_first(&queue->tokens)) != NULL &&
	    first->key <= now) {
		heap_remove(&queue->tokens, first);
		token(queue, heap_item(first, struct meter, wake), now);
	}
	senders_wake(queue, now);
	spent_wake(&queue->spent, now);
}

static msec_t
first_of(const struct heap *heap)
{
	struct heap_node *first = heap_first(heap);

	return first == NULL ? MSEC_NEVER : first->key;
}

msec_t
queue_next_wake(const struct queue *queue)
{
	msec_t rest = first_of(&queue->resting);
	msec_t next = first_of(&queue->tokens);
	msec_t offer = senders_next_wake(queue);

	if (rest < next)
		next = rest;
	return offer < next ? offer : next;
}
