/* SPDX-License-Identifier: ISC
 *
 * notice.c - the postmaster hears of damage that no sender can be told of.
 */
#include "scheduler/notice.h"

#include "base/log.h"
#include "base/mem.h"
#include "mail/trace.h"
#include "scheduler/scheduler.h"

enum { NOTICE_MOST = 8 << 10 };

static void
committed(void *cookie, enum commit_end end, const struct committed *where,
    const struct err *err)
{
	(void)cookie, (void)where;
	if (end != COMMIT_DONE)
		log_error("the postmaster cannot be told of damaged mail: %s",
		    err->text);
}

static void
write_text(struct scheduler *s, const struct segment *segment,
    const struct reader_found *found, const char *file, const char *id,
    struct buf *out)
{
	char date[DATE_TEXT], text[SEGMENT_FILE_SIZE + 16];

	buf_printf(out, "From: Mail relay <MAILER-DAEMON@%s>\r\n"
	    "To: <%s>\r\nSubject: Damaged mail in the spool of %s\r\n"
	    "Date: %s\r\nMessage-ID: <%s@%s>\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n\r\n",
	    s->conf->hostname, s->conf->postmaster, s->conf->hostname,
	    date_text(scheduler_wall(s), date), id, s->conf->hostname);
	buf_printf(out, "On the disk of this relay there is damage to mail "
	    "that it had accepted,\r\nand whose sender it cannot find out to "
	    "tell.\r\n\r\n"
	    "Segment %s,\r\nbytes %llu to %llu: %s.\r\n\r\n"
	    "The bytes are kept as corrupt/%s in the spool;\r\n"
	    "\"postrider spool corrupt list\" shows all of them.  Of the same "
	    "segment\r\nthere may be more, which is told in the log alone.  "
	    "The disk should be\r\nlooked at.\r\n",
	    segment_text(segment, text), (unsigned long long)found->from,
	    (unsigned long long)found->to, found->why, file);
}

static struct envelope *
envelope_for(struct scheduler *s, const struct buf *body)
{
	struct envelope *envelope = envelope_new();

	envelope_set_reverse_path(envelope, span_of(""));
	envelope_add_rcpt(envelope, span_of(s->conf->postmaster), span_of(""),
	    NOTIFY_NEVER);
	envelope->arrived = scheduler_wall(s);
	envelope->flags = ENVELOPE_REPORT;
	envelope->body_size = buf_length(body);
	envelope->client = mem_strdup(s->conf->hostname);
	envelope->sender = mem_strdup("MAILER-DAEMON");
	return envelope;
}

void
notice_damage(struct scheduler *s, struct segment *segment,
    const struct reader_found *found, const char *file)
{
	struct msgid id;
	char text[MSGID_TEXT + 1];
	struct envelope *envelope;
	struct buf body;
	struct dot seen;

	if (s->conf->postmaster == NULL || segment->noticed)
		return;
	segment->noticed = true;
	id = msgid_next(&s->reports.ids, clock_wall());
	buf_init(&body, NOTICE_MOST);
	write_text(s, segment, found, file, msgid_text(id, text), &body);
	envelope = envelope_for(s, &body);
	seen = dot_over(buf_peek(&body));
	commit_message(s->reports.committer, CLASS_NORMAL, id, envelope,
	    &body, &seen, committed, NULL);
	board_add(s->board, METRIC_BOUNCES, 1);
	envelope_free(&envelope);
	buf_fini(&body);
}
