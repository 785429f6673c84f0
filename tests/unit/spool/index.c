/* SPDX-License-Identifier: ISC
 *
 * index.c - tests of the index.
 */
#include "room.h"

#include "base/fsys.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"
#include "spool/bytes.h"
#include "spool/index.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- rows ------------------------------------------------------------- */

static struct msgid
id_of(uint32_t number)
{
	struct msgid id = { { 0 } };

	put_be(id.bytes, number, 8);
	return id;
}

static const uint8_t some_rcpts[12] = { 1, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0 };

static struct index_row
row_of(uint32_t number)
{
	return (struct index_row){
		.id = id_of(number), .first_rcpt = number % 3,
		.place = INDEX_DUE, .klass = CLASS_NORMAL,
		.site = 0xfedcba9876543210 + number % 7,
		.sender = 0x8123456789abcdef - number,
		.due = 1000 + (number * 7919) % 1000,
		.segment = { CLASS_NORMAL, 3, 0xabcd0000 + number },
		.offset = 64 + 8 * (uint64_t)number, .size = 4096,
		.arrived = 1700000000000000 + number,
		.attempts = (uint16_t)number, .warned = 1,
		.rcpts = span_make(some_rcpts, 4 * (number % 4)),
		.domain = span_of("d.example"),
		.reason = span_of("connect to d.example: refused"),
	};
}

static void
check_row(const struct index_row *row)
{
	struct index_row want = row_of((uint32_t)get_be(row->id.bytes, 8));

	CU_ASSERT_EQUAL(row->first_rcpt, want.first_rcpt);
	CU_ASSERT_EQUAL(row->site, want.site);
	CU_ASSERT_EQUAL(row->sender, want.sender);
	CU_ASSERT_EQUAL(row->segment.klass, want.segment.klass);
	CU_ASSERT_EQUAL(row->segment.slot, want.segment.slot);
	CU_ASSERT_EQUAL(row->segment.sequence, want.segment.sequence);
	CU_ASSERT_EQUAL(row->offset, want.offset);
	CU_ASSERT_EQUAL(row->size, want.size);
	CU_ASSERT_EQUAL(row->arrived, want.arrived);
	CU_ASSERT_EQUAL(row->attempts, want.attempts);
	CU_ASSERT_EQUAL(row->warned, 1);
	CU_ASSERT_TRUE(span_equal(row->rcpts, want.rcpts));
	CU_ASSERT_TRUE(span_equal(row->domain, want.domain));
	CU_ASSERT_TRUE(span_equal(row->reason, want.reason));
}

/* ---- what walks see --------------------------------------------------- */

struct seen {
	uint32_t numbers[5000];
	usec_t due[5000];
	unsigned count, most;
	struct index *index;	/* to change while walking */
};

static bool
on_row(void *owner, const struct index_row *row)
{
	struct seen *seen = owner;

	check_row(row);
	must(seen->count < 5000);
	seen->due[seen->count] = row->due;
	seen->numbers[seen->count++] = (uint32_t)get_be(row->id.bytes, 8);
	return seen->count != seen->most;
}

static struct seen *
seen_new(void)
{
	return mem_new(struct seen);
}

/* ---- an index in a directory ------------------------------------------ */

static char *
new_path(void)
{
	return mem_printf("%s/index", room_dir());
}

static struct index *
open_index(const char *path, bool want_fresh)
{
	struct err err = { 0 };
	bool fresh;
	struct index *index = index_open(path, &fresh, &err);

	if (index == NULL)
		fprintf(stderr, "%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	CU_ASSERT_EQUAL(fresh, want_fresh);
	return index;
}

static void
put(struct index *index, const struct index_row *row)
{
	struct err err;

	CU_ASSERT_TRUE(index_put(index, row, &err));
}

static void
put_many(struct index *index, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct index_row row = row_of(i);

		put(index, &row);
	}
}

static unsigned
count_all(struct index *index)
{
	struct seen *seen = seen_new();
	struct err err;
	unsigned count;

	CU_ASSERT_TRUE(index_each(index, id_of(0), on_row, seen, &err));
	count = seen->count;
	mem_free(seen);
	CU_ASSERT_EQUAL(index_count(index), count);
	return count;
}

