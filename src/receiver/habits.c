/* SPDX-License-Identifier: ISC
 *
 * habits.c - what each stranger did in this minute, as far as it is counted.
 */
#include "receiver/habits.h"

#include "receiver/clients.h"

#include "base/log.h"
#include "base/mem.h"

enum {
	STRANGERS_MOST = 4096,
	SAID_MOST = 20, /* lines for each in a minute */
	MINUTE_US = 60 * 1000 * 1000
};

struct habit {
	struct link order;
	struct in6_addr network;
	struct addr address; /* the first that was seen of it */
	usec_t since;
	unsigned connections, refusals;
};

static struct span
key_of(const void *value)
{
	const struct habit *habit = value;

	return span_make(&habit->network, sizeof habit->network);
}

void
habits_init(struct habits *habits)
{
	map_init(&habits->map, key_of);
	list_init(&habits->order);
}

static void
end(struct habits *habits, struct habit *habit)
{
	char text[ADDR_TEXT_SIZE];

	if (habit->refusals > SAID_MOST)
		log_info("NOQUEUE: reject: %u more in a minute from "
			 "unknown[%s]",
		    habit->refusals - SAID_MOST,
		    addr_text(habit->address, text));
	list_remove(&habits->order, &habit->order);
	map_remove(&habits->map, key_of(habit));
	mem_free(habit);
}

static struct habit *
oldest(const struct habits *habits)
{
	struct link *link = list_first(&habits->order);

	return link == NULL ? NULL : list_item(link, struct habit, order);
}

void
habits_end(struct habits *habits)
{
	struct habit *habit;

	while ((habit = oldest(habits)) != NULL)
		end(habits, habit);
}

void
habits_fini(struct habits *habits)
{
	habits_end(habits);
	map_fini(&habits->map);
}

/* Also where the clock was set back. */
static bool
is_over(const struct habit *habit, usec_t now)
{
	return now - habit->since >= MINUTE_US || now < habit->since;
}

bool
habits_care(struct habits *habits, usec_t now)
{
	struct habit *habit;

	while ((habit = oldest(habits)) != NULL && is_over(habit, now))
		end(habits, habit);
	return habit != NULL;
}

static struct habit *
habit_of(struct habits *habits, struct addr address, usec_t now)
{
	struct in6_addr network = clients_network(address);
	struct habit *habit;

	habits_care(habits, now);
	habit = map_find(&habits->map, span_make(&network, sizeof network));
	if (habit != NULL)
		return habit;
	if (habits->order.count >= STRANGERS_MOST)
		end(habits, oldest(habits));
	habit = mem_new(struct habit);
	habit->network = network;
	habit->address = address;
	habit->since = now;
	map_add(&habits->map, habit);
	list_append(&habits->order, &habit->order);
	return habit;
}

bool
habits_connect(
    struct habits *habits, struct addr address, unsigned most, usec_t now)
{
	struct habit *habit = habit_of(habits, address, now);

	if (habit->connections >= most)
		return false;
	habit->connections++;
	return true;
}

bool
habits_may_say(struct habits *habits, struct addr address, usec_t now)
{
	return ++habit_of(habits, address, now)->refusals <= SAID_MOST;
}
