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
say_change(struct msgid id, const char *what)
{
	char text[MSGID_TEXT + 1];

	log_info("%s: %s by the operator", msgid_text(id, text), what);
}

void
say_rcpt(const struct message *message, const char *address,
    const char *status, const char *word, const char *why, unsigned attempt,
    usec_t now)
{
	char id[MSGID_TEXT + 1];
	char all[DELAY_TEXT], before[DELAY_TEXT], since[DELAY_TEXT];

	log_info("%s: to=<%s>, relay=none, delay=%s, delays=%s/%s/0/0, "
	    "dsn=%s, status=%s (%s), class=%s, try=%u",
	    msgid_text(message->id, id), address,
	    delay_text(now - message->arrived, all),
	    delay_text(message->taken - message->arrived, before),
	    delay_text(now - message->taken, since),
	    status, word, why, class_name(message->klass), attempt);
}

void
say_report(struct msgid id, const char *what, struct msgid report)
{
	char a[MSGID_TEXT + 1], b[MSGID_TEXT + 1];

	log_info("%s: sender %s notification: %s", msgid_text(id, a), what,
	    msgid_text(report, b));
}
