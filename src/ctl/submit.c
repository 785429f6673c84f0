/* SPDX-License-Identifier: ISC
 *
 * submit.c - speaking SMTP to the relay on this machine.
 *
 * RCPT commands are sent in batches small enough for the socket's buffers,
 * so that neither side waits for the other.
 */
#include "ctl/submit.h"

#include "base/mem.h"
#include "ctl/tool.h"
#include "smtp/command.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { WAIT_SECONDS = 300, RCPT_BATCH = 50, IN_MOST = 64 << 10,
	COMMAND_MOST = 64 << 10 };

int
submit_exit(unsigned code, const char *status, bool rcpt)
{
	if (code < 500)
		return EX_TEMPFAIL;
	if (strncmp(status, "5.7.", 4) == 0 || code == 530 || code == 535)
		return EX_NOPERM;
	if (rcpt && (code == 550 || code == 551 || code == 553))
		return EX_NOUSER;
	if (rcpt && code == 500)	/* too long for a command */
		return EX_DATAERR;
	if (code == 500 || code == 502 || code == 503)
		return EX_PROTOCOL;
	if (code == 501 || code == 504 || code == 550 || code == 552 ||
	    code == 553 || code == 554 || code == 555)
		return EX_DATAERR;
	return EX_UNAVAILABLE;
}

static int
refused(struct submit *submit, const char *what, struct err *err)
{
	char text[512];

	err_set(err, ERR_PEER, "%s: %s", what,
	    reply_line(&submit->reply, text, sizeof(text)));
	return submit_exit(submit->reply.code, submit->reply.status,
	    strchr(what, '@') != NULL);
}

/* Wait for one whole reply. */
static bool
read_reply(struct submit *submit, struct err *err)
{
	enum reply_step step;
	char text[512];

	reply_reset(&submit->reply);
	for (;;) {
		struct span in = buf_peek(&submit->in);
		uint8_t *room;
		ssize_t got;

		step = reply_pull(&submit->reply, &in);
		buf_skip(&submit->in, buf_length(&submit->in) - in.length);
		if (step == REPLY_DONE)
			break;
		room = buf_reserve(&submit->in, 4096);
		if (step == REPLY_BAD || room == NULL)
			return err_set(err, ERR_PEER, "%s: the relay's answer "
			    "is no SMTP reply", submit->path);
		got = recv(submit->fd, room, 4096, 0);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return err_sys(err, "cannot read from", submit->path);
		if (got == 0)
			return err_set(err, ERR_PEER, "%s: the relay closed "
			    "the connection", submit->path);
		buf_added(&submit->in, (size_t)got);
	}
	if (submit->verbose)
		fprintf(stderr, "<<< %s\n",
		    reply_line(&submit->reply, text, sizeof(text)));
	return true;
}

static bool
say(struct submit *submit, struct buf *commands, struct err *err)
{
	struct span all = buf_peek(commands);
	bool ok;

	if (submit->verbose)
		fprintf(stderr, ">>> %.*s", (int)all.length,
		    (const char *)all.data);
	ok = tool_send(submit->fd, submit->path, all, err);
	buf_clear(commands);
	return ok;
}

/* Send COMMAND and want a reply of class WANTED (2 or 3). */
static int
command(struct submit *submit, struct buf *line, const char *what,
    unsigned wanted, struct err *err)
{
	if (!say(submit, line, err) || !read_reply(submit, err))
		return EX_TEMPFAIL;
	if (submit->reply.code / 100 != wanted)
		return refused(submit, what, err);
	return EX_OK;
}

/* The keywords after the first line of the reply to EHLO. */
static void
note_extensions(struct submit *submit)
{
	struct span rest = buf_peek(&submit->reply.text);

	while (rest.length > 0) {
		struct span line = span_first(rest, span_find(rest, '\n'));
		struct span word = span_first(line, span_find(line, ' '));

		submit->dsn |= span_is_nocase(word, "DSN");
		submit->eight_bit |= span_is_nocase(word, "8BITMIME");
		submit->mt_priority |= span_is_nocase(word, "MT-PRIORITY");
		rest = span_skip(rest, line.length + 1);
	}
}

int
submit_open(struct submit *submit, const char *path, const char *hostname,
    bool verbose, struct err *err)
{
	struct buf line;
	int status;

	*submit = (struct submit){ .path = path, .verbose = verbose };
	buf_init(&submit->in, IN_MOST);
	reply_init(&submit->reply);
	submit->fd = tool_connect(path, WAIT_SECONDS, err);
	if (submit->fd == -1 || !read_reply(submit, err))
		return EX_TEMPFAIL;
	if (submit->reply.code != 220)
		return refused(submit, "greeting", err);
	buf_init(&line, COMMAND_MOST);
	buf_printf(&line, "EHLO %s\r\n", hostname);
	status = command(submit, &line, "EHLO", 2, err);
	if (status == EX_OK)
		note_extensions(submit);
	buf_fini(&line);
	return status;
}

/* Said whether it is offered or not: the relay then says that it is not. */
static void
put_time(struct buf *line, const char *keyword, const char *value)
{
	if (value != NULL)
		buf_printf(line, " %s=%s", keyword, value);
}

static void
put_mail(const struct submit *submit, const struct submit_envelope *what,
    struct buf *line)
{
	char *xtext;