static void
rows_come_by_id_by_time_and_by_site(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	struct seen *seen = seen_new();
	struct err err;
	usec_t due;

	CU_ASSERT_FALSE(index_next_due(index, &due));
	CU_ASSERT_EQUAL(due, 0);
	put_many(index, 0, 3000);
	CU_ASSERT_TRUE(index_next_due(index, &due));
	CU_ASSERT_EQUAL(due, 1000);
	CU_ASSERT_EQUAL(index_count(index), 3000);

	CU_ASSERT_TRUE(index_each(index, id_of(1000), on_row, seen, &err));
	CU_ASSERT_EQUAL_FATAL(seen->count, 2000);
	for (uint32_t i = 0; i < 2000; i++)
		CU_ASSERT_EQUAL(seen->numbers[i], 1000 + i);

	seen->count = 0;
	CU_ASSERT_TRUE(index_each_due(index, 1499, on_row, seen, &err));
	CU_ASSERT_EQUAL(seen->count, 1500);
	for (unsigned i = 1; i < seen->count; i++)
		CU_ASSERT_TRUE(seen->due[i - 1] <= seen->due[i]);
	CU_ASSERT_EQUAL(seen->due[1499], 1499);

	seen->count = 0;
	CU_ASSERT_TRUE(index_each_ready(index, row_of(0).site, CLASS_NORMAL,
	    on_row, seen, &err));
	CU_ASSERT_EQUAL(seen->count, 0);
	for (uint32_t i = 0; i < 3000; i++) {
		struct index_row row = row_of(i);

		row.place = INDEX_READY;
		row.klass = i % 2 == 0 ? CLASS_BULK : CLASS_URGENT;
		put(index, &row);
	}
	CU_ASSERT_FALSE(index_next_due(index, &due));
	CU_ASSERT_EQUAL(index_count(index), 3000);
	CU_ASSERT_TRUE(index_each_ready(index, row_of(2).site, CLASS_BULK,
	    on_row, seen, &err));
	CU_ASSERT_EQUAL(seen->count, 215);
	for (unsigned i = 0; i < seen->count; i++)	/* by sender */
		CU_ASSERT_EQUAL(seen->numbers[i], 2 + 14 * (214 - i));
	mem_free(seen);
	index_close(&index);
	CU_ASSERT_PTR_NULL(index);
	mem_free(path);
}

/* Later numbers are of more pressing classes, and due later. */
static void
what_is_due_comes_by_class_and_in_a_class_by_time(void)
{
	static const enum mail_class classes[] = { CLASS_BULK, CLASS_NORMAL,
		CLASS_URGENT };
	static const uint32_t numbers[] = { 4, 5, 2, 3, 0, 1 };
	char *path = new_path();
	struct index *index = open_index(path, true);
	struct seen *seen = seen_new();
	struct index_row row;
	struct err err;
	usec_t due;
	bool found;

	for (uint32_t i = 0; i < 8; i++) {
		row = row_of(i);
		row.klass = (uint8_t)classes[i < 6 ? i / 2 : 0];
		row.due = 100 + i;
		put(index, &row);
	}
	CU_ASSERT_TRUE(index_each_due(index, 105, on_row, seen, &err));
	CU_ASSERT_EQUAL_FATAL(seen->count, 6);
	CU_ASSERT_EQUAL(memcmp(seen->numbers, numbers, sizeof numbers), 0);
	for (uint32_t i = 0; i < 8; i++) {
		CU_ASSERT_TRUE(index_next_due(index, &due));
		CU_ASSERT_EQUAL(due, 100 + i);
		row = row_of(i);
		CU_ASSERT_TRUE(index_delete(index, row.id, row.first_rcpt,
		    &found, &err));
	}
	CU_ASSERT_FALSE(index_next_due(index, &due));
	mem_free(seen);
	index_close(&index);
	mem_free(path);
}

