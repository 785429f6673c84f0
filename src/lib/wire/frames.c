/* SPDX-License-Identifier: ISC
 *
 * frames.c - what processes say to one another.
 *
 * On the wire a frame is its length in four bytes, little-endian, then as
 * many bytes: the kind, and the fields of the kind's row one after another.
 */
#include "wire/frames.h"
#include "wire/bytes.h"

#include "base/must.h"

#include <stddef.h>

enum {
	FRAME_MOST = 16 << 20,
	HEAD_BYTES = 4,
	FIELDS_MOST = 16
};

enum field_type { FIELD_END, U8, U16, U32, U64, I64, SPAN };

struct field {
	enum field_type type;
	size_t offset;		/* in struct frame */
};

struct row {
	const char *name;
	unsigned from, to;	/* bit per role */
	bool has_fd;
	struct field fields[FIELDS_MOST];
};

#define F(type, member) { type, offsetof(struct frame, member) }

enum {
	MASTER = 1 << ROLE_MASTER,
	RECEIVER = 1 << ROLE_RECEIVER,
	SCHEDULER = 1 << ROLE_SCHEDULER,
	DELIVERER = 1 << ROLE_DELIVERER,
	RESOLVER = 1 << ROLE_RESOLVER,
	CHILDREN = RECEIVER | SCHEDULER | DELIVERER | RESOLVER
};

enum { FD = true, NO_FD = false };

