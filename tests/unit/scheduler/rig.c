/* SPDX-License-Identifier: ISC
 *
 * rig.c - a whole scheduler over a spool of its own, with fake peers.
 */
#include "rig.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void
fail(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->text);
	CU_FAIL_FATAL("rig");
}

/* ---- the deliverer ------------------------------------------------------------------ */

void
rig_answer_job(struct rig *rig, size_t at, const struct rig_answer *answer)
{
	struct rig_job *job = &rig->jobs[at];
	struct frame frame = { .kind = FRAME_RESULT, .fd = -1 };
	struct buf rows;

	must(at < rig->job_count && !job->answered);
	job->answered = true;
	buf_init(&rows, 1 << 20);
	for (uint32_t i = 0; i < job->rcpt_count; i++) {
		struct result_row row = {
			.rcpt = job->rcpts[i],
			.outcome = (uint8_t)(answer->each != NULL ?
			    answer->each[i] : answer->outcome),
			.code = (uint16_t)answer->code,
			.content = answer->content,
			.status = span_of(answer->status),
			.text = span_of(answer->text),
		};

		result_row_put(&row, &rows);
	}
	frame.result = (struct frame_result){
		.job = job->job.job,
		.site = job->job.site,
		.scope = (uint8_t)answer->scope,
		.dsn_passed = answer->dsn_passed,
		.by_passed = answer->by_passed,
		.took = answer->took,
		.mta = span_of(answer->mta),
		.port = answer->port,
		.rows = buf_peek(&rows),
	};
	channel_send(job->apart ? rig->far_apart : rig->far, &frame);
	buf_fini(&rows);
}

static const char *
site_name(const struct rig *rig, uint32_t number)
{
	for (size_t i = 0; i < rig->sites_told && i < 64; i++)
		if (rig->sites[i].number == number)
			return rig->sites[i].name;
	return "?";
}

static void
take_job(struct rig *rig, const struct frame_job *job, bool apart)
{
	struct rig_job *kept;
	struct span list = job->rcpts;
	uint32_t rcpt;

	must(rig->job_count < RIG_JOBS);
	kept = &rig->jobs[rig->job_count++];
	*kept = (struct rig_job){ .job = *job, .apart = apart };
	while (kept->rcpt_count < 64 && rcpt_pull(&list, &rcpt))
		kept->rcpts[kept->rcpt_count++] = rcpt;
	snprintf(kept->site, sizeof kept->site, "%s",
	    site_name(rig, job->site));
	if (!rig->answer.wait)
		rig_answer_job(rig, rig->job_count - 1, &rig->answer);
}

static void
far_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	struct rig *rig = owner;

	switch (frame->kind) {
	case FRAME_SITE:
		if (rig->sites_told < 64) {
			rig->sites[rig->sites_told].number = frame->site.site;
			rig->sites[rig->sites_told].fixed = frame->site.fixed;
			snprintf(rig->sites[rig->sites_told].name, 128,
			    "%.*s", (int)frame->site.name.length,
			    (const char *)frame->site.name.data);
			snprintf(rig->sites[rig->sites_told].domain, 64,
			    "%.*s", (int)frame->site.domain.length,
			    (const char *)frame->site.domain.data);
			snprintf(rig->sites[rig->sites_told].policy, 64,
			    "%.*s", (int)frame->site.policy.length,
			    (const char *)frame->site.policy.data);
		}
		rig->sites_told++;
		break;
	case FRAME_SITE_GONE:
		rig->sites_gone++;
		break;
	case FRAME_SEGMENT:
		CU_ASSERT_NOT_EQUAL(frame->fd, -1);
		must(rig->segments_told < 64);
		rig->segments[rig->segments_told].number =
		    frame->segment.segment;
		rig->segments[rig->segments_told++].fd = frame->fd;
		break;
	case FRAME_SEGMENT_GONE:
		rig->segments_gone++;
		break;
	case FRAME_JOB:
		take_job(rig, &frame->job, channel == rig->far_apart);
		break;
	default:
		break;
	}
}