static void
a_row_is_replaced_and_deleted_with_its_place(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	struct index_row row = row_of(5);
	struct seen *seen = seen_new();
	struct err err;
	usec_t due;
	bool found;

	put(index, &row);
	row.due = 77;
	put(index, &row);
	CU_ASSERT_EQUAL(index_count(index), 1);
	CU_ASSERT_TRUE(index_next_due(index, &due));
	CU_ASSERT_EQUAL(due, 77);
	CU_ASSERT_TRUE(index_each_due(index, 1 << 20, on_row, seen, &err));
	CU_ASSERT_EQUAL(seen->count, 1);
	row.place = INDEX_HELD;
	put(index, &row);
	CU_ASSERT_FALSE(index_next_due(index, &due));
	CU_ASSERT_EQUAL(count_all(index), 1);
	row.place = INDEX_DUE;
	put(index, &row);
	CU_ASSERT_TRUE(index_delete(index, row.id, row.first_rcpt + 1,
	    &found, &err));
	CU_ASSERT_FALSE(found);
	CU_ASSERT_TRUE(index_delete(index, row.id, row.first_rcpt, &found,
	    &err));
	CU_ASSERT_TRUE(found);
	CU_ASSERT_EQUAL(count_all(index), 0);
	CU_ASSERT_FALSE(index_next_due(index, &due));
	mem_free(seen);
	index_close(&index);
	mem_free(path);
}

static void
entries_of_a_message_come_in_order(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	struct seen *seen = seen_new();
	struct err err;

	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t first = 300; first-- > 0;) {
			struct index_row row = row_of(0);

			row.id = id_of(i);
			row.first_rcpt = first;
			put(index, &row);
		}
	seen->most = 1;		/* rows of row_of() only are checked */
	CU_ASSERT_TRUE(index_each_of(index, id_of(0), on_row, seen, &err));
	CU_ASSERT_EQUAL(seen->count, 1);
	CU_ASSERT_EQUAL(index_count(index), 900);
	mem_free(seen);
	index_close(&index);
	mem_free(path);
}

/* Deletes each row that it is shown, and puts one behind it. */
static bool
change_row(void *owner, const struct index_row *row)
{
	struct seen *seen = owner;
	struct index_row next = row_of((uint32_t)get_be(row->id.bytes, 8) +
	    100000);
	struct err err;
	bool found;

	CU_ASSERT_TRUE(index_delete(seen->index, row->id, row->first_rcpt,
	    &found, &err));
	CU_ASSERT_TRUE(found);
	next.due = row->due + 1000000;
	CU_ASSERT_TRUE(index_put(seen->index, &next, &err));
	seen->count++;
	return true;
}

static void
a_walk_may_change_what_it_walks(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	struct seen *seen = seen_new();
	struct err err;
	usec_t due;

	put_many(index, 0, 2000);
	seen->index = index;
	CU_ASSERT_TRUE(index_each_due(index, 500000, change_row, seen, &err));
	CU_ASSERT_EQUAL(seen->count, 2000);
	CU_ASSERT_EQUAL(count_all(index), 2000);
	CU_ASSERT_TRUE(index_next_due(index, &due));
	CU_ASSERT_TRUE(due >= 1000000);
	mem_free(seen);
	index_close(&index);
	mem_free(path);
}

/* Bytes of the log of the index at PATH. */
static uint64_t
log_bytes(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	uint64_t bytes = 0;
	struct stat st;

	CU_ASSERT_PTR_NOT_NULL_FATAL(dir);
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, "log.", 4) == 0 &&
		    fstatat(dirfd(dir), entry->d_name, &st, 0) == 0)
			bytes += (uint64_t)st.st_size;
	closedir(dir);
	return bytes;
}

/* Bytes given to the disk, in place of the system's own function. */
static uint64_t given;

int
sync_file_range(int fd, off64_t from, off64_t length, unsigned int flags)
{
	(void)fd, (void)from;
	CU_ASSERT_EQUAL(flags, SYNC_FILE_RANGE_WRITE);
	given += (uint64_t)length;
	return 0;
}

static uint64_t
file_bytes(const char *path, const char *name)
{
	char *full = mem_printf("%s/%s", path, name);
	struct stat st;

	CU_ASSERT_EQUAL(stat(full, &st), 0);
	mem_free(full);
	return (uint64_t)st.st_size;
}

/* Otherwise the kernel writes it all at once, half a minute later. */
static void
what_a_checkpoint_wrote_goes_to_the_disk_in_small_portions(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	struct index_row row;
	uint64_t most = 0, before;
	unsigned portions = 0;
	struct err err;
	bool more;

	CU_ASSERT_FALSE(index_write_out(index));
	for (uint32_t i = 0; i < 30000; i++) {
		row = row_of(i);
		put(index, &row);
	}
	CU_ASSERT_TRUE(index_checkpoint(index, &err));
	given = 0;
	do {
		before = given;
		more = index_write_out(index);
		if (given - before > most)
			most = given - before;
	} while (more && ++portions < 1000);
	CU_ASSERT_FALSE(more);
	/* twice around, since a change may come behind the hand */
	CU_ASSERT_TRUE(given >= 2 * file_bytes(path, "rows.db"));
	CU_ASSERT_TRUE(most <= 5 * (256 << 10));
	CU_ASSERT_FALSE(index_write_out(index));
	index_close(&index);
	mem_free(path);
}

