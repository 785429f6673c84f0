/* SPDX-License-Identifier: ISC
 *
 * intake.c - body bytes in: from DATA to the lone dot.
 */
#include "receiver/intake.h"

#include "receiver/classify.h"
#include "receiver/policy.h"

#include "mail/header.h"

enum { FIRST_ROOM = 8192, FIRST_ROOM_MOST = 65536, MEND_BYTES = 4096 };

/* Room for what MAIL declared, so that the body is not moved as it grows. */
static void
reserve_room(struct transaction *txn)
{
	size_t room = FIRST_ROOM;

	if (txn->declared > FIRST_ROOM)
		room = txn->declared < FIRST_ROOM_MOST ?
		    (size_t)txn->declared + 1024 : FIRST_ROOM_MOST;
	(void)buf_reserve(&txn->body, room);
}

void
intake_begin(struct transaction *txn, struct rules *rules,
    struct trace *trace)
{
	char id[MSGID_TEXT + 1];

	txn->id = msgid_next(&rules->ids, rules->now);
	txn->envelope->arrived = rules->now;
	txn->dot = DOT_START;
	trace->id = msgid_text(txn->id, id);
	trace->when = rules->now;
	buf_init(&txn->body, rules->conf->memory + FIRST_ROOM_MOST);
	reserve_room(txn);
	trace_put(trace, &txn->body);
	txn->trace_bytes = buf_length(&txn->body);
	txn->trace_dot = dot_over(buf_peek(&txn->body));
	transaction_charge(txn, rules);
}

const struct dot *
intake_kept(const struct transaction *txn)
{
	return txn->mended ? &txn->kept : &txn->dot;
}

/* ---- limits ------------------------------------------------------------- */

static void
check_limits(struct transaction *txn, struct rules *rules)
{
	const struct conf *conf = rules->conf;
	const struct dot *dot = intake_kept(txn);

	if (dot->bare)
		transaction_refuse(txn, rules, 550, "5.6.11",
		    "Lines must end in CR LF; there is a bare CR or LF");
	else if (txn->dot.nul)
		transaction_refuse(txn, rules, 550, "5.6.0",
		    "There is a NUL byte in the message");
	else if (conf->message_bytes != 0 &&
	    dot->wire_bytes - dot->stuffed > conf->message_bytes)
		transaction_refuse(txn, rules, 552, "5.3.4",
		    "The message is larger than is taken here");
	else if (conf->data_line != 0 &&
	    dot->longest + strlen("\r\n") > conf->data_line)
		transaction_refuse(txn, rules, 550, "5.6.0",
		    "A line of the message is too long");
}

static void
check_room(struct transaction *txn, struct rules *rules)
{
	struct complaint no = pressure_room(&rules->pressure, txn->klass);

	if (no.code != 0)
		transaction_refuse(txn, rules, no.code, no.status, no.text);
}

static void
keep(struct transaction *txn, struct rules *rules, const void *data,
    size_t length)
{
	if (txn->refused.code != 0 || length == 0)
		return;
	if (!policy_has_memory(rules, txn, length) ||
	    !buf_append(&txn->body, data, length)) {
		transaction_refuse(txn, rules, 452, "4.3.1",
		    "Too much mail at once, try again later");
		return;
	}
	transaction_charge(txn, rules);
}

/* Keep what the client said, or what that becomes. */
static void
take(struct transaction *txn, struct rules *rules, struct span said)
{
	uint8_t bytes[MEND_BYTES];

	if (!txn->mended) {
		keep(txn, rules, said.data, said.length);
		return;
	}
	while (said.length > 0 && txn->refused.code == 0) {
		size_t length =
		    dot_mend_read(&txn->mend, &said, bytes, sizeof bytes);

		dot_follow(&txn->kept, span_make(bytes, length));
		keep(txn, rules, bytes, length);
		check_limits(txn, rules);
	}
}

/* ---- the header block --------------------------------------------------- */

/* The body so far, without our own field. */
static struct span
body_of(const struct transaction *txn)
{
	return span_skip(buf_peek(&txn->body), txn->trace_bytes);
}

