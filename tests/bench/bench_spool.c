/* SPDX-License-Identifier: ISC
 *
 * bench_spool.c - what a promise costs: the committer and the index alone.
 *
 *	bench_spool DIRECTORY [SECONDS]
 *
 * A closed loop of N outstanding messages of 4 KB, each sent again as soon
 * as it is durable; then rows of the index put, walked and deleted.  The
 * spool is made in DIRECTORY, which must be on the disk in question.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "spool/bytes.h"
#include "spool/commit.h"
#include "spool/index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { BODY = 4096, ROWS = 1000000, SAMPLES = 2000000 };

struct run {
	struct loop *loop;
	struct committer *committer;
	struct msgid_maker maker;
	struct envelope *envelope;
	enum mail_class klass;
	usec_t until;
	unsigned outstanding;
	uint64_t done, syncs;
	uint32_t *took;		/* µs each */
};

struct slot {
	struct run *run;
	usec_t begun;
};

static usec_t
cpu_used(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * (usec_t)1000000 +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void on_done(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err);

static void
send_one(struct slot *slot)
{
	struct run *run = slot->run;
	struct buf body;
	struct dot seen;

	buf_init(&body, BODY);
	memset(buf_reserve(&body, BODY), 'x', BODY - 2);
	buf_added(&body, BODY - 2);
	buf_append_text(&body, "\r\n");
	seen = dot_over(buf_peek(&body));
	slot->begun = clock_mono_usec();
	commit_message(run->committer, run->klass,
	    msgid_next(&run->maker, clock_wall()), run->envelope, &body,
	    &seen, on_done, slot);
	buf_fini(&body);
}

static void
on_done(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err)
{
	struct slot *slot = cookie;
	struct run *run = slot->run;
	usec_t now = clock_mono_usec();

	(void)where;
	if (end != COMMIT_DONE) {
		fprintf(stderr, "%s\n", err->text);
		exit(1);
	}
	if (run->done < SAMPLES)
		run->took[run->done] = (uint32_t)(now - slot->begun);
	run->done++;
	if (now < run->until)
		send_one(slot);
	else if (--run->outstanding == 0)
		loop_stop(run->loop);
}

static void
on_news(void *owner, enum commit_news news, struct segment_name segment,
    uint64_t to)
{
	struct run *run = owner;

	(void)segment;
	(void)to;
	run->syncs += news == COMMIT_GREW;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
measure_commit(struct run *run, unsigned outstanding, unsigned seconds)
{
	struct slot *slots = mem_array(outstanding, sizeof *slots);
	usec_t begun = clock_mono_usec(), cpu = cpu_used(), took;
	uint64_t n;

	run->done = run->syncs = 0;
	run->outstanding = outstanding;
	run->until = begun + (usec_t)seconds * 1000000;
	for (unsigned i = 0; i < outstanding; i++) {
		slots[i].run = run;
		send_one(&slots[i]);
	}
	loop_run(run->loop);
	took = clock_mono_usec() - begun;
	cpu = cpu_used() - cpu;
	n = run->done < SAMPLES ? run->done : SAMPLES;
	qsort(run->took, n, sizeof *run->took, by_size);
	printf("commit, %3u outstanding: %7.0f messages/s, %5.1f a sync, "
	    "%5.1f us of CPU each, p50 %u us, p99 %u us\n", outstanding,
	    (double)run->done * 1e6 / (double)took,
	    (double)run->done / (double)run->syncs,
	    (double)cpu / (double)run->done, run->took[n / 2],
	    run->took[n * 99 / 100]);
	mem_free(slots);
}

static void
commit_figures(const char *path, unsigned seconds)
{
	static const unsigned outstanding[] = { 1, 10, 50, 200 };
	struct commit_options options = {
		.slot = 1, .segment_bytes = 64 << 20, .mode = 0600,
		.batch_bytes = { 1 << 20, 1 << 20, 256 << 10 },
	};
	struct run run = { .klass = CLASS_NORMAL };
	struct spool_dirs dirs;
	struct err err;

	if (!spool_prepare(path, (uid_t)-1, (gid_t)-1, &err) ||
	    !spool_dirs_open(&dirs, path, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	run.loop = loop_new();
	run.took = mem_array(SAMPLES, sizeof *run.took);
	run.envelope = envelope_new();
	run.envelope->client = mem_strdup("bench[127.0.0.1]");
	run.envelope->sender = mem_strdup("example.org");
	envelope_set_reverse_path(run.envelope, span_of("a@example.org"));
	envelope_add_rcpt(run.envelope, span_of("b@example.net"),
	    span_of(NULL), 0);
	msgid_maker_init(&run.maker, 1, 1);
	run.committer = committer_new(run.loop, &dirs, &options, on_news,
	    &run, &err);
	must(run.committer != NULL);
	for (size_t i = 0; i < sizeof outstanding / sizeof *outstanding; i++)
		measure_commit(&run, outstanding[i], seconds);
	committer_free(&run.committer);
	envelope_free(&run.envelope);
	mem_free(run.took);
	loop_free(&run.loop);
	spool_dirs_close(&dirs);
}

/* ---- the index -------------------------------------------------------- */

static struct index_row
row_of(uint32_t i, enum index_place place)
{
	static const uint8_t rcpt[4];
	struct index_row row = {
		.place = place, .klass = CLASS_NORMAL,
		.site = i % 1000, .sender = i % 37, .due = 1700000000000000 + (usec_t)i * 37,
		.segment = { CLASS_NORMAL, 1, i / 16000 },
		.offset = i % 16000 * 4200, .size = 4200,
		.rcpts = span_make(rcpt, 4), .domain = span_of("example.net"),
		.reason = span_of("connect to mx.example.net: timed out"),
	};

	put_be(row.id.bytes, (uint64_t)i << 20, 8);
	return row;
}

static void
said(const char *what, usec_t begun, usec_t cpu, unsigned rows)
{
	usec_t took = clock_mono_usec() - begun;

	printf("index, %-28s %8.0f rows/s, %5.2f us of CPU each\n", what,
	    rows * 1e6 / (double)took,
	    (double)(cpu_used() - cpu) / (double)rows);
}

static bool
on_row(void *owner, const struct index_row *row)
{
	unsigned *count = owner;

	*count += row->size > 0;
	return true;
}

static void
check(bool fine, const struct err *err)
{
	if (fine)
		return;
	fprintf(stderr, "%s\n", err->text);
	exit(1);
}

/* Steps until a whole checkpoint is done; the longest of them. */
static void
measure_checkpoint(struct index *index)
{
	usec_t longest = 0;
	struct err err;
	unsigned steps;

	for (steps = 0; steps < 100; steps++) {
		usec_t begun = clock_mono_usec();

		check(index_checkpoint(index, &err), &err);
		if (clock_mono_usec() - begun > longest)
			longest = clock_mono_usec() - begun;
	}
	printf("index, checkpoint: longest of %u steps %.1f ms\n", steps,
	    (double)longest / 1000);
}

static void
measure_puts(struct index *index, enum index_place place, const char *what)
{
	usec_t begun = clock_mono_usec(), cpu = cpu_used();
	struct err err;

	for (uint32_t i = 0; i < ROWS; i++) {
		struct index_row row = row_of(i, place);

		check(index_put(index, &row, &err), &err);
	}
	check(index_flush(index, &err), &err);
	said(what, begun, cpu, ROWS);
}

static void
measure_walks(struct index *index)
{
	usec_t begun = clock_mono_usec(), cpu = cpu_used();
	unsigned count = 0;
	struct err err;

	check(index_each(index, (struct msgid){ { 0 } }, on_row, &count,
	    &err), &err);
	said("walked by id", begun, cpu, count);
	count = 0;
	begun = clock_mono_usec();
	cpu = cpu_used();
	check(index_each_due(index, INT64_MAX, on_row, &count, &err), &err);
	said("walked by due time", begun, cpu, count);
}

static void
measure_moves(struct index *index)
{
	usec_t begun = clock_mono_usec(), cpu = cpu_used();
	struct err err;

	for (uint32_t i = 0; i < ROWS / 10; i++) {
		struct index_row row =
		    row_of((uint32_t)((uint64_t)i * 7919 % ROWS), INDEX_DUE);

		row.due += 3600 * (usec_t)1000000;
		check(index_put(index, &row, &err), &err);
	}
	said("moved to a later time", begun, cpu, ROWS / 10);
}

static void
measure_deletes(struct index *index, const char *what)
{
	usec_t begun = clock_mono_usec(), cpu = cpu_used();
	struct err err;
	bool found;

	for (uint32_t i = 0; i < ROWS; i++) {
		struct index_row row = row_of(i, INDEX_DUE);

		check(index_delete(index, row.id, 0, &found, &err), &err);
	}
	said(what, begun, cpu, ROWS);
}

static void
index_figures(const char *path)
{
	struct index *index;
	struct err err;
	usec_t begun;
	bool fresh;

	index = index_open(path, &fresh, &err);
	check(index != NULL, &err);
	measure_puts(index, INDEX_READY, "put for a site");
	measure_deletes(index, "deleted there");
	measure_puts(index, INDEX_DUE, "put for a time");
	measure_checkpoint(index);
	measure_walks(index);
	measure_moves(index);
	begun = clock_mono_usec();
	index_close(&index);
	printf("index, closed in %.3f s\n",
	    (double)(clock_mono_usec() - begun) / 1e6);
	begun = clock_mono_usec();
	index = index_open(path, &fresh, &err);
	check(index != NULL && !fresh, &err);
	printf("index, opened in %.3f s\n",
	    (double)(clock_mono_usec() - begun) / 1e6);
	measure_deletes(index, "deleted");
	index_close(&index);
}

int
main(int argc, char **argv)
{
	unsigned seconds = argc > 2 ? (unsigned)atoi(argv[2]) : 3;
	char *spool, *index;

	if (argc < 2 || argv[1][0] != '/') {
		fprintf(stderr, "usage: bench_spool /DIRECTORY [SECONDS]\n");
		return 64;
	}
	spool = mem_printf("%s/bench-spool", argv[1]);
	index = mem_printf("%s/index", spool);
	commit_figures(spool, seconds);
	index_figures(index);
	printf("%s can be removed\n", spool);
	mem_free(index);
	mem_free(spool);
	return 0;
}
