/* SPDX-License-Identifier: ISC
 *
 * fuzz_client.c - no server confuses the client machine.
 *
 * The first byte says what the site asks for, how many recipients there are
 * and how the rest is cut into pieces.  Whatever comes: commands are lines
 * of printable bytes; nobody counts as delivered whose body was not sent;
 * each transaction ends with a verdict for each recipient; and what is over
 * stays over.
 */
#include "fuzz/fuzz.h"

#include "deliverer/session.h"

enum { RCPTS = 3 };

static struct envelope *envelope;
static struct buf out;

struct run {
	struct session session;
	size_t rcpts;
	bool body_sent, begun, over;
};

static void
set_up(void)
{
	static const char *const addresses[RCPTS] = {
		"a@x", "\"b c\"@x", "d@x"
	};

	if (envelope != NULL)
		return;
	envelope = envelope_new();
	envelope_set_reverse_path(envelope, span_of("s@x"));
	for (int i = 0; i < RCPTS; i++)
		envelope_add_rcpt(envelope, span_of(addresses[i]),
		    span_of("rfc822;x+2By"), NOTIFY_SUCCESS);
	envelope->flags = ENVELOPE_8BIT | ENVELOPE_PRIORITY;
	envelope->body_size = 1000;
	buf_init(&out, 1 << 20);
}

static void
check_said(void)
{
	struct span said = buf_peek(&out);

	while (said.length > 0) {
		size_t end = span_find(said, '\n');

		must(end < said.length && end >= 1);
		must(said.data[end - 1] == '\r');
		must(fuzz_is_clean(span_first(said, end - 1)));
		said = span_skip(said, end + 1);
	}
	buf_clear(&out);
}

static void
check_result(const struct run *run)
{
	const struct transaction *t = &run->session.transaction;

	must(run->begun && t->count == run->rcpts);
	for (size_t i = 0; i < t->count; i++) {
		const struct verdict *verdict = &t->verdicts[i];

		must(verdict->settled);
		must(verdict->status[1] == '.');
		must(fuzz_is_clean(transaction_text(t, verdict)));
		if (verdict->outcome != OUTCOME_DELIVERED)
			continue;
		must(run->body_sent && verdict->accepted);
		must(verdict->code / 100 == 2);
	}
}

static void
give_job(struct run *run)
{
	static const uint32_t rcpts[RCPTS] = { 2, 0, 1 };

	if (run->session.transaction.touched && run->session.secured) {
		session_quit(&run->session, &out);
		return;
	}
	run->body_sent = false;
	run->begun = session_begin(&run->session, envelope, rcpts,
	    run->rcpts, &out) == SESSION_BEGUN;
	if (!run->begun)
		session_quit(&run->session, &out);
}

static void
step(struct run *run, struct span *in)
{
	while (!run->over) {
		enum wish wish = session_step(&run->session, in, &out);

		check_said();
		switch (wish) {
		case WISH_BYTES:
			return;
		case WISH_TLS:
			must(in->length == 0);
			session_secured(&run->session, &out);
			break;
		case WISH_JOB:
			must(in->length == 0);
			give_job(run);
			break;
		case WISH_BODY:
			must(in->length == 0);
			must(run->session.transaction.accepted > 0);
			run->body_sent = true;
			session_body_sent(&run->session);
			break;
		case WISH_RESULT:
			check_result(run);
			break;
		case WISH_CLOSE:
			run->over = true;
			break;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest, nothing = { NULL, 0 };
	struct run run = { .over = false };
	size_t piece;

	set_up();
	if (size == 0)
		return 0;
	run.rcpts = data[0] % RCPTS + 1;
	piece = (size_t)(data[0] >> 4) * (data[0] >> 4) + 1;
	session_init(&run.session, "me.test",
	    (enum site_tls)(data[0] / RCPTS % 3));
	rest = span_make(data + 1, 0);
	while (!run.over && rest.data < data + size) {
		size_t left = (size_t)(data + size - rest.data);

		must(rest.length <= REPLY_LINE_MOST + piece);
		rest.length += piece;
		if (rest.length > left)
			rest.length = left;
		step(&run, &rest);
		if (rest.data + rest.length == data + size)
			break;
	}
	session_lost(&run.session, "lost connection");
	step(&run, &nothing);
	must(run.over);
	must(session_step(&run.session, &nothing, &out) == WISH_CLOSE);
	session_fini(&run.session);
	return 0;
}
