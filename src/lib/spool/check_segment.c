/* SPDX-License-Identifier: ISC
 *
 * check_segment.c - the check of one segment against its journal.
 */
#include "spool/check_inside.h"

#include "base/mem.h"
#include "spool/edition.h"
#include "spool/reader.h"
#include "spool/segment.h"
#include "spool/status.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The final statuses of a journal. */
struct finals {
	struct final {
		uint64_t offset;
		uint32_t rcpt;
	} *rows;
	size_t count, room;
	uint64_t end;		/* of the segment, as the journal says */
	struct ranges erased;
	struct reclassed {	/* messages whose class was changed */
		uint64_t offset;
		size_t order;
		uint8_t klass;
	} *changes;
	size_t change_count, change_room;
	uint64_t promised;	/* what begins before it, as that shows */
};

static void
add_change(struct finals *finals, const struct status *status)
{
	if (finals->change_count == finals->change_room) {
		finals->change_room = finals->change_room * 2 + 16;
		finals->changes = mem_resize(finals->changes,
		    finals->change_room, sizeof *finals->changes);
	}
	finals->changes[finals->change_count] = (struct reclassed){
		.offset = status->offset, .order = finals->change_count,
		.klass = status->klass };
	finals->change_count++;
}

/* What is before it was promised. */
static void
add_erased(struct finals *finals, const struct status *status)
{
	ranges_add(&finals->erased, status->offset, status->until);
	if (status->until > finals->promised)
		finals->promised = status->until;
}

static void
on_status(void *owner, const struct status *status)
{
	struct finals *finals = owner;

	if (status->action == STATUS_END)
		finals->end = finals->promised = status->offset;
	else if (status->offset >= finals->promised)
		finals->promised = status->offset + 1;
	if (status->action == STATUS_CLASS)
		add_change(finals, status);
	if (status->action == STATUS_ERASED)
		add_erased(finals, status);
	if (status->action > STATUS_FINAL_LAST)
		return;
	if (finals->count == finals->room) {
		finals->room = finals->room == 0 ? 64 : finals->room * 2;
		finals->rows = mem_resize(finals->rows, finals->room,
		    sizeof *finals->rows);
	}
	finals->rows[finals->count++] =
	    (struct final){ status->offset, status->rcpt };
}

static int
by_offset(const void *a, const void *b)
{
	const struct final *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->rcpt < y->rcpt ? -1 : x->rcpt > y->rcpt;
}