static void
gone(void *owner, struct channel *channel, const char *why)
{
	(void)owner, (void)channel;
	fprintf(stderr, "a channel broke: %s\n", why);
	CU_FAIL("channel");
}

static void
near_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	struct rig *rig = owner;

	if (rig->s != NULL && frame->kind == FRAME_ATTENTION) {
		dispatch_attention(rig->s, 0, &frame->attention);
		return;
	}
	CU_ASSERT_EQUAL(frame->kind, FRAME_RESULT);
	if (rig->s != NULL)
		dispatch_result(rig->s, channel == rig->near_apart ?
		    DELIVERER_APART : 0, &frame->result);
}

/* Both ends of a new pair. */
static void
pair(struct rig *rig, enum role peer, channel_frame_fn *near_fn,
    channel_frame_fn *far_fn, struct channel **near, struct channel **far)
{
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0, fds) == 0);
	*near = channel_new(rig->loop, fds[0], ROLE_SCHEDULER, peer, near_fn,
	    gone, rig);
	*far = channel_new(rig->loop, fds[1], peer, ROLE_SCHEDULER, far_fn,
	    gone, rig);
}

void
rig_deliverer(struct rig *rig)
{
	pair(rig, ROLE_DELIVERER, near_frame, far_frame, &rig->near,
	    &rig->far);
	rig->sites_told = 0;
	dispatch_deliverer(rig->s, 0, rig->near);
}

void
rig_deliverer_dies(struct rig *rig)
{
	channel_free(&rig->near);
	channel_free(&rig->far);
	if (rig->s != NULL)
		dispatch_deliverer(rig->s, 0, NULL);
}

void
rig_apart(struct rig *rig)
{
	pair(rig, ROLE_DELIVERER, near_frame, far_frame, &rig->near_apart,
	    &rig->far_apart);
	dispatch_deliverer(rig->s, DELIVERER_APART, rig->near_apart);
}

void
rig_apart_dies(struct rig *rig)
{
	channel_free(&rig->near_apart);
	channel_free(&rig->far_apart);
	dispatch_deliverer(rig->s, DELIVERER_APART, NULL);
}

/* ---- the resolver ------------------------------------------------------------------- */

static void
put_hosts(const struct rig *rig, struct buf *out)
{
	size_t count = 0, turn = rig->shuffles ? rig->questions : 0;

	while (count < 4 && rig->mx[count] != NULL)
		count++;
	for (size_t j = 0; j < count; j++) {
		size_t i = (j + turn) % count;
		uint8_t address[16] = { [10] = 0xff, 0xff, 192, 0, 2,
		    (uint8_t)(i + 1) };
		struct host_row row = {
			.preference = (uint16_t)(rig->shuffles ? 10 :
			    10 * (i + 1)),
			.port = 25,
			.name = span_of(rig->mx[i]),
			.addresses = span_make(address, i < rig->nowhere_from ?
			    sizeof address : 0),
		};

		host_row_put(&row, out);
	}
}

static void
answer_question(struct rig *rig, struct channel *channel, uint32_t token)
{
	struct frame answer = { .kind = FRAME_ANSWER, .fd = -1 };
	struct buf hosts;

	buf_init(&hosts, 4096);
	if (rig->dns == ANSWER_OK)
		put_hosts(rig, &hosts);
	answer.answer = (struct frame_answer){
		.token = token,
		.status = (uint8_t)rig->dns,
		.ttl = 3600,
		.hosts = buf_peek(&hosts),
	};
	channel_send(channel, &answer);
	buf_fini(&hosts);
}

static void
dns_asked(void *owner, struct channel *channel, const struct frame *frame)
{
	struct rig *rig = owner;

	rig->questions++;
	snprintf(rig->asked, sizeof rig->asked, "%.*s",
	    (int)frame->question.name.length,
	    (const char *)frame->question.name.data);
	if (!rig->mute)
		answer_question(rig, channel, frame->question.token);
	else if (rig->first_token == 0)
		rig->first_token = frame->question.token;
}

void
rig_answer_first(struct rig *rig)
{
	answer_question(rig, rig->far_dns, rig->first_token);
}