/* Whoever opens it after a crash goes through the log since the last
 * checkpoint, so that must not grow with what was written. */
static void
checkpoints_keep_the_log_short(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	struct index_row row;
	uint64_t most = 0;
	struct err err;
	char reason[1500];

	memset(reason, 'x', sizeof reason);
	CU_ASSERT_FALSE(index_is_behind(index));
	for (uint32_t i = 0; i < 80000; i++) {
		row = row_of(i);
		row.reason = span_make((uint8_t *)reason, sizeof reason);
		put(index, &row);
		if (!index_is_behind(index))
			continue;
		CU_ASSERT_TRUE(index_checkpoint(index, &err));
		CU_ASSERT_FALSE(index_is_behind(index));
		if (log_bytes(path) > most)
			most = log_bytes(path);
	}
	CU_ASSERT_TRUE(most > 0);
	CU_ASSERT_TRUE(most <= 72 << 20);
	CU_ASSERT_EQUAL(index_count(index), 80000);
	index_close(&index);
	mem_free(path);
}

static void
a_row_with_very_many_recipients_fits(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	uint8_t *rcpts = mem_alloc(4 * ENVELOPE_RCPTS_MOST);
	struct index_row row = row_of(0);
	struct err err;
	bool found;

	row.rcpts = span_make(rcpts, 4 * ENVELOPE_RCPTS_MOST);
	put(index, &row);
	CU_ASSERT_TRUE(index_flush(index, &err));
	CU_ASSERT_TRUE(index_delete(index, row.id, row.first_rcpt, &found,
	    &err));
	CU_ASSERT_TRUE(found);
	mem_free(rcpts);
	index_close(&index);
	mem_free(path);
}

/* ---- what survives, and what is not believed -------------------------- */

/* Put rows in a process that is killed; FLUSHED of them were flushed. */
static void
die_after(const char *path, uint32_t flushed, uint32_t all, bool checkpoint)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct err err;
		bool fresh;
		struct index *index = index_open(path, &fresh, &err);

		if (index == NULL)
			_exit(1);
		for (uint32_t i = 0; i < all; i++) {
			struct index_row row = row_of(i);

			if (!index_put(index, &row, &err) ||
			    (i + 1 == flushed && !index_flush(index, &err)) ||
			    (i + 1 == flushed && checkpoint &&
			    !index_checkpoint(index, &err)))
				_exit(2);
		}
		kill(getpid(), SIGKILL);
	}
	must(pid > 0);
	must(waitpid(pid, &status, 0) == pid);
	CU_ASSERT_TRUE(WIFSIGNALED(status));
}

static void
what_was_flushed_survives_a_kill(void)
{
	char *path = new_path();
	struct index *index;

	die_after(path, 700, 900, false);
	index = open_index(path, false);
	CU_ASSERT_EQUAL(count_all(index), 700);
	index_close(&index);
	die_after(path, 2000, 2100, true);
	index = open_index(path, false);
	CU_ASSERT_EQUAL(count_all(index), 2000);
	index_close(&index);
	index = open_index(path, false);
	CU_ASSERT_EQUAL(count_all(index), 2000);
	index_close(&index);
	mem_free(path);
}

static void
write_file(const char *path, const char *name, const char *text)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY);

	room_write(fd, name, span_of(text));
	close(fd);
}

static void
it_is_not_believed_after_the_machine_went_down(void)
{
	char *path = new_path();
	char *state = mem_printf("%s/state", path);
	struct index *index;
	struct buf text;
	struct err err;
	char *at;
	int fd;

	die_after(path, 100, 100, true);
	buf_init(&text, 1000);
	CU_ASSERT_TRUE(fsys_read_file(state, &text, &err));
	at = memmem(text.data, text.end, "proven", 6);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at = strchr(at, '-');	/* in the boot id */
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at[-1] ^= 1;
	fd = open(state, O_WRONLY);
	must(write(fd, text.data, text.end) == (ssize_t)text.end);
	close(fd);
	index = open_index(path, true);
	CU_ASSERT_EQUAL(count_all(index), 0);
	index_close(&index);
	buf_fini(&text);
	mem_free(state);
	mem_free(path);
}

