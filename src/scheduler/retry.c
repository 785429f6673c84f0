/* SPDX-License-Identifier: ISC
 *
 * retry.c - when to try again, and when to give up.
 */
#include "scheduler/retry.h"

#include "base/rand.h"

msec_t
retry_pause(const struct conf *conf, enum mail_class klass,
    unsigned attempts)
{
	const struct conf_class *c = &conf->classes[klass];
	unsigned step = attempts > 0 ? attempts - 1 : 0;
	msec_t pause = MSEC_MINUTE;

	if (c->retry_count > 0)
		pause = c->retry[step < c->retry_count ? step :
		    c->retry_count - 1];
	pause = rand_jitter(conf_time(conf, pause), conf->retry_jitter);
	return pause > 0 ? pause : 1;
}

usec_t
retry_end(const struct conf *conf, enum mail_class klass, usec_t arrived)
{
	return arrived +
	    conf_time(conf, conf->classes[klass].lifetime) * 1000;
}

usec_t
retry_due(const struct conf *conf, enum mail_class klass,
    unsigned attempts, usec_t arrived, usec_t now)
{
	usec_t due = now + retry_pause(conf, klass, attempts) * 1000;
	usec_t end = retry_end(conf, klass, arrived);

	if (due > end && end > now)
		due = end;
	return due;
}

bool
retry_warns(const struct conf *conf, enum mail_class klass, usec_t arrived,
    usec_t now)
{
	msec_t warn = conf->classes[klass].warn;

	return warn > 0 && now - arrived >= conf_time(conf, warn) * 1000;
}

msec_t
retry_longest(const struct conf *conf, enum mail_class klass)
{
	const struct conf_class *c = &conf->classes[klass];
	msec_t longest = MSEC_MINUTE;

	for (unsigned i = 0; i < c->retry_count; i++)
		if (c->retry[i] > longest)
			longest = c->retry[i];
	longest = conf_time(conf, longest);
	return longest + longest * conf->retry_jitter / 100 + 1;
}
