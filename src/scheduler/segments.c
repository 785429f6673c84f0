/* SPDX-License-Identifier: ISC
 *
 * segments.c - the segments of the spool and their journals.
 *
 * The order of operations, which must not be changed:
 *
 *   delivered:  the RESULT arrives -> a status record is written at the end
 *	of that loop turn (a kill from here on makes no duplicate) -> it is
 *	synced at least every status-sync (a power cut from here on makes no
 *	duplicate).
 *   failed, expired:  the RESULT arrives -> the report to the sender is
 *	committed and durable -> only then the status record is written.  A
 *	kill between the two makes a second report, never none.
 *   removal:  every recipient of every record is final, and nothing will be
 *	appended -> the journal is synced (else a power cut could bring the
 *	segment back without its last status records) -> the messages are
 *	unlinked -> the directory is synced -> the journal is unlinked.
 *
 * Reading a segment again after any crash between two steps therefore finds
 * a recipient either final or to be tried, never neither.
 */
#include "scheduler/segments.h"

#include "base/crash.h"
#include "base/fds.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "scheduler/kept.h"
#include "scheduler/past.h"
#include "scheduler/removal.h"
#include "scheduler/scheduler.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
	STUCK_BYTES = 256 << 10,	/* unwritten status records */
	COMPLAIN_MS = 60 * 1000,
	REMOVE_MS = 100			/* removal waits so long for company */
};

static struct span
segment_key(const void *value)
{
	const struct segment *segment = value;

	return span_make(segment->key, sizeof segment->key);
}

static void
name_to_key(struct segment_name name, uint8_t key[SEGMENT_KEY])
{
	memset(key, 0, SEGMENT_KEY);
	key[0] = name.klass;
	memcpy(key + 2, &name.slot, sizeof name.slot);
	memcpy(key + 4, &name.sequence, sizeof name.sequence);
}

struct segment *
segment_find(const struct scheduler *s, struct segment_name name)
{
	uint8_t key[SEGMENT_KEY];

	name_to_key(name, key);
	return map_find(&s->segments.by_name, span_make(key, sizeof key));
}

struct segment *
segment_add(struct scheduler *s, struct segment_name name)
{
	struct segment *segment = mem_new(struct segment);

	segment->name = name;
	name_to_key(name, segment->key);
	segment->number = ++s->segments.next_number;
	segment->fd = -1;
	segment->since = scheduler_now(s);
	journal_init(&segment->journal, name);
	map_add(&s->segments.by_name, segment);
	return segment;
}

const char *
segment_text(const struct segment *segment,
    char out[SEGMENT_FILE_SIZE + 16])
{
	char file[SEGMENT_FILE_SIZE];

	snprintf(out, SEGMENT_FILE_SIZE + 16, "%s/%s",
	    class_name(segment->name.klass),
	    segment_file(segment->name, "messages", file));
	return out;
}

/* ---- descriptors ------------------------------------------------------------ */

static void
close_fd(struct scheduler *s, struct segment *segment)
{
	if (segment->fd == -1)
		return;
	list_remove(&s->segments.opened, &segment->opened);
	close(segment->fd);
	segment->fd = -1;
}

/* The one used longest ago that nobody reads or delivers from. */
static void
close_oldest(struct scheduler *s)
{
	struct list *opened = &s->segments.opened;

	for (struct link *link = list_first(opened); link != NULL;
	    link = list_next(opened, link)) {
		struct segment *segment = list_item(link, struct segment,
		    opened);

		if (segment->pins > 0 || segment->reader != NULL)
			continue;
		dispatch_forget_segment(s, segment);
		close_fd(s, segment);
		return;
	}
}

int
segment_fd(struct scheduler *s, struct segment *segment, struct err *err)
{
	struct list *opened = &s->segments.opened;

	if (segment->fd != -1) {
		list_remove(opened, &segment->opened);
		list_append(opened, &segment->opened);
		return segment->fd;
	}
	if (opened->count >= s->segments.open_most)
		close_oldest(s);
	segment->fd = segment_open(&s->dirs, segment->name, err);
	if (segment->fd != -1)
		list_append(opened, &segment->opened);
	return segment->fd;
}

void
segment_busy(struct scheduler *s, struct segment *segment)
{
	segment->pins++;
	if (segment->jobs++ == 0)
		s->segments.busy++;
}

