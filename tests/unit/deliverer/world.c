/* SPDX-License-Identifier: ISC
 *
 * world.c - a deliverer, its scheduler and its peers, on one loop.
 */
#include "unit/deliverer/world.h"

#include "unit/unit.h"

#include "base/crc32c.h"
#include "base/log.h"
#include "base/mem.h"
#include "spool/envelope.h"
#include "spool/record.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SITE = 1, SEGMENT = 7, LATE = 10000 };

static const char *const outcomes[] = {
	[OUTCOME_DELIVERED] = "delivered", [OUTCOME_FAILED] = "failed",
	[OUTCOME_DEFERRED] = "deferred", [OUTCOME_AGAIN] = "again",
};

/* ---- the scheduler ------------------------------------------------------ */

static void
note_rows(struct world_result *result, struct span rows)
{
	struct buf *text = buf_new(sizeof(result->rows) - 1);
	struct result_row row;

	while (result_row_pull(&rows, &row))
		buf_printf(text, "%s%u=%s(%u %.*s %.*s)",
		    buf_length(text) > 0 ? " " : "", row.rcpt,
		    outcomes[row.outcome], row.code,
		    (int)row.status.length, (const char *)row.status.data,
		    (int)row.text.length, (const char *)row.text.data);
	snprintf(result->rows, sizeof(result->rows), "%.*s",
	    (int)buf_length(text), (const char *)text->data);
	buf_free(&text);
}

static void
on_result(void *owner, struct channel *channel, const struct frame *frame)
{
	struct world *world = owner;
	struct world_result *result;

	(void)channel;
	if (frame->kind == FRAME_HOST) {
		world->told++;
		snprintf(world->told_why, sizeof(world->told_why), "%.*s",
		    (int)frame->host.why.length,
		    (const char *)frame->host.why.data);
		return;
	}
	if (frame->kind == FRAME_TALKS) {
		world->talks++;
		world->talks_job = frame->talks.job;
		return;
	}
	if (frame->kind == FRAME_ATTENTION) {
		world->attentions++;
		snprintf(world->attention, sizeof(world->attention), "%.*s",
		    (int)frame->attention.text.length,
		    (const char *)frame->attention.text.data);
		return;
	}
	CU_ASSERT_EQUAL_FATAL(frame->kind, FRAME_RESULT);
	CU_ASSERT_TRUE_FATAL(world->result_count < WORLD_RESULTS);
	result = &world->results[world->result_count++];
	result->job = frame->result.job;
	result->scope = frame->result.scope;
	result->dsn_passed = frame->result.dsn_passed;
	result->signs = frame->result.signs;
	result->room = frame->result.room;
	result->port = frame->result.port;
	result->pause = frame->result.pause;
	snprintf(result->mta, sizeof(result->mta), "%.*s",
	    (int)frame->result.mta.length,
	    (const char *)frame->result.mta.data);
	note_rows(result, frame->result.rows);
}

static void
on_frame(void *owner, struct channel *channel, const struct frame *frame)
{
	struct world *world = owner;

	(void)channel;
	deliverer_frame(&world->deliverer, frame);
}

static void
on_gone(void *owner, struct channel *channel, const char *why)
{
	(void)owner;
	(void)channel;
	fprintf(stderr, "\nchannel: %s\n", why);
	CU_FAIL("a channel broke");
}

static void
send_frame(struct world *world, struct frame frame)
{
	channel_send(world->far, &frame);
}

/* ---- the segment -------------------------------------------------------- */

static void
put_segment(struct world *world)
{
	struct segment_header header = { .edition = EDITION_SECOND,
	    .klass = CLASS_NORMAL, .slot = 1, .salt = 1 };
	uint8_t bytes[SEGMENT_HEADER_BYTES];

	world->segment = memfd_create("segment", MFD_CLOEXEC);
	CU_ASSERT_TRUE_FATAL(world->segment != -1);
	segment_header_encode(&header, bytes);
	CU_ASSERT_EQUAL(pwrite(world->segment, bytes, sizeof(bytes), 0),
	    (ssize_t)sizeof(bytes));
	world->segment_end = sizeof(bytes);
	send_frame(world, (struct frame){ .kind = FRAME_SEGMENT,
	    .fd = world->segment, .segment = { SEGMENT } });
}

