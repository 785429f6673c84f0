/* SPDX-License-Identifier: ISC
 *
 * segment.c - tests of reading segments, whole and damaged.
 */
#include "room.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/must.h"
#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RECORDS = 3 };

static const struct segment_name name = { CLASS_NORMAL, 3, 0x1742 };
static const char file[] = "03-00001742.messages";

/* A segment made by hand: its bytes, and where its records are. */
struct made {
	struct buf bytes;
	uint64_t offset[RECORDS + 1];
	struct record_header header[RECORDS];
};

static struct span
body_of(unsigned i)
{
	static const char *const bodies[] = {
		"", "one line\r\n", "Subject: x\r\n\r\nsome more text\r\n"
	};

	return span_of(bodies[i % 3]);
}

static void
add_record(struct made *made, unsigned i, struct span body)
{
	struct envelope *e = room_envelope(i + 1);
	struct record_header *header = &made->header[i];
	uint8_t head[RECORD_HEADER_BYTES];
	struct buf envelope;

	buf_init(&envelope, 1 << 20);
	envelope_encode(e, &envelope);
	*header = (struct record_header){
		.klass = CLASS_NORMAL, .rcpt_count = e->rcpt_count,
		.envelope_bytes = (uint32_t)buf_length(&envelope),
		.body_bytes = body.length,
	};
	memset(header->id.bytes, 'a' + (int)i, MSGID_BYTES);
	header->content_crc = crc32c(crc32c(0, buf_peek(&envelope).data,
	    buf_length(&envelope)), body.data, body.length);
	record_header_encode(header, head);
	made->offset[i] = buf_length(&made->bytes);
	buf_append(&made->bytes, head, sizeof head);
	buf_append_span(&made->bytes, buf_peek(&envelope));
	buf_append_span(&made->bytes, body);
	while (buf_length(&made->bytes) % RECORD_ALIGN != 0)
		buf_append_byte(&made->bytes, 0);
	made->offset[i + 1] = buf_length(&made->bytes);
	buf_fini(&envelope);
	envelope_free(&e);
}

static void
begin(struct made *made, bool single)
{
	struct segment_header header = {
		.klass = name.klass, .slot = name.slot,
		.sequence = name.sequence, .single = single,
	};
	uint8_t bytes[SEGMENT_HEADER_BYTES];

	buf_init(&made->bytes, 64 << 20);
	segment_header_encode(&header, bytes);
	buf_append(&made->bytes, bytes, sizeof bytes);
}

static void
make(struct made *made)
{
	begin(made, false);
	for (unsigned i = 0; i < RECORDS; i++)
		add_record(made, i, body_of(i));
}

static int
file_of(struct span bytes)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);

	must(fd != -1);
	must(write(fd, bytes.data, bytes.length) == (ssize_t)bytes.length);
	return fd;
}

/* Scan BYTES to the end over all damage.  Every record met must be one of
 * MADE's, and is marked in SEEN (a bit each). */
static unsigned
scan(const struct made *made, struct span bytes, unsigned *seen)
{
	struct scanner scanner;
	struct scan_record record;
	unsigned breaks = 0;
	int fd = file_of(bytes);
	struct err err;
	bool more = true;

	*seen = 0;
	scanner_init(&scanner, fd, 0, bytes.length, true);
	while (more)
		switch (scanner_next(&scanner, &record, &err)) {
		case SCAN_RECORD: {
			unsigned i = record.header.id.bytes[0] - 'a';

			CU_ASSERT_FATAL(i < RECORDS);
			CU_ASSERT_EQUAL(record.offset, made->offset[i]);
			CU_ASSERT_EQUAL(record.header.content_crc,
			    made->header[i].content_crc);
			CU_ASSERT_EQUAL(record_size(&record.header),
			    record_size(&made->header[i]));
			CU_ASSERT_EQUAL(memcmp(record.envelope.data,
			    made->bytes.data + made->offset[i] +
			    RECORD_HEADER_BYTES, record.envelope.length), 0);
			*seen |= 1u << i;
			break;
		}
		case SCAN_END:
			more = false;
			break;
		case SCAN_BROKEN:
			breaks++;
			more = scanner_skip_broken(&scanner, &err);
			CU_ASSERT_TRUE(more || err.kind == ERR_NONE);
			break;
		}
	scanner_fini(&scanner);
	close(fd);
	return breaks;
}

static void
records_come_in_order(void)
{
	struct made made;
	unsigned seen;

	make(&made);
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 0);
	CU_ASSERT_EQUAL(seen, 7);
	buf_fini(&made.bytes);
}