static const struct row rows[FRAME_COUNT] = {
	[FRAME_CONF] = { "conf", MASTER, CHILDREN, NO_FD, {
	    F(U32, conf.number), F(SPAN, conf.text),
	    F(SPAN, conf.certificate), F(SPAN, conf.key) } },
	[FRAME_LOG] = { "log", MASTER, CHILDREN, FD, {
	    F(U8, log.kind) } },
	[FRAME_BOARD] = { "board", MASTER, CHILDREN, FD, {
	    F(U32, board.place) } },
	[FRAME_LISTEN] = { "listen", MASTER, RECEIVER, FD, {
	    F(U32, listen.index) } },
	[FRAME_CONTROL] = { "control", MASTER, SCHEDULER, FD, {
	    F(U32, control.unused) } },
	[FRAME_SUBMIT] = { "submit", MASTER, RECEIVER, FD, {
	    F(U32, submit.unused) } },
	[FRAME_SPOOL] = { "spool", MASTER, RECEIVER | SCHEDULER, FD, {
	    F(U32, spool.unused) } },
	[FRAME_PEER] = { "peer", MASTER, CHILDREN, FD, {
	    F(U8, peer.role), F(U32, peer.number) } },
	[FRAME_GO] = { "go", MASTER, CHILDREN, NO_FD, {
	    F(U32, go.unused) } },
	[FRAME_DRAIN] = { "drain", MASTER, CHILDREN, NO_FD, {
	    F(U32, drain.unused) } },
	[FRAME_RELOADED] = { "reloaded", MASTER, SCHEDULER, NO_FD, {
	    F(U32, reloaded.token), F(U8, reloaded.ok),
	    F(SPAN, reloaded.text) } },
	[FRAME_READY] = { "ready", CHILDREN, MASTER, NO_FD, {
	    F(U32, ready.unused) } },
	[FRAME_LOG_LOST] = { "log-lost", CHILDREN, MASTER, NO_FD, {
	    F(U32, log_lost.unused) } },
	[FRAME_ASK_RELOAD] = { "ask-reload", SCHEDULER, MASTER, NO_FD, {
	    F(U32, ask.token) } },
	[FRAME_ASK_LOG] = { "ask-log", SCHEDULER, MASTER, NO_FD, {
	    F(U32, ask.token) } },
	[FRAME_ASK_STOP] = { "ask-stop", SCHEDULER, MASTER, NO_FD, {
	    F(U32, ask.token) } },
	[FRAME_ASK_APART] = { "ask-apart", SCHEDULER, MASTER, NO_FD, {
	    F(U32, ask.token) } },
	[FRAME_ARRIVED] = { "arrived", RECEIVER, SCHEDULER, NO_FD, {
	    F(U8, arrived.klass), F(U16, arrived.slot),
	    F(U32, arrived.sequence), F(U64, arrived.to) } },
	[FRAME_CLOSED] = { "closed", RECEIVER, SCHEDULER, NO_FD, {
	    F(U8, closed.klass), F(U16, closed.slot),
	    F(U32, closed.sequence), F(U64, closed.to) } },
	[FRAME_BROKEN] = { "broken", RECEIVER, SCHEDULER, NO_FD, {
	    F(U8, closed.klass), F(U16, closed.slot),
	    F(U32, closed.sequence), F(U64, closed.to) } },
	[FRAME_PRESSURE] = { "pressure", SCHEDULER, RECEIVER, NO_FD, {
	    F(U8, pressure.slow), F(U8, pressure.refuse) } },
	[FRAME_KEPT] = { "kept", SCHEDULER, RECEIVER, NO_FD, {
	    F(U8, kept.klass), F(U16, kept.slot), F(U32, kept.sequence) } },
	[FRAME_QUESTION] = { "question", SCHEDULER, RESOLVER, NO_FD, {
	    F(U32, question.token), F(U8, question.kind),
	    F(SPAN, question.name) } },
	[FRAME_ANSWER] = { "answer", RESOLVER, SCHEDULER, NO_FD, {
	    F(U32, answer.token), F(U8, answer.status),
	    F(U8, answer.secure), F(U32, answer.ttl),
	    F(SPAN, answer.hosts), F(SPAN, answer.text) } },
	[FRAME_SITE] = { "site", SCHEDULER, DELIVERER, NO_FD, {
	    F(U32, site.site), F(U8, site.anew), F(U8, site.fixed),
	    F(SPAN, site.name), F(SPAN, site.domain),
	    F(SPAN, site.policy), F(SPAN, site.hosts) } },
	[FRAME_SITE_GONE] = { "site-gone", SCHEDULER, DELIVERER, NO_FD, {
	    F(U32, site_gone.site) } },
	[FRAME_SEGMENT] = { "segment", SCHEDULER, DELIVERER, FD, {
	    F(U32, segment.segment) } },
	[FRAME_SEGMENT_GONE] = { "segment-gone", SCHEDULER, DELIVERER, NO_FD,
	    { F(U32, segment_gone.segment) } },
	[FRAME_JOB] = { "job", SCHEDULER, DELIVERER, NO_FD, {
	    F(U32, job.job), F(U32, job.site), F(U32, job.segment),
	    F(U8, job.klass), F(U16, job.attempt), F(U64, job.offset),
	    F(U64, job.size), F(SPAN, job.id), F(U64, job.picked),
	    F(I64, job.deadline),
	    F(U8, job.returns), F(U16, job.window), F(U16, job.beside),
	    F(SPAN, job.rcpts) } },
	[FRAME_RECALL] = { "recall", SCHEDULER, DELIVERER, NO_FD, {
	    F(U32, recall.site) } },
	[FRAME_RESULT] = { "result", DELIVERER, SCHEDULER, NO_FD, {
	    F(U32, result.job), F(U32, result.site), F(U8, result.scope),
	    F(U8, result.dsn_passed), F(U8, result.by_passed),
	    F(U8, result.signs), F(U16, result.room), F(U32, result.pause),
	    F(U32, result.took), F(SPAN, result.mta), F(U16, result.port),
	    F(SPAN, result.rows) } },
	[FRAME_HOST] = { "host", DELIVERER, SCHEDULER, NO_FD, {
	    F(SPAN, host.address), F(U16, host.port),
	    F(U16, host.failures), F(I64, host.until),
	    F(SPAN, host.why) } },
	[FRAME_TALKS] = { "talks", DELIVERER, SCHEDULER, NO_FD, {
	    F(U32, talks.job) } },
	[FRAME_ATTENTION] = { "attention", DELIVERER, SCHEDULER, NO_FD, {
	    F(U32, attention.job), F(SPAN, attention.host),
	    F(U16, attention.port), F(SPAN, attention.text) } },
};

