/* SPDX-License-Identifier: ISC
 *
 * reading.c - tests: what becomes of a spool that a disk, a clock, a later
 * program or an index has spoilt.
 *
 * Whatever it is ends in one of three ways: delivered, waiting, or kept in
 * corrupt/; never in silence, and never in the end of the scheduler.
 */
#include "suites.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "rig.h"
#include "spool/bytes.h"
#include "spool/segment.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char fixed[] = "route * { to 127.0.0.1:9 }\n"
    "queue { status-sync 0 }\n"
    "class normal { retry 100ms; lifetime 2h; warn never }\n";

static const struct rig_answer later = {
	.outcome = OUTCOME_DEFERRED, .scope = SCOPE_MESSAGE, .code = 450,
	.status = "4.2.0", .text = "450 4.2.0 later", .mta = "mx.test"
}, delivered = {
	.outcome = OUTCOME_DELIVERED, .code = 250, .status = "2.0.0",
	.text = "250 2.0.0 Ok"
};

enum { MAIL = 3 };

/* A relay with MAIL messages in one segment, of which none could be sent.
 * WHERE becomes where they are; it is stopped. */
static struct rig *
with_waiting_mail(struct committed where[MAIL])
{
	struct rig *rig = rig_new(fixed);

	rig_start(rig);
	rig->answer = later;
	for (unsigned i = 0; i < MAIL; i++) {
		rig_send(rig, CLASS_NORMAL, "a@from.test", "b@to.test");
		where[i] = rig->where;
	}
	rig_until(rig, rig_waiting, MAIL);
	rig_new_receiver(rig);
	rig_settle(rig);
	rig_stop(rig);
	rig->job_count = 0;
	rig->answer = delivered;
	return rig;
}

static int
open_segment(const struct rig *rig)
{
	char file[SEGMENT_FILE_SIZE], path[192];
	int fd;

	snprintf(path, sizeof path, "%s/spool/normal/%s", rig->path,
	    segment_file(rig->where.segment, "messages", file));
	fd = open(path, O_RDWR);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	return fd;
}

static void
flip(const struct rig *rig, uint64_t offset)
{
	int fd = open_segment(rig);
	uint8_t byte;

	CU_ASSERT_EQUAL(pread(fd, &byte, 1, (off_t)offset), 1);
	byte ^= 1;
	CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, (off_t)offset), 1);
	close(fd);
}

/* CHANGE the header at OFFSET, and seal it again. */
static void
rewrite(const struct rig *rig, uint64_t offset,
    void (*change)(uint8_t *head, const void *with), const void *with)
{
	uint8_t head[RECORD_HEADER_BYTES], place[8];
	int fd = open_segment(rig);

	CU_ASSERT_EQUAL(pread(fd, head, sizeof head, (off_t)offset),
	    sizeof head);
	change(head, with);
	put_le(place, offset, sizeof place);
	put_le(head + 60, crc32c(crc32c(0, place, sizeof place), head, 60),
	    4);
	CU_ASSERT_EQUAL(pwrite(fd, head, sizeof head, (off_t)offset),
	    sizeof head);
	close(fd);
}

static void
start_and_finish(struct rig *rig)
{
	rig_start(rig);
	rig_until(rig, rig_no_segments, 0);
	for (int c = COUNT_READY; c < COUNT_STATES; c++)
		CU_ASSERT_EQUAL(rig_count(rig, (enum count)c), 0);
}

/* Its end was written down when it was closed, so it was promised. */
static void
a_bit_in_the_last_message_is_damage_not_a_torn_tail(void)
{
	static const unsigned places[] = { 9, 40, 60, RECORD_HEADER_BYTES + 9,
	    RECORD_HEADER_BYTES + 100 };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct committed where[MAIL];
		struct rig *rig = with_waiting_mail(where);

		flip(rig, where[MAIL - 1].offset + places[i]);
		start_and_finish(rig);
		CU_ASSERT_EQUAL(rig->job_count, MAIL - 1);
		CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 1);
		rig_free(&rig);
	}
}

/* The rows of what is behind it must neither be loaded nor settled. */
static void
rows_of_what_was_cut_off_end_nobody(void)
{
	struct committed where[MAIL];
	struct rig *rig = with_waiting_mail(where);
	int fd = open_segment(rig);

	CU_ASSERT_EQUAL(ftruncate(fd, (off_t)where[1].offset + 20), 0);
	close(fd);
	start_and_finish(rig);
	CU_ASSERT_EQUAL(rig->job_count, 1);
	CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 1);
	rig_free(&rig);
}

static void
a_segment_header_may_be_damaged_at_any_byte(void)
{
	for (unsigned at = 0; at < SEGMENT_HEADER_BYTES; at += 4) {
		struct committed where[MAIL];
		struct rig *rig = with_waiting_mail(where);

		flip(rig, at);
		start_and_finish(rig);
		CU_ASSERT_EQUAL(rig->job_count, MAIL);
		CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
		rig_free(&rig);
	}
}

