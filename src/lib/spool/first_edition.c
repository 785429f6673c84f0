/* SPDX-License-Identifier: ISC
 *
 * first_edition.c - copies in a spool of the first edition are settled.
 *
 * The order of operations, which must not be changed:
 *
 *   1. A segment that may hold copies is read, and for each copy in it that is
 *	not done the original and its journal are looked at.
 *   2. What that means for the copies is written to the journal of their
 *	segment, and synced: MOVED for all of one that is nothing; for one
 *	that counts, what is final already of its recipients, and that it was
 *	held or warned of.
 *   3. Only then originals get MOVED: those that are damaged, and those of
 *	which a copy of a copy shows that they were (a power cut may have lost
 *	one journal's last records and kept another's).
 *
 * So whoever looks again after a kill comes to the same: before 2 nothing has
 * changed; between 2 and 3 a copy that is nothing is done, and one that counts
 * still does.  Nothing is removed, and nobody else writes journals.
 */
#include "spool/first_edition.h"

#include "base/crash.h"
#include "base/mem.h"
#include "spool/reader.h"
#include "spool/segment.h"
#include "spool/status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHAIN_MOST = 100 };	/* copies of copies */

/* ---- what a journal says -------------------------------------------------------- */

struct book {
	struct segment_name name;
	bool open;
	struct status *rows;	/* as written */
	size_t *order;		/* their places by offset, then as written */
	size_t count, room;
	uint64_t end;		/* of the segment */
};

static void
book_close(struct book *book)
{
	mem_free(book->rows);
	mem_free(book->order);
	*book = (struct book){ .open = false };
}

static void
add_row(void *owner, const struct status *status)
{
	struct book *book = owner;

	if (status->action == STATUS_END)
		book->end = status->offset;
	if (book->count == book->room) {
		book->room = book->room * 2 + 64;
		book->rows = mem_resize(book->rows, book->room,
		    sizeof *book->rows);
	}
	book->rows[book->count++] = *status;
}

