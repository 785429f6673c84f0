/* SPDX-License-Identifier: ISC
 *
 * deaths.c - a deliverer died: who is to blame, and what becomes of it.
 */
#include "scheduler/deaths.h"

#include "base/log.h"
#include "scheduler/quarantine.h"
#include "scheduler/results.h"
#include "scheduler/retry.h"
#include "scheduler/scheduler.h"

static const msec_t IDLE_MS = 60 * 1000;	/* then it is sent away */

static const char WHY_LATER[] =
    "the process that carries mail ended while it had this message alone";
static const char WHY_NEVER[] =
    "the process that carries mail ended three times while it had this "
    "message alone";

const char *
deaths_why(void)
{
	return "it was in hand when deliverers died, and is tried apart";
}

/* ---- who was alone -------------------------------------------------------------------- */

/* What else of MESSAGE waits goes apart as well. */
static void
suspect_all(struct scheduler *s, struct message *message)
{
	struct link *link, *next;

	message->suspect = true;
	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		if (entry->state != ENTRY_READY || entry->suspect)
			continue;
		entry_pull(&s->queue, entry);
		window_place(s, entry, PLACE_FRONT);
	}
}

/* In memory: the index would not know what is said of it. */
static void
wait(struct scheduler *s, struct entry *entry)
{
	results_say(s, entry, "4.3.0", "deferred", WHY_LATER);
	results_bump(s, METRIC_DEFERRED, entry->rcpt_count);
	entry_later(&s->queue, entry, scheduler_wall(s) + 1000 *
	    retry_pause(s->conf, entry->message->klass, entry->alone));
	scheduler_ask(s);
}

/* The sender is told by the way that all failures go: the report is durable
 * before the recipients are final. */
static void
give_up(struct scheduler *s, struct entry *entry)
{
	results_say(s, entry, "5.3.0", "bounced", WHY_NEVER);
	for (uint32_t i = 0; i < entry->rcpt_count; i++) {
		struct tidings t = { .rcpt = entry->rcpts[i],
		    .action = DSN_FAILED, .status = span_of("5.3.0"),
		    .mta = span_of(""), .text = span_of(WHY_NEVER) };

		report_add(s, entry->message, &t);
	}
	results_bump(s, METRIC_FAILED, entry->rcpt_count);
	results_drop(s, entry);
}

static void
died_alone(struct scheduler *s, struct entry *entry)
{
	struct message *message = entry->message;

	message->busy++;
	suspect_all(s, message);
	entry_tried(entry);
	entry->alone++;
	if ((message->flags & (MESSAGE_DELETED | MESSAGE_HELD)) != 0)
		window_place(s, entry, PLACE_FRONT);
	else if (entry->alone < DEATHS_ALONE)
		wait(s, entry);
	else if (quarantine_copy(s, message, "a deliverer died three times "
	    "with it alone"))
		give_up(s, entry);
	else {
		entry->alone--;
		wait(s, entry);
	}
	message->busy--;
	message_release(&s->queue, message);
}

/* The job was never tried, as far as we know: back to the front (what it
 * used of a rate stays used). */
void
deaths_entry(struct scheduler *s, struct death *death, struct entry *entry)
{
	if (death->apart && death->only != NULL) {
		died_alone(s, entry);
		return;
	}
	if (!death->apart && entry->deaths < SUSPECT_DEATHS &&
	    ++entry->deaths == SUSPECT_DEATHS)
		death->suspects++;
	window_place(s, entry, PLACE_FRONT);
}

/* ---- the deliverer apart -------------------------------------------------------------- */

static void
want(struct scheduler *s, bool wanted)
{
	struct deaths *deaths = &s->deaths;

	if (deaths->wanted == wanted)
		return;
	deaths->wanted = wanted;
	suspects_open(&s->queue.suspects, false);
	if (deaths->ask != NULL)
		deaths->ask(deaths->owner, wanted);
}

void
deaths_end(struct scheduler *s, const struct death *death, unsigned number)
{
	if (death->apart && death->jobs > 0) {
		suspects_died(&s->queue.suspects, death->jobs,
		    scheduler_now(s));
		log_warn("the deliverer for suspects died with %u deliveries "
		    "in hand%s", death->jobs, death->only != NULL ?
		    ", all of one message" : "");
	} else if (death->suspects > 0) {
		log_warn("deliverer %u died with %u deliveries in hand: %u of "
		    "them were so before, and are tried apart", number,
		    death->jobs, death->suspects);
	}
	deaths_care(s);
}

void
deaths_care(struct scheduler *s)
{
	msec_t now = scheduler_now(s);

	if (s->queue.suspects.count > 0) {
		s->deaths.idle = now;
		want(s, true);
	} else if (now - s->deaths.idle >= conf_time(s->conf, IDLE_MS)) {
		want(s, false);
	}
}