static int
by_offset_and_order(const void *a, const void *b)
{
	const struct reclassed *x = a, *y = b;

	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The last class of the message at OFFSET, which came in with KLASS. */
static uint8_t
class_of(const struct finals *finals, uint64_t offset, uint8_t klass)
{
	size_t low = 0, high = finals->change_count;

	while (low < high) {	/* the first one behind those of OFFSET */
		size_t middle = low + (high - low) / 2;

		if (finals->changes[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && finals->changes[low - 1].offset == offset ?
	    finals->changes[low - 1].klass : klass;
}

/* The first row of the message at OFFSET, or where it would be. */
static size_t
first_of(const struct finals *finals, uint64_t offset)
{
	size_t low = 0, high = finals->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (finals->rows[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many of COUNT recipients of the message at OFFSET are left. */
static uint32_t
rcpts_left(const struct finals *finals, uint64_t offset, uint32_t count)
{
	uint32_t left = count, before = STATUS_ALL_RCPTS;

	for (size_t i = first_of(finals, offset); i < finals->count &&
	    finals->rows[i].offset == offset; i++) {
		uint32_t rcpt = finals->rows[i].rcpt;

		if (rcpt == STATUS_ALL_RCPTS)
			return 0;
		if (rcpt < count && rcpt != before)
			left--;
		before = rcpt;
	}
	return left;
}

static void
count_record(struct check *check, const struct finals *finals,
    const struct reader_found *record)
{
	uint32_t left = rcpts_left(finals, record->from,
	    record->header.rcpt_count);
	uint8_t klass = class_of(finals, record->from,
	    record->header.klass);
	struct envelope *envelope;
	struct err err;

	envelope = envelope_decode(record->envelope, &err);
	if (envelope == NULL)
		check_tell(check, SPOOL_FAULT, "record at byte %llu: %s",
		    (unsigned long long)record->from, err.text);
	else if (envelope->copied && left > 0 &&
	    check->edition < SPOOL_EDITION)
		check_tell(check, SPOOL_NOTE, "record at byte %llu: a copy of "
		    "a former version, which may not count: the relay "
		    "decides when it starts",
		    (unsigned long long)record->from);
	envelope_free(&envelope);
	if (left == 0) {
		check->sum->classes[klass].final++;
		return;
	}
	check->sum->classes[klass].live++;
	check->sum->classes[klass].rcpts += left;
	check->sum->classes[klass].bytes += record_size(&record->header);
}

/* What is no message: damage, or something that stays. */
static void
count_other(struct check *check, enum reader_step step,
    const struct finals *finals, struct segment_name name,
    const struct reader_found *found)
{
	unsigned long long from = found->from, to = found->to;

	if (step == READER_TORN) {
		check_tell(check, SPOOL_NOTE, "%llu bytes of a torn tail at "
		    "byte %llu", to - from, from);
		return;
	}
	if (found->headed && rcpts_left(finals, found->from,
	    found->header.rcpt_count) == 0) {
		check->sum->classes[name.klass].final++;
		return;
	}
	if (step == READER_NEWER)
		check_tell(check, SPOOL_NOTE, "bytes %llu to %llu: %s",
		    from, to, found->why);
	else
		check_tell(check, SPOOL_FAULT, "record at byte %llu: %s; the "
		    "next one is at byte %llu", from, found->why, to);
}

static void
scan(struct check *check, struct segment_name name, struct reader *reader,
    const struct finals *finals)
{
	struct reader_found found;
	enum reader_step step;

	reader->erased = &finals->erased;
	while ((step = reader_next(reader, &found)) != READER_END)
		if (step == READER_MESSAGE)
			count_record(check, finals, &found);
		else if (step != READER_MORE)
			count_other(check, step, finals, name, &found);
}

/* False: nothing of the segment may be looked at. */
static bool
check_head(struct check *check, struct segment_name name,
    struct reader *reader)
{
	struct segment_header header;
	struct err err;

	if (reader_head(reader, &header, &err)) {
		if (header.klass == name.klass && header.slot == name.slot &&
		    header.sequence == name.sequence)
			return true;
		check_tell(check, SPOOL_FAULT, "its header says it is "
		    "%s/%02u-%08x", class_name(header.klass), header.slot,
		    header.sequence);
		return false;
	}
	if (err.number == EPROTO && err.kind == ERR_FORMAT) {
		check_tell(check, SPOOL_NOTE, "%s", err.text);
		return false;
	}
	if (reader->end <= SEGMENT_HEADER_BYTES)
		check_tell(check, SPOOL_NOTE, "nothing was ever in it");
	else
		check_tell(check, SPOOL_FAULT, "%s", err.text);
	return true;
}

/* All of the segment open on FD; END: of the file. */
static void
check_file(struct check *check, struct segment_name name, int fd,
    uint64_t end)
{
	struct finals finals = { .end = UINT64_MAX };
	struct reader reader;
	struct err err;

	if (!journal_read(check->dirs, name, false, on_status, &finals, &err))
		check_tell(check, SPOOL_FAULT, "%s", err.text);
	if (finals.count > 0)
		qsort(finals.rows, finals.count, sizeof *finals.rows,
		    by_offset);
	if (finals.change_count > 0)
		qsort(finals.changes, finals.change_count,
		    sizeof *finals.changes, by_offset_and_order);
	reader_init(&reader, reader_fetch_file, &fd, 0, end);
	reader.deep = true;
	reader.promised = finals.promised;
	if (finals.end != UINT64_MAX)
		reader.end = finals.end;
	if (check_head(check, name, &reader))
		scan(check, name, &reader, &finals);
	reader_fini(&reader);
	mem_free(finals.rows);
	mem_free(finals.changes);
	ranges_fini(&finals.erased);
}

void
check_segment(struct check *check, struct segment_name name)
{
	struct stat st;
	struct err err;
	int fd = segment_open(check->dirs, name, &err);

	if (fd == -1) {
		check_tell(check, err.number == ENOENT ? SPOOL_NOTE :
		    SPOOL_FAULT, "%s", err.text);
		return;
	}
	check->sum->classes[name.klass].segments++;
	if (fstat(fd, &st) == -1) {
		err_sys(&err, "stat", "segment");
		check_tell(check, SPOOL_FAULT, "%s", err.text);
	} else {
		check_file(check, name, fd, (uint64_t)st.st_size);
	}
	close(fd);
}