static void
a_deleted_directory_is_made_anew(void)
{
	char *path = new_path(), *gone = mem_printf("%s.gone", path);
	struct index *index = open_index(path, true);

	put_many(index, 0, 10);
	index_close(&index);
	CU_ASSERT_EQUAL(rename(path, gone), 0);
	index = open_index(path, true);
	CU_ASSERT_EQUAL(count_all(index), 0);
	index_close(&index);
	mem_free(path);
	mem_free(gone);
}

/* How many names beginning with "index.broken-" are beside PATH. */
static unsigned
count_broken(const char *path)
{
	char *parent = mem_strndup(path, strlen(path) - strlen("/index"));
	DIR *dir = opendir(parent);
	const struct dirent *entry;
	unsigned count = 0;

	must(dir != NULL);
	while ((entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, "index.broken-", 13) == 0;
	closedir(dir);
	mem_free(parent);
	return count;
}

static void
what_is_not_ours_is_moved_aside(void)
{
	static const struct { const char *file, *text; } rows[] = {
		{ "DB_CONFIG", "set_data_dir /tmp\n" },
		{ "state", "postrider-index 4 closed 1 x\n" },
		{ "state", "" },
		{ "state", "postrider-index 1 closed 1 x\n" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *path = new_path();
		struct index *index = open_index(path, true);

		put_many(index, 0, 10);
		index_close(&index);
		write_file(path, rows[i].file, rows[i].text);
		index = open_index(path, true);
		CU_ASSERT_EQUAL(count_all(index), 0);
		CU_ASSERT_EQUAL(count_broken(path), 1);
		index_close(&index);
		mem_free(path);
	}
}

static void
what_kills_its_process_again_and_again_is_moved_aside(void)
{
	char *path = new_path();
	struct index *index;

	for (unsigned i = 0; i < 3; i++)
		die_after(path, 10, 10, false);
	CU_ASSERT_EQUAL(count_broken(path), 0);
	index = open_index(path, true);
	CU_ASSERT_EQUAL(count_broken(path), 1);
	index_close(&index);
	index = open_index(path, false);
	index_close(&index);
	mem_free(path);
}

/* Damage one file of the index: garbage somewhere, all over, or cut off. */
static void
damage(const char *path, const char *name, unsigned how)
{
	char *file = mem_printf("%s/%s", path, name);
	int fd = open(file, O_RDWR | O_CLOEXEC);
	uint8_t garbage[5000];
	struct stat st;
	off_t at;

	must(fd != -1 && fstat(fd, &st) == 0);
	rand_bytes(garbage, sizeof garbage);
	at = (off_t)rand_below((uint64_t)st.st_size + 1);
	if (how == 0)
		must(pwrite(fd, garbage, 1 + rand_below(64), at) > 0);
	else if (how == 1)
		must(pwrite(fd, garbage, sizeof garbage, at) > 0);
	else if (how == 2)
		must(pwrite(fd, garbage, sizeof garbage, 0) > 0);
	else
		must(ftruncate(fd, at) == 0);
	close(fd);
	mem_free(file);
}

/* Whether the row is one that was put; damage must not make others. */
static bool
sane_row(void *owner, const struct index_row *row)
{
	(void)owner;
	check_row(row);
	return true;
}

static bool
find_lists(struct index *index, struct index_list list, struct err *err)
{
	struct msgid ids[10];
	bool found = true;
	size_t count;

	for (; found; list.site++)
		if (!index_next_list(index, &list, &ids[0], &found, err) ||
		    !index_list_ids(index, &list, ids[0], ids, 10, &count,
		    err))
			return false;
	return true;
}

/* Open, look at everything, change something, close. */
static void
use(const char *path)
{
	struct err err;
	bool fresh;
	struct index *index = index_open(path, &fresh, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	if (index_each(index, id_of(0), sane_row, NULL, &err) &&
	    find_lists(index, (struct index_list){ .place = INDEX_DUE },
	    &err) &&
	    index_each_due(index, 1 << 30, sane_row, NULL, &err) &&
	    index_each_ready(index, row_of(1).site, CLASS_NORMAL, sane_row,
	    NULL, &err)) {
		for (uint32_t i = 0; i < 300; i++) {
			struct index_row row = row_of(i);

			if (!index_put(index, &row, &err))
				break;
		}
		if (index_flush(index, &err))
			(void)!index_checkpoint(index, &err);
	}
	index_close(&index);
}

static void
damage_never_crashes_and_never_makes_a_wrong_row(void)
{
	static const char *const names[] = {
		"rows.db", "due.db", "ready.db", "lists.db",
		"numbers.db", "log.0000000001", "state"
	};

	for (unsigned round = 0; round < 56; round++) {
		char *path = new_path();
		struct index *index;

		/* closed well, or killed: both ways into the opening */
		if (round % 2 == 0) {
			index = open_index(path, true);
			put_many(index, 0, 1500);
			index_close(&index);
		} else {
			die_after(path, 1500, 1600, round % 4 == 1);
		}
		damage(path, names[round % 7], round / 7 % 4);
		use(path);
		/* whatever that found, the next opening is a sound index */
		use(path);
		mem_free(path);
	}
}

/* ---- turns ------------------------------------------------------------- */

struct turns {
	char text[256];		/* a letter for each row: its sender */
	size_t count, most;
};

static bool
note_sender(void *owner, const struct index_row *row)
{
	struct turns *turns = owner;

	turns->text[turns->count++] = (char)row->sender;
	return turns->count < turns->most;
}

/* COUNT rows of SENDER wait for site 9. */
static void
put_rows(struct index *index, uint32_t first, uint32_t count, char sender)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct index_row row = row_of(i);

		row.place = INDEX_READY;
		row.klass = CLASS_BULK;
		row.site = 9;
		row.sender = (uint64_t)sender;
		put(index, &row);
	}
}

/* The senders of up to MOST rows, EACH of each at most, from *FROM. */
static const char *
turn(struct index *index, uint64_t *from, unsigned each, size_t most,
    bool *around)
{
	static struct turns turns;
	struct err err;

	turns = (struct turns){ .most = most };
	CU_ASSERT_TRUE(index_each_turn(index, 9, CLASS_BULK, from, each,
	    around, note_sender, &turns, &err));
	return turns.text;
}

static void
senders_of_ready_rows_take_turns(void)
{
	char *path = new_path();
	struct index *index = open_index(path, true);
	uint64_t from = 0;
	bool around;

	put_rows(index, 0, 90, 'b');
	put_rows(index, 100, 1, 'c');
	put_rows(index, 200, 3, 'a');
	CU_ASSERT_STRING_EQUAL(turn(index, &from, 2, 200, &around), "aabbc");
	CU_ASSERT_TRUE(around);
	from = 0;
	CU_ASSERT_STRING_EQUAL(turn(index, &from, 3, 5, &around), "aaabb");
	CU_ASSERT_FALSE(around);
	CU_ASSERT_EQUAL(from, 'b' + 1);
	CU_ASSERT_STRING_EQUAL(turn(index, &from, 3, 200, &around),
	    "caaabbb");
	CU_ASSERT_TRUE(around);
	from = 'z';
	CU_ASSERT_STRING_EQUAL(turn(index, &from, 1, 200, &around), "abc");
	from = UINT64_MAX;
	CU_ASSERT_STRING_EQUAL(turn(index, &from, 1, 2, &around), "ab");
	index_close(&index);
	mem_free(path);
}

const struct unit_test index_tests[] = {
	UNIT(senders_of_ready_rows_take_turns),
	UNIT(rows_come_by_id_by_time_and_by_site),
	UNIT(what_is_due_comes_by_class_and_in_a_class_by_time),
	UNIT(a_row_is_replaced_and_deleted_with_its_place),
	UNIT(entries_of_a_message_come_in_order),
	UNIT(a_walk_may_change_what_it_walks),
	UNIT(what_a_checkpoint_wrote_goes_to_the_disk_in_small_portions),
	UNIT(checkpoints_keep_the_log_short),
	UNIT(a_row_with_very_many_recipients_fits),
	UNIT(what_was_flushed_survives_a_kill),
	UNIT(it_is_not_believed_after_the_machine_went_down),
	UNIT(a_deleted_directory_is_made_anew),
	UNIT(what_is_not_ours_is_moved_aside),
	UNIT(what_kills_its_process_again_and_again_is_moved_aside),
	UNIT(damage_never_crashes_and_never_makes_a_wrong_row),
	UNIT_END
};