static struct envelope *
make_envelope(const struct world_mail *mail)
{
	struct envelope *envelope = envelope_new();
	char address[4] = "a@x";

	envelope->arrived = clock_wall();
	envelope->body_size = mail->size != 0 ? mail->size :
	    mail->body.length;
	envelope_set_reverse_path(envelope, span_of("s@x"));
	envelope->client = mem_strdup("[127.0.0.1]");
	envelope->sender = mem_strdup("x");
	for (unsigned i = 0; i < mail->rcpts; i++) {
		address[0] = (char)('a' + i);
		envelope_add_rcpt(envelope, span_of(address), span_of(NULL), 0);
	}
	return envelope;
}

/* Returns the size of the record. */
static uint64_t
put_record(struct world *world, const struct world_mail *mail)
{
	static struct msgid_maker maker;
	struct envelope *envelope = make_envelope(mail);
	struct record_header header = {
		.edition = EDITION_SECOND, .salt = 1,
		.klass = mail->klass, .rcpt_count = mail->rcpts,
		.body_bytes = mail->body.length,
	};
	struct buf *bytes = buf_new(SIZE_MAX / 2);
	uint8_t head[RECORD_HEADER_BYTES];
	uint64_t size;

	if (maker.maker == 0)
		msgid_maker_init(&maker, 1, 1);
	header.id = world->id = msgid_next(&maker, clock_wall());
	envelope_encode(envelope, bytes);
	header.envelope_bytes = (uint32_t)buf_length(bytes);
	header.envelope_crc = crc32c(0, bytes->data, buf_length(bytes));
	buf_append_span(bytes, mail->body);
	header.content_crc = crc32c(0, bytes->data, buf_length(bytes));
	if (mail->damaged)
		bytes->data[bytes->end - 3] ^= 1;
	record_header_encode(&header, world->segment_end, head);
	size = record_size(&header);
	CU_ASSERT_EQUAL(ftruncate(world->segment,
	    (off_t)(world->segment_end + size)), 0);
	CU_ASSERT_EQUAL(pwrite(world->segment, head, sizeof(head),
	    (off_t)world->segment_end), (ssize_t)sizeof(head));
	CU_ASSERT_EQUAL(pwrite(world->segment, bytes->data, buf_length(bytes),
	    (off_t)(world->segment_end + sizeof(head))),
	    (ssize_t)buf_length(bytes));
	buf_free(&bytes);
	envelope_free(&envelope);
	return size;
}

uint32_t
world_mail(struct world *world, const struct world_mail *mail)
{
	uint64_t size = put_record(world, mail);
	struct buf *rcpts = buf_new(1 << 16);
	struct frame frame = { .kind = FRAME_JOB, .fd = -1 };

	for (uint32_t i = 0; i < mail->rcpts; i++)
		rcpt_put(i, rcpts);
	frame.job = (struct frame_job){
		.job = ++world->jobs, .site = SITE + world->other, .segment = SEGMENT,
		.klass = mail->klass, .attempt = 1,
		.offset = world->segment_end, .size = size,
		.id = span_make(world->id.bytes, MSGID_BYTES),
		.picked = (uint64_t)clock_wall(), .deadline = mail->deadline,
		.returns = mail->returns,
		.window = world->window > 0 ? world->window : UINT16_MAX,
		.rcpts = buf_peek(rcpts),
	};
	if (mail->other)
		world->id.bytes[0] ^= 1;
	send_frame(world, frame);
	buf_free(&rcpts);
	world->segment_end += size;
	return world->jobs;
}

uint32_t
world_job(struct world *world, enum mail_class klass, unsigned rcpts,
    const char *body)
{
	return world_mail(world, &(struct world_mail){ .klass = klass,
	    .rcpts = rcpts, .body = span_of(body) });
}

void
world_site(struct world *world, size_t first, size_t count)
{
	struct buf *hosts = buf_new(1 << 16);
	char name[32];
	struct addr addr;

	CU_ASSERT_TRUE(addr_parse(span_of("127.0.0.1"), &addr));
	for (size_t i = first; i < first + count; i++) {
		struct host_row row = {
			.preference = (uint16_t)(10 * i),
			.port = world->hosts[i].port,
			.name = span_of(name),
			.addresses = span_make(&addr.ip, 16),
		};

		snprintf(name, sizeof(name), "mx%zu.test", i);
		row.name = span_of(name);
		host_row_put(&row, hosts);
	}
	send_frame(world, (struct frame){ .kind = FRAME_SITE, .fd = -1,
	    .site = { .site = SITE + world->other, .fixed = world->fixed,
	    .name = span_of("x.test"),
	    .domain = span_of("x.test"), .policy = span_of("*"),
	    .hosts = buf_peek(hosts) } });
	buf_free(&hosts);
}