void
segment_idle(struct scheduler *s, struct segment *segment)
{
	must(segment->pins > 0 && segment->jobs > 0);
	segment->pins--;
	if (--segment->jobs == 0)
		s->segments.busy--;
}

bool
segments_are_many(const struct scheduler *s, unsigned kept)
{
	size_t most = s->segments.busy_most;

	return s->segments.busy >= most - most * kept / 100;
}

void
segment_forget(struct scheduler *s, struct segment *segment)
{
	intake_forget(s, segment);
	ward_discharge(s, segment);
	close_fd(s, segment);
	if (link_on_list(&segment->dirty))
		list_remove(&s->segments.dirty, &segment->dirty);
	if (link_on_list(&segment->unsynced))
		list_remove(&s->segments.unsynced, &segment->unsynced);
	if (link_on_list(&segment->finished))
		list_remove(&s->segments.finished, &segment->finished);
	journal_fini(&segment->journal);
	mem_free(segment->spoilt);
	ranges_fini(&segment->erased);
	map_remove(&s->segments.by_name, segment_key(segment));
	mem_free(segment);
}

/* ---- status records ----------------------------------------------------------- */

/* "5.1.1" to three numbers; anything else to zeros. */
static void
parse_enhanced(const char *status, uint8_t out[3])
{
	unsigned a, b, c;

	if (status == NULL || sscanf(status, "%3u.%3u.%3u", &a, &b, &c) != 3)
		return;
	out[0] = (uint8_t)a;
	out[1] = (uint8_t)b;
	out[2] = (uint8_t)c;
}

static void
write_down(struct scheduler *s, struct segment *segment,
    const struct status *record)
{
	journal_add(&segment->journal, record);
	if (segment->past != NULL)
		past_note(segment->past, record);
	ward_note(s, segment, record);
	if (!link_on_list(&segment->dirty))
		list_append(&s->segments.dirty, &segment->dirty);
	scheduler_ask(s);
}

void
segment_class(struct scheduler *s, struct segment *segment, uint64_t offset,
    enum mail_class klass)
{
	struct status record = {
		.offset = offset,
		.rcpt = STATUS_ALL_RCPTS,
		.action = STATUS_CLASS,
		.at = scheduler_wall(s),
		.klass = (uint8_t)klass,
	};

	write_down(s, segment, &record);
}

void
segment_erased(struct scheduler *s, struct segment *segment, uint64_t from,
    uint64_t until)
{
	struct status record = {
		.offset = from,
		.rcpt = STATUS_ALL_RCPTS,
		.action = STATUS_ERASED,
		.at = scheduler_wall(s),
		.until = until,
	};

	ranges_add(&segment->erased, from, until);
	write_down(s, segment, &record);
}

bool
segment_is_durable(const struct segment *segment)
{
	return !segment->journal.unsynced &&
	    buf_length(&segment->journal.waiting) == 0;
}

void
segment_status(struct scheduler *s, struct segment *segment,
    uint64_t offset, uint32_t rcpt, enum status_action action,
    unsigned code, const char *status)
{
	struct status record = {
		.offset = offset,
		.rcpt = rcpt,
		.action = (uint8_t)action,
		.code = (uint16_t)code,
		.at = scheduler_wall(s),
	};

	if (action != STATUS_DELIVERED)
		parse_enhanced(status, record.enhanced);
	else
		record.enhanced[0] = 2;
	write_down(s, segment, &record);
}

void
segment_inherit(struct scheduler *s, struct segment *segment)
{
	segment->journal.fresh = true;	/* nor may its name be durable */
	if (!link_on_list(&segment->unsynced))
		list_append(&s->segments.unsynced, &segment->unsynced);
	segments_want_tick(s);
}

void
segment_end(struct scheduler *s, struct segment *segment, uint64_t to)
{
	segment->ended = true;
	segment_status(s, segment, to, STATUS_ALL_RCPTS, STATUS_END, 0, NULL);
	segment->end_put = segment->journal.put;
}

void
segments_complain(struct scheduler *s, const struct err *err)
{
	msec_t now = scheduler_now(s);

	if (s->segments.complained != 0 &&
	    now - s->segments.complained < COMPLAIN_MS)
		return;
	s->segments.complained = now;
	log_error("status records cannot be kept: %s; after a crash their "
	    "recipients may get the message again", err->text);
}

