/* SPDX-License-Identifier: ISC
 *
 * stream.c - tests of large messages.
 */
#include "room.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/rand.h"
#include "fakes/disk.h"
#include "office.h"
#include "spool/crcjoin.h"
#include "spool/segment.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void
two_sums_join_to_that_of_the_whole(void)
{
	uint8_t bytes[5000];

	rand_bytes(bytes, sizeof bytes);
	for (size_t cut = 0; cut <= sizeof bytes; cut += 97) {
		uint32_t a = crc32c(0, bytes, cut);
		uint32_t b = crc32c(0, bytes + cut, sizeof bytes - cut);

		CU_ASSERT_EQUAL(crc_join(a, b, sizeof bytes - cut),
		    crc32c(0, bytes, sizeof bytes));
	}
	CU_ASSERT_EQUAL(crc_join(0x12345678, 0, 0), 0x12345678);
}

static struct commit_stream *
open_stream(struct office *office, const struct letter *letter,
    const struct envelope *envelope)
{
	struct err err;
	struct commit_stream *stream = commit_stream_open(office->committer,
	    CLASS_BULK, letter->id, envelope, &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	return stream;
}

/* A line of SIZE bytes, the Ith. */
static void
make_piece(unsigned i, size_t size, struct buf *piece)
{
	buf_init(piece, size);
	for (size_t k = 0; k < size - 2; k++)
		buf_append_byte(piece, (uint8_t)('a' + i % 26));
	buf_append_text(piece, "\r\n");
}

/* What the dot reader makes of COUNT pieces of SIZE bytes. */
static struct dot
read_pieces(unsigned count, size_t size)
{
	struct dot seen = DOT_START;

	for (unsigned i = 0; i < count; i++) {
		struct buf piece;

		make_piece(i, size, &piece);
		dot_follow(&seen, buf_peek(&piece));
		buf_fini(&piece);
	}
	return seen;
}

/* Hand over COUNT pieces of SIZE bytes; false: the stream broke. */
static bool
write_pieces(struct commit_stream *stream, unsigned count, size_t size)
{
	struct err err;

	for (unsigned i = 0; i < count; i++) {
		struct buf piece;
		bool fine;

		make_piece(i, size, &piece);
		fine = commit_stream_write(stream, &piece, &err);
		buf_fini(&piece);
		if (!fine)
			return false;
	}
	return true;
}

static void
a_large_message_has_a_segment_of_its_own(void)
{
	struct office office;
	struct letter *letter;
	struct envelope *envelope = room_envelope(2);
	struct commit_stream *stream;
	struct dot seen;

	office_open(&office);
	office_send(&office, CLASS_BULK, 100);
	office_wait(&office);
	letter = office_letter(&office);
	stream = open_stream(&office, letter, envelope);
	CU_ASSERT_TRUE(write_pieces(stream, 50, 100001));
	envelope->body_size = 5000050;
	envelope->flags |= ENVELOPE_DOTS;
	seen = read_pieces(50, 100001);
	commit_stream_finish(&stream, envelope, &seen, office_told, letter);
	CU_ASSERT_PTR_NULL(stream);
	office_wait(&office);
	CU_ASSERT_TRUE(letter->ok);
	CU_ASSERT_NOT_EQUAL(letter->where.segment.sequence,
	    office.letters[0].where.segment.sequence);
	CU_ASSERT_EQUAL_FATAL(office.news_count, 3);
	CU_ASSERT_EQUAL(office.news[1].news, COMMIT_GREW);
	CU_ASSERT_EQUAL(office.news[2].news, COMMIT_CLOSED);
	CU_ASSERT_EQUAL(office.news[2].to,
	    letter->where.offset + letter->where.size);
	CU_ASSERT_EQUAL(office.news[2].told_before, 1);
	office_check(&office);

	/* the lane's own segment is still open */
	office_send(&office, CLASS_BULK, 100);
	office_wait(&office);
	CU_ASSERT_EQUAL(office.letters[2].where.segment.sequence,
	    office.letters[0].where.segment.sequence);
	office_check(&office);
	envelope_free(&envelope);
	office_close(&office);
}

static void
an_empty_stream_is_a_message_too(void)
{
	struct office office;
	struct envelope *envelope = room_envelope(2);
	struct commit_stream *stream;
	struct letter *letter;

	office_open(&office);
	letter = office_letter(&office);
	stream = open_stream(&office, letter, envelope);
	commit_stream_finish(&stream, envelope, &DOT_START, office_told,
	    letter);
	office_wait(&office);
	CU_ASSERT_TRUE(letter->ok);
	office_check(&office);
	envelope_free(&envelope);
	office_close(&office);
}

/* Run the loop until the stream's thread has written everything. */
static void
let_it_write(struct office *office, const struct commit_stream *stream)
{
	while (commit_stream_waiting(stream) > 0) {
		office_send(office, CLASS_URGENT, 10);
		office_wait_for(office,
		    &office->letters[office->letter_count - 1]);
	}
}

static void
an_unfinished_stream_is_no_message_and_an_aborted_one_no_file(void)
{
	struct office office;
	struct envelope *envelope = room_envelope(2);
	struct commit_stream *stream;
	struct letter *letter;

	office_open(&office);
	letter = office_letter(&office);
	office.waiting--;
	stream = open_stream(&office, letter, envelope);
	CU_ASSERT_TRUE(write_pieces(stream, 3, 300000));
	let_it_write(&office, stream);
	CU_ASSERT_EQUAL(commit_unwritten(office.committer), 0);
	CU_ASSERT_EQUAL(room_count(office.dirs.classes[CLASS_BULK]), 2);
	office_check(&office);
	commit_stream_abort(&stream);
	CU_ASSERT_PTR_NULL(stream);
	committer_free(&office.committer);
	CU_ASSERT_EQUAL(room_count(office.dirs.classes[CLASS_BULK]), 1);
	envelope_free(&envelope);
	office_close(&office);
}

static void
an_envelope_that_changes_its_length_is_refused(void)
{
	struct dot seen = read_pieces(1, 100);
	struct office office;
	struct envelope *envelope = room_envelope(2);
	struct commit_stream *stream;
	struct letter *letter;

	office_open(&office);
	letter = office_letter(&office);
	stream = open_stream(&office, letter, envelope);
	CU_ASSERT_TRUE(write_pieces(stream, 1, 100));
	envelope->rcpts[0].address[5] = '\0';
	commit_stream_finish(&stream, envelope, &seen, office_told, letter);
	office_wait(&office);
	CU_ASSERT_FALSE(letter->ok);
	office_check(&office);
	CU_ASSERT_TRUE(room_count(office.dirs.classes[CLASS_BULK]) <= 1);
	envelope_free(&envelope);
	office_close(&office);
}

/* Whatever the reader took amiss, or what it did not read. */
static void
a_stream_that_the_dot_reader_does_not_vouch_for_is_refused(void)
{
	struct dot fine = read_pieces(1, 100), rows[4] = { fine, fine, fine,
	    read_pieces(2, 100) };

	rows[0].bare = true;
	rows[1].nul = true;
	dot_follow(&rows[2], span_of("."));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct envelope *envelope = room_envelope(2);
		struct commit_stream *stream;
		struct office office;
		struct letter *letter;

		office_open(&office);
		letter = office_letter(&office);
		stream = open_stream(&office, letter, envelope);
		CU_ASSERT_TRUE(write_pieces(stream, 1, 100));
		commit_stream_finish(&stream, envelope, &rows[i],
		    office_told, letter);
		office_wait(&office);
		CU_ASSERT_FALSE(letter->ok);
		CU_ASSERT_EQUAL(office.news_count, 0);
		office_check(&office);
		CU_ASSERT_TRUE(room_count(
		    office.dirs.classes[CLASS_BULK]) <= 1);
		envelope_free(&envelope);
		office_close(&office);
	}
}