static void
a_segment_cut_at_any_byte_has_the_records_before(void)
{
	struct made made;

	make(&made);
	for (size_t at = SEGMENT_HEADER_BYTES; at < buf_length(&made.bytes);
	    at++) {
		unsigned seen, want = 0;

		for (unsigned i = 0; i < RECORDS; i++)
			if (made.offset[i + 1] <= at)
				want |= 1u << i;
		scan(&made, span_first(buf_peek(&made.bytes), at), &seen);
		CU_ASSERT_EQUAL(seen, want);
	}
	buf_fini(&made.bytes);
}

static void
a_changed_byte_costs_its_own_record_only(void)
{
	struct made made;

	make(&made);
	for (size_t at = SEGMENT_HEADER_BYTES; at < buf_length(&made.bytes);
	    at++) {
		unsigned seen, own = 0, breaks;

		for (unsigned i = 0; i < RECORDS; i++)
			if (at >= made.offset[i] && at < made.offset[i + 1])
				own = 1u << i;
		made.bytes.data[at] ^= 0x10;
		breaks = scan(&made, buf_peek(&made.bytes), &seen);
		made.bytes.data[at] ^= 0x10;
		CU_ASSERT_EQUAL(seen | own, 7);
		/* padding is in no CRC, all else is */
		CU_ASSERT_TRUE(breaks == 1 ? (seen & own) == 0 : seen == 7);
	}
	buf_fini(&made.bytes);
}

static void
a_page_of_zeros_hides_nothing_behind_it(void)
{
	struct made made;
	unsigned seen;

	make(&made);
	memset(made.bytes.data + made.offset[1], 0,
	    made.offset[2] - made.offset[1]);
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 1);
	CU_ASSERT_EQUAL(seen, 5);
	buf_fini(&made.bytes);
}

static void
zeros_at_the_end_are_the_end(void)
{
	struct made made;
	unsigned seen;

	make(&made);
	for (unsigned i = 0; i < 10000; i++)
		buf_append_byte(&made.bytes, 0);
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 0);
	CU_ASSERT_EQUAL(seen, 7);
	buf_fini(&made.bytes);
}

static void
nothing_counts_behind_the_mark_of_a_cut(void)
{
	struct made made;
	unsigned seen;

	make(&made);
	record_cut_encode(made.bytes.data + made.offset[1]);
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 0);
	CU_ASSERT_EQUAL(seen, 1);
	/* nor when what is before the mark is damaged */
	made.bytes.data[made.offset[0]] ^= 1;
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 1);
	CU_ASSERT_EQUAL(seen, 0);
	buf_fini(&made.bytes);
}

static void
a_header_that_counts_other_recipients_is_broken(void)
{
	struct made made;
	unsigned seen;

	make(&made);
	made.header[1].rcpt_count++;
	record_header_encode(&made.header[1],
	    made.bytes.data + made.offset[1]);
	made.header[1].rcpt_count--;
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 1);
	CU_ASSERT_EQUAL(seen, 5);
	buf_fini(&made.bytes);
}

/* A whole record inside the body of a message that never was finished. */
static void
an_unfinished_large_message_shows_nothing_of_itself(void)
{
	struct made inner, outer;
	unsigned seen;

	make(&inner);
	begin(&outer, true);
	for (unsigned i = 0; i < RECORD_HEADER_BYTES; i++)
		buf_append_byte(&outer.bytes, 0);
	buf_append(&outer.bytes, inner.bytes.data + SEGMENT_HEADER_BYTES,
	    buf_length(&inner.bytes) - SEGMENT_HEADER_BYTES);
	CU_ASSERT_EQUAL(scan(&inner, buf_peek(&outer.bytes), &seen), 0);
	CU_ASSERT_EQUAL(seen, 0);
	/* and neither does one whose header was damaged later */
	outer.bytes.data[SEGMENT_HEADER_BYTES] = 1;
	CU_ASSERT_EQUAL(scan(&inner, buf_peek(&outer.bytes), &seen), 1);
	CU_ASSERT_EQUAL(seen, 0);
	buf_fini(&inner.bytes);
	buf_fini(&outer.bytes);
}

static void
bodies_larger_than_a_piece_are_stepped_over_and_verified(void)
{
	struct made made;
	char *body = mem_alloc(3 << 20);
	unsigned seen;

	memset(body, 'x', 3 << 20);
	begin(&made, false);
	add_record(&made, 0, span_make(body, 3 << 20));
	add_record(&made, 1, body_of(1));
	add_record(&made, 2, span_make(body, (1 << 20) + 5));
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 0);
	CU_ASSERT_EQUAL(seen, 7);
	made.bytes.data[made.offset[0] + (2 << 20)] ^= 1;
	CU_ASSERT_EQUAL(scan(&made, buf_peek(&made.bytes), &seen), 1);
	CU_ASSERT_EQUAL(seen, 6);
	mem_free(body);
	buf_fini(&made.bytes);
}

