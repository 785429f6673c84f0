/* SPDX-License-Identifier: ISC
 *
 * list.h - a chain through the things themselves.
 *
 * Intrusive and doubly linked: a thing sits on a list by a struct link in
 * it, so joining and leaving cost no memory and no search.  A link that is
 * on no list has both ends null.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *prev, *next;
};

struct list {
	struct link head;
	size_t count;
};

/* The thing of TYPE whose MEMBER is LINK. */
#define list_item(link, type, member) \
	((type *)(void *)((char *)(link) - offsetof(type, member)))

static inline void
list_init(struct list *list)
{
	list->head.prev = list->head.next = &list->head;
	list->count = 0;
}

static inline bool
list_empty(const struct list *list)
{
	return list->count == 0;
}

static inline bool
link_on_list(const struct link *link)
{
	return link->next != NULL;
}

static inline void
list_insert_after(struct list *list, struct link *after, struct link *link)
{
	link->prev = after;
	link->next = after->next;
	after->next->prev = link;
	after->next = link;
	list->count++;
}

static inline void
list_append(struct list *list, struct link *link)
{
	list_insert_after(list, list->head.prev, link);
}

static inline void
list_prepend(struct list *list, struct link *link)
{
	list_insert_after(list, &list->head, link);
}

static inline void
list_remove(struct list *list, struct link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->prev = link->next = NULL;
	list->count--;
}

/* Null when the list is empty, or ends there. */
static inline struct link *
list_first(const struct list *list)
{
	return list->count == 0 ? NULL : list->head.next;
}

static inline struct link *
list_next(const struct list *list, const struct link *link)
{
	return link->next == &list->head ? NULL : link->next;
}

/* The first link, taken off; null when there is none. */
static inline struct link *
list_take(struct list *list)
{
	struct link *link = list_first(list);

	if (link != NULL)
		list_remove(list, link);
	return link;
}

#endif
