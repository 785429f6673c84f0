/* SPDX-License-Identifier: ISC
 *
 * batch.c - tests: what the sync thread does with many journals.
 */
#include "suites.h"

#include "fakes/disk.h"
#include "rig.h"
#include "scheduler/sync_batch.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

enum { JOURNALS = 6, SLOT = 7 };

/* Journals of their own in two classes, each with a record in it; those with
 * an odd number have no descriptor. */
static struct pile {
	struct rig *rig;
	struct journal journals[JOURNALS];
	struct sync_job jobs[JOURNALS];
} pile;

static enum mail_class
class_of(unsigned i)
{
	return i % 3 == 0 ? CLASS_URGENT : CLASS_BULK;
}

static void
write_one(unsigned i, uint32_t rcpt)
{
	struct status status = {
		.offset = 64, .rcpt = rcpt, .action = STATUS_DELIVERED
	};
	struct err err;

	journal_add(&pile.journals[i], &status);
	CU_ASSERT_TRUE(
	    journal_flush(&pile.journals[i], &pile.rig->s->dirs, &err));
}

static void
begin(unsigned i)
{
	pile.jobs[i] = (struct sync_job){ .kind = SYNC_JOURNAL,
		.name = pile.journals[i].name };
	journal_sync_begin(&pile.journals[i], &pile.jobs[i].ticket);
	if (i % 2 == 1) {
		close(pile.jobs[i].ticket.fd);
		pile.jobs[i].ticket.fd = -1;
	}
}

static void
set_up(void)
{
	pile = (struct pile){ .rig = rig_new("route * { to 127.0.0.1:9 }\n") };
	rig_start(pile.rig);
	for (unsigned i = 0; i < JOURNALS; i++) {
		struct segment_name name = { (uint8_t)class_of(i), SLOT, i };

		journal_init(&pile.journals[i], name);
		write_one(i, 0);
		begin(i);
	}
	disk_reset();
}

static void
run(void)
{
	sync_batch(&pile.rig->s->dirs, pile.jobs, JOURNALS);
	for (unsigned i = 0; i < JOURNALS; i++) {
		CU_ASSERT_EQUAL(pile.jobs[i].ticket.fd, -1);
		journal_sync_end(
		    &pile.journals[i], &pile.jobs[i].ticket, pile.jobs[i].ok);
	}
}

static void
tear_down(void)
{
	for (unsigned i = 0; i < JOURNALS; i++)
		journal_fini(&pile.journals[i]);
	disk_reset();
	rig_free(&pile.rig);
}

/* The place of the last CALL about NAME that was FINE; -1: there is none. */
static int
last(enum disk_call call, const char *name, bool fine)
{
	const struct disk_event *events;
	int i = (int)disk_events(&events) - 1;

	while (i >= 0 &&
	    (events[i].call != call || events[i].fine != fine ||
		strcmp(events[i].name, name) != 0))
		i--;
	return i;
}

static int
synced(unsigned i)
{
	char file[SEGMENT_FILE_SIZE];

	return last(DISK_FDATASYNC,
	    segment_file(pile.journals[i].name, "status", file), true);
}

static void
a_directory_is_synced_once_behind_all_its_journals(void)
{
	set_up();
	run();
	CU_ASSERT_EQUAL(disk_count(DISK_FDATASYNC), JOURNALS);
	CU_ASSERT_EQUAL(disk_count(DISK_FSYNC), 2);
	for (unsigned i = 0; i < JOURNALS; i++) {
		CU_ASSERT_TRUE(pile.jobs[i].ok);
		CU_ASSERT_TRUE(synced(i) >= 0);
		CU_ASSERT_TRUE(synced(i) <
		    last(DISK_FSYNC, class_name(class_of(i)), true));
		CU_ASSERT_FALSE(pile.journals[i].unsynced);
	}
	CU_ASSERT_EQUAL(last(DISK_FSYNC, "normal", true), -1);
	tear_down();
}

