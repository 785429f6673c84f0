/* SPDX-License-Identifier: ISC
 *
 * segment.c - tests of reading segments, whole and damaged.
 */
#include "made.h"

#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file[] = MADE_FILE;

static void
a_record_is_read_whole_or_not_at_all(void)
{
	struct made made;
	struct record record;
	struct err err;
	int fd;

	made_new(&made, EDITION_SECOND);
	for (unsigned i = 0; i < MADE_RECORDS; i++) {
		uint64_t size = made.offset[i + 1] - made.offset[i];

		fd = made_file(buf_peek(&made.bytes));
		CU_ASSERT_TRUE_FATAL(record_read(fd, made.offset[i], NULL, size,
		    &record, &err));
		CU_ASSERT_TRUE(span_equal(record.body, made_body(i)));
		CU_ASSERT_EQUAL(record.envelope->rcpt_count, i + 1);
		record_fini(&record);
		CU_ASSERT_FALSE(record_read(fd, made.offset[i], NULL, size + 8,
		    &record, &err));
		CU_ASSERT_FALSE(record_read(fd, made.offset[i] + 8, NULL, size,
		    &record, &err));
		close(fd);
	}
	for (uint64_t at = made.offset[2]; at < made.offset[2] +
	    RECORD_HEADER_BYTES + made.header[2].envelope_bytes +
	    made.header[2].body_bytes; at++) {
		made.bytes.data[at] ^= 1;
		fd = made_file(buf_peek(&made.bytes));
		CU_ASSERT_FALSE(record_read(fd, made.offset[2], NULL,
		    made.offset[3] - made.offset[2], &record, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
		made.bytes.data[at] ^= 1;
		close(fd);
	}
	made_fini(&made);
}

/* A sealed header may claim a body of a terabyte. */
static void
no_room_is_made_for_what_is_not_in_the_file(void)
{
	struct made made;
	struct record record;
	struct err err;
	int fd;

	made_new(&made, EDITION_SECOND);
	made.header[2].body_bytes = (uint64_t)1 << 40;
	record_header_encode(&made.header[2], made.offset[2],
	    made.bytes.data + made.offset[2]);
	fd = made_file(buf_peek(&made.bytes));
	CU_ASSERT_FALSE(record_read(fd, made.offset[2], NULL,
	    record_size(&made.header[2]), &record, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
	close(fd);
	made_fini(&made);
}

static void
a_body_is_read_in_pieces(void)
{
	struct made made;
	char piece[7];
	struct buf whole;
	struct err err;
	ssize_t n;
	int fd;

	made_new(&made, EDITION_SECOND);
	buf_init(&whole, 1024);
	fd = made_file(buf_peek(&made.bytes));
	do {
		n = record_read_body(fd, made.offset[2], &made.header[2],
		    buf_length(&whole), piece, sizeof piece, &err);
		CU_ASSERT_NOT_EQUAL_FATAL(n, -1);
		buf_append(&whole, piece, (size_t)n);
	} while (n > 0);
	CU_ASSERT_TRUE(span_equal(buf_peek(&whole), made_body(2)));
	close(fd);
	buf_fini(&whole);
	made_fini(&made);
}

static void
a_peek_shows_the_envelope(void)
{
	struct made made;
	struct record_header header;
	struct envelope *envelope;
	struct err err;
	int fd;

	made_new(&made, EDITION_SECOND);
	fd = made_file(buf_peek(&made.bytes));
	CU_ASSERT_TRUE_FATAL(record_peek(fd, made.offset[1], NULL, &header,
	    &envelope, &err));
	CU_ASSERT_EQUAL(envelope->rcpt_count, 2);
	envelope_free(&envelope);
	CU_ASSERT_FALSE(record_peek(fd, made.offset[1] + 8, NULL, &header,
	    &envelope, &err));
	CU_ASSERT_FALSE(record_peek(fd, made.offset[3], NULL, &header,
	    &envelope, &err));
	close(fd);
	made_fini(&made);
}

static void
only_a_plain_file_with_its_own_name_is_opened(void)
{
	struct spool_dirs dirs;
	struct made made;
	struct err err;
	int fd, dirfd;

	room_spool(&dirs);
	made_new(&made, EDITION_SECOND);
	dirfd = dirs.classes[CLASS_NORMAL];
	room_write(dirfd, file, buf_peek(&made.bytes));
	fd = segment_open(&dirs, made_name, &err);
	CU_ASSERT_NOT_EQUAL(fd, -1);
	close(fd);
	/* a second name */
	CU_ASSERT_EQUAL(linkat(dirfd, file, dirfd, "03-00001743.messages",
	    0), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, made_name, &err), -1);
	CU_ASSERT_EQUAL(unlinkat(dirfd, file, 0), 0);
	/* a link, a pipe, nothing */
	CU_ASSERT_EQUAL(symlinkat("03-00001743.messages", dirfd, file), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, made_name, &err), -1);
	CU_ASSERT_EQUAL(unlinkat(dirfd, file, 0), 0);
	CU_ASSERT_EQUAL(mkfifoat(dirfd, file, 0600), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, made_name, &err), -1);
	CU_ASSERT_EQUAL(unlinkat(dirfd, file, 0), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, made_name, &err), -1);
	CU_ASSERT_EQUAL(err.number, ENOENT);
	spool_dirs_close(&dirs);
	made_fini(&made);
}

