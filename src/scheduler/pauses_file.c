/* SPDX-License-Identifier: ISC
 *
 * pauses_file.c - the file that pauses are kept in.
 *
 * A line of JSON for each pause.  It is written anew beside the old one,
 * synced, renamed over it, and the directory synced: at any time there is
 * one whole file.
 */
#include "scheduler/pauses.h"

#include "base/fsys.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_MOST = 1 << 20 };

struct pause *
pause_new(const char *pattern, const char *reason, usec_t since,
    usec_t until)
{
	struct pause *pause = mem_new(struct pause);

	pause->pattern = mem_strdup(pattern);
	pause->reason = mem_strdup(reason);
	pause->said = mem_printf("paused by the operator%s%s",
	    *reason != '\0' ? ": " : "", reason);
	pause->since = since;
	pause->until = until;
	return pause;
}

void
pause_free(struct pause *pause)
{
	mem_free(pause->pattern);
	mem_free(pause->reason);
	mem_free(pause->said);
	mem_free(pause);
}

/* ---- writing ------------------------------------------------------------------------ */

static void
put_pause(const struct pause *pause, struct buf *out)
{
	json_t *row = json_pack("{s:s, s:s, s:I, s:I}",
	    "site", pause->pattern, "reason", pause->reason,
	    "since", (json_int_t)pause->since,
	    "until", (json_int_t)pause->until);
	char *text = json_dumps(row, JSON_COMPACT);

	buf_append_text(out, text);
	buf_append_byte(out, '\n');
	free(text);
	json_decref(row);
}

bool
pauses_save(const struct scheduler *s, struct err *err)
{
	const struct link *link;
	struct buf text;
	bool ok;

	buf_init(&text, FILE_MOST);
	for (link = list_first(&s->pauses.list); link != NULL;
	    link = list_next(&s->pauses.list, link))
		put_pause(list_item(link, struct pause, link), &text);
	ok = fsys_replace(s->dirs.root, "paused", "paused.new",
	    buf_peek(&text), true, err);
	buf_fini(&text);
	return ok;
}

/* ---- reading -------------------------------------------------------------------------- */

static bool
take_line(struct scheduler *s, struct span line)
{
	json_t *row = json_loadb((const char *)line.data, line.length, 0,
	    NULL);
	const char *pattern, *reason;
	json_int_t since, until;
	bool ok = row != NULL && json_unpack(row, "{s:s, s:s, s:I, s:I}",
	    "site", &pattern, "reason", &reason, "since", &since,
	    "until", &until) == 0 && s->pauses.list.count < PAUSES_MOST;

	if (ok)
		list_append(&s->pauses.list, &pause_new(pattern, reason,
		    since, until)->link);
	json_decref(row);
	return ok;
}

static bool
read_old(int root, struct buf *out, struct err *err)
{
	int fd = openat(root, "paused", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t *room = buf_reserve(out, FILE_MOST);
	ssize_t n;

	if (fd == -1)
		return errno == ENOENT || err_sys(err, "read", "paused");
	n = fsys_read_at(fd, room, FILE_MOST, 0, "paused", err);
	close(fd);
	if (n > 0)
		buf_added(out, (size_t)n);
	return n != -1;
}

void
pauses_load(struct scheduler *s)
{
	struct buf text;
	struct span rest;
	struct err err;
	unsigned bad = 0;

	buf_init(&text, FILE_MOST);
	if (!read_old(s->dirs.root, &text, &err))
		log_error("which sites are paused is not known: %s",
		    err.text);
	for (rest = buf_peek(&text); rest.length > 0; ) {
		size_t at = span_find(rest, '\n');

		bad += !take_line(s, span_first(rest, at));
		rest = span_skip(rest, at + 1);
	}
	if (bad > 0)
		log_error("%u lines of %s/paused make no sense: what they "
		    "paused is not", bad, s->dirs.path);
	buf_fini(&text);
}
