/* SPDX-License-Identifier: ISC
 *
 * talk.c - a conversation with the session machine, without a network.
 */
#include "unit/receiver/talk.h"

#include "base/mem.h"
#include "base/must.h"
#include "receiver/intake.h"

#include <stdio.h>

static const char always[] = "hostname relay.test\n"
    "listen 127.0.0.1:25\n";
static const char unless_given[] = "queue { reserve 1k }\n"
    "limits { recipients 5; message-size 20k; errors 30 }\n";

static void
read_conf(struct talk *talk, const char *lines)
{
	struct buf *text = buf_new(65536);
	struct err err;

	buf_append_text(text, always);
	buf_append_text(text, lines == NULL ? unless_given : lines);
	talk->conf = conf_parse(buf_peek(text), "test", &err);
	if (talk->conf == NULL)
		fprintf(stderr, "%s\n", err.text);
	must(talk->conf != NULL);
	buf_free(&text);
}

void
talk_begin(struct talk *talk, const char *conf_lines, bool trusted)
{
	struct client client = { .trusted = trusted, .klass = CLASS_NORMAL,
		.ceiling = CLASS_URGENT, .can_tls = true };

	*talk = (struct talk){ 0 };
	read_conf(talk, conf_lines);
	must(addr_parse(span_of("192.0.2.7"), &client.address));
	talk->rules.conf = talk->conf;
	talk->rules.now = 1700000000 * (usec_t)1000000;
	talk->rules.disk_free = UINT64_C(1) << 40;
	msgid_maker_init(&talk->rules.ids, 7, 3);
	buf_init(&talk->input, 1 << 24);
	buf_init(&talk->replies, 1 << 24);
	session_init(&talk->session, &talk->rules, &client);
}

static void
forget(struct talk *talk, unsigned i)
{
	mem_free(talk->got[i].sender);
	mem_free(talk->got[i].client);
	mem_free(talk->got[i].envid);
	mem_free(talk->got[i].first_rcpt);
	mem_free(talk->got[i].body);
}

void
talk_end(struct talk *talk)
{
	session_fini(&talk->session);
	CU_ASSERT_EQUAL(talk->rules.in_flight, 0);
	for (unsigned i = 0; i < MESSAGES_MOST; i++)
		forget(talk, i);
	buf_fini(&talk->input);
	buf_fini(&talk->replies);
	conf_free(&talk->conf);
}

/* ---- wishes -------------------------------------------------------------- */

static void
note_message(struct talk *talk)
{
	const struct transaction *txn = talk->session.txn;
	const struct envelope *envelope = txn->envelope;
	unsigned i = talk->messages++ % MESSAGES_MOST;

	forget(talk, i);
	talk->got[i].sender = mem_strdup(envelope->reverse_path);
	talk->got[i].client = mem_strdup(envelope->client);
	talk->got[i].envid = mem_strdup(envelope->envid);
	talk->got[i].first_rcpt = mem_strdup(envelope->rcpts[0].address);
	talk->got[i].body = span_copy(buf_peek(&txn->body));
	talk->got[i].rcpt_count = envelope->rcpt_count;
	talk->got[i].flags = envelope->flags;
	talk->got[i].body_size = envelope->body_size;
	talk->got[i].priority = envelope->priority;
	talk->got[i].by = envelope->by;
	talk->got[i].by_return = envelope->by_return;
	talk->got[i].hold = envelope->hold;
	talk->got[i].hops = envelope->hops;
	talk->got[i].klass = txn->klass;
	talk->got[i].ret = envelope->ret;
	talk->got[i].notify = envelope->rcpts[0].notify;
	talk->got[i].full_size =
	    envelope->body_size + intake_kept(txn)->stuffed ==
	    buf_length(&txn->body);
}

void
talk_commit(struct talk *talk, bool ok)
{
	if (ok)
		note_message(talk);
	session_committed(&talk->session, ok, &talk->replies);
	talk_say(talk, span_make(NULL, 0));
}

/* One step.  False: nothing moves any more. */
static bool
step(struct talk *talk)
{
	struct span in = buf_peek(&talk->input);
	size_t before = in.length;
	struct buf reply;
	enum wish wish;

	buf_init(&reply, 1 << 20);
	wish = session_input(&talk->session, &in, &reply);
	buf_append_span(&talk->replies, buf_peek(&reply));
	buf_fini(&reply);
	buf_skip(&talk->input, before - in.length);
	if (wish == WANT_COMMIT && !talk->slow_disk) {
		if (!talk->disk_fails)
			note_message(talk);
		session_committed(&talk->session, !talk->disk_fails,
		    &talk->replies);
		return true;
	}
	if (wish == WANT_TLS) {
		CU_ASSERT_EQUAL(in.length, 0);
		talk->handshakes++;
		session_secured(&talk->session, "TLSv1.3",
		    "TLS_AES_256_GCM_SHA384");
		return true;
	}
	return before > in.length && in.length > 0;
}