static void
a_directory_whose_journals_were_synced_before_is_left_alone(void)
{
	set_up();
	run();
	for (unsigned i = 0; i < JOURNALS; i++) {
		write_one(i, 1);
		begin(i);
	}
	disk_reset();
	run();
	CU_ASSERT_EQUAL(disk_count(DISK_FDATASYNC), JOURNALS);
	CU_ASSERT_EQUAL(disk_count(DISK_FSYNC), 0);
	tear_down();
}

static void
a_journal_that_cannot_be_synced_fails_alone(void)
{
	set_up();
	disk_fail(DISK_FDATASYNC, 2, EIO, false);
	run();
	for (unsigned i = 0; i < JOURNALS; i++)
		CU_ASSERT_EQUAL(pile.jobs[i].ok, i != 1);
	CU_ASSERT_EQUAL(pile.jobs[1].err.number, EIO);
	CU_ASSERT_EQUAL(
	    buf_length(&pile.journals[1].waiting), STATUS_RECORD_BYTES);
	CU_ASSERT_EQUAL(buf_length(&pile.journals[0].waiting), 0);
	tear_down();
}

static void
journals_whose_names_cannot_be_synced_do_not_count_as_synced(void)
{
	set_up();
	disk_fail(DISK_FSYNC, 1, EIO, false);
	run();
	for (unsigned i = 0; i < JOURNALS; i++) {
		bool urgent = class_of(i) == CLASS_URGENT;

		CU_ASSERT_EQUAL(pile.jobs[i].ok, !urgent);
		CU_ASSERT_EQUAL(pile.journals[i].fresh, urgent);
	}
	tear_down();
}

static unsigned
open_now(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF;
	return count;
}

/* The journals of a thousand messages may have news in one turn. */
static void
many_journals_take_few_descriptors_and_are_synced_all_the_same(void)
{
	enum { MANY = 300, LIMIT = 128 };
	static struct sync_job jobs[MANY];
	static struct journal many[MANY];
	struct rlimit before, few;
	struct err err;

	set_up();
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	few.rlim_cur = LIMIT;
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (unsigned i = 0; i < MANY; i++) {
		struct segment_name name = { CLASS_NORMAL, SLOT, i };
		struct status status = {
			.offset = 64, .rcpt = 0, .action = STATUS_HELD
		};

		journal_init(&many[i], name);
		journal_add(&many[i], &status);
		CU_ASSERT_TRUE(
		    journal_flush(&many[i], &pile.rig->s->dirs, &err));
		jobs[i] =
		    (struct sync_job){ .kind = SYNC_JOURNAL, .name = name };
	}
	CU_ASSERT_TRUE(open_now() <= LIMIT * 6 / 8);
	for (unsigned i = 0; i < MANY; i++)
		journal_sync_begin(&many[i], &jobs[i].ticket);
	disk_reset();
	sync_batch(&pile.rig->s->dirs, jobs, MANY);
	CU_ASSERT_EQUAL(disk_count(DISK_FDATASYNC), MANY);
	CU_ASSERT_EQUAL(disk_count(DISK_FSYNC), 1);
	for (unsigned i = 0; i < MANY; i++) {
		CU_ASSERT_TRUE(jobs[i].ok);
		journal_sync_end(&many[i], &jobs[i].ticket, jobs[i].ok);
		journal_fini(&many[i]);
	}
	CU_ASSERT_EQUAL(setrlimit(RLIMIT_NOFILE, &before), 0);
	run();
	tear_down();
}

const struct unit_test batch_tests[] = {
	UNIT(a_directory_is_synced_once_behind_all_its_journals),
	UNIT(a_directory_whose_journals_were_synced_before_is_left_alone),
	UNIT(a_journal_that_cannot_be_synced_fails_alone),
	UNIT(journals_whose_names_cannot_be_synced_do_not_count_as_synced),
	UNIT(many_journals_take_few_descriptors_and_are_synced_all_the_same),
	UNIT_END
};