static void
set_newer(uint8_t *head, const void *with)
{
	(void)with;
	head[19] = EDITION_SECOND + 1;
}

static void
a_message_of_a_later_program_stays_and_the_rest_goes_on(void)
{
	for (unsigned i = 0; i < MAIL; i++) {
		struct committed where[MAIL];
		struct rig *rig = with_waiting_mail(where);

		rewrite(rig, where[i].offset, set_newer, NULL);
		rig_start(rig);
		rig_until(rig, rig_empty, 0);
		rig_settle(rig);
		CU_ASSERT_EQUAL(rig->job_count, MAIL - 1);
		CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
		CU_ASSERT_EQUAL(rig_files(rig, "normal", ".messages"), 1);
		rig_free(&rig);
	}
}

static void
set_id(uint8_t *head, const void *with)
{
	memcpy(head + 8, with, MSGID_BYTES);
}

/* With the index, or without it: one has the id, the other another one. */
static void
two_messages_with_one_id_are_both_delivered(void)
{
	for (unsigned with = 0; with < 2; with++) {
		struct committed where[MAIL];
		struct rig *rig = with_waiting_mail(where);
		struct record_header first;
		uint8_t head[RECORD_HEADER_BYTES];
		char from[128], to[128];
		int fd = open_segment(rig);

		CU_ASSERT_EQUAL(pread(fd, head, sizeof head,
		    (off_t)where[0].offset), sizeof head);
		close(fd);
		CU_ASSERT_EQUAL(record_header_decode(head, where[0].offset,
		    &first), RECORD_OK);
		rewrite(rig, where[1].offset, set_id, first.id.bytes);
		snprintf(from, sizeof from, "%s/spool/index", rig->path);
		snprintf(to, sizeof to, "%s/index-that-was", rig->path);
		if (with == 0)
			CU_ASSERT_EQUAL(rename(from, to), 0);
		start_and_finish(rig);
		CU_ASSERT_EQUAL(rig->job_count, MAIL);
		CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
		rig_free(&rig);
	}
}

/* ---- an index that is wrong ------------------------------------------------------- */

struct wrong {
	struct rig *rig;
	uint64_t offset;
	unsigned which;
};

static bool
spoil_row(void *owner, const struct index_row *row)
{
	struct wrong *wrong = owner;
	struct index_row new = *row;
	struct err err;
	uint8_t rcpts[4];

	if (row->offset != wrong->offset)
		return true;
	put_le(rcpts, 0, 4);
	switch (wrong->which) {
	case 0:
		new.offset += 8;
		break;
	case 1:			/* where another message is */
		new.offset = SEGMENT_HEADER_BYTES;
		break;
	case 2:			/* behind the end */
		new.offset = (uint64_t)1 << 40;
		break;
	case 3:			/* of a message that never was */
		new.id.bytes[2] ^= 1;
		break;
	case 4:			/* the same recipient twice */
		new.first_rcpt = 7;
		break;
	case 5:
		new.segment.sequence ^= 1;
		break;
	case 6:
		new.rcpts = span_make(rcpts, 0);
		break;
	}
	CU_ASSERT_TRUE(index_put(wrong->rig->s->window.index, &new, &err));
	return false;
}

static void
no_row_of_the_index_loses_mail_or_ends_the_scheduler(void)
{
	for (unsigned which = 0; which < 7; which++) {
		struct rig *rig = rig_new(fixed);
		struct wrong wrong = { rig, 0, which };
		struct err err;

		rig_start(rig);
		rig->answer = later;
		for (unsigned i = 0; i < MAIL; i++)
			rig_send(rig, CLASS_NORMAL, "a@from.test",
			    "b@to.test");
		rig_until(rig, rig_waiting, MAIL);
		wrong.offset = rig->where.offset;
		CU_ASSERT_TRUE(index_each(rig->s->window.index,
		    (struct msgid){ { 0 } }, spoil_row, &wrong, &err));
		rig->s->window.dirty = true;
		rig_settle(rig);
		rig_stop(rig);
		rig_new_receiver(rig);
		rig->job_count = 0;
		rig->answer = delivered;
		start_and_finish(rig);
		CU_ASSERT_EQUAL(rig->job_count, MAIL);
		CU_ASSERT_EQUAL(rig_files(rig, "corrupt", ""), 0);
		rig_free(&rig);
	}
}

const struct unit_test reading_tests[] = {
	UNIT(a_bit_in_the_last_message_is_damage_not_a_torn_tail),
	UNIT(rows_of_what_was_cut_off_end_nobody),
	UNIT(a_segment_header_may_be_damaged_at_any_byte),
	UNIT(a_message_of_a_later_program_stays_and_the_rest_goes_on),
	UNIT(two_messages_with_one_id_are_both_delivered),
	UNIT(no_row_of_the_index_loses_mail_or_ends_the_scheduler),
	UNIT_END
};