/* ---- running ------------------------------------------------------------ */

static void
on_look(void *owner)
{
	struct world *world = owner;

	if (world->done(world))
		loop_stop(world->loop);
	else
		timer_set(world->look, 1);
}

static void
on_limit(void *owner)
{
	struct world *world = owner;

	world->late = true;
	loop_stop(world->loop);
}

void
world_run(struct world *world, bool (*done)(struct world *world))
{
	world->done = done;
	world->late = false;
	timer_set(world->limit, LATE);
	timer_set(world->look, 0);
	loop_run(world->loop);
	timer_stop(world->limit);
	timer_stop(world->look);
	CU_ASSERT_FALSE(world->late);
}

static size_t results_due;

static bool
enough_results(struct world *world)
{
	return world->result_count >= results_due;
}

void
world_results(struct world *world, size_t count)
{
	results_due = count;
	world_run(world, enough_results);
	CU_ASSERT_EQUAL(world->result_count, count);
}

static unsigned held_due;

static bool
enough_held(struct world *world)
{
	return world->hosts[0].holding == held_due;
}

void
world_held(struct world *world, unsigned count)
{
	held_due = count;
	world_run(world, enough_held);
}

const struct world_result *
world_result(const struct world *world, uint32_t job)
{
	static const struct world_result none = { .rows = "no result" };

	for (size_t i = 0; i < world->result_count; i++)
		if (world->results[i].job == job)
			return &world->results[i];
	return &none;
}

bool
world_logged(struct world *world, const char *text)
{
	static char log[1 << 16];
	ssize_t length;

	log_flush();
	length = pread(world->log, log, sizeof(log) - 1, 0);
	log[length > 0 ? length : 0] = '\0';
	return strstr(log, text) != NULL;
}

/* ---- beginning and end -------------------------------------------------- */

static void
on_drained(void *owner)
{
	((struct world *)owner)->drained = true;
}

static void
open_conf(struct world *world, const char *site)
{
	struct buf *text = buf_new(1 << 16);
	struct err err;

	buf_printf(text, "hostname me.test\nspool /nowhere\n"
	    "control /nowhere/control\nlisten 127.0.0.1:%u { }\n"
	    "time-scale 0.01\nroute * { to mx }\n"
	    "site * { %s }\n", world->hosts[WORLD_HOSTS - 1].port, site);
	world->conf = conf_parse(buf_peek(text), "test", &err);
	if (world->conf == NULL)
		fprintf(stderr, "\n%s\n", err.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(world->conf);
	buf_free(&text);
}

void
world_reload(struct world *world, const char *site)
{
	struct conf *former = world->conf;

	open_conf(world, site);
	deliverer_reload(&world->deliverer, world->conf);
	conf_free(&former);
}

void
world_open(struct world *world, const char *site)
{
	int ends[2];
	struct err err;

	world->loop = loop_new();
	for (size_t i = 0; i < WORLD_HOSTS; i++)
		host_open(&world->hosts[i], world->loop);
	open_conf(world, site);
	world->log = memfd_create("log", MFD_CLOEXEC);
	log_open("postrider/deliverer", "here", world->log, false);
	world->limit = timer_new(world->loop, on_limit, world);
	world->look = timer_new(world->loop, on_look, world);
	CU_ASSERT_TRUE_FATAL(deliverer_init(&world->deliverer, world->loop,
	    world->conf, &world->board, &err));
	world->deliverer.drained = on_drained;
	world->deliverer.owner = world;
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, ends), 0);
	world->near = channel_new(world->loop, ends[0], ROLE_DELIVERER,
	    ROLE_SCHEDULER, on_frame, on_gone, world);
	world->far = channel_new(world->loop, ends[1], ROLE_SCHEDULER,
	    ROLE_DELIVERER, on_result, on_gone, world);
	world->deliverer.scheduler = world->near;
	put_segment(world);
}

void
world_close(struct world *world)
{
	deliverer_fini(&world->deliverer);
	channel_free(&world->near);
	channel_free(&world->far);
	for (size_t i = 0; i < WORLD_HOSTS; i++)
		host_close(&world->hosts[i]);
	timer_free(&world->limit);
	timer_free(&world->look);
	log_flush();
	log_open("test", "here", STDERR_FILENO, false);
	close(world->log);
	close(world->segment);
	conf_free(&world->conf);
	loop_free(&world->loop);
}