/* A block of another place or time may hold a record that is whole. */
static void
a_record_of_another_message_is_not_read(void)
{
	struct made made;
	struct record record;
	struct record_header header;
	struct envelope *envelope;
	struct msgid id;
	struct err err;
	int fd;

	made_new(&made, EDITION_SECOND);
	fd = made_file(buf_peek(&made.bytes));
	id = made.header[1].id;
	CU_ASSERT_TRUE(record_is(fd, made.offset[1], id));
	CU_ASSERT_TRUE_FATAL(record_read(fd, made.offset[1], &id,
	    made.offset[2] - made.offset[1], &record, &err));
	record_fini(&record);
	/* the name by which it goes when another one has its own */
	id = record_alias(&made.header[1], made.offset[1]);
	CU_ASSERT_NOT_EQUAL(msgid_compare(id, made.header[1].id), 0);
	CU_ASSERT_EQUAL(msgid_time(id), msgid_time(made.header[1].id));
	CU_ASSERT_TRUE(record_is(fd, made.offset[1], id));
	id = made.header[0].id;
	CU_ASSERT_FALSE(record_is(fd, made.offset[1], id));
	CU_ASSERT_FALSE(record_read(fd, made.offset[1], &id,
	    made.offset[2] - made.offset[1], &record, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
	CU_ASSERT_FALSE(record_peek(fd, made.offset[1], &id, &header,
	    &envelope, &err));
	close(fd);
	made_fini(&made);
}

static void
an_envelope_is_checked_whenever_it_is_read(void)
{
	struct made made;
	struct record_header header;
	struct envelope *envelope;
	struct err err;

	made_new(&made, EDITION_SECOND);
	for (uint64_t at = 0; at < made.header[1].envelope_bytes; at++) {
		uint8_t *byte = made.bytes.data + made.offset[1] +
		    RECORD_HEADER_BYTES + at;
		int fd;

		*byte ^= 4;
		fd = made_file(buf_peek(&made.bytes));
		CU_ASSERT_FALSE(record_peek(fd, made.offset[1], NULL,
		    &header, &envelope, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
		*byte ^= 4;
		close(fd);
	}
	made_fini(&made);
}

static void
a_segment_is_removed_before_its_journal(void)
{
	struct spool_dirs dirs;
	struct made made;
	struct err err;
	bool removed;
	int dirfd, fd;

	room_spool(&dirs);
	made_new(&made, EDITION_SECOND);
	dirfd = dirs.classes[CLASS_NORMAL];
	room_write(dirfd, file, buf_peek(&made.bytes));
	room_write(dirfd, "03-00001742.status", span_of(""));
	fd = openat(dirfd, file, O_RDWR | O_CLOEXEC);
	flock(fd, LOCK_EX);
	CU_ASSERT_TRUE(segment_remove(&dirs, made_name, &removed, &err));
	CU_ASSERT_FALSE(removed);
	CU_ASSERT_NOT_EQUAL(room_size(dirfd, file), -1);
	close(fd);
	CU_ASSERT_TRUE(segment_remove(&dirs, made_name, &removed, &err));
	CU_ASSERT_TRUE(removed);
	CU_ASSERT_EQUAL(room_size(dirfd, file), -1);
	CU_ASSERT_EQUAL(room_size(dirfd, "03-00001742.status"), 0);
	CU_ASSERT_TRUE(segment_remove_journals(&dirs, CLASS_NORMAL, &made_name, 1,
	    &err));
	CU_ASSERT_EQUAL(room_size(dirfd, "03-00001742.status"), -1);
	CU_ASSERT_TRUE(segment_remove(&dirs, made_name, &removed, &err));
	spool_dirs_close(&dirs);
	made_fini(&made);
}

const struct unit_test segment_tests[] = {
	UNIT(a_record_is_read_whole_or_not_at_all),
	UNIT(no_room_is_made_for_what_is_not_in_the_file),
	UNIT(a_body_is_read_in_pieces),
	UNIT(a_peek_shows_the_envelope),
	UNIT(only_a_plain_file_with_its_own_name_is_opened),
	UNIT(a_record_of_another_message_is_not_read),
	UNIT(an_envelope_is_checked_whenever_it_is_read),
	UNIT(a_segment_is_removed_before_its_journal),
	UNIT_END
};