static void
dns_answered(void *owner, struct channel *channel,
    const struct frame *frame)
{
	struct rig *rig = owner;

	(void)channel;
	if (rig->s != NULL)
		routes_answer(rig->s, &frame->answer);
}

/* ---- the receiver --------------------------------------------------------------------- */

static void
news(void *owner, enum commit_news what, struct segment_name segment,
    uint64_t to)
{
	struct rig *rig = owner;

	if (rig->s == NULL || rig->silent)
		return;
	if (what == COMMIT_GREW)
		intake_arrived(rig->s, segment, to);
	else
		intake_closed(rig->s, segment, to, what == COMMIT_BROKEN);
}

static void
open_committer(struct rig *rig)
{
	struct commit_options options = {
		.slot = (uint16_t)rig->slot, .node = 1,
		.segment_bytes = rig->conf->segment_bytes,
		.batch_bytes = { 1 << 20, 1 << 20, 1 << 20 },
		.mode = 0640,
	};
	struct err err;

	rig->committer = committer_new(rig->loop, &rig->dirs, &options, news,
	    rig, &err);
	if (rig->committer == NULL)
		fail("committer", &err);
}

static void
receiver_told(void *owner, struct channel *channel,
    const struct frame *frame)
{
	struct rig *rig = owner;
	const struct frame_kept *kept = &frame->kept;

	(void)channel;
	if (frame->kind != FRAME_KEPT)
		return;
	rig->kept++;
	commit_kept(rig->committer, (struct segment_name){ kept->klass,
	    kept->slot, kept->sequence });
}

void
rig_receiver_hears(struct rig *rig)
{
	pair(rig, ROLE_RECEIVER, near_frame, receiver_told, &rig->near_in,
	    &rig->far_in);
	pressure_receiver(rig->s, rig->slot, rig->near_in);
}

void
rig_new_receiver(struct rig *rig)
{
	unsigned old = rig->slot;

	rig->silent = true;
	committer_free(&rig->committer);
	rig->silent = false;
	rig->slot++;
	open_committer(rig);
	if (rig->s != NULL)
		intake_receiver_gone(rig->s, old);
}

static void
committed(void *cookie, enum commit_end end, const struct committed *where,
    const struct err *err)
{
	struct rig *rig = cookie;

	if (end == COMMIT_DONE) {
		rig->where = *where;
		rig->committed++;
	} else {
		fprintf(stderr, "commit: %s\n", err->text);
		rig->failed++;
	}
	if (rig->look != NULL)
		timer_set(rig->look, 0);
}

static bool
all_committed(struct rig *rig, uint64_t number)
{
	return rig->committed + rig->failed >= number;
}

static struct msgid
begin(struct rig *rig, enum mail_class klass, const char *from,
    const char *const *rcpts, uint8_t notify)
{
	static const char plain[] = "Subject: test\r\n\r\nHello\r\n";
	struct span text = span_of(rig->text != NULL ? rig->text : plain);
	struct dot seen = dot_over(text);
	struct envelope *envelope = envelope_new();
	struct msgid id = msgid_next(&rig->ids, clock_wall());
	struct buf body;

	envelope_set_reverse_path(envelope, span_of(from));
	for (; *rcpts != NULL; rcpts++)
		envelope_add_rcpt(envelope, span_of(*rcpts), span_of(""),
		    notify);
	envelope->arrived = clock_wall() + rig->ahead;
	if (rig->no_time || rig->time > 0)
		envelope->by = envelope->arrived + rig->time;
	envelope->client = mem_strdup("test[127.0.0.1]");
	envelope->sender = span_copy(address_domain(from));
	envelope->body_size = text.length;
	buf_init(&body, 1 << 20);
	buf_append_span(&body, text);
	if (rig->lies)
		seen = (struct dot){ .state = DOT_START.state,
		    .wire_bytes = text.length };
	commit_message(rig->committer, klass, id, envelope, &body, &seen,
	    committed, rig);
	envelope_free(&envelope);
	buf_fini(&body);
	rig->id = id;
	return id;
}