static const size_t sizes[] = {
	[U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8, [I64] = 8,
};

const char *
role_name(enum role role)
{
	static const char *const names[ROLE_COUNT] = {
		[ROLE_MASTER] = "master",
		[ROLE_RECEIVER] = "receiver",
		[ROLE_SCHEDULER] = "scheduler",
		[ROLE_DELIVERER] = "deliverer",
		[ROLE_RESOLVER] = "resolver",
	};

	return (unsigned)role < ROLE_COUNT ? names[role] : "nobody";
}

const char *
frame_name(enum frame_kind kind)
{
	return (unsigned)kind < FRAME_COUNT ? rows[kind].name : "unknown";
}

bool
frame_has_fd(enum frame_kind kind)
{
	return rows[kind].has_fd;
}

bool
frame_may(enum frame_kind kind, enum role from, enum role to)
{
	return (rows[kind].from & 1u << from) != 0 &&
	    (rows[kind].to & 1u << to) != 0;
}

/* ---- out ------------------------------------------------------------------- */

static uint64_t
number_at(const void *at, enum field_type type)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (type) {
	case U8:
		return *(const uint8_t *)at;
	case U16:
		memcpy(&u16, at, sizeof u16);
		return u16;
	case U32:
		memcpy(&u32, at, sizeof u32);
		return u32;
	default:
		memcpy(&u64, at, sizeof u64);
		return u64;
	}
}

static struct span
span_at(const void *at)
{
	struct span s;

	memcpy(&s, at, sizeof s);
	return s;
}

/* Of the kind and the fields. */
static size_t
body_size(const struct frame *frame)
{
	const struct field *field = rows[frame->kind].fields;
	size_t size = 1;

	for (; field->type != FIELD_END; field++)
		if (field->type == SPAN)
			size += 4 + span_at((const char *)frame +
			    field->offset).length;
		else
			size += sizes[field->type];
	return size;
}

void
frame_encode(const struct frame *frame, struct buf *out)
{
	size_t size = body_size(frame);
	const struct field *field = rows[frame->kind].fields;
	uint8_t *to;

	must(size <= FRAME_MOST);
	to = buf_reserve(out, HEAD_BYTES + size);
	if (to == NULL)
		return;
	to = bytes_put(to, size, HEAD_BYTES);
	*to++ = (uint8_t)frame->kind;
	for (; field->type != FIELD_END; field++) {
		const void *at = (const char *)frame + field->offset;

		if (field->type == SPAN)
			to = bytes_put_span(to, span_at(at));
		else
			to = bytes_put(to, number_at(at, field->type),
			    sizes[field->type]);
	}
	buf_added(out, HEAD_BYTES + size);
}

/* ---- in -------------------------------------------------------------------- */

static void
store_number(void *at, enum field_type type, uint64_t value)
{
	uint32_t u32 = (uint32_t)value;
	uint16_t u16 = (uint16_t)value;

	switch (type) {
	case U8:
		*(uint8_t *)at = (uint8_t)value;
		return;
	case U16:
		memcpy(at, &u16, sizeof u16);
		return;
	case U32:
		memcpy(at, &u32, sizeof u32);
		return;
	default:
		memcpy(at, &value, sizeof value);
		return;
	}
}

static bool
pull_field(struct span *body, const struct field *field, struct frame *out)
{
	void *at = (char *)out + field->offset;
	struct span s;
	uint64_t value;

	if (field->type == SPAN) {
		if (!bytes_pull_span(body, &s))
			return false;
		memcpy(at, &s, sizeof s);
		return true;
	}
	if (!bytes_pull(body, sizes[field->type], &value))
		return false;
	store_number(at, field->type, value);
	return true;
}

static enum frame_step
bad(struct err *err, const char *what, uint64_t kind)
{
	err_set(err, ERR_FORMAT, "%s (frame %s, kind %u)", what,
	    frame_name((enum frame_kind)kind), (unsigned)kind);
	return FRAME_BAD;
}

enum frame_step
frame_decode(struct span *in, struct frame *out, struct err *err)
{
	struct span rest = *in, body;
	const struct field *field;
	uint64_t size, kind;

	if (!bytes_pull(&rest, HEAD_BYTES, &size))
		return FRAME_MORE;
	if (size < 1 || size > FRAME_MOST) {
		err_set(err, ERR_FORMAT, "a frame of %llu bytes",
		    (unsigned long long)size);
		return FRAME_BAD;
	}
	if (rest.length < size)
		return FRAME_MORE;
	body = span_first(rest, (size_t)size);
	(void)bytes_pull(&body, 1, &kind);
	if (kind >= FRAME_COUNT)
		return bad(err, "no such frame", kind);
	memset(out, 0, sizeof *out);
	out->kind = (enum frame_kind)kind;
	out->fd = -1;
	for (field = rows[kind].fields; field->type != FIELD_END; field++)
		if (!pull_field(&body, field, out))
			return bad(err, "a frame ends too soon", kind);
	if (body.length > 0)
		return bad(err, "a frame is too long", kind);
	*in = span_skip(rest, (size_t)size);
	return FRAME_DONE;
}