/* Fail the Nth of CALL while a stream comes; true: it was promised. */
static bool
fail_once(enum disk_call call, unsigned n)
{
	struct dot seen = read_pieces(4, 100000);
	struct office office;
	struct envelope *envelope = room_envelope(2);
	struct commit_stream *stream;
	struct letter *letter;
	bool ok;

	office_open(&office);
	disk_reset();
	disk_fail(call, n, EIO, false);
	letter = office_letter(&office);
	stream = open_stream(&office, letter, envelope);
	if (write_pieces(stream, 4, 100000)) {
		commit_stream_finish(&stream, envelope, &seen, office_told,
		    letter);
		office_wait(&office);
	} else {
		office.waiting--;
		commit_stream_abort(&stream);
	}
	ok = letter->ok;
	CU_ASSERT_EQUAL(ok, disk_count(call) < n);
	committer_free(&office.committer);
	office_check(&office);
	CU_ASSERT_TRUE(room_count(office.dirs.classes[CLASS_BULK]) <=
	    1u + ok);
	disk_reset();
	envelope_free(&envelope);
	office_close(&office);
	return ok;
}

static void
a_failed_call_promises_nothing(void)
{
	static const enum disk_call calls[] = {
		DISK_OPENAT, DISK_PWRITEV, DISK_FDATASYNC, DISK_FSYNC
	};

	for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
		unsigned n = 1;

		while (!fail_once(calls[c], n))
			n++;
		CU_ASSERT_TRUE(n >= 3);
	}
}

static void
the_end_refuses_a_stream_that_waits(void)
{
	struct dot seen = read_pieces(1, 100);
	struct office office;
	struct envelope *envelope = room_envelope(2);
	struct commit_stream *first, *second;
	struct letter *a, *b;

	office_open(&office);
	a = office_letter(&office);
	b = office_letter(&office);
	first = open_stream(&office, a, envelope);
	second = open_stream(&office, b, envelope);
	CU_ASSERT_TRUE(write_pieces(second, 1, 100));
	commit_stream_finish(&first, envelope, &DOT_START, office_told, a);
	commit_stream_finish(&second, envelope, &seen, office_told, b);
	committer_free(&office.committer);
	CU_ASSERT_TRUE(a->told);
	CU_ASSERT_TRUE(b->told);
	office_check(&office);
	envelope_free(&envelope);
	office_close(&office);
}

const struct unit_test stream_tests[] = {
	UNIT(two_sums_join_to_that_of_the_whole),
	UNIT(a_large_message_has_a_segment_of_its_own),
	UNIT(an_empty_stream_is_a_message_too),
	UNIT(an_unfinished_stream_is_no_message_and_an_aborted_one_no_file),
	UNIT(an_envelope_that_changes_its_length_is_refused),
	UNIT(a_stream_that_the_dot_reader_does_not_vouch_for_is_refused),
	UNIT(a_failed_call_promises_nothing),
	UNIT(the_end_refuses_a_stream_that_waits),
	UNIT_END
};
