/* SPDX-License-Identifier: ISC
 *
 * script.c - a server that plays a script against the client machine.
 */
#include "unit/deliverer/script.h"

#include "unit/unit.h"

#include "base/mem.h"

#include <stdio.h>

struct player {
	const struct script *script;
	struct session session;
	struct envelope *envelope;
	uint32_t rcpts[26];
	unsigned begun;
	bool sent, closed;
	struct buf out, result;
};

struct envelope *
script_envelope(unsigned count)
{
	struct envelope *envelope = envelope_new();
	char address[4] = "a@x";

	envelope_set_reverse_path(envelope, span_of("s@x"));
	for (unsigned i = 0; i < count; i++) {
		address[0] = (char)('a' + i);
		envelope_add_rcpt(envelope, span_of(address), span_of(NULL), 0);
	}
	envelope->body_size = 6;
	return envelope;
}

static void
note_result(struct player *p)
{
	static const char *const names[] = {
		[OUTCOME_DELIVERED] = "delivered", [OUTCOME_FAILED] = "failed",
		[OUTCOME_DEFERRED] = "deferred", [OUTCOME_AGAIN] = "again",
	};
	const struct transaction *t = &p->session.transaction;

	if (buf_length(&p->result) > 0)
		buf_append_text(&p->result, "; ");
	for (size_t i = 0; i < t->count; i++) {
		const struct verdict *v = &t->verdicts[i];

		CU_ASSERT_TRUE(v->settled);
		buf_printf(&p->result, "%s%c=%s", i == 0 ? "" : " ",
		    (char)('a' + i), names[v->outcome]);
		if (v->outcome != OUTCOME_DELIVERED)
			buf_printf(&p->result, "(%u %s)", v->code, v->status);
	}
}

static void
give_job(struct player *p)
{
	if (p->begun > 0 && p->begun >= p->script->jobs) {
		session_quit(&p->session, &p->out);
		return;
	}
	p->begun++;
	CU_ASSERT_EQUAL(session_begin(&p->session, p->envelope, p->rcpts,
	    p->script->rcpts, &p->out), SESSION_BEGUN);
}

static void
send_body(struct player *p)
{
	bool ahead = p->script->ahead && !p->sent;

	buf_append_text(&p->out, "BODY\r\n.\r\n");
	session_body_sent(&p->session);
	p->sent = true;
	if (!ahead)
		return;
	CU_ASSERT_TRUE_FATAL(session_takes_ahead(&p->session));
	p->session.proves = p->script->proves;
	CU_ASSERT_EQUAL(session_begin_ahead(&p->session, p->envelope,
	    p->rcpts, p->script->rcpts, &p->out), SESSION_BEGUN);
	CU_ASSERT_FALSE(session_takes_ahead(&p->session));
	if (p->script->drop)
		session_drop_ahead(&p->session);
}

/* Step until more bytes are wanted, or the end. */
static void
run(struct player *p, struct span *in)
{
	while (!p->closed) {
		switch (session_step(&p->session, in, &p->out)) {
		case WISH_BYTES:
			return;
		case WISH_TLS:
			CU_ASSERT_EQUAL(in->length, 0);
			buf_append_text(&p->out, "[TLS]");
			session_secured(&p->session, &p->out);
			break;
		case WISH_JOB:
			give_job(p);
			break;
		case WISH_BODY:
			send_body(p);
			break;
		case WISH_RESULT:
			note_result(p);
			break;
		case WISH_CLOSE:
			p->closed = true;
			break;
		}
	}
}

/* Let the machine see BYTES; what it leaves is offered again with more. */
static void
feed(struct player *p, const char *bytes, size_t first)
{
	size_t length = strlen(bytes);
	struct span in;

	if (first > length)
		first = length;
	in = span_make(bytes, first);
	run(p, &in);
	in.length = (size_t)((const uint8_t *)bytes + length - in.data);
	if (first < length)
		run(p, &in);
}

static void
feed_bytes(struct player *p, const char *bytes)
{
	const uint8_t *end = (const uint8_t *)bytes + strlen(bytes);
	struct span in = span_make(bytes, 0);

	while (in.data + in.length < end) {
		in.length++;
		run(p, &in);
	}
}

static void
start(struct player *p, const struct script *script)
{
	memset(p, 0, sizeof(*p));
	p->script = script;
	p->envelope = script_envelope(script->rcpts);
	for (uint32_t i = 0; i < 26; i++)
		p->rcpts[i] = i;
	buf_init(&p->out, 1 << 16);
	buf_init(&p->result, 1 << 12);
	session_init(&p->session, "me.test", script->tls);
}

static void
stop(struct player *p)
{
	session_fini(&p->session);
	envelope_free(&p->envelope);
	buf_fini(&p->out);
	buf_fini(&p->result);
}

static void
expect_said(struct player *p, const char *said, const char *how)
{
	bool same = span_is(buf_peek(&p->out), said);

	if (!same)
		fprintf(stderr, "\n%s (%s): said \"%.*s\" instead of \"%s\"\n",
		    p->script->name, how, (int)buf_length(&p->out),
		    (const char *)p->out.data + p->out.start, said);
	CU_ASSERT_TRUE(same);
	buf_clear(&p->out);
}

static void
expect_end(struct player *p, const char *how)
{
	const struct script *script = p->script;
	const char *failure = p->session.failure.text;
	bool same;

	if (buf_length(&p->result) == 0)
		buf_append_text(&p->result, "-");
	same = span_is(buf_peek(&p->result), script->result);
	if (!same)
		fprintf(stderr, "\n%s (%s): \"%.*s\" instead of \"%s\"\n",
		    script->name, how, (int)buf_length(&p->result),
		    (const char *)p->result.data, script->result);
	CU_ASSERT_TRUE(same);
	if (script->proves)
		CU_ASSERT_EQUAL(p->session.order, script->order);
	if (script->failure == NULL)
		same = failure[0] == '\0';
	else
		same = strncmp(failure, script->failure,
		    strlen(script->failure)) == 0;
	if (!same)
		fprintf(stderr, "\n%s (%s): failure \"%s\"\n", script->name,
		    how, failure);
	CU_ASSERT_TRUE(same);
}

static void
play(const struct script *script, enum feeding how, size_t split)
{
	static const char *const words[] = { "whole", "bytes", "split" };
	struct player p;
	struct span nothing = { NULL, 0 };

	start(&p, script);
	for (size_t i = 0; script->talk[i] != NULL; i++) {
		if (i % 2 == 1)
			expect_said(&p, script->talk[i], words[how]);
		else if (how == FEED_BYTES)
			feed_bytes(&p, script->talk[i]);
		else
			feed(&p, script->talk[i],
			    how == FEED_SPLIT ? split : SIZE_MAX);
	}
	if (script->lost) {
		session_lost(&p.session, "lost connection");
		run(&p, &nothing);
	}
	expect_end(&p, words[how]);
	stop(&p);
}

void
script_play(const struct script *script)
{
	size_t longest = 0;

	play(script, FEED_WHOLE, 0);
	if (script->whole_only)
		return;
	play(script, FEED_BYTES, 0);
	for (size_t i = 0; script->talk[i] != NULL; i += 2)
		if (strlen(script->talk[i]) > longest)
			longest = strlen(script->talk[i]);
	for (size_t split = 1; split < longest; split++)
		play(script, FEED_SPLIT, split);
}
