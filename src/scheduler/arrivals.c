/* SPDX-License-Identifier: ISC
 *
 * arrivals.c - which segments there are, and how far they go.
 *
 * Three sources: what receivers tell, what the directories hold at the
 * start, and the lock that a writer keeps on the segment it appends to,
 * which tells of writers that died or fell silent.
 */
#include "scheduler/intake.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/quarantine.h"
#include "scheduler/scheduler.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NEWBORN_SECONDS = 60 };

/* ---- what receivers tell ------------------------------------------------------------ */

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

/*
 * Where the segment ends is written down: all before it was promised, so a
 * later life knows damage from a tail that never was; and what is beyond (it
 * broke, and bytes may be on disk some time or never) is not taken up.
 */
void
intake_closed(struct scheduler *s, struct segment_name name, uint64_t to,
    bool broken)
{
	struct segment *segment;

	if (name.klass >= CLASS_COUNT)
		return;
	segment = known(s, name);
	if (segment->gone || (segment->closed && !broken))
		return;
	segment->closed = true;
	segment->promised = segment->durable = to;
	segment_end(s, segment, to);
	intake_read(s, segment, false);
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

/* A file that its maker did not lock yet is not to be taken from it. */
static bool
is_newborn(const struct segment *segment, const struct stat *st)
{
	return segment->promised == 0 && st->st_size <= SEGMENT_HEADER_BYTES &&
	    clock_wall() / 1000000 - st->st_mtime < NEWBORN_SECONDS;
}

/*
 * If SEGMENT has no writer any more it is closed as it is, and what is in
 * the file beyond what was promised is taken up if it is whole.
 */
static void
look_at(struct scheduler *s, struct segment *segment)
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
	if (is_newborn(segment, &st))
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
			look_at(s, segment);
}

void
intake_look_after(struct scheduler *s)
{
	struct segment *segment;
	size_t at = 0;

	while ((segment = map_each(&s->segments.by_name, &at)) != NULL) {
		if (!segment->closed)
			look_at(s, segment);
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
	look_at(s, segment);
}

/* ---- the start ------------------------------------------------------------------------ */

struct found {
	struct segment_name *names;
	size_t count, room;
};

static int
by_age(const void *a, const void *b)
{
	const struct segment_name *x = a, *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return (int)x->slot - (int)y->slot;
}

/* Names of files of the directory with SUFFIX. */
static bool
list_files(const struct spool_dirs *dirs, uint8_t klass, const char *suffix,
    struct found *found, struct err *err)
{
	int fd = openat(dirs->classes[klass], ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return err_sys(err, "read spool directory",
		    class_name(klass));
	}
	while ((entry = readdir(dir)) != NULL) {
		struct segment_name name = { 0 };

		if (!segment_file_parse(entry->d_name, suffix, &name))
			continue;
		name.klass = klass;
		if (found->count == found->room) {
			found->room = found->room * 2 + 64;
			found->names = mem_resize(found->names, found->room,
			    sizeof *found->names);
		}
		found->names[found->count++] = name;
	}
	closedir(dir);
	return true;
}

/* One that is still written to is read when its writer tells how far. */
static void
find_segment(struct scheduler *s, struct segment_name name)
{
	struct segment *segment = segment_add(s, name);

	segment->old = true;
	s->intake.found++;
	look_at(s, segment);
}

/* The end of a removal that was cut short: a journal without messages. */
static bool
sweep_journals(struct scheduler *s, uint8_t klass, struct err *err)
{
	struct found found = { 0 };
	char file[SEGMENT_FILE_SIZE];
	bool done = list_files(&s->dirs, klass, "status", &found, err);

	for (size_t i = 0; i < found.count; i++) {
		if (segment_find(s, found.names[i]) != NULL)
			continue;
		segment_file(found.names[i], "status", file);
		if (unlinkat(s->dirs.classes[klass], file, 0) == -1 &&
		    errno != ENOENT)
			log_warn("cannot remove %s/%s: %s",
			    class_name(klass), file, strerror(errno));
	}
	mem_free(found.names);
	return done;
}

bool
intake_start(struct scheduler *s, struct err *err)
{
	for (uint8_t klass = 0; klass < CLASS_COUNT; klass++) {
		struct found found = { 0 };
		bool done = list_files(&s->dirs, klass, "messages", &found,
		    err);

		if (found.count > 0)
			qsort(found.names, found.count, sizeof *found.names,
			    by_age);
		for (size_t i = 0; i < found.count; i++)
			find_segment(s, found.names[i]);
		mem_free(found.names);
		if (!done || !sweep_journals(s, klass, err))
			return false;
	}
	scheduler_ask(s);
	return true;
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
	copies_again(s);
	recount(s);
}