static struct msgid
commit(struct rig *rig, enum mail_class klass, const char *from,
    const char *const *rcpts, uint8_t notify)
{
	size_t before = rig->committed + rig->failed;
	struct msgid id = begin(rig, klass, from, rcpts, notify);

	rig_until(rig, all_committed, before + 1);
	return id;
}

void
rig_begin(struct rig *rig, enum mail_class klass, const char *from,
    const char *rcpt)
{
	const char *const rcpts[] = { rcpt, NULL };

	begin(rig, klass, from, rcpts, 0);
}

struct msgid
rig_commit(struct rig *rig, enum mail_class klass, const char *from,
    const char *const *rcpts)
{
	return commit(rig, klass, from, rcpts, 0);
}

struct msgid
rig_send(struct rig *rig, enum mail_class klass, const char *from,
    const char *rcpt)
{
	const char *const rcpts[] = { rcpt, NULL };

	return commit(rig, klass, from, rcpts, 0);
}

struct msgid
rig_send_notify(struct rig *rig, const char *from, const char *rcpt,
    uint8_t notify)
{
	const char *const rcpts[] = { rcpt, NULL };

	return commit(rig, CLASS_NORMAL, from, rcpts, notify);
}

/* ---- the loop --------------------------------------------------------------------------- */

struct until {
	struct rig *rig;
	rig_done_fn *done;
	uint64_t number;
	struct timer *timer;
	msec_t end;
	bool ok;
};

static void
look(void *owner)
{
	struct until *until = owner;

	until->ok = until->done(until->rig, until->number);
	if (until->ok || clock_mono() > until->end)
		loop_stop(until->rig->loop);
	else
		timer_set(until->timer, 1);
}

bool
rig_until(struct rig *rig, rig_done_fn *done, uint64_t number)
{
	struct until until = { .rig = rig, .done = done, .number = number,
	    .end = clock_mono() + 10 * MSEC_SECOND };

	until.timer = rig->look = timer_new(rig->loop, look, &until);
	timer_set(until.timer, 0);
	loop_run(rig->loop);
	rig->look = NULL;
	timer_free(&until.timer);
	CU_ASSERT_TRUE(until.ok);
	return until.ok;
}

static bool
turns(struct rig *rig, uint64_t number)
{
	static uint64_t count;

	(void)rig;
	if (++count < number)
		return false;
	count = 0;
	return true;
}

void
rig_settle(struct rig *rig)
{
	rig_until(rig, turns, 30);
}

bool
rig_jobs(struct rig *rig, uint64_t number)
{
	return rig->job_count >= number;
}

bool
rig_empty(struct rig *rig, uint64_t number)
{
	(void)number;
	for (int c = 0; c < CLASS_COUNT; c++)
		for (int i = 0; i < COUNT_STATES; i++)
			if (rig->s->queue.counts[c][i] > 0)
				return false;
	return rig->s->queue.messages.count == 0 && rig->s->intake.complete;
}

bool
rig_no_segments(struct rig *rig, uint64_t number)
{
	return rig->s->segments.by_name.count <= number;
}

bool
rig_waiting(struct rig *rig, uint64_t number)
{
	return rig_count(rig, COUNT_WAITING) == number;
}

bool
rig_corrupt(struct rig *rig, uint64_t number)
{
	return rig_files(rig, "corrupt", ".message") +
	    rig_files(rig, "corrupt", ".bytes") == number;
}

uint64_t
rig_count(const struct rig *rig, enum count state)
{
	uint64_t sum = 0;

	for (int c = 0; c < CLASS_COUNT; c++)
		sum += rig->s->queue.counts[c][state];
	return sum;
}

/* ---- birth and end ------------------------------------------------------------------------- */

void
rig_start(struct rig *rig)
{
	struct err err;

	rig->s = scheduler_new(rig->loop, rig->conf, rig->dirs.root,
	    &rig->row, NULL, &err);
	if (rig->s == NULL)
		fail("scheduler", &err);
	rig_deliverer(rig);
	pair(rig, ROLE_RESOLVER, dns_answered, dns_asked, &rig->near_dns,
	    &rig->far_dns);
	routes_resolver(rig->s, rig->near_dns);
	commit_announce(rig->committer);
}

