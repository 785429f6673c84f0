/* SPDX-License-Identifier: ISC
 *
 * sequence.c - tests of the numbers of segments.
 */
#include "room.h"

#include "base/clock.h"
#include "fakes/disk.h"
#include "spool/sequence.h"

#include <errno.h>
#include <unistd.h>

static uint32_t
take(struct sequence *sequence)
{
	uint32_t number = 0;
	struct err err;

	CU_ASSERT_TRUE(sequence_take(sequence, &number, &err));
	return number;
}

static void
numbers_go_up_and_on_after_a_restart(void)
{
	struct spool_dirs dirs;
	struct sequence s;
	uint32_t last = 0;

	room_spool(&dirs);
	for (unsigned run = 0; run < 3; run++) {
		sequence_init(&s, dirs.classes[CLASS_BULK], 3, 0600);
		for (unsigned i = 0; i < 600; i++) {
			uint32_t number = take(&s);

			CU_ASSERT_TRUE(number > last);
			last = number;
		}
		sequence_fini(&s);
	}
	spool_dirs_close(&dirs);
}

/* A process that drains and its successor may have the same slot. */
static void
two_takers_of_one_slot_never_get_the_same(void)
{
	struct spool_dirs dirs;
	struct sequence a, b;
	uint32_t seen[1200];
	unsigned count = 0;

	room_spool(&dirs);
	sequence_init(&a, dirs.classes[CLASS_BULK], 3, 0600);
	sequence_init(&b, dirs.classes[CLASS_BULK], 3, 0600);
	for (unsigned i = 0; i < 600; i++) {
		seen[count++] = take(&a);
		seen[count++] = take(&b);
	}
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = i + 1; j < count; j++)
			CU_ASSERT_NOT_EQUAL(seen[i], seen[j]);
	sequence_fini(&a);
	sequence_fini(&b);
	spool_dirs_close(&dirs);
}

/* Lost, empty, torn: never below what is there, nor below the clock. */
static void
a_lost_file_makes_no_number_twice(void)
{
	static const char *const bytes[] = {
		NULL, "", "\x10\0\0", "\x10\0\0\0\0\0\0\0"
	};

	for (unsigned i = 0; i < 4; i++) {
		struct spool_dirs dirs;
		struct sequence s;
		int dirfd;
		uint32_t number;

		room_spool(&dirs);
		dirfd = dirs.classes[CLASS_NORMAL];
		if (bytes[i] != NULL)
			room_write(dirfd, "03.sequence", span_make(bytes[i],
			    i == 1 ? 0 : i == 2 ? 3 : 8));
		room_write(dirfd, "04-f0000000.messages", span_of(""));
		sequence_init(&s, dirfd, 3, 0600);
		number = take(&s);
		CU_ASSERT_TRUE(number >= clock_wall() / 1000000 - 1577836810);
		CU_ASSERT_TRUE(number < 0x80000000);
		sequence_fini(&s);

		CU_ASSERT_EQUAL(unlinkat(dirfd, "03.sequence", 0), 0);
		room_write(dirfd, "03-90000000.messages", span_of(""));
		room_write(dirfd, "03-a0000000.status", span_of(""));
		sequence_init(&s, dirfd, 3, 0600);
		CU_ASSERT_EQUAL(take(&s), 0xa0000001);
		sequence_fini(&s);
		spool_dirs_close(&dirs);
	}
}

static void
no_number_is_given_that_is_not_marked_on_disk(void)
{
	static const enum disk_call calls[] = {
		DISK_OPENAT, DISK_PWRITEV, DISK_FDATASYNC, DISK_FSYNC
	};
	struct spool_dirs dirs;
	struct sequence s;
	struct err err;
	uint32_t number;

	room_spool(&dirs);
	sequence_init(&s, dirs.classes[CLASS_BULK], 3, 0600);
	for (unsigned i = 0; i < 4; i++) {
		disk_reset();
		disk_fail(calls[i], 1, EIO, false);
		CU_ASSERT_FALSE(sequence_take(&s, &number, &err));
		CU_ASSERT_EQUAL(err.number, EIO);
	}
	disk_reset();
	take(&s);
	sequence_fini(&s);
	spool_dirs_close(&dirs);
}

const struct unit_test sequence_tests[] = {
	UNIT(numbers_go_up_and_on_after_a_restart),
	UNIT(two_takers_of_one_slot_never_get_the_same),
	UNIT(a_lost_file_makes_no_number_twice),
	UNIT(no_number_is_given_that_is_not_marked_on_disk),
	UNIT_END
};
