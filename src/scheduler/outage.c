/* SPDX-License-Identifier: ISC
 *
 * outage.c - when the relay did not run.
 */
#include "scheduler/outage.h"

#include "base/fsys.h"
#include "base/log.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	FILE_MOST = 4096,
	SAVE_EVERY = 60,		/* s */
	SHORT = 5 * MSEC_MINUTE		/* a restart, not an outage */
};

#define MAGIC "postrider clock 1\n"

/* ---- pure --------------------------------------------------------------- */

void
outages_add(struct outages *o, usec_t from, usec_t until)
{
	if (until <= from)
		return;
	while (o->count > 0 && o->rows[o->count - 1].until >= from) {
		struct outage last = o->rows[--o->count];

		from = last.from < from ? last.from : from;
		until = last.until > until ? last.until : until;
	}
	if (o->count == OUTAGES_MOST)
		memmove(o->rows, o->rows + 1,
		    --o->count * sizeof(o->rows[0]));
	o->rows[o->count++] = (struct outage){ from, until };
}

void
outages_clip(struct outages *o, usec_t now)
{
	struct outage *last;

	while (o->count > 0) {
		last = &o->rows[o->count - 1];
		if (last->until <= now)
			return;
		last->until = now;
		if (last->from < now)
			return;
		o->count--;
	}
}

usec_t
outages_since(const struct outages *o, usec_t since)
{
	usec_t sum = 0;

	for (size_t i = 0; i < o->count; i++) {
		usec_t from = o->rows[i].from;

		if (from < since)
			from = since;
		if (o->rows[i].until > from)
			sum += o->rows[i].until - from;
	}
	return sum;
}

void
outages_put(const struct outages *o, usec_t seen, struct buf *out)
{
	buf_append_text(out, MAGIC);
	for (size_t i = 0; i < o->count; i++)
		buf_printf(out, "out %lld %lld\n",
		    (long long)o->rows[i].from, (long long)o->rows[i].until);
	buf_printf(out, "seen %lld\n", (long long)seen);
}

static bool
pull_number(struct span *line, usec_t *out)
{
	size_t length = span_find(*line, ' ');
	uint64_t number;

	if (!span_number(span_first(*line, length), INT64_MAX, &number))
		return false;
	*line = span_skip(*line, length + 1);
	*out = (usec_t)number;
	return true;
}

static bool
parse_line(struct outages *o, struct span line, usec_t *seen)
{
	usec_t from, until;

	if (span_starts_nocase(line, "seen ")) {
		line = span_skip(line, 5);
		return pull_number(&line, seen);
	}
	if (!span_starts_nocase(line, "out "))
		return false;
	line = span_skip(line, 4);
	if (!pull_number(&line, &from) || !pull_number(&line, &until))
		return false;
	outages_add(o, from, until);
	return true;
}

bool
outages_parse(struct outages *o, struct span text, usec_t *seen)
{
	bool ok = span_starts_nocase(text, MAGIC);

	*o = (struct outages){ .count = 0 };
	*seen = 0;
	text = span_skip(text, strlen(MAGIC));
	while (ok && text.length > 0) {
		size_t length = span_find(text, '\n');

		ok = parse_line(o, span_first(text, length), seen);
		text = span_skip(text, length + 1);
	}
	if (ok && *seen > 0)
		return true;
	*o = (struct outages){ .count = 0 };
	*seen = 0;
	return false;
}

/* ---- the file ----------------------------------------------------------- */

/* -1: it is not there, or cannot be read. */
static ssize_t
read_file(int root, uint8_t *out, struct err *err)
{
	int fd = openat(root, "clock", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t got;

	if (fd == -1) {
		if (errno != ENOENT) {
			err_sys(err, "read", "clock");
			log_warn("%s", err->text);
		}
		return -1;
	}
	got = fsys_read_at(fd, out, FILE_MOST, 0, "clock", err);
	close(fd);
	if (got == -1)
		log_warn("%s", err->text);
	return got;
}

/* What the file says, and what has been since. */
static void
look_back(struct scheduler *s, struct span text)
{
	usec_t seen, now = scheduler_wall(s);

	if (!outages_parse(&s->outages, text, &seen)) {
		log_warn("the file clock of the spool makes no sense: how "
		    "long the relay did not run is not known");
		return;
	}
	outages_clip(&s->outages, now);
	if (now - seen > SHORT * 1000) {
		log_info("the relay did not run for %lld seconds, or the "
		    "clock was set: mail is given that time",
		    (long long)((now - seen) / 1000000));
		outages_add(&s->outages, seen, now);
	} else if (seen - now > SHORT * 1000) {
		log_warn("the clock is %lld seconds before the time at which "
		    "the relay last ran", (long long)((seen - now) / 1000000));
	}
}

static bool
save(struct scheduler *s, struct err *err)
{
	struct buf text;
	bool ok;

	buf_init(&text, FILE_MOST);
	outages_put(&s->outages, scheduler_wall(s), &text);
	ok = fsys_replace(s->dirs.root, "clock", "clock.new", buf_peek(&text),
	    false, err);
	buf_fini(&text);
	return ok;
}

/* It is a hint: a full disk is told of by those who need it more. */
void
outages_load(struct scheduler *s)
{
	uint8_t room[FILE_MOST];
	struct err err;
	ssize_t got = read_file(s->dirs.root, room, &err);

	if (got != -1)
		look_back(s, span_make(room, (size_t)got));
	(void)save(s, &err);
}

void
outages_care(struct scheduler *s)
{
	struct err err;

	if (s->seconds % SAVE_EVERY == 0)
		(void)save(s, &err);
}
