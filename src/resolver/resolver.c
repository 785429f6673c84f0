/* SPDX-License-Identifier: ISC
 *
 * resolver.c - questions of the scheduler, and their answers.
 *
 * An inquiry is a lookup and the tokens of those who wait for it.  After
 * its answer it may have to live on until the last reply of the DNS is in.
 */
#include "resolver/resolver.h"

#include "base/log.h"
#include "base/mem.h"
#include "resolver/lookup.h"
#include "smtp/path.h"

#include <stdio.h>

enum {
	INQUIRIES_MOST = 4096,
	WAITERS_MOST = 65536,
	HOSTS_BYTES = 1 << 20,
	SMTP_PORT = 25,
	GRACE = 2000,		/* ms for what mail need not wait for */
	TTL_MOST = 86400
};

struct inquiry {
	struct link link;	/* in resolver->all */
	struct resolver *resolver;
	struct lookup *lookup;
	struct timer *timer;
	char *key;		/* 'm' or 'h', then the name */
	uint32_t *tokens;
	size_t token_count, token_room;
	msec_t until;		/* it is answered then, with what is there */
	bool in_map, starting, hurried;
};

static struct span
key_of(const void *value)
{
	return span_of(((const struct inquiry *)value)->key);
}

bool
resolver_init(struct resolver *r, struct loop *loop, const struct conf *conf,
    struct board_row *board, struct err *err)
{
	r->dns = dns_open(conf, loop, err);
	if (r->dns == NULL)
		return false;
	r->loop = loop;
	r->conf = conf;
	r->board = board;
	map_init(&r->inquiries, key_of);
	list_init(&r->all);
	buf_init(&r->hosts, HOSTS_BYTES);
	return true;
}

/* ---- answers ------------------------------------------------------------ */

/* An answer in which something is missing is no better than a failure. */
static uint32_t
ttl_of(const struct resolver *r, const struct lookup *l)
{
	msec_t kept = conf_time(r->conf, r->conf->resolver_negative) / 1000;
	uint32_t ttl = l->ttl < TTL_MOST ? l->ttl : TTL_MOST;

	if (l->status != ANSWER_OK || (l->temporary && kept < ttl))
		ttl = (uint32_t)kept;
	return ttl > 1 ? ttl : 1;
}

static void
send_answers(struct inquiry *inquiry)
{
	struct resolver *r = inquiry->resolver;
	const struct lookup *l = inquiry->lookup;
	struct frame frame = { .kind = FRAME_ANSWER, .fd = -1 };

	if (l->status == ANSWER_OK)
		lookup_hosts(l, SMTP_PORT, &r->hosts);
	frame.answer = (struct frame_answer){
		.status = l->status, .secure = l->secure,
		.ttl = ttl_of(r, l), .hosts = buf_peek(&r->hosts),
		.text = span_of(l->text),
	};
	for (size_t i = 0; i < inquiry->token_count; i++) {
		frame.answer.token = inquiry->tokens[i];
		if (r->scheduler != NULL)
			channel_send(r->scheduler, &frame);
	}
	inquiry->token_count = 0;
	buf_clear(&r->hosts);
}

static void
inquiry_free(struct inquiry *inquiry)
{
	list_remove(&inquiry->resolver->all, &inquiry->link);
	timer_free(&inquiry->timer);
	lookup_free(&inquiry->lookup);
	mem_free(inquiry->tokens);
	mem_free(inquiry->key);
	mem_free(inquiry);
}

static void
hurry(struct inquiry *inquiry)
{
	struct resolver *r = inquiry->resolver;
	msec_t now = loop_now(r->loop);
	msec_t until = now + conf_time(r->conf, GRACE);

	if (inquiry->hurried || inquiry->until <= until)
		return;
	inquiry->hurried = true;
	timer_set(inquiry->timer, until - now);
}

/* After each step: answer when there is an answer, go when all is over. */
static void
settle(struct inquiry *inquiry)
{
	if (inquiry->starting)
		return;
	if (lookup_suffices(inquiry->lookup))
		hurry(inquiry);
	if (inquiry->lookup->answered && inquiry->in_map) {
		map_remove(&inquiry->resolver->inquiries,
		    span_of(inquiry->key));
		inquiry->in_map = false;
		timer_stop(inquiry->timer);
		send_answers(inquiry);
	}
	if (inquiry->lookup->answered && inquiry->lookup->pending == 0)
		inquiry_free(inquiry);
}

/* ---- questions ---------------------------------------------------------- */

