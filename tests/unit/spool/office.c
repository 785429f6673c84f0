/* SPDX-License-Identifier: ISC
 *
 * office.c - a spool with a committer on a loop, and what it told.
 */
#include "office.h"

#include "room.h"

#include "base/mem.h"
#include "base/must.h"
#include "spool/reader.h"
#include "spool/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOO_LONG = 30 * 1000 };

static void
on_limit(void *owner)
{
	(void)owner;
	must(!"the loop waits for something that never comes");
}

static void
on_news(void *owner, enum commit_news news, struct segment_name segment,
    uint64_t to)
{
	struct office *office = owner;

	must(office->news_count < OFFICE_MOST);
	office->news[office->news_count].news = news;
	office->news[office->news_count].segment = segment;
	office->news[office->news_count].to = to;
	office->news[office->news_count++].told_before = office->told_count;
	if (news != COMMIT_GREW && !office->forgetful)
		commit_kept(office->committer, segment);
}

static void
open_committer(struct office *office, uint64_t segment_bytes)
{
	struct commit_options options = {
		.slot = 3, .node = 7, .segment_bytes = segment_bytes,
		.batch_bytes = { 1 << 20, 1 << 20, 256 << 10 }, .mode = 0600,
		.patience = office->patience,
	};
	struct err err;

	office->committer = committer_new(office->loop, &office->dirs,
	    &options, on_news, office, &err);
	must(office->committer != NULL);
}

void
office_open(struct office *office)
{
	memset(office, 0, sizeof *office);
	room_spool(&office->dirs);
	office->loop = loop_new();
	office->limit = timer_new(office->loop, on_limit, office);
	msgid_maker_init(&office->maker, 7, 3);
	open_committer(office, 64 << 20);
}

void
office_reopen(struct office *office, uint64_t segment_bytes)
{
	committer_free(&office->committer);
	open_committer(office, segment_bytes);
}

void
office_close(struct office *office)
{
	committer_free(&office->committer);
	timer_free(&office->limit);
	loop_free(&office->loop);
	spool_dirs_close(&office->dirs);
}

void
office_told(void *cookie, enum commit_end end, const struct committed *where,
    const struct err *err)
{
	struct letter *letter = cookie;
	struct office *office = letter->office;
	bool ok = end == COMMIT_DONE;

	must(!letter->told);
	letter->told = true;
	letter->ok = ok;
	letter->end = end;
	letter->order = ++office->told_count;
	if (ok)
		letter->where = *where;
	else
		must(err != NULL && err->text[0] != '\0');
	office->waiting--;
	loop_stop(office->loop);
}

struct letter *
office_letter(struct office *office)
{
	struct letter *letter = &office->letters[office->letter_count++];

	must(office->letter_count <= OFFICE_MOST);
	letter->office = office;
	letter->id = msgid_next(&office->maker, clock_wall());
	office->waiting++;
	return letter;
}

struct letter *
office_send(struct office *office, enum mail_class klass, size_t bytes)
{
	struct letter *letter = office_letter(office);
	struct envelope *envelope = room_envelope(2);
	struct buf body;
	struct dot seen;

	buf_init(&body, bytes);
	for (size_t i = 2; i < bytes; i++)
		buf_append_byte(&body, (uint8_t)('a' + i % 26));
	if (bytes > 0)
		buf_append_text(&body, "\r\n");
	seen = dot_over(buf_peek(&body));
	commit_message(office->committer, klass, letter->id, envelope, &body,
	    &seen, office_told, letter);
	must(buf_length(&body) == 0);
	envelope_free(&envelope);
	buf_fini(&body);
	return letter;
}

void
office_wait(struct office *office)
{
	timer_set(office->limit, TOO_LONG);
	while (office->waiting > 0)
		loop_run(office->loop);
	timer_stop(office->limit);
}

void
office_wait_for(struct office *office, const struct letter *letter)
{
	timer_set(office->limit, TOO_LONG);
	while (!letter->told)
		loop_run(office->loop);
	timer_stop(office->limit);
}

/* ---- what is in the files --------------------------------------------- */

static const struct letter *
find(const struct office *office, struct msgid id)
{
	for (unsigned i = 0; i < office->letter_count; i++)
		if (msgid_compare(office->letters[i].id, id) == 0)
			return &office->letters[i];
	return NULL;
}

static void
check_letter(const struct office *office, int fd, struct segment_name name,
    const struct reader_found *found)
{
	const struct letter *letter = find(office, found->header.id);
	struct record record;
	struct err err;

	CU_ASSERT_PTR_NOT_NULL_FATAL(letter);
	CU_ASSERT_TRUE(letter->ok);
	CU_ASSERT_EQUAL(letter->where.segment.klass, name.klass);
	CU_ASSERT_EQUAL(letter->where.segment.slot, name.slot);
	CU_ASSERT_EQUAL(letter->where.segment.sequence, name.sequence);
	CU_ASSERT_EQUAL(letter->where.offset, found->from);
	CU_ASSERT_EQUAL(letter->where.size, record_size(&found->header));
	CU_ASSERT_TRUE_FATAL(record_read(fd, found->from, NULL,
	    letter->where.size, &record, &err));
	CU_ASSERT_EQUAL(record.envelope->rcpt_count, 2);
	record_fini(&record);
}

/* Where NAME was told to have broken, or its size. */
static uint64_t
end_of(const struct office *office, struct segment_name name, int fd)
{
	struct stat st;

	for (unsigned i = 0; i < office->news_count; i++)
		if (office->news[i].news == COMMIT_BROKEN &&
		    office->news[i].segment.klass == name.klass &&
		    office->news[i].segment.sequence == name.sequence)
			return office->news[i].to;
	must(fstat(fd, &st) == 0);
	return (uint64_t)st.st_size;
}

static unsigned
check_segment(const struct office *office, struct segment_name name)
{
	struct reader_found record;
	struct reader reader;
	enum reader_step step;
	struct segment_header header;
	unsigned found = 0;
	struct err err;
	int fd = segment_open(&office->dirs, name, &err);

	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	reader_init(&reader, reader_fetch_file, &fd, 0,
	    end_of(office, name, fd));
	reader.deep = true;
	if (!reader_head(&reader, &header, &err))
		CU_ASSERT_TRUE(reader.end <= SEGMENT_HEADER_BYTES);
	while ((step = reader_next(&reader, &record)) == READER_MESSAGE ||
	    step == READER_MORE)
		if (step == READER_MESSAGE) {
			check_letter(office, fd, name, &record);
			found++;
		}
	CU_ASSERT_TRUE(step == READER_END || step == READER_TORN);
	reader_fini(&reader);
	close(fd);
	return found;
}

void
office_check(const struct office *office)
{
	unsigned found = 0, promised = 0;

	for (unsigned i = 0; i < office->letter_count; i++)
		promised += office->letters[i].ok;
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		int fd = openat(office->dirs.classes[c], ".",
		    O_RDONLY | O_DIRECTORY);
		DIR *dir = fdopendir(fd);
		const struct dirent *entry;

		must(dir != NULL);
		while ((entry = readdir(dir)) != NULL) {
			struct segment_name name = { .klass = (uint8_t)c };

			if (segment_file_parse(entry->d_name, "messages",
			    &name))
				found += check_segment(office, name);
		}
		closedir(dir);
	}
	CU_ASSERT_EQUAL(found, promised);
}
