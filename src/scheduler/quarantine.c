/* SPDX-License-Identifier: ISC
 *
 * quarantine.c - what could not be read is kept for the operator.
 */
#include "scheduler/quarantine.h"

#include "base/fsys.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/results.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { PIECE = 64 << 10, NAME_SIZE = 96 };

struct spoilt {
	uint64_t from, to;
};

bool
quarantine_has(const struct segment *segment, uint64_t offset)
{
	for (size_t i = 0; i < segment->spoilt_count; i++)
		if (offset >= segment->spoilt[i].from &&
		    offset < segment->spoilt[i].to)
			return true;
	return false;
}

/* The index may hold rows of what nobody can read any more. */
void
quarantine_exclude(struct segment *segment, uint64_t from, uint64_t to)
{
	if (quarantine_has(segment, from))
		return;
	segment->spoilt = mem_resize(segment->spoilt,
	    segment->spoilt_count + 1, sizeof *segment->spoilt);
	segment->spoilt[segment->spoilt_count++] =
	    (struct spoilt){ from, to };
}

void
quarantine_forget(struct segment *segment)
{
	segment->spoilt_count = 0;
	segment->pinned = false;
}

static bool
copy_range(int from, int to, uint64_t at, uint64_t end, const char *name,
    struct err *err)
{
	uint8_t piece[PIECE];

	while (at < end) {
		size_t length = end - at < PIECE ? (size_t)(end - at) : PIECE;
		ssize_t n = fsys_read_at(from, piece, length, (off_t)at,
		    "segment", err);

		if (n == -1)
			return false;
		if (n == 0)
			break;
		if (!fsys_write(to, span_make(piece, (size_t)n), name, err))
			return false;
		at += (uint64_t)n;
	}
	if (fsync(to) == -1)
		return err_sys(err, "sync", name);
	return true;
}

/* Bytes that were kept by a former life are kept already. */
static bool
keep(struct scheduler *s, struct segment *segment, uint64_t from,
    uint64_t to, const char *name, struct err *err)
{
	int fd = segment_fd(s, segment, err), out;
	bool done;

	if (fd == -1)
		return false;
	out = openat(s->dirs.corrupt, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (out == -1 && errno == EEXIST)
		return true;
	if (out == -1)
		return err_sys(err, "make corrupt", name);
	done = copy_range(fd, out, from, to, name, err);
	if (close(out) == -1 && done)
		done = err_sys(err, "close", name);
	if (done)
		done = fsys_sync_dir(s->dirs.corrupt, "corrupt", err);
	if (!done)
		unlinkat(s->dirs.corrupt, name, 0);
	return done;
}

/* False: the segment has to stay. */
static bool
keep_or_stay(struct scheduler *s, struct segment *segment, uint64_t from,
    uint64_t to, const char *name, const char *why)
{
	char text[SEGMENT_FILE_SIZE + 16];
	struct err err;

	segment_text(segment, text);
	if (keep(s, segment, from, to, name, &err)) {
		log_error("segment %s, bytes %llu to %llu: %s: kept as "
		    "corrupt/%s", text, (unsigned long long)from,
		    (unsigned long long)to, why, name);
		return true;
	}
	log_error("segment %s, bytes %llu to %llu: %s: cannot be kept in "
	    "corrupt/, the segment stays: %s", text,
	    (unsigned long long)from, (unsigned long long)to, why, err.text);
	segment_opened(segment, 1);
	return false;
}

void
quarantine_bytes(struct scheduler *s, struct segment *segment,
    uint64_t from, uint64_t to, const char *why)
{
	char name[NAME_SIZE];

	quarantine_exclude(segment, from, to);
	snprintf(name, sizeof name, "%s-%02u-%08x-%llu.bytes",
	    class_name(segment->name.klass), segment->name.slot,
	    segment->name.sequence, (unsigned long long)from);
	keep_or_stay(s, segment, from, to, name, why);
}

void
quarantine_record(struct scheduler *s, struct segment *segment,
    uint64_t offset, uint64_t size, struct msgid id, const char *why)
{
	char name[NAME_SIZE], text[MSGID_TEXT + 1];

	snprintf(name, sizeof name, "%s.message", msgid_text(id, text));
	if (keep_or_stay(s, segment, offset, offset + size, name, why))
		segment_status(s, segment, offset, STATUS_ALL_RCPTS,
		    STATUS_BROKEN, 0, NULL);
}

/* Those of its entries that are at hand; what flies or waits in the index
 * meets the same damage and comes here again. */
static uint32_t
pull_entries(struct scheduler *s, struct message *message)
{
	struct link *link, *next;
	uint32_t count = 0;

	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		if (entry->state == ENTRY_FLYING)
			continue;
		entry_pull(&s->queue, entry);
		for (uint32_t i = 0; i < entry->rcpt_count; i++)
			segment_status(s, message->segment, message->offset,
			    entry->rcpts[i], STATUS_BROKEN, 0, NULL);
		count += entry->rcpt_count;
		entry_free(&s->queue, entry);
	}
	return count;
}

static void
set_aside(struct scheduler *s, struct message *message)
{
	struct link *link, *next;

	message->flags |= MESSAGE_HELD;
	message->busy++;
	for (link = list_first(&message->entries); link != NULL;
	    link = next) {
		struct entry *entry = list_item(link, struct entry, sibling);

		next = list_next(&message->entries, link);
		if (entry->state == ENTRY_FLYING)
			continue;
		entry_pull(&s->queue, entry);
		window_place(s, entry, PLACE_FRONT);
	}
	message->busy--;
	message_release(&s->queue, message);
}

bool
quarantine_copy(struct scheduler *s, const struct message *message,
    const char *why)
{
	char name[NAME_SIZE], text[MSGID_TEXT + 1];

	snprintf(name, sizeof name, "%s.message",
	    msgid_text(message->id, text));
	return keep_or_stay(s, message->segment, message->offset,
	    message->offset + message->size, name, why);
}

void
quarantine_message(struct scheduler *s, struct message *message,
    const char *why)
{
	uint32_t count;

	if (!quarantine_copy(s, message, why)) {
		/* Out of the way until the next start. */
		set_aside(s, message);
		return;
	}
	message->busy++;
	count = pull_entries(s, message);
	count += reports_break(s, message);
	message->busy--;
	results_settled(s, message, count);
}
