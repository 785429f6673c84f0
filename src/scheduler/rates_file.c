/* SPDX-License-Identifier: ISC
 *
 * rates_file.c - what was used of the rates, for the next life.
 */
#include "scheduler/rates_file.h"

#include "base/fsys.h"
#include "base/log.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	FILE_MOST = 4 << 20,
	SAVE_EVERY = 5000,	/* ms, and one for each line */
	MILLION = 1000000
};

#define MAGIC "postrider rates 1\n"

/* ---- pure --------------------------------------------------------------- */

static void
put_row(uint64_t key, int64_t step, int64_t next, msec_t now,
    struct buf *out)
{
	int64_t left = next - now * MILLION;

	if (step >= SPENT_SLOW && left >= SPENT_SLOW)
		buf_printf(out, "%llu %lld %lld\n", (unsigned long long)key,
		    (long long)step, (long long)left);
}

void
rates_put(const struct queue *queue, msec_t now, usec_t wall,
    struct buf *out)
{
	const struct heap *tokens = &queue->tokens;
	const struct heap *dues = &queue->spent.dues;

	buf_printf(out, MAGIC "%lld\n", (long long)wall);
	for (size_t i = 0; i < tokens->count; i++) {
		const struct meter *meter = heap_item(tokens->nodes[i],
		    struct meter, wake);

		put_row(meter->key, meter->step, meter->next, now, out);
	}
	for (size_t i = 0; i < dues->count; i++) {
		const struct spent_row *row = heap_item(dues->nodes[i],
		    struct spent_row, due);

		put_row(row->key, row->step, row->next, now, out);
	}
}

/* The number at the front of LINE, and the space behind it. */
static bool
pull_number(struct span *line, uint64_t most, uint64_t *out)
{
	size_t length = span_find(*line, ' ');

	if (!span_number(span_first(*line, length), most, out))
		return false;
	*line = span_skip(*line, length + 1);
	return true;
}

static bool
parse_row(struct spent *spent, struct span line, msec_t now, usec_t passed)
{
	uint64_t key, step, left;
	int64_t next;

	if (!pull_number(&line, UINT64_MAX, &key) ||
	    !pull_number(&line, INT64_MAX, &step) ||
	    !pull_number(&line, INT64_MAX, &left) || left > step)
		return false;
	next = now * MILLION + (int64_t)left;
	if (passed < (int64_t)left / 1000)
		spent_keep(spent, key, (int64_t)step, next - passed * 1000);
	return true;
}

bool
rates_parse(struct spent *spent, struct span text, msec_t now, usec_t wall)
{
	size_t length = span_find(span_skip(text, strlen(MAGIC)), '\n');
	struct span first = span_first(span_skip(text, strlen(MAGIC)),
	    length);
	uint64_t written;
	bool ok = true;

	if (!span_starts_nocase(text, MAGIC) ||
	    !span_number(first, INT64_MAX, &written))
		return false;
	text = span_skip(text, strlen(MAGIC) + length + 1);
	while (text.length > 0) {
		usec_t passed = wall - (usec_t)written;

		length = span_find(text, '\n');
		ok = parse_row(spent, span_first(text, length), now,
		    passed > 0 ? passed : 0) && ok;
		text = span_skip(text, length + 1);
	}
	return ok;
}

/* ---- the file ----------------------------------------------------------- */

/* False: it cannot be read.  OUT is empty if it is not there. */
static bool
read_file(int root, struct buf *out, struct err *err)
{
	int fd = openat(root, "rates", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t got;

	if (fd == -1)
		return errno == ENOENT || err_sys(err, "read", "rates");
	got = fsys_read_at(fd, buf_reserve(out, FILE_MOST), FILE_MOST, 0,
	    "rates", err);
	close(fd);
	if (got > 0)
		buf_added(out, (size_t)got);
	return got != -1;
}

void
rates_load(struct scheduler *s)
{
	struct buf text;
	struct err err;

	buf_init(&text, FILE_MOST);
	if (!read_file(s->dirs.root, &text, &err))
		log_warn("%s: what was used of rates is not known", err.text);
	else if (buf_length(&text) > 0 && !rates_parse(&s->queue.spent,
	    buf_peek(&text), scheduler_now(s), scheduler_wall(s)))
		log_warn("the file rates of the spool makes no sense: what "
		    "was used of some rates is not known");
	buf_fini(&text);
}

/* A full disk is told of by those who need it more: later may do. */
void
rates_save(struct scheduler *s)
{
	struct buf text;
	struct err err;

	if (!s->queue.spent.changed)
		return;
	buf_init(&text, FILE_MOST);
	rates_put(&s->queue, scheduler_now(s), scheduler_wall(s), &text);
	s->queue.spent.changed = !fsys_replace(s->dirs.root, "rates",
	    "rates.new", buf_peek(&text), false, &err);
	buf_fini(&text);
}

void
rates_work(struct scheduler *s)
{
	struct queue *queue = &s->queue;
	msec_t now = scheduler_now(s);

	if (!queue->spent.changed || now < s->rates_saved)
		return;
	rates_save(s);
	s->rates_saved = now + SAVE_EVERY + (msec_t)(queue->tokens.count +
	    queue->spent.dues.count);
}
