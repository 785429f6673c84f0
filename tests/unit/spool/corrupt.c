/* SPDX-License-Identifier: ISC
 *
 * corrupt.c - tests: files of corrupt/, kept and looked at.
 */
#include "made.h"

#include "base/crc32c.h"
#include "fakes/disk.h"
#include "spool/corrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct kept {
	struct spool_dirs dirs;
	struct made made;
	int fd;			/* the segment */
	struct corrupt_note note;	/* of record 1 */
	char name[CORRUPT_NAME_SIZE];
};

static void
kept_init(struct kept *k)
{
	disk_reset();
	room_spool(&k->dirs);
	made_new(&k->made, EDITION_SECOND);
	k->fd = made_file(buf_peek(&k->made.bytes));
	k->note = (struct corrupt_note){
		.segment = made_name, .offset = k->made.offset[1],
		.bytes = k->made.offset[2] - k->made.offset[1],
		.when = 1234567890, .has_id = true,
		.id = k->made.header[1].id, .why = "because",
	};
}

static void
kept_fini(struct kept *k)
{
	close(k->fd);
	made_fini(&k->made);
	spool_dirs_close(&k->dirs);
	disk_reset();
}

static void
keep(struct kept *k)
{
	struct corrupt_note note = k->note;
	struct err err;

	CU_ASSERT_TRUE(corrupt_keep(&k->dirs, k->fd, false, &note, k->name,
	    &err));
}

static void
check_whole(const struct kept *k)
{
	struct corrupt_file file;
	struct err err;

	CU_ASSERT_TRUE_FATAL(corrupt_open(&k->dirs, k->name, &file, &err));
	CU_ASSERT_TRUE(file.noted && file.headed && file.whole);
	CU_ASSERT_EQUAL(file.note.offset, k->note.offset);
	CU_ASSERT_EQUAL(file.note.bytes, k->note.bytes);
	CU_ASSERT_EQUAL(file.note.lost, 0);
	CU_ASSERT_EQUAL(file.note.when, 1234567890);
	CU_ASSERT_EQUAL(file.note.segment.sequence, made_name.sequence);
	CU_ASSERT_STRING_EQUAL(file.note.why, "because");
	CU_ASSERT_EQUAL(file.envelope->rcpt_count, 2);
	corrupt_close(&file);
}

static void
what_is_kept_says_where_it_came_from(void)
{
	struct kept k;
	char body[64];
	struct corrupt_file file;
	struct err err;

	kept_init(&k);
	keep(&k);
	check_whole(&k);
	CU_ASSERT_TRUE(corrupt_open(&k.dirs, k.name, &file, &err));
	CU_ASSERT_EQUAL(corrupt_read_body(&file, 4, body, sizeof body, &err),
	    6);
	CU_ASSERT_EQUAL(memcmp(body, "line\r\n", 6), 0);
	corrupt_close(&file);
	CU_ASSERT_EQUAL(room_count(k.dirs.corrupt), 1);
	kept_fini(&k);
}

/* First the bytes, then the name, then the directory. */
static void
a_kept_file_has_its_name_when_it_is_on_the_disk(void)
{
	struct kept k;
	int bytes, name;

	kept_init(&k);
	keep(&k);
	bytes = disk_find(DISK_FSYNC, "", ".message.new", 0, true);
	name = disk_first(DISK_FSYNC, "corrupt", bytes);
	CU_ASSERT_NOT_EQUAL(bytes, DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(name, DISK_NEVER);
	kept_fini(&k);
}

/* Cut at any length, or with a byte changed anywhere. */
static void
what_a_crash_left_of_a_kept_file_is_not_believed(void)
{
	struct kept k;
	uint8_t bytes[4096];
	size_t length;
	int fd;

	kept_init(&k);
	keep(&k);
	fd = openat(k.dirs.corrupt, k.name, O_RDONLY);
	length = (size_t)read(fd, bytes, sizeof bytes);
	close(fd);
	for (size_t at = CORRUPT_HEAD_BYTES; at < length; at += 7) {
		room_write(k.dirs.corrupt, k.name, span_make(bytes, at));
		keep(&k);
		check_whole(&k);
		bytes[at] ^= 1;
		room_write(k.dirs.corrupt, k.name, span_make(bytes, length));
		bytes[at] ^= 1;
		keep(&k);
		check_whole(&k);
	}
	kept_fini(&k);
}

static void
what_is_kept_already_stays_as_it_is(void)
{
	struct kept k;

	kept_init(&k);
	keep(&k);
	disk_reset();
	keep(&k);
	CU_ASSERT_EQUAL(disk_find(DISK_OPENAT, "", ".new", 0, true),
	    DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, k.name, 0), DISK_NEVER);
	CU_ASSERT_NOT_EQUAL(disk_first(DISK_FSYNC, "corrupt", 0), DISK_NEVER);
	kept_fini(&k);
}

/* It knew no head: what it began is replaced, what it finished too. */
static void
what_a_former_version_began_is_replaced(void)
{
	struct kept k;
	struct span record;

	kept_init(&k);
	keep(&k);
	record = span_make(k.made.bytes.data + k.note.offset, k.note.bytes);
	for (size_t length = 0; length <= record.length; length += 8) {
		room_write(k.dirs.corrupt, k.name,
		    span_first(record, length));
		keep(&k);
		check_whole(&k);
		CU_ASSERT_EQUAL(room_count(k.dirs.corrupt), 1);
	}
	kept_fini(&k);
}

