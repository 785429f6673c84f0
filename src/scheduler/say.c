/* SPDX-License-Identifier: ISC
 *
 * say.c - the scheduler's log lines.
 */
#include "scheduler/say.h"

#include "base/log.h"

void
say_active(const struct message *message, const struct envelope *envelope)
{
	char id[MSGID_TEXT + 1];

	log_info("%s: from=<%s>, size=%llu, nrcpt=%u (queue active), "
	    "class=%s", msgid_text(message->id, id), envelope->reverse_path,
	    (unsigned long long)envelope->body_size, envelope->rcpt_count,
	    class_name(message->klass));
}

void
say_removed(struct msgid id)
{
	char text[MSGID_TEXT + 1];

	log_info("%s: removed", msgid_text(id, text));
}

void
say_rcpt(const struct message *message, const char *address,
    const char *status, const char *word, const char *why, unsigned attempt,
    usec_t now)
{
	char id[MSGID_TEXT + 1];
	double delay = (double)(now - message->arrived) / 1e6;
	double before = (double)(message->taken - message->arrived) / 1e6;

	if (delay < 0)
		delay = 0;
	if (before < 0 || before > delay)
		before = delay;
	log_info("%s: to=<%s>, relay=none, delay=%.3g, delays=%.2g/%.2g/0/0, "
	    "dsn=%s, status=%s (%s), class=%s, try=%u",
	    msgid_text(message->id, id), address, delay, before,
	    delay - before, status, word, why, class_name(message->klass),
	    attempt);
}

void
say_report(struct msgid id, const char *what, struct msgid report)
{
	char a[MSGID_TEXT + 1], b[MSGID_TEXT + 1];

	log_info("%s: sender %s notification: %s", msgid_text(id, a), what,
	    msgid_text(report, b));
}