static void
on_reply(void *owner, unsigned slot, const struct dns_reply *reply)
{
	struct inquiry *inquiry = owner;

	lookup_reply(inquiry->lookup, slot, reply);
	settle(inquiry);
}

static void
ask(void *owner, struct lookup *lookup, const char *name, enum dns_type type,
    unsigned slot)
{
	struct inquiry *inquiry = owner;
	bool nested = inquiry->starting;

	(void)lookup;
	board_add(inquiry->resolver->board, METRIC_QUESTIONS, 1);
	inquiry->starting = true;	/* the reply may come at once */
	dns_ask(inquiry->resolver->dns, name, type, on_reply, inquiry, slot);
	inquiry->starting = nested;
}

static void
on_timeout(void *owner)
{
	struct inquiry *inquiry = owner;

	lookup_expire(inquiry->lookup);
	settle(inquiry);
}

static void
add_token(struct inquiry *inquiry, uint32_t token)
{
	if (inquiry->token_count == inquiry->token_room) {
		inquiry->token_room = inquiry->token_room * 2 + 1;
		inquiry->tokens = mem_resize(inquiry->tokens,
		    inquiry->token_room, sizeof(inquiry->tokens[0]));
	}
	inquiry->tokens[inquiry->token_count++] = token;
}

static void
begin(struct resolver *r, const struct frame_question *question, char *key)
{
	struct inquiry *inquiry = mem_new(struct inquiry);

	list_append(&r->all, &inquiry->link);
	inquiry->resolver = r;
	inquiry->key = key;
	inquiry->lookup = lookup_new(question->kind, question->name, ask,
	    inquiry);
	inquiry->timer = timer_new(r->loop, on_timeout, inquiry);
	add_token(inquiry, question->token);
	map_add(&r->inquiries, inquiry);
	inquiry->in_map = true;
	inquiry->until = loop_now(r->loop) + conf_time(r->conf,
	    r->conf->resolver_timeout);
	timer_set(inquiry->timer, inquiry->until - loop_now(r->loop));
	inquiry->starting = true;
	lookup_start(inquiry->lookup);
	inquiry->starting = false;
	settle(inquiry);
}

static void
refuse(struct resolver *r, uint32_t token, enum answer_status status,
    const char *text)
{
	struct frame frame = { .kind = FRAME_ANSWER, .fd = -1 };

	frame.answer = (struct frame_answer){
		.token = token, .status = status, .ttl = 1,
		.text = span_of(text),
	};
	channel_send(r->scheduler, &frame);
}

static char *
make_key(const struct frame_question *question)
{
	return text_lower(mem_printf("%c%.*s",
	    question->kind == QUESTION_MX ? 'm' : 'h',
	    (int)question->name.length, (const char *)question->name.data));
}

static void
on_question(struct resolver *r, const struct frame_question *question)
{
	struct inquiry *inquiry;
	char *key;

	if (!domain_is_valid(question->name)) {
		refuse(r, question->token, ANSWER_NONE, "not a domain name");
		return;
	}
	key = make_key(question);
	inquiry = map_find(&r->inquiries, span_of(key));
	if (inquiry == NULL && r->all.count < INQUIRIES_MOST) {
		begin(r, question, key);
		return;
	}
	mem_free(key);
	if (inquiry != NULL && inquiry->token_count < WAITERS_MOST)
		add_token(inquiry, question->token);
	else
		refuse(r, question->token, ANSWER_TEMPORARY,
		    "too many questions at once");
}

void
resolver_frame(struct resolver *r, const struct frame *frame)
{
	if (frame->kind == FRAME_QUESTION && r->scheduler != NULL)
		on_question(r, &frame->question);
}

void
resolver_orphaned(struct resolver *r)
{
	struct inquiry *inquiry;
	size_t at = 0;

	r->scheduler = NULL;
	while ((inquiry = map_each(&r->inquiries, &at)) != NULL)
		inquiry->token_count = 0;
}

/* What is under way is answered to nobody; the DNS goes first, so that
 * nothing calls back. */
void
resolver_fini(struct resolver *r)
{
	struct inquiry *inquiry;

	if (r->dns == NULL)
		return;
	dns_close(&r->dns);
	map_fini(&r->inquiries);
	while (!list_empty(&r->all)) {
		inquiry = list_item(list_first(&r->all), struct inquiry, link);
		inquiry->lookup->pending = 0;
		inquiry_free(inquiry);
	}
	buf_fini(&r->hosts);
}