static void
two_messages_with_one_id_are_both_kept(void)
{
	struct kept k;
	char first[CORRUPT_NAME_SIZE];

	kept_init(&k);
	keep(&k);
	check_whole(&k);
	memcpy(first, k.name, sizeof first);
	k.note.offset = k.made.offset[2];
	k.note.bytes = k.made.offset[3] - k.made.offset[2];
	keep(&k);
	CU_ASSERT_STRING_NOT_EQUAL(k.name, first);
	CU_ASSERT_EQUAL(room_count(k.dirs.corrupt), 2);
	k.note.offset = k.made.offset[1];
	k.note.bytes = k.made.offset[2] - k.made.offset[1];
	memcpy(k.name, first, sizeof first);
	check_whole(&k);
	kept_fini(&k);
}

/* Nothing is there that was not, and nothing that was is gone. */
static void
a_file_that_cannot_be_kept_leaves_nothing(void)
{
	static const enum disk_call calls[] = { DISK_OPENAT, DISK_PWRITEV,
	    DISK_FSYNC, DISK_PREAD };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		for (unsigned n = 1; n < 6; n++) {
			struct corrupt_note note;
			struct kept k;
			struct err err;
			bool done;

			kept_init(&k);
			disk_fail(calls[i], n, ENOSPC, false);
			note = k.note;
			done = corrupt_keep(&k.dirs, k.fd, false, &note,
			    k.name, &err);
			disk_reset();
			if (done)
				check_whole(&k);
			else
				CU_ASSERT_TRUE(room_count(k.dirs.corrupt) ==
				    0 || calls[i] == DISK_FSYNC);
			keep(&k);
			check_whole(&k);
			CU_ASSERT_EQUAL(room_count(k.dirs.corrupt), 1);
			kept_fini(&k);
		}
}

static void
what_cannot_be_read_is_zeros_only_if_that_is_wanted(void)
{
	struct kept k;
	struct corrupt_note note;
	struct err err;

	kept_init(&k);
	note = k.note;
	disk_lose("memfd:segment", (off_t)k.note.offset + 100,
	    (off_t)k.note.offset + 108);
	CU_ASSERT_FALSE(corrupt_keep(&k.dirs, k.fd, false, &note, k.name,
	    &err));
	CU_ASSERT_EQUAL(err.number, EIO);
	CU_ASSERT_EQUAL(room_count(k.dirs.corrupt), 0);
	note = k.note;
	CU_ASSERT_TRUE(corrupt_keep(&k.dirs, k.fd, true, &note, k.name,
	    &err));
	CU_ASSERT_EQUAL(note.bytes, k.note.bytes);
	CU_ASSERT_NOT_EQUAL(note.lost, 0);
	disk_reset();
	keep(&k);		/* better bytes take its place */
	check_whole(&k);
	kept_fini(&k);
}

static void
a_head_is_read_as_it_was_written(void)
{
	struct corrupt_note note = { .segment = made_name, .offset = 1,
	    .bytes = UINT64_MAX, .lost = 3, .crc = 0xffffffff, .when = -1,
	    .why = "a reason with (all) sorts: of, things" }, again;
	uint8_t head[CORRUPT_HEAD_BYTES];

	corrupt_head_encode(&note, head);
	CU_ASSERT_TRUE(corrupt_head_decode(head, &again));
	CU_ASSERT_EQUAL(again.bytes, UINT64_MAX);
	CU_ASSERT_EQUAL(again.crc, 0xffffffff);
	CU_ASSERT_FALSE(again.has_id);
	CU_ASSERT_STRING_EQUAL(again.why, note.why);
	for (size_t i = 0; i < sizeof head; i++) {
		const uint8_t *why = memmem(head, sizeof head, note.why, 4);

		if (head + i >= why && head + i <= why + strlen(note.why))
			continue;	/* it is for people */
		head[i] ^= 0x80;
		CU_ASSERT_FALSE(corrupt_head_decode(head, &again));
		head[i] ^= 0x80;
	}
}

static void
names_that_lead_elsewhere_are_none(void)
{
	static const char *const none[] = { "", ".", "..", ".message",
	    "../urgent/x.message", "/etc/x.message", ".x.bytes",
	    "x.message.new", "x", "x.status" };

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		CU_ASSERT_FALSE(corrupt_is_name(none[i]));
	CU_ASSERT_TRUE(corrupt_is_name("x.message"));
	CU_ASSERT_TRUE(corrupt_is_name("x.bytes"));
}

const struct unit_test corrupt_tests[] = {
	UNIT(what_is_kept_says_where_it_came_from),
	UNIT(a_kept_file_has_its_name_when_it_is_on_the_disk),
	UNIT(what_a_crash_left_of_a_kept_file_is_not_believed),
	UNIT(what_is_kept_already_stays_as_it_is),
	UNIT(what_a_former_version_began_is_replaced),
	UNIT(two_messages_with_one_id_are_both_kept),
	UNIT(a_file_that_cannot_be_kept_leaves_nothing),
	UNIT(what_cannot_be_read_is_zeros_only_if_that_is_wanted),
	UNIT(a_head_is_read_as_it_was_written),
	UNIT(names_that_lead_elsewhere_are_none),
	UNIT_END
};
