/* SPDX-License-Identifier: ISC
 *
 * fuzz_session.c - no bytes confuse the session machine.
 *
 * The first byte says who the client is, which limits hold and how the rest
 * is cut into pieces.  Whatever comes: replies are well-formed lines, each
 * command earns one reply, a message is as long as its envelope says and
 * holds no bare CR or LF, a stranger gets none in, and memory is given back.
 */
#include "receiver/session.h"

#include "base/log.h"
#include "base/must.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf *conf;
static struct buf reply;

static void
set_up(void)
{
	struct err err;

	if (conf != NULL)
		return;
	log_open("fuzz", "fuzz", open("/dev/null", O_WRONLY | O_CLOEXEC),
	    false);
	conf = conf_parse(span_of("hostname relay.test\n"
	    "listen 127.0.0.1:25\nqueue { reserve 0 }\n"
	    "limits { command-line 512; data-line 2k; header 1k;"
	    " recipients 3; message-size 4k; errors 50; hops 2;"
	    " memory 1M }\n"), "fuzz", &err);
	must(conf != NULL);
	buf_init(&reply, 1 << 20);
}

/* Replies are lines of "DDD" and a space or hyphen; their number. */
static size_t
count_replies(struct span in)
{
	size_t count = 0;

	while (in.length > 0) {
		size_t end = span_find(in, '\n');

		must(end < in.length && end >= 5 && end < 512);
		must(in.data[end - 1] == '\r');
		must(in.data[0] >= '2' && in.data[0] <= '5');
		must(in.data[3] == ' ' || in.data[3] == '-');
		for (size_t i = 0; i < end - 1; i++)
			must(in.data[i] >= ' ' && in.data[i] < 0x7f);
		count += in.data[3] == ' ';
		in = span_skip(in, end + 1);
	}
	return count;
}

static void
check_message(const struct session *session)
{
	const struct transaction *txn = session->txn;
	struct span body = buf_peek(&txn->body);

	must(session->client.trusted);
	must(txn->refused.code == 0);
	must(txn->envelope->rcpt_count > 0 && txn->envelope->rcpt_count <= 3);
	must(txn->envelope->body_size + txn->dot.stuffed == body.length);
	must(txn->dot.wire_bytes - txn->dot.stuffed <= 4096);
	must(txn->klass < CLASS_COUNT && txn->klass >= session->client.ceiling);
	for (size_t i = 0; i < body.length; i++) {
		must(body.data[i] != '\0');
		must(body.data[i] != '\n' || (i > 0 &&
		    body.data[i - 1] == '\r'));
		must(body.data[i] != '\r' || (i + 1 < body.length &&
		    body.data[i + 1] == '\n'));
	}
	must(body.length >= 2 && body.data[body.length - 1] == '\n');
	must(memmem(body.data, body.length, "\r\n.\r\n", 5) == NULL);
}

/* What must hold between any two calls. */
static void
check_state(const struct session *session)
{
	bool has_txn = session->txn != NULL;

	must(has_txn == (session->state == SESSION_ADDRESSED ||
	    session->state == SESSION_READY ||
	    session->state == SESSION_BODY ||
	    session->state == SESSION_COMMIT));
	must(has_txn || session->rules->in_flight == 0);
	must(session->rules->in_flight <= 1 << 20);
	must((session->state == SESSION_READY) <=
	    (has_txn && session->txn->envelope->rcpt_count > 0));
}

static void
fulfil(struct session *session, enum wish wish)
{
	if (wish == WANT_COMMIT) {
		check_message(session);
		session_committed(session, session->rules->now++ % 3 != 0,
		    &reply);
	} else if (wish == WANT_TLS)
		session_secured(session, "TLSv1.3", "cipher");
}

/* Outside of bodies each line earns one reply; the last one may be followed
 * by a 421. */
static void
check_replies(const struct session *session, bool from_body,
    struct span taken)
{
	size_t replies = count_replies(buf_peek(&reply)), lines = 0;

	for (size_t i = 0; i < taken.length; i++)
		lines += taken.data[i] == '\n';
	must(replies <= lines + 1);
	must(replies <= lines || session->state == SESSION_ENDED);
	must(from_body || replies >= lines);
}

/* One call of the machine; how many bytes of KEPT it took. */
static size_t
step(struct session *session, struct buf *kept)
{
	struct span all = buf_peek(kept), in = all;
	bool from_body = session->state == SESSION_BODY;
	enum wish wish = session_input(session, &in, &reply);
	size_t took = all.length - in.length;

	check_state(session);
	check_replies(session, from_body, span_first(all, took));
	buf_clear(&reply);
	fulfil(session, wish);
	check_state(session);
	buf_clear(&reply);
	buf_skip(kept, took);
	return took;
}

/* A line that is not whole is said again with what follows it, as a
 * connection would do. */
static void
talk(struct session *session, struct span data, size_t piece)
{
	struct buf kept;

	buf_init(&kept, 1 << 20);
	while (data.length > 0 && session_wish(session) != WANT_CLOSE) {
		buf_append_span(&kept, span_first(data, piece));
		data = span_skip(data, piece);
		while (buf_length(&kept) > 0 && step(session, &kept) > 0)
			continue;
		must(buf_length(&kept) < 512 ||
		    session_wish(session) == WANT_CLOSE);
	}
	buf_fini(&kept);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 511, 4096, 65536 };
	struct rules rules = { .now = 1700000000000000,
		.disk_free = UINT64_MAX };
	struct client client = { .klass = CLASS_NORMAL };
	struct session session;

	if (size == 0)
		return 0;
	set_up();
	rules.conf = conf;
	pressure_queue(&rules.pressure, 0,
	    data[0] & 0x80 ? 1 << CLASS_BULK : 0);
	client.trusted = data[0] & 1;
	client.can_tls = data[0] & 2;
	client.liberal = client.trusted && client.can_tls;
	client.local = data[0] & 4;
	client.ceiling = data[0] & 8 ? CLASS_NORMAL : CLASS_URGENT;
	msgid_maker_init(&rules.ids, 1, 1);
	session_init(&session, &rules, &client);
	talk(&session, span_make(data + 1, size - 1),
	    pieces[data[0] >> 4 & 7]);
	session_fini(&session);
	must(rules.in_flight == 0);
	return 0;
}
