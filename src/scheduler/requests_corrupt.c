/* SPDX-License-Identifier: ISC
 *
 * requests_corrupt.c - a message of corrupt/ is handed in again.
 *
 * It is committed as any message, under a new id and with a life of its own
 * that begins now; its file goes when that is durable, not before.  So a crash
 * leaves the file, and perhaps the new message too: then both are seen.
 */
#include "scheduler/client.h"
#include "scheduler/scheduler.h"

#include "base/log.h"
#include "base/mem.h"
#include "spool/corrupt.h"

#include <stdio.h>

enum { BODY_MOST = 64 << 20 };	/* more would hold up other mail */

struct requeue {
	struct scheduler *s;
	struct msgid id;
	char name[CORRUPT_NAME_SIZE];
};

static void
committed(void *cookie, enum commit_end end, const struct committed *where,
    const struct err *err)
{
	struct requeue *requeue = cookie;
	char id[MSGID_TEXT + 1];
	struct err why;

	(void)where;
	if (end != COMMIT_DONE)
		log_error("corrupt/%s %s: %s", requeue->name,
		    end == COMMIT_UNSURE ? "may have been handed in again, "
		    "or not, and stays" : "cannot be handed in again",
		    err->text);
	else if (!corrupt_remove(&requeue->s->dirs, requeue->name, &why))
		log_error("corrupt/%s was handed in again as %s, and stays: "
		    "%s", requeue->name, msgid_text(requeue->id, id),
		    why.text);
	else
		log_info("corrupt/%s was handed in again as %s",
		    requeue->name, msgid_text(requeue->id, id));
	requeue->s->ward.requeued = false;
	mem_free(requeue);
}

/* Null: it may be.  FORCE: its content need not be whole. */
static const char *
why_not(const struct corrupt_file *file, bool force)
{
	if (file->envelope == NULL)
		return "its envelope cannot be read, so nobody knows for "
		    "whom it is";
	if (!file->whole && !force)
		return "its content is damaged; with --force it is sent as "
		    "it is";
	if (file->header.body_bytes > BODY_MOST)
		return "it is too large";
	return NULL;
}

static bool
read_body(const struct corrupt_file *file, struct buf *out, struct err *err)
{
	size_t length = (size_t)file->header.body_bytes;
	ssize_t n;

	buf_init(out, length);
	if (length == 0)
		return true;
	n = corrupt_read_body(file, 0, buf_reserve(out, length), length,
	    err);
	if (n == (ssize_t)length) {
		buf_added(out, length);
		return true;
	}
	buf_fini(out);
	return n == -1 ? false :
	    err_set(err, ERR_FORMAT, "its content is cut off");
}

/* As new mail: its times begin now. */
static void
renew(struct scheduler *s, struct envelope *envelope)
{
	envelope->arrived = scheduler_wall(s);
	envelope->by = envelope->hold = 0;
	envelope->by_return = 0;
	envelope->flags &= ~(uint32_t)ENVELOPE_TRACE;
	envelope->copied = false;
	for (uint32_t i = 0; i < envelope->rcpt_count; i++)
		envelope->rcpts[i].settled = false;
}

static bool
hand_in(struct scheduler *s, struct corrupt_file *file, const char *name,
    struct msgid *id, struct err *err)
{
	struct requeue *requeue;
	struct dot seen;
	struct buf body;

	if (!read_body(file, &body, err))
		return false;
	requeue = mem_new(struct requeue);
	requeue->s = s;
	requeue->id = *id = msgid_next(&s->reports.ids, clock_wall());
	snprintf(requeue->name, sizeof requeue->name, "%s", name);
	renew(s, file->envelope);
	seen = dot_over(buf_peek(&body));
	s->ward.requeued = true;
	commit_message(s->reports.committer, file->header.klass <
	    CLASS_COUNT ? file->header.klass : CLASS_NORMAL, *id,
	    file->envelope, &body, &seen, committed, requeue);
	buf_fini(&body);
	return true;
}

void
request_corrupt_requeue(struct client *client, const json_t *request)
{
	struct scheduler *s = client->control->s;
	const char *name = request_text(request, "name");
	bool force = json_is_true(json_object_get(request, "force"));
	struct corrupt_file file;
	char text[MSGID_TEXT + 1];
	const char *why;
	struct msgid id;
	struct err err;

	if (name == NULL || !corrupt_is_name(name)) {
		client_end(client, EX_USAGE, "which file of corrupt/?");
		return;
	}
	if (s->ward.requeued) {
		client_end(client, EX_TEMPFAIL, "another one is just being "
		    "handed in; try again");
		return;
	}
	if (!corrupt_open(&s->dirs, name, &file, &err)) {
		client_end(client, EX_DATAERR, err.text);
		return;
	}
	why = why_not(&file, force);
	if (why == NULL && !hand_in(s, &file, name, &id, &err))
		why = err.text;
	corrupt_close(&file);
	if (why != NULL) {
		client_end(client, EX_DATAERR, why);
		return;
	}
	client_row(client, json_pack("{s:s}", "id", msgid_text(id, text)));
	client_end(client, EX_OK, NULL);
}
