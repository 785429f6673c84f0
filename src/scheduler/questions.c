/* SPDX-License-Identifier: ISC
 *
 * questions.c - what the resolver is asked, and what follows from its
 * answers.
 *
 * It is asked for so many names at once and no more: it would refuse, and
 * urgent mail for a new domain would wait behind all others.
 */
#include "scheduler/settle.h"

#include "base/mem.h"
#include "scheduler/control.h"
#include "scheduler/hosts.h"
#include "scheduler/scheduler.h"

#include <stdio.h>

enum { ASKED_MOST = 512 };

struct question {
	struct link link;	/* in routes.unasked */
	uint32_t token;
	struct domain *domain;
	uint8_t kind;
	uint16_t hop;		/* its place among the hosts of a route */
	uint16_t port;
	char *name;
};

static struct span
question_key(const void *value)
{
	const struct question *question = value;

	return span_make(&question->token, sizeof question->token);
}

static void
send_question(struct scheduler *s, const struct question *question)
{
	struct frame frame = { .kind = FRAME_QUESTION, .fd = -1 };

	frame.question.token = question->token;
	frame.question.kind = question->kind;
	frame.question.name = span_of(question->name);
	channel_send(s->routes.resolver, &frame);
}

static void
send_more(struct scheduler *s)
{
	struct routes *routes = &s->routes;
	struct link *link;

	while (routes->resolver != NULL && routes->asked < ASKED_MOST &&
	    (link = list_take(&routes->unasked)) != NULL) {
		send_question(s, list_item(link, struct question, link));
		routes->asked++;
	}
}

void
routes_ask(struct scheduler *s, struct domain *domain, uint8_t kind,
    const char *name, uint16_t hop, uint16_t port)
{
	struct question *question = mem_new(struct question);

	question->token = ++s->routes.next_token;
	question->domain = domain;
	question->kind = kind;
	question->hop = hop;
	question->port = port;
	question->name = mem_strdup(name);
	map_add(&s->routes.questions, question);
	domain->pending++;
	domain->token = question->token;
	list_append(&s->routes.unasked, &question->link);
	send_more(s);
}

void
routes_press(struct scheduler *s, const struct domain *domain)
{
	struct question *question = map_find(&s->routes.questions,
	    span_make(&domain->token, sizeof domain->token));

	if (question == NULL || !link_on_list(&question->link))
		return;
	list_remove(&s->routes.unasked, &question->link);
	list_prepend(&s->routes.unasked, &question->link);
}

static void
question_free(struct question *question)
{
	mem_free(question->name);
	mem_free(question);
}

void
routes_resolver(struct scheduler *s, struct channel *resolver)
{
	struct question *question;
	size_t at = 0;

	s->routes.resolver = resolver;
	if (resolver == NULL) {
		control_wake(s->control);
		return;
	}
	s->routes.asked = 0;
	while ((question = map_each(&s->routes.questions, &at)) != NULL)
		if (!link_on_list(&question->link))
			list_prepend(&s->routes.unasked, &question->link);
	send_more(s);
}

static msec_t
at_least_a_minute(const struct scheduler *s, msec_t ttl)
{
	msec_t minute = conf_time(s->conf, MSEC_MINUTE);

	return ttl > minute ? ttl : minute;
}

/* A host of a route by its name: all its addresses at our port. */
static void
add_hop(struct hosts *hosts, const struct question *question,
    const struct frame_answer *answer)
{
	struct span list = answer->hosts;
	struct host_row row;

	while (host_row_pull(&list, &row)) {
		row.preference = question->hop;
		row.port = question->port;
		row.name = span_of(question->name);
		hosts_add(hosts, &row);
	}
}

/* A fixed host that has no address is our operator's mistake, or a DNS that
 * is not there: never a reason to return mail. */
