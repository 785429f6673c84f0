/* SPDX-License-Identifier: ISC
 *
 * arrivals.c - which segments there are, and how far they go.
 *
 * Three sources: what receivers tell, what the directories hold
 * (discover.c), and the lock that a writer keeps on the segment it appends
 * to, which tells of writers that died or fell silent.
 */
#include "scheduler/intake.h"

#include "base/fsys.h"
#include "base/log.h"
#include "scheduler/kept.h"
#include "scheduler/quarantine.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { NEWBORN_SECONDS = 60 };

/* ---- what receivers tell ------------------------------------------------------------ */

struct segment *
intake_add(struct scheduler *s, struct segment_name name)
{
	struct segment *segment = segment_add(s, name);

	segment->old = true;
	s->intake.found += !s->intake.complete;
	return segment;
}

static struct segment *
known(struct scheduler *s, struct segment_name name)
{
	struct segment *segment = segment_find(s, name);

	return segment != NULL ? segment : segment_add(s, name);
}

void
intake_arrived(struct scheduler *s, struct segment_name name, uint64_t to)
{
	struct segment *segment;

	if (name.klass >= CLASS_COUNT)
		return;
	segment = known(s, name);
	if (segment->gone || segment->closed)
		return;
	if (to > segment->promised)
		segment->promised = to;
	if (to > segment->durable)
		segment->durable = to;
	intake_read(s, segment, segment->old);
}

/* A file that is not there has ended as it should; one that broke has if it
 * cannot come back. */
static void
is_gone(struct scheduler *s, struct segment_name name, bool broken)
{
	struct err err;

	if (!broken || fsys_sync_dir(s->dirs.classes[name.klass],
	    class_name(name.klass), &err))
		kept_tell(s, name);
	else
		log_error("%s", err.text);
}