static void
settle_class(struct transaction *txn, struct rules *rules,
    const struct client *client, const struct header_facts *facts)
{
	struct envelope *envelope = txn->envelope;
	struct verdict verdict = classify(client,
	    (envelope->flags & ENVELOPE_PRIORITY) != 0, envelope->priority,
	    facts);
	struct complaint no;

	txn->klass = (uint8_t)verdict.klass;
	txn->lowered = verdict.lowered;
	if (verdict.has_priority) {
		envelope->flags |= ENVELOPE_PRIORITY;
		envelope->priority = (int8_t)verdict.priority;
	}
	no = pressure_verdict(&rules->pressure, verdict.klass);
	if (no.code == 0)
		no = policy_room(rules, verdict.klass, txn->declared);
	if (no.code != 0)
		transaction_refuse(txn, rules, no.code, no.status, no.text);
}

static void
header_ended(struct transaction *txn, struct rules *rules,
    const struct client *client, struct span block)
{
	struct header_facts facts = { .message_id = txn->message_id };

	txn->header_done = true;
	header_facts_read(&facts, block, rules->conf);
	txn->envelope->hops = facts.hops < UINT16_MAX ?
	    (uint16_t)facts.hops : UINT16_MAX;
	if (facts.hops > rules->conf->hops)
		transaction_refuse(txn, rules, 554, "5.4.6",
		    "The message has come through too many hosts: a loop");
	settle_class(txn, rules, client, &facts);
}

/*
 * Length of BLOCK up to its first line that is no header field; all of it
 * when that line is not whole yet.
 */
static size_t
fields_length(struct span block)
{
	struct header_field field;
	struct span rest = block;

	while (header_pull(&rest, &field))
		continue;
	if (span_find(rest, '\n') == rest.length)
		return block.length;
	return block.length - rest.length;
}

/* Look for the empty line, but only in what is new since the last time. */
static size_t
find_empty_line(struct transaction *txn, struct span body)
{
	size_t from = txn->searched < 3 ? 0 : txn->searched - 3;
	const uint8_t *at;

	if (body.length >= 2 && memcmp(body.data, "\r\n", 2) == 0)
		return 2;
	at = memmem(body.data + from, body.length - from, "\r\n\r\n", 4);
	txn->searched = body.length;
	return at == NULL ? 0 : (size_t)(at - body.data) + 4;
}

static void
look_at_header(struct transaction *txn, struct rules *rules,
    const struct client *client, bool whole)
{
	size_t most = rules->conf->header_bytes;
	struct span body = body_of(txn);
	size_t length;

	if (body.length == 0 && !whole)
		return;
	length = body.length == 0 ? 0 : find_empty_line(txn, body);
	if (length == 0 && (whole || body.length > most))
		length = fields_length(body);
	else if (length == 0)
		return;
	if (length > most)
		transaction_refuse(txn, rules, 554, "5.6.0",
		    "The header of the message is too long");
	else
		header_ended(txn, rules, client, span_first(body, length));
}

/* ---- all together ------------------------------------------------------- */

static void
finish(struct transaction *txn)
{
	struct envelope *envelope = txn->envelope;

	const struct dot *kept = intake_kept(txn);

	envelope->body_size =
	    txn->trace_bytes + kept->wire_bytes - kept->stuffed;
	if (kept->stuffed > 0)
		envelope->flags |= ENVELOPE_DOTS;
	if (kept->eight_bit)
		envelope->flags |= ENVELOPE_8BIT;
}

enum dot_step
intake_read(struct transaction *txn, struct rules *rules,
    const struct client *client, struct span *in)
{
	const struct dot before = txn->dot;
	struct dot_piece piece;
	enum dot_step step = dot_read(&txn->dot, in, &piece);

	if (txn->dot.bare && !txn->mended && client->mends) {
		dot_mend_begin(&txn->mend, &before, &txn->kept);
		txn->mended = true;
	}
	check_limits(txn, rules);
	take(txn, rules, span_make(piece.held, piece.held_length));
	take(txn, rules, piece.body);
	if (!txn->header_done && txn->refused.code == 0)
		look_at_header(txn, rules, client, step == DOT_DONE);
	if (txn->header_done)
		check_room(txn, rules);
	if (step == DOT_DONE)
		finish(txn);
	return step;
}