static void
hop_answered(struct scheduler *s, const struct question *question,
    const struct frame_answer *answer)
{
	struct domain *domain = question->domain;
	msec_t ttl = (msec_t)answer->ttl * MSEC_SECOND;
	msec_t expires = scheduler_now(s) + at_least_a_minute(s, ttl);

	if (answer->status == ANSWER_OK)
		add_hop(domain->hosts, question, answer);
	if (expires < domain->expires)
		domain->expires = expires;
	if (domain->pending > 0)
		return;
	if (domain->hosts->count > 0)
		routes_settle(s, domain, domain->expires);
	else
		routes_fail(s, domain, ANSWER_TEMPORARY,
		    "no address of the route's hosts was found");
}

static const char *
why_not(const struct frame_answer *answer, char *out, size_t size)
{
	static const char *const texts[] = {
		[ANSWER_NONE] = "Host or domain name not found",
		[ANSWER_NULL_MX] = "Domain does not accept mail (null MX)",
		[ANSWER_NO_ADDRESS] = "No mail host of the domain has an "
		    "address",
		[ANSWER_TEMPORARY] = "Name server did not answer",
	};
	const char *text = answer->status <= ANSWER_TEMPORARY ?
	    texts[answer->status] : NULL;

	if (text == NULL)
		text = "Name server gave no useful answer";
	if (answer->text.length == 0)
		return text;
	snprintf(out, size, "%s: %.*s", text,
	    answer->text.length < 200 ? (int)answer->text.length : 200,
	    (const char *)answer->text.data);
	return out;
}

static void
mx_answered(struct scheduler *s, struct domain *domain,
    const struct frame_answer *answer)
{
	msec_t ttl = (msec_t)answer->ttl * MSEC_SECOND;
	struct span list = answer->hosts;
	struct host_row row;
	char text[320];

	if (answer->status != ANSWER_OK) {
		routes_fail(s, domain, answer->status, why_not(answer, text,
		    sizeof text));
		return;
	}
	hosts_free(&domain->hosts);
	domain->hosts = hosts_new();
	while (host_row_pull(&list, &row))
		hosts_add(domain->hosts, &row);
	if (domain->hosts->count == 0) {
		routes_fail(s, domain, ANSWER_NO_ADDRESS,
		    "No mail host of the domain has an address");
		return;
	}
	hosts_drop_from(domain->hosts, s->conf->hostname);
	if (domain->hosts->count == 0) {
		routes_fail(s, domain, FAILURE_LOOP,
		    "Mail for the domain loops back to this host");
		return;
	}
	if (!hosts_have_address(domain->hosts)) {
		routes_fail(s, domain, ANSWER_TEMPORARY, "The addresses of "
		    "its better mail hosts cannot be looked up");
		return;
	}
	routes_settle(s, domain, scheduler_now(s) + at_least_a_minute(s, ttl));
}

/* The answers are of a route that is no more. */
static void
ask_again(struct scheduler *s, struct domain *domain)
{
	if (domain->pending > 0)
		return;
	domain->again = false;
	domain->expires = 0;
	routes_refresh(s, domain);
}

void
routes_answer(struct scheduler *s, const struct frame_answer *answer)
{
	struct question *question = map_remove(&s->routes.questions,
	    span_make(&answer->token, sizeof answer->token));

	if (question == NULL)
		return;
	if (link_on_list(&question->link))	/* of a former resolver */
		list_remove(&s->routes.unasked, &question->link);
	else
		s->routes.asked--;
	send_more(s);
	question->domain->pending--;
	if (question->domain->again)
		ask_again(s, question->domain);
	else if (question->kind == QUESTION_HOST)
		hop_answered(s, question, answer);
	else
		mx_answered(s, question->domain, answer);
	question_free(question);
}

/* ---- birth and end ------------------------------------------------------------------- */

void
routes_questions_init(struct scheduler *s)
{
	map_init(&s->routes.questions, question_key);
	list_init(&s->routes.unasked);
}

void
routes_questions_fini(struct scheduler *s)
{
	struct question *question;
	size_t at = 0;

	while ((question = map_each(&s->routes.questions, &at)) != NULL) {
		map_remove(&s->routes.questions, question_key(question));
		question_free(question);
	}
	map_fini(&s->routes.questions);
}