	buf_printf(line, "MAIL FROM:<%s>", what->sender);
	if (submit->eight_bit && what->body != BODY_UNSAID)
		buf_append_text(line, what->body == BODY_EIGHT ?
		    " BODY=8BITMIME" : " BODY=7BIT");
	if (submit->dsn && what->ret != NULL)
		buf_printf(line, " RET=%s", what->ret);
	if (submit->dsn && what->envid != NULL) {
		xtext = xtext_encode(span_of(what->envid));
		buf_printf(line, " ENVID=%s", xtext);
		mem_free(xtext);
	}
	if (submit->mt_priority && what->has_priority)
		buf_printf(line, " MT-PRIORITY=%d", what->priority);
	put_time(line, "BY", what->by);
	put_time(line, "HOLDFOR", what->hold_for);
	put_time(line, "HOLDUNTIL", what->hold_until);
	buf_append_text(line, "\r\n");
}

/* The relay's last reply refuses RECIPIENT, for now or for good. */
static int
refused_one(struct submit *submit, const struct submit_envelope *what,
    const char *recipient, struct err *err)
{
	char *name = mem_printf("<%s>", recipient);
	int status = refused(submit, name, err);
	struct refusal refusal = { .address = mem_strdup(recipient),
	    .status = "5.0.0", .answered = true, .exit = status };
	char text[512];

	mem_free(name);
	if (status == EX_TEMPFAIL) {
		mem_free(refusal.address);
		return status;
	}
	refusal.why = mem_strdup(reply_line(&submit->reply, text,
	    sizeof(text)));
	if (submit->reply.status[0] == '5')
		memcpy(refusal.status, submit->reply.status,
		    sizeof(refusal.status));
	recipients_refuse(what->recipients, refusal);
	return what->all ? status : EX_OK;
}

/* The replies to recipients FROM to UNTIL; the first one that ends it all
 * is kept. */
static int
read_recipients(struct submit *submit, const struct submit_envelope *what,
    size_t from, size_t until, size_t *taken, struct err *err)
{
	int first = EX_OK;

	for (; from < until; from++) {
		if (!read_reply(submit, err))
			return EX_TEMPFAIL;
		if (submit->reply.code / 100 == 2)
			(*taken)++;
		else if (first == EX_OK)
			first = refused_one(submit, what,
			    what->recipients->items[from], err);
	}
	return first;
}

static int
send_recipients(struct submit *submit, const struct submit_envelope *what,
    struct buf *lines, size_t *taken, struct err *err)
{
	const struct recipients *recipients = what->recipients;
	bool notify = submit->dsn && what->notify != NULL;
	size_t from, i;
	int status = EX_OK;

	for (from = 0; from < recipients->count && status == EX_OK; from = i) {
		for (i = from; i < recipients->count &&
		    i < from + RCPT_BATCH; i++)
			buf_printf(lines, "RCPT TO:<%s>%s%s\r\n",
			    recipients->items[i], notify ? " NOTIFY=" : "",
			    notify ? what->notify : "");
		if (!say(submit, lines, err))
			return EX_TEMPFAIL;
		status = read_recipients(submit, what, from, i, taken, err);
	}
	return status;
}

/* MAIL and RCPT; LINES is a buf to write them in. */
static int
send_envelope(struct submit *submit, const struct submit_envelope *what,
    struct buf *lines, size_t *taken, struct err *err)
{
	int status;

	put_mail(submit, what, lines);
	status = command(submit, lines, "MAIL", 2, err);
	return status != EX_OK ? status :
	    send_recipients(submit, what, lines, taken, err);
}

int
submit_begin(struct submit *submit, const struct submit_envelope *what,
    struct err *err)
{
	struct recipients *recipients = what->recipients;
	size_t before = recipients->refused_count, taken = 0;
	struct buf lines;
	int status;

	buf_init(&lines, COMMAND_MOST);
	status = send_envelope(submit, what, &lines, &taken, err);
	if (status == EX_OK && taken == 0) {
		const struct refusal *first = &recipients->refused[before];

		err_set(err, ERR_PEER, "<%s>: %s", first->address,
		    first->why);
		status = first->exit;
	}
	if (status == EX_OK) {
		buf_append_text(&lines, "DATA\r\n");
		status = command(submit, &lines, "DATA", 3, err);
	}
	buf_fini(&lines);
	return status;
}

int
submit_ask(struct submit *submit, const struct submit_envelope *what,
    struct err *err)
{
	size_t taken = 0;
	struct buf lines;
	int status;

	buf_init(&lines, COMMAND_MOST);
	status = send_envelope(submit, what, &lines, &taken, err);
	buf_fini(&lines);
	return status;
}

/* A relay that closes while we write has said why just before. */
int
submit_piece(struct submit *submit, struct span wire, struct err *err)
{
	struct err ignored;

	if (tool_send(submit->fd, submit->path, wire, err))
		return EX_OK;
	if (read_reply(submit, &ignored) && submit->reply.code >= 400)
		return refused(submit, "message", err);
	return EX_TEMPFAIL;
}

int
submit_end(struct submit *submit, struct err *err)
{
	struct buf line;
	int status;

	buf_init(&line, COMMAND_MOST);
	buf_append_text(&line, ".\r\n");
	status = command(submit, &line, "message", 2, err);
	buf_fini(&line);
	if (status != EX_OK && submit->reply.code == 0)
		err_prefix(err, "the message may have been taken, or not");
	return status;
}

/* The answer to QUIT changes nothing, and is not waited for. */
void
submit_close(struct submit *submit)
{
	struct err ignored;

	if (submit->fd != -1) {
		(void)!tool_send(submit->fd, submit->path,
		    span_of("QUIT\r\n"), &ignored);
		close(submit->fd);
	}
	buf_fini(&submit->in);
	reply_fini(&submit->reply);
}