static bool
is_there(struct scheduler *s, struct segment_name name)
{
	char file[SEGMENT_FILE_SIZE];
	struct stat st;

	return fstatat(s->dirs.classes[name.klass],
	    segment_file(name, "messages", file), &st,
	    AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/*
 * Where the segment ends is written down: all before it was promised, so a
 * later life knows damage from a tail that never was; and what is beyond (it
 * broke, and bytes may be on disk some time or never) is not taken up.  Its
 * writer hears when that is durable.
 */
static void
note_end(struct scheduler *s, struct segment *segment, uint64_t to,
    bool broken)
{
	bool news = !segment->closed || broken;

	if (broken)
		segment->durable = segment->promised = to;
	if (to > segment->promised)
		segment->promised = to;
	if (to > segment->durable)
		segment->durable = to;
	segment->closed = true;
	/* one that a former life has written may not be durable */
	if (segment->end_put == 0 || broken)
		segment_end(s, segment, to);
	kept_want(s, segment);
	if (news && !segment->gone)
		intake_read(s, segment, false);
}

void
intake_closed(struct scheduler *s, struct segment_name name, uint64_t to,
    bool broken)
{
	struct segment *segment;

	if (name.klass >= CLASS_COUNT)
		return;
	segment = segment_find(s, name);
	if (segment == NULL && !is_there(s, name)) {
		is_gone(s, name, broken);
		return;
	}
	if (segment == NULL)
		segment = intake_add(s, name);
	if (segment->gone && !broken)
		segment->awaited = true;	/* removal.c tells */
	else
		note_end(s, segment, to, broken);
}

static void
missing(struct scheduler *s, struct segment *segment)
{
	char text[SEGMENT_FILE_SIZE + 16];

	if (segment->open == 0 && segment->pins == 0)
		segment_forget(s, segment);	/* an abandoned large one */
	else
		log_error("segment %s is gone from the disk with %llu "
		    "recipients that have no status", segment_text(segment,
		    text), (unsigned long long)segment->open);
}

bool
intake_is_newborn(const struct stat *st)
{
	return st->st_size <= SEGMENT_HEADER_BYTES &&
	    clock_wall() / 1000000 - st->st_mtime < NEWBORN_SECONDS;
}

/*
 * If SEGMENT has no writer any more it is closed as it is, and what is in
 * the file beyond what was promised is taken up if it is whole.
 */
void
intake_look_at(struct scheduler *s, struct segment *segment)
{
	struct err err;
	struct stat st;
	int fd = segment_fd(s, segment, &err);

	if (fd == -1 && err.kind == ERR_SYSTEM && err.number == ENOENT) {
		missing(s, segment);
		return;
	}
	if (fd == -1 && err.kind == ERR_FORMAT) {
		segment->closed = true;		/* intake tells */
		intake_read(s, segment, false);
		return;
	}
	/* Its size counts only when nobody can append any more: in the other
	 * order, a last batch before the writer's end would be overlooked. */
	if (fd != -1 && segment_in_use(fd))
		return;
	if (fd == -1 || fstat(fd, &st) == -1) {
		log_error("a segment cannot be looked at: %s", fd == -1 ?
		    err.text : strerror(errno));
		return;
	}
	if (segment->promised == 0 && intake_is_newborn(&st))
		return;
	segment->closed = true;
	if ((uint64_t)st.st_size > segment->durable)
		segment->durable = (uint64_t)st.st_size;
	intake_read(s, segment, false);
}

void
intake_receiver_gone(struct scheduler *s, unsigned slot)
{
	struct segment *segment;
	size_t at = 0;

	while ((segment = map_each(&s->segments.by_name, &at)) != NULL)
		if (segment->name.slot == slot && !segment->closed)
			intake_look_at(s, segment);
}

void
intake_look_after(struct scheduler *s)
{
	struct segment *segment;
	size_t at = 0;

	while ((segment = map_each(&s->segments.by_name, &at)) != NULL) {
		if (!segment->closed)
			intake_look_at(s, segment);
		else if (segment->taken < segment->durable)
			intake_read(s, segment, false);
	}
}

void
intake_revive(struct scheduler *s, struct segment *segment)
{
	segment->taken = segment->left_at;
	segment->old = segment->left_old;
	segment->closed = false;
	intake_look_at(s, segment);
}

/* ---- once more -------------------------------------------------------------------------- */

static uint32_t
recount_entries(struct scheduler *s, const struct message *message)
{
	const struct link *link;
	uint32_t rcpts = 0;

	for (link = list_first(&message->entries); link != NULL;
	    link = list_next(&message->entries, link)) {
		const struct entry *entry = list_item(link, struct entry,
		    sibling);

		rcpts += entry->rcpt_count;
		if (entry->state == ENTRY_LATER)
			s->queue.counts[message->klass][COUNT_WAITING]++;
	}
	return rcpts;
}

/* What is in memory is all there is, until the segments were read. */
static void
recount(struct scheduler *s)
{
	struct message *message;
	size_t at = 0;

	for (int c = 0; c < CLASS_COUNT; c++)
		s->queue.counts[c][COUNT_HELD] =
		    s->queue.counts[c][COUNT_WAITING] = 0;
	while ((message = map_each(&s->queue.messages, &at)) != NULL) {
		message->open = report_rcpts(message) +
		    recount_entries(s, message);
		segment_opened(message->segment, message->open);
	}
}

void
intake_again(struct scheduler *s)
{
	struct segment *segment;
	size_t at = 0;

	while ((segment = map_each(&s->segments.by_name, &at)) != NULL) {
		if (segment->gone)
			continue;
		intake_forget(s, segment);
		quarantine_forget(s, segment);
		segment->open = segment->live = 0;
		segment->old = true;
		segment->taken = 0;
		intake_read(s, segment, false);
	}
	s->intake.complete = false;
	s->intake.found = s->segments.by_name.count;
	s->intake.read = 0;
	recount(s);
}