static void
a_record_is_read_whole_or_not_at_all(void)
{
	struct made made;
	struct record record;
	struct err err;
	int fd;

	make(&made);
	for (unsigned i = 0; i < RECORDS; i++) {
		uint64_t size = made.offset[i + 1] - made.offset[i];

		fd = file_of(buf_peek(&made.bytes));
		CU_ASSERT_TRUE_FATAL(record_read(fd, made.offset[i], size,
		    &record, &err));
		CU_ASSERT_TRUE(span_equal(record.body, body_of(i)));
		CU_ASSERT_EQUAL(record.envelope->rcpt_count, i + 1);
		record_fini(&record);
		CU_ASSERT_FALSE(record_read(fd, made.offset[i], size + 8,
		    &record, &err));
		CU_ASSERT_FALSE(record_read(fd, made.offset[i] + 8, size,
		    &record, &err));
		close(fd);
	}
	for (uint64_t at = made.offset[2]; at < made.offset[2] +
	    RECORD_HEADER_BYTES + made.header[2].envelope_bytes +
	    made.header[2].body_bytes; at++) {
		made.bytes.data[at] ^= 1;
		fd = file_of(buf_peek(&made.bytes));
		CU_ASSERT_FALSE(record_read(fd, made.offset[2],
		    made.offset[3] - made.offset[2], &record, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
		made.bytes.data[at] ^= 1;
		close(fd);
	}
	buf_fini(&made.bytes);
}

/* A sealed header may claim a body of a terabyte. */
static void
no_room_is_made_for_what_is_not_in_the_file(void)
{
	struct made made;
	struct record record;
	struct err err;
	int fd;

	make(&made);
	made.header[2].body_bytes = (uint64_t)1 << 40;
	record_header_encode(&made.header[2],
	    made.bytes.data + made.offset[2]);
	fd = file_of(buf_peek(&made.bytes));
	CU_ASSERT_FALSE(record_read(fd, made.offset[2],
	    record_size(&made.header[2]), &record, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
	close(fd);
	buf_fini(&made.bytes);
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

	make(&made);
	buf_init(&whole, 1024);
	fd = file_of(buf_peek(&made.bytes));
	do {
		n = record_read_body(fd, made.offset[2], &made.header[2],
		    buf_length(&whole), piece, sizeof piece, &err);
		CU_ASSERT_NOT_EQUAL_FATAL(n, -1);
		buf_append(&whole, piece, (size_t)n);
	} while (n > 0);
	CU_ASSERT_TRUE(span_equal(buf_peek(&whole), body_of(2)));
	close(fd);
	buf_fini(&whole);
	buf_fini(&made.bytes);
}

static void
a_peek_shows_the_envelope(void)
{
	struct made made;
	struct record_header header;
	struct envelope *envelope;
	struct err err;
	int fd;

	make(&made);
	fd = file_of(buf_peek(&made.bytes));
	CU_ASSERT_TRUE_FATAL(record_peek(fd, made.offset[1], &header,
	    &envelope, &err));
	CU_ASSERT_EQUAL(envelope->rcpt_count, 2);
	envelope_free(&envelope);
	CU_ASSERT_FALSE(record_peek(fd, made.offset[1] + 8, &header,
	    &envelope, &err));
	CU_ASSERT_FALSE(record_peek(fd, made.offset[3], &header,
	    &envelope, &err));
	close(fd);
	buf_fini(&made.bytes);
}

static void
only_a_plain_file_with_its_own_name_is_opened(void)
{
	struct spool_dirs dirs;
	struct made made;
	struct err err;
	int fd, dirfd;

	room_spool(&dirs);
	make(&made);
	dirfd = dirs.classes[CLASS_NORMAL];
	room_write(dirfd, file, buf_peek(&made.bytes));
	fd = segment_open(&dirs, name, &err);
	CU_ASSERT_NOT_EQUAL(fd, -1);
	close(fd);
	/* a second name */
	CU_ASSERT_EQUAL(linkat(dirfd, file, dirfd, "03-00001743.messages",
	    0), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, name, &err), -1);
	CU_ASSERT_EQUAL(unlinkat(dirfd, file, 0), 0);
	/* another name than it says */
	CU_ASSERT_EQUAL(segment_open(&dirs,
	    (struct segment_name){ CLASS_NORMAL, 3, 0x1743 }, &err), -1);
	CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
	CU_ASSERT_NOT_EQUAL(err.number, ENODATA);
	/* a link, a pipe, nothing */
	CU_ASSERT_EQUAL(symlinkat("03-00001743.messages", dirfd, file), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, name, &err), -1);
	CU_ASSERT_EQUAL(unlinkat(dirfd, file, 0), 0);
	CU_ASSERT_EQUAL(mkfifoat(dirfd, file, 0600), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, name, &err), -1);
	CU_ASSERT_EQUAL(unlinkat(dirfd, file, 0), 0);
	CU_ASSERT_EQUAL(segment_open(&dirs, name, &err), -1);
	CU_ASSERT_EQUAL(err.number, ENOENT);
	spool_dirs_close(&dirs);
	buf_fini(&made.bytes);
}

static void
what_a_crash_left_before_any_promise_is_known(void)
{
	struct spool_dirs dirs;
	struct made made;
	struct err err;
	int dirfd;

	room_spool(&dirs);
	make(&made);
	dirfd = dirs.classes[CLASS_NORMAL];
	/* no header, half a header */
	for (size_t length = 0; length < SEGMENT_HEADER_BYTES; length += 9) {
		room_write(dirfd, file, span_first(buf_peek(&made.bytes),
		    length));
		CU_ASSERT_EQUAL(segment_open(&dirs, name, &err), -1);
		CU_ASSERT_EQUAL(err.number, ENODATA);
	}
	/* a large message whose headers did not come to the disk */
	memset(made.bytes.data, 0, made.offset[1]);
	room_write(dirfd, file, span_first(buf_peek(&made.bytes),
	    made.offset[1] + 8));
	CU_ASSERT_EQUAL(segment_open(&dirs, name, &err), -1);
	CU_ASSERT_EQUAL(err.number, ENODATA);
	/* but here a disk has lost the beginning of a segment */
	room_write(dirfd, file, buf_peek(&made.bytes));
	CU_ASSERT_EQUAL(segment_open(&dirs, name, &err), -1);
	CU_ASSERT_EQUAL(err.kind, ERR_FORMAT);
	CU_ASSERT_NOT_EQUAL(err.number, ENODATA);
	spool_dirs_close(&dirs);
	buf_fini(&made.bytes);
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
	make(&made);
	dirfd = dirs.classes[CLASS_NORMAL];
	room_write(dirfd, file, buf_peek(&made.bytes));
	room_write(dirfd, "03-00001742.status", span_of(""));
	fd = openat(dirfd, file, O_RDWR | O_CLOEXEC);
	flock(fd, LOCK_EX);
	CU_ASSERT_TRUE(segment_remove(&dirs, name, &removed, &err));
	CU_ASSERT_FALSE(removed);
	CU_ASSERT_NOT_EQUAL(room_size(dirfd, file), -1);
	close(fd);
	CU_ASSERT_TRUE(segment_remove(&dirs, name, &removed, &err));
	CU_ASSERT_TRUE(removed);
	CU_ASSERT_EQUAL(room_size(dirfd, file), -1);
	CU_ASSERT_EQUAL(room_size(dirfd, "03-00001742.status"), 0);
	CU_ASSERT_TRUE(segment_remove_journals(&dirs, CLASS_NORMAL, &name, 1,
	    &err));
	CU_ASSERT_EQUAL(room_size(dirfd, "03-00001742.status"), -1);
	CU_ASSERT_TRUE(segment_remove(&dirs, name, &removed, &err));
	spool_dirs_close(&dirs);
	buf_fini(&made.bytes);
}

const struct unit_test segment_tests[] = {
	UNIT(records_come_in_order),
	UNIT(a_segment_cut_at_any_byte_has_the_records_before),
	UNIT(a_changed_byte_costs_its_own_record_only),
	UNIT(a_page_of_zeros_hides_nothing_behind_it),
	UNIT(zeros_at_the_end_are_the_end),
	UNIT(nothing_counts_behind_the_mark_of_a_cut),
	UNIT(a_header_that_counts_other_recipients_is_broken),
	UNIT(an_unfinished_large_message_shows_nothing_of_itself),
	UNIT(bodies_larger_than_a_piece_are_stepped_over_and_verified),
	UNIT(a_record_is_read_whole_or_not_at_all),
	UNIT(no_room_is_made_for_what_is_not_in_the_file),
	UNIT(a_body_is_read_in_pieces),
	UNIT(a_peek_shows_the_envelope),
	UNIT(only_a_plain_file_with_its_own_name_is_opened),
	UNIT(what_a_crash_left_before_any_promise_is_known),
	UNIT(a_segment_is_removed_before_its_journal),
	UNIT_END
};