static void
drop_peers(struct rig *rig)
{
	channel_free(&rig->near);
	channel_free(&rig->far);
	channel_free(&rig->near_apart);
	channel_free(&rig->far_apart);
	channel_free(&rig->near_dns);
	channel_free(&rig->far_dns);
	channel_free(&rig->near_in);
	channel_free(&rig->far_in);
}

void
rig_stop(struct rig *rig)
{
	scheduler_free(&rig->s);
	drop_peers(rig);
}

static struct conf *
make_conf(const char *path, const char *text)
{
	struct buf all;
	struct conf *conf;
	struct err err;

	buf_init(&all, 1 << 20);
	buf_printf(&all, "hostname relay.test\nnode 1\nspool %s/spool\n"
	    "control %s/control\nlisten 127.0.0.1:2525\n%s", path, path,
	    text);
	conf = conf_parse(buf_peek(&all), "rig", &err);
	if (conf == NULL)
		fail("conf", &err);
	buf_fini(&all);
	return conf;
}

static int
quiet(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (getenv("RIG_LOG") != NULL)
		return STDERR_FILENO;
	must(fd != -1);
	return fd;
}

struct rig *
rig_new(const char *text)
{
	struct rig *rig = mem_new(struct rig);
	const char *tmp = getenv("TMPDIR");
	struct err err;

	snprintf(rig->path, sizeof rig->path, "%s/scheduler.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	must(mkdtemp(rig->path) != NULL);
	log_open("test", "relay", quiet(), false);
	rig->conf = make_conf(rig->path, text);
	if (!spool_prepare(rig->conf->spool, (uid_t)-1, (gid_t)-1, &err) ||
	    !spool_dirs_open(&rig->dirs, rig->conf->spool, &err))
		fail("spool", &err);
	rig->loop = loop_new();
	rig->slot = 1;
	rig->nowhere_from = SIZE_MAX;
	rig->answer = (struct rig_answer){ .outcome = OUTCOME_DELIVERED,
	    .code = 250, .status = "2.0.0", .text = "250 2.0.0 Ok",
	    .mta = "mx.test", .took = 1 };
	rig->mx[0] = "mx1.test";
	rig->jobs = mem_array(RIG_JOBS, sizeof *rig->jobs);
	msgid_maker_init(&rig->ids, 1, 1);
	open_committer(rig);
	return rig;
}

static int
remove_one(const char *path, const struct stat *st, int flag,
    struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

void
rig_free(struct rig **rig)
{
	struct rig *r = *rig;

	if (r->s != NULL)
		rig_stop(r);
	r->silent = true;
	committer_free(&r->committer);
	loop_free(&r->loop);
	spool_dirs_close(&r->dirs);
	conf_free(&r->conf);
	for (size_t i = 0; i < r->segments_told; i++)
		close(r->segments[i].fd);
	nftw(r->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	mem_free(r->jobs);
	log_flush();
	mem_free(r);
	*rig = NULL;
}

size_t
rig_files(const struct rig *rig, const char *name, const char *suffix)
{
	char path[128];
	const struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/spool/%s", rig->path, name);
	dir = opendir(path);
	must(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		size_t length = strlen(entry->d_name), tail = strlen(suffix);

		count += entry->d_name[0] != '.' && length >= tail &&
		    strcmp(entry->d_name + length - tail, suffix) == 0;
	}
	closedir(dir);
	return count;
}

void
rig_read(struct rig *rig, size_t at, struct record *out)
{
	const struct frame_job *job = &rig->jobs[at].job;
	struct err err;

	must(at < rig->job_count);
	for (size_t i = 0; i < rig->segments_told; i++)
		if (rig->segments[i].number == job->segment) {
			if (!record_read(rig->segments[i].fd, job->offset, NULL,
			    job->size, out, &err))
				fail("read", &err);
			return;
		}
	CU_FAIL_FATAL("a job from a segment that nobody handed over");
}

bool
rig_body_has(const struct record *record, const char *text)
{
	return memmem(record->body.data, record->body.length, text,
	    strlen(text)) != NULL;
}