void
talk_say(struct talk *talk, struct span bytes)
{
	buf_append_span(&talk->input, bytes);
	while (step(talk))
		continue;
}

/* ---- replies in short ---------------------------------------------------- */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* "2.1.0" at the start of TEXT: its length; 0: none. */
static size_t
status_length(struct span text)
{
	size_t end = span_find(text, ' ');

	if (end < 5 || !is_digit(text.data[0]) || text.data[1] != '.')
		return 0;
	for (size_t i = 0; i < end; i++)
		if (!is_digit(text.data[i]) && text.data[i] != '.')
			return 0;
	return end;
}

void
talk_short(struct span replies, char *out)
{
	size_t at = 0;

	out[0] = '\0';
	while (replies.length > 0 && at < SHORT_MOST - 64) {
		size_t end = span_find(replies, '\n');
		struct span line = span_first(replies, end);
		size_t status;

		replies = span_skip(replies, end + 1);
		CU_ASSERT_TRUE(line.length >= 5 && line.length <= 511);
		CU_ASSERT_EQUAL(line.data[line.length - 1], '\r');
		if (line.length < 5 || line.data[3] == '-')
			continue;
		status = status_length(span_skip(line, 4));
		at += (size_t)snprintf(out + at, SHORT_MOST - at,
		    "%s%.3s%s%.*s", at == 0 ? "" : ", ",
		    (const char *)line.data, status > 0 ? " " : "",
		    (int)status, (const char *)line.data + 4);
	}
}

char *
talk_take_replies(struct talk *talk)
{
	char *text = span_copy(buf_peek(&talk->replies));

	buf_clear(&talk->replies);
	return text;
}

const char *
talk_hear(struct talk *talk, const char *text)
{
	static char out[SHORT_MOST];

	buf_clear(&talk->replies);
	talk_say(talk, span_of(text));
	talk_short(buf_peek(&talk->replies), out);
	return out;
}

/* ---- playing ------------------------------------------------------------- */

enum { CUT_NOWHERE = -1, CUT_EVERYWHERE = -2 };

/* Say TEXT, which starts at offset FROM of the whole, cut at CUT. */
static void
say_cut(struct talk *talk, struct span text, long from, long cut)
{
	long in = cut - from;

	if (cut == CUT_EVERYWHERE)
		for (size_t i = 0; i < text.length; i++)
			talk_say(talk, span_make(text.data + i, 1));
	else if (cut != CUT_NOWHERE && in > 0 && in < (long)text.length) {
		talk_say(talk, span_first(text, (size_t)in));
		talk_say(talk, span_skip(text, (size_t)in));
	} else
		talk_say(talk, text);
}

/* The length of all that was said. */
static long
play_once(const char *conf_lines, bool trusted, const struct step *steps,
    unsigned messages, long cut)
{
	struct talk talk;
	char heard[SHORT_MOST];
	long from = 0;

	talk_begin(&talk, conf_lines, trusted);
	for (; steps->say != NULL; steps++) {
		struct span text = span_of(steps->say);

		buf_clear(&talk.replies);
		say_cut(&talk, text, from, cut);
		talk_short(buf_peek(&talk.replies), heard);
		if (strcmp(heard, steps->hear) != 0)
			fprintf(stderr, "cut %ld: said %s\n heard: %s\n"
			    " not: %s\n", cut, steps->say, heard,
			    steps->hear);
		CU_ASSERT_STRING_EQUAL(heard, steps->hear);
		from += (long)text.length;
	}
	CU_ASSERT_EQUAL(talk.messages, messages);
	talk_end(&talk);
	return from;
}

void
play(const char *conf_lines, bool trusted, const struct step *steps,
    unsigned messages)
{
	long length = play_once(conf_lines, trusted, steps, messages,
	    CUT_NOWHERE);

	play_once(conf_lines, trusted, steps, messages, CUT_EVERYWHERE);
	for (long cut = 1; cut < length; cut++)
		play_once(conf_lines, trusted, steps, messages, cut);
}