static bool
write_journal(struct scheduler *s, struct segment *segment, struct err *err)
{
	if (s->conf->status_sync == 0)
		return journal_sync(&segment->journal, &s->dirs, err);
	return journal_flush(&segment->journal, &s->dirs, err);
}

void
segments_want_tick(struct scheduler *s)
{
	msec_t delay = s->conf->status_sync;

	if (timer_is_set(s->segments.tick))
		return;
	timer_set(s->segments.tick, delay > 0 ? delay : REMOVE_MS);
}

/* A journal that cannot be written keeps its records and stays dirty; when
 * too many wait, nothing new is given out (`stuck`). */
void
segments_flush(struct scheduler *s)
{
	struct segments *g = &s->segments;
	struct link *link, *next;
	struct err err;

	g->stuck = g->failing = false;
	CRASH_POINT("status-before");
	for (link = list_first(&g->dirty); link != NULL; link = next) {
		struct segment *segment = list_item(link, struct segment,
		    dirty);

		next = list_next(&g->dirty, link);
		if (!write_journal(s, segment, &err)) {
			segments_complain(s, &err);
			g->failing = true;
			g->stuck |= buf_length(&segment->journal.waiting) >
			    STUCK_BYTES;
			continue;
		}
		list_remove(&g->dirty, link);
		kept_look(s, segment);
		if (segment->journal.unsynced &&
		    !link_on_list(&segment->unsynced))
			list_append(&g->unsynced, &segment->unsynced);
	}
	CRASH_POINT("status-written");
	if (!list_empty(&g->unsynced) || !list_empty(&g->finished))
		segments_want_tick(s);
}

/* ---- the end of a segment --------------------------------------------------------- */

void
segment_opened(struct segment *segment, uint32_t count)
{
	segment->open += count;
}

/* A share to decide by, not an account: while a segment is read again, some
 * of it may not have been added yet. */
void
segment_left(struct segment *segment, uint64_t size)
{
	segment->live -= size < segment->live ? size : segment->live;
}

void
segment_settled(struct scheduler *s, struct segment *segment,
    uint32_t count)
{
	must(segment->open >= count);
	segment->open -= count;
	if (segment->open == 0)
		segment_check(s, segment);
}

void
segment_pin(struct segment *segment)
{
	segment->pinned = true;
}

void
segment_check(struct scheduler *s, struct segment *segment)
{
	if (!segment->closed || segment->open > 0 || segment->pins > 0 ||
	    segment->gone || segment->pinned || segment->taken < segment->durable)
		return;
	segment->gone = true;
	dispatch_forget_segment(s, segment);
	list_append(&s->segments.finished, &segment->finished);
	scheduler_ask(s);
}

void
segments_init(struct scheduler *s)
{
	struct segments *g = &s->segments;

	map_init(&g->by_name, segment_key);
	list_init(&g->opened);
	list_init(&g->dirty);
	list_init(&g->unsynced);
	list_init(&g->finished);
	g->busy_most = fds_most() / 4;
	g->open_most = g->busy_most < SEGMENTS_OPEN_MOST ? g->busy_most :
	    SEGMENTS_OPEN_MOST;
	g->tick = timer_new(s->loop, removal_tick, s);
}

bool
segments_start(struct scheduler *s, struct err *err)
{
	s->segments.syncer = syncer_new(s->loop, &s->dirs, removal_done,
	    s, err);
	return s->segments.syncer != NULL;
}

/* Also what the thread was syncing: it did not tell how that went. */
static void
sync_all(struct scheduler *s)
{
	struct segment *segment;
	size_t at = 0;

	segments_flush(s);
	while ((segment = map_each(&s->segments.by_name, &at)) != NULL)
		if (segment->journal.unsynced &&
		    !link_on_list(&segment->unsynced))
			list_append(&s->segments.unsynced,
			    &segment->unsynced);
	removal_all(s);
}

void
segments_fini(struct scheduler *s)
{
	struct segments *g = &s->segments;
	struct segment *segment;
	size_t at = 0;

	syncer_free(&g->syncer);
	sync_all(s);
	while ((segment = map_each(&g->by_name, &at)) != NULL)
		segment_forget(s, segment);
	map_fini(&g->by_name);
	timer_free(&g->tick);
}
