/* SPDX-License-Identifier: ISC
 *
 * retry.c - when to try again, and when to give up.
 */
#include "scheduler/retry.h"

#include "base/rand.h"

enum {				/* us before a deadline */
	LAST_CALL_LEAST = 100 * 1000,
	BY_CALL_LEAST = 1200 * 1000,	/* BY counts in whole seconds */
	LAST_CALL_MOST = 10 * 1000 * 1000
};

static msec_t
scheduled(const struct conf *conf, enum mail_class klass, unsigned attempts)
{
	const struct conf_class *c = &conf->classes[klass];
	unsigned step = attempts > 0 ? attempts - 1 : 0;

	if (c->retry_count == 0)
		return conf_time(conf, MSEC_MINUTE);
	return conf_time(conf, c->retry[step < c->retry_count ? step :
	    c->retry_count - 1]);
}

msec_t
retry_pause(const struct conf *conf, enum mail_class klass,
    unsigned attempts)
{
	msec_t pause = rand_jitter(scheduled(conf, klass, attempts),
	    conf->retry_jitter);

	return pause > 0 ? pause : 1;
}

msec_t
retry_most(const struct conf *conf, enum mail_class klass,
    unsigned attempts)
{
	msec_t pause = scheduled(conf, klass, attempts);

	return pause + pause * conf->retry_jitter / 100 + 1;
}

usec_t
retry_end(const struct conf *conf, const struct message *message)
{
	usec_t end = message->released + message->slept +
	    conf_time(conf, conf->classes[message->klass].lifetime) * 1000;

	if ((message->by & BY_RETURN) != 0 && message->deadline < end)
		end = message->deadline;
	return end;
}

/* The last try is made so long before DEADLINE: an eighth of all the time
 * there was, within bounds. */
static usec_t
last_call(const struct message *message)
{
	usec_t call = (message->deadline - message->released) / 8;
	usec_t least = message->by != 0 ? BY_CALL_LEAST : LAST_CALL_LEAST;

	if (call > LAST_CALL_MOST)
		call = LAST_CALL_MOST;
	return call < least ? least : call;
}

/* DUE, moved so that tries fit before the deadline, which is to come. */
static usec_t
hurry(const struct message *message, usec_t now, usec_t due)
{
	usec_t left = message->deadline - now, call = last_call(message);

	if (left <= call)
		return (message->by & BY_ASKED) != 0 &&
		    due > message->deadline ? message->deadline : due;
	if (due - now > left / 2)
		due = now + left / 2;
	if (message->deadline - due < call)
		due = message->deadline - call;
	return due;
}

usec_t
retry_due(const struct conf *conf, const struct message *message,
    unsigned attempts, usec_t now)
{
	usec_t due = now + retry_pause(conf, message->klass, attempts) * 1000;
	usec_t end = retry_end(conf, message);

	if (message->deadline > now)
		due = hurry(message, now, due);
	if (due > end && end > now)
		due = end;
	return due;
}

/* Whoever asked to be told at a time is told then, and not before. */
bool
retry_warns(const struct conf *conf, const struct message *message,
    usec_t now)
{
	msec_t warn = conf->classes[message->klass].warn;

	if ((message->by & (BY_ASKED | BY_RETURN)) == BY_ASKED)
		return now >= message->deadline;
	return warn > 0 &&
	    now - message->released - message->slept >=
	    conf_time(conf, warn) * 1000;
}