static int
by_offset(const void *a, const void *b, void *owner)
{
	const struct status *rows = owner;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	if (rows[x].offset != rows[y].offset)
		return rows[x].offset < rows[y].offset ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Copies of one move lie together: BOOK stays open until another is asked
 * for. */
static bool
book_open(struct book *book, const struct spool_dirs *dirs,
    struct segment_name name, struct err *err)
{
	if (book->open && segment_name_is(book->name, name))
		return true;
	book_close(book);
	book->end = UINT64_MAX;
	if (!journal_read(dirs, name, true, add_row, book, err))
		return false;
	book->order = mem_array(book->count + 1, sizeof *book->order);
	for (size_t i = 0; i < book->count; i++)
		book->order[i] = i;
	qsort_r(book->order, book->count, sizeof *book->order, by_offset,
	    book->rows);
	book->name = name;
	book->open = true;
	return true;
}

/* The next row of the message at OFFSET; *AT is 0 at first.  Null: no more. */
static const struct status *
book_next(const struct book *book, uint64_t offset, size_t *at)
{
	size_t low = *at, high = *at == 0 ? book->count : *at;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (book->rows[book->order[middle]].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	*at = low + 1;
	return low < book->count && book->rows[book->order[low]].offset ==
	    offset ? &book->rows[book->order[low]] : NULL;
}

/* ---- the work ---------------------------------------------------------------------- */

struct other {			/* a status of an original */
	struct segment_name name;
	struct status status;
};

struct settling {
	const struct spool_dirs *dirs;
	uint64_t most;
	struct segment_name name;	/* of the segment that is gone through */
	struct journal journal;		/* what is to be said of its copies */
	struct book own, original;
	struct other *others;
	size_t other_count, other_room;
	uint64_t copies;
};

static void
say(struct settling *w, uint64_t offset, uint32_t rcpt,
    enum status_action action, struct segment_name to)
{
	struct status status = { .offset = offset, .rcpt = rcpt,
	    .action = (uint8_t)action, .at = clock_wall(), .to = to };

	journal_add(&w->journal, &status);
}

static void
say_original_moved(struct settling *w, const struct envelope_origin *origin,
    struct segment_name to)
{
	if (w->other_count == w->other_room) {
		w->other_room = w->other_room * 2 + 16;
		w->others = mem_resize(w->others, w->other_room,
		    sizeof *w->others);
	}
	w->others[w->other_count++] = (struct other){ origin->segment,
	    { .offset = origin->offset, .rcpt = STATUS_ALL_RCPTS,
	    .action = STATUS_MOVED, .at = clock_wall(), .to = to } };
}

/* ---- the original ------------------------------------------------------------------ */

enum original { ORIGINAL_GONE, ORIGINAL_WHOLE, ORIGINAL_DAMAGED };

/* What cannot be read now is taken to be whole: then it counts. */
static enum original
look_at_record(int fd, const struct envelope_origin *origin,
    struct msgid id, uint64_t most)
{
	struct record_header header;
	struct envelope *envelope = NULL;
	struct record record;
	struct err err;

	if (!record_peek(fd, origin->offset, NULL, &header, &envelope, &err))
		return err.kind == ERR_FORMAT ? ORIGINAL_DAMAGED :
		    ORIGINAL_WHOLE;
	envelope_free(&envelope);
	if (msgid_compare(header.id, id) != 0)
		return ORIGINAL_DAMAGED;
	if (record_size(&header) > most)
		return ORIGINAL_WHOLE;
	if (!record_read(fd, origin->offset, NULL, record_size(&header),
	    &record, &err))
		return err.kind == ERR_FORMAT ? ORIGINAL_DAMAGED :
		    ORIGINAL_WHOLE;
	record_fini(&record);
	return ORIGINAL_WHOLE;
}

static enum original
look_at_original(struct settling *w, const struct envelope_origin *origin,
    struct msgid id)
{
	enum original state;
	struct err err;
	int fd = segment_open(w->dirs, origin->segment, &err);

	if (fd == -1 && err.kind == ERR_SYSTEM && err.number == ENOENT)
		return ORIGINAL_GONE;
	if (fd == -1)
		return err.kind == ERR_FORMAT ? ORIGINAL_DAMAGED :
		    ORIGINAL_WHOLE;
	state = look_at_record(fd, origin, id, w->most);
	close(fd);
	return state;
}

/* Where the message of the copy at ORIGIN, of segment NAME, was before that;
 * false: it was no copy itself, or cannot be asked any more. */
static bool
origin_before(struct settling *w, struct msgid id,
    struct envelope_origin *origin)
{
	struct record_header header;
	struct envelope *envelope = NULL;
	struct err err;
	bool found = false;
	int fd = segment_open(w->dirs, origin->segment, &err);

	if (fd == -1)
		return false;
	if (record_peek(fd, origin->offset, NULL, &header, &envelope, &err) &&
	    msgid_compare(header.id, id) == 0 && envelope->copied) {
		*origin = envelope->origin;
		found = true;
	}
	envelope_free(&envelope);
	close(fd);
	return found;
}

/* The copy counts, so each record that it comes from was moved, whatever the
 * journals say after a power cut. */
static bool
settle_chain(struct settling *w, struct envelope_origin origin,
    struct msgid id, struct err *err)
{
	struct segment_name to = origin.segment;

	for (int i = 0; i < CHAIN_MOST && origin_before(w, id, &origin);
	    i++) {
		const struct status *row;
		bool moved = false;
		size_t at = 0;

		if (look_at_original(w, &origin, id) == ORIGINAL_GONE)
			break;
		if (!book_open(&w->original, w->dirs, origin.segment, err))
			return false;
		while ((row = book_next(&w->original, origin.offset,
		    &at)) != NULL)
			moved |= row->action == STATUS_MOVED &&
			    row->rcpt == STATUS_ALL_RCPTS;
		if (!moved)
			say_original_moved(w, &origin, to);
		to = origin.segment;
	}
	return true;
}

/* ---- a copy ------------------------------------------------------------------------ */

/* What the copy's own journal says of it. */
struct state {
	bool *final;		/* each recipient */
	uint32_t left;
	bool held, released, warned;
};

static void
make_final(struct state *state, uint32_t rcpt, uint32_t count)
{
	uint32_t first = rcpt, last = rcpt;

	if (rcpt == STATUS_ALL_RCPTS) {
		first = 0;
		last = count - 1;
	}
	for (uint32_t i = first; i <= last && i < count; i++)
		if (!state->final[i]) {
			state->final[i] = true;
			state->left--;
		}
}

static struct state
state_of(const struct book *book, uint64_t offset, uint32_t count)
{
	struct state state = { .final = mem_array(count, sizeof(bool)),
	    .left = count };
	const struct status *row;
	size_t at = 0;

	while ((row = book_next(book, offset, &at)) != NULL) {
		state.held |= row->action == STATUS_HELD;
		state.released |= row->action == STATUS_RELEASED;
		state.warned |= row->action == STATUS_WARNED;
		if (row->action <= STATUS_FINAL_LAST)
			make_final(&state, row->rcpt, count);
	}
	return state;
}

/* It counts: its journal gets to say what its envelope does. */
static void
take_over(struct settling *w, uint64_t offset,
    const struct envelope *envelope, struct state *state)
{
	const struct envelope_origin *origin = &envelope->origin;

	for (uint32_t i = 0; i < envelope->rcpt_count; i++) {
		if (!envelope->rcpts[i].settled || state->final[i])
			continue;
		say(w, offset, i, STATUS_MOVED, origin->segment);
		make_final(state, i, envelope->rcpt_count);
	}
	if (origin->held && !state->held && !state->released)
		say(w, offset, STATUS_ALL_RCPTS, STATUS_HELD, w->name);
	if (origin->warned && !state->warned)
		say(w, offset, STATUS_ALL_RCPTS, STATUS_WARNED, w->name);
}

/* The original is damaged: what it has of final statuses is the copy's. */
static void
rescue(struct settling *w, uint64_t offset, const struct envelope *envelope,
    struct state *state)
{
	const struct status *row;
	size_t at = 0;

	while ((row = book_next(&w->original, envelope->origin.offset,
	    &at)) != NULL) {
		struct status mine = *row;

		if (row->action > STATUS_FINAL_LAST)
			continue;
		mine.offset = offset;
		if (row->rcpt == STATUS_ALL_RCPTS ||
		    (row->rcpt < envelope->rcpt_count &&
		    !state->final[row->rcpt]))
			journal_add(&w->journal, &mine);
		make_final(state, row->rcpt, envelope->rcpt_count);
	}
	say_original_moved(w, &envelope->origin, w->name);
}

static bool
decide(struct settling *w, const struct reader_found *record,
    const struct envelope *envelope, struct state *state, struct err *err)
{
	const struct envelope_origin *origin = &envelope->origin;
	enum original original = look_at_original(w, origin,
	    record->header.id);
	bool here = false, elsewhere = false;
	const struct status *row;
	size_t at = 0;

	if (original != ORIGINAL_GONE && !book_open(&w->original, w->dirs,
	    origin->segment, err))
		return false;
	while (original != ORIGINAL_GONE && (row = book_next(&w->original,
	    origin->offset, &at)) != NULL)
		if (row->action == STATUS_MOVED &&
		    row->rcpt == STATUS_ALL_RCPTS) {
			if (segment_name_is(row->to, w->name))
				here = true;
			else
				elsewhere = true;
		}
	if (!here && (elsewhere || original == ORIGINAL_WHOLE)) {
		say(w, record->from, STATUS_ALL_RCPTS, STATUS_MOVED,
		    origin->segment);
		return true;
	}
	if (!here && original == ORIGINAL_DAMAGED)
		rescue(w, record->from, envelope, state);
	take_over(w, record->from, envelope, state);
	return settle_chain(w, *origin, record->header.id, err);
}

static bool
settle_record(struct settling *w, const struct reader_found *record,
    struct err *err)
{
	struct envelope *envelope;
	struct state state;
	struct err ignored;	/* whoever takes it up meets it again */
	bool done = true;

	envelope = envelope_decode(record->envelope, &ignored);
	if (envelope != NULL && envelope->copied) {
		w->copies++;
		state = state_of(&w->own, record->from, envelope->rcpt_count);
		if (state.left > 0)
			done = decide(w, record, envelope, &state, err);
		mem_free(state.final);
	}
	envelope_free(&envelope);
	return done;
}

/* ---- a segment --------------------------------------------------------------------- */

/* Step 3, for all originals that were met. */
static bool
write_others(struct settling *w, struct err *err)
{
	bool done = true;

	for (size_t i = 0; done && i < w->other_count;) {
		struct segment_name name = w->others[i].name;
		struct journal journal;

		journal_init(&journal, name);
		for (; i < w->other_count &&
		    segment_name_is(w->others[i].name, name); i++)
			journal_add(&journal, &w->others[i].status);
		done = journal_sync(&journal, w->dirs, err);
		journal_fini(&journal);
		CRASH_POINT("settle-original");
	}
	w->other_count = 0;
	book_close(&w->original);	/* it may say more now */
	return done;
}

static bool
read_segment(struct settling *w, int fd, uint64_t end, struct err *err)
{
	struct segment_header header;
	struct reader_found found;
	struct reader reader;
	enum reader_step step;
	struct err ignored;
	bool done = true;

	reader_init(&reader, reader_fetch_file, &fd, 0,
	    w->own.end < end ? w->own.end : end);
	reader.promised = end;
	if (reader_head(&reader, &header, &ignored) ||
	    ignored.number != EPROTO)
		while (done && (step = reader_next(&reader, &found)) !=
		    READER_END)
			if (step == READER_MESSAGE)
				done = settle_record(w, &found, err);
	reader_fini(&reader);
	return done;
}

/* One that cannot be opened is for the start to deal with. */
static bool
settle_segment(struct settling *w, struct segment_name name, struct err *err)
{
	struct err ignored;
	struct stat st;
	bool done;
	int fd = segment_open(w->dirs, name, &ignored);

	if (fd == -1)
		return true;
	w->name = name;
	journal_init(&w->journal, name);
	done = fstat(fd, &st) == 0 || err_sys(err, "stat", "segment");
	done = done && book_open(&w->own, w->dirs, name, err) &&
	    read_segment(w, fd, (uint64_t)st.st_size, err) &&
	    journal_sync(&w->journal, w->dirs, err);
	CRASH_POINT("settle-copies");
	done = done && write_others(w, err);
	journal_fini(&w->journal);
	book_close(&w->own);
	close(fd);
	return done;
}

static bool
settle_class(struct settling *w, uint8_t klass, uint16_t slot,
    struct err *err)
{
	int fd = openat(w->dirs->classes[klass], ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool done = true;

	if (dir == NULL) {
		if (fd != -1)
			close(fd);
		return err_sys(err, "read spool directory",
		    class_name(klass));
	}
	while (done && (errno = 0, entry = readdir(dir)) != NULL) {
		struct segment_name name;

		if (!segment_file_parse(entry->d_name, "messages", &name) ||
		    name.slot != slot)
			continue;
		name.klass = klass;
		done = settle_segment(w, name, err);
	}
	if (done && errno != 0)
		done = err_sys(err, "read spool directory",
		    class_name(klass));
	closedir(dir);
	return done;
}

bool
first_edition_settle(const struct spool_dirs *dirs, uint16_t slot,
    uint64_t most, uint64_t *copies, struct err *err)
{
	struct settling w = { .dirs = dirs, .most = most };
	bool done = true;

	for (uint8_t klass = 0; done && klass < CLASS_COUNT; klass++)
		done = settle_class(&w, klass, slot, err);
	book_close(&w.own);
	book_close(&w.original);
	mem_free(w.others);
	*copies = w.copies;
	return done;
}
