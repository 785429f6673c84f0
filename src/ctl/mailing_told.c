/* SPDX-License-Identifier: ISC
 *
 * mailing_told.c - who is told that not all get a message, or nobody does.
 *
 * Nothing is lost silently: the sender has a report, or the caller hears of
 * it by the exit code.  It hears of it alone where it asked for that, or can
 * still do something: programs send again what failed, to all recipients.
 */
#include "ctl/mailing_inside.h"

#include "ctl/giveback.h"
#include "ctl/tool.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { TOLD_MOST = 100 };

/* For people at a terminal, or whoever reads what a job prints. */
static void
print_refusals(const struct sending *sending)
{
	const struct recipients *recipients = &sending->recipients;
	size_t count = recipients->refused_count, i;

	if (sending->options->errors == ERRORS_QUIET)
		return;
	for (i = 0; i < count && i < TOLD_MOST; i++)
		tool_fail(0, "%s%s%s%s", recipients->refused[i].answered ?
		    "<" : "", recipients->refused[i].answered ?
		    recipients->refused[i].address : "",
		    recipients->refused[i].answered ? ">: " : "",
		    recipients->refused[i].why);
	if (i < count)
		tool_fail(0, "and %zu more do not get it", count - i);
}

/* Whether the sender can be told by mail, and wants to. */
static bool
may_tell(const struct sending *sending)
{
	const struct sendmail_options *options = sending->options;

	return sending->author.sender != NULL &&
	    *sending->author.sender != '\0' &&
	    options->errors != ERRORS_PRINT &&
	    options->errors != ERRORS_QUIET &&
	    (*options->notify == '\0' ||
	    strstr(options->notify, "FAILURE") != NULL);
}

/* The report with ORIGINAL.  False: it could not be handed over. */
static bool
tell_sender(const struct sending *sending, struct span original, bool whole)
{
	struct giveback giveback = {
		.conf = sending->conf,
		.sender = sending->author.sender,
		.unique = sending->author.unique,
		.id = sending->id,
		.envid = sending->options->envid,
		.original = original,
		.whole = whole,
		.verbose = sending->options->verbose,
	};
	struct err err = { 0 };

	if (giveback_send(&giveback, &sending->recipients, &err) == EX_OK)
		return true;
	tool_fail(0, "no report to <%s>: %s", giveback.sender, err.text);
	return false;
}

/* The relay has the message for some.  Programs that are told of a failure
 * send it again, to all: so they are, only if nobody else is. */
int
mailing_sent(const struct sending *sending)
{
	if (sending->recipients.refused_count == 0)
		return EX_OK;
	print_refusals(sending);
	if (may_tell(sending) &&
	    tell_sender(sending, buf_peek(&sending->head), false))
		return EX_OK;
	return sending->recipients.refused[0].exit;
}

/* What was sent, or was to be: all of it, if it can be had and is short
 * enough to go back.  The input is read to its end. */
static bool
collect_original(struct sending *sending, struct span rest, struct buf *out)
{
	struct err ignored;
	bool whole = !sending->begun && buf_length(&sending->head) > 0 &&
	    (sending->options->ret == NULL ||
	    strcmp(sending->options->ret, "FULL") == 0);

	buf_append_span(out, buf_peek(&sending->head));
	whole = whole && buf_append(out, rest.data, rest.length);
	buf_clear(&sending->wire);
	while (!sending->at_end && mailing_read(sending, &ignored) == EX_OK) {
		struct span piece = buf_peek(&sending->wire);

		whole = whole && buf_append(out, piece.data, piece.length);
		buf_clear(&sending->wire);
	}
	if (!whole || buf_length(out) > sending->conf->bounce_bytes) {
		buf_clear(out);
		buf_append_span(out, buf_peek(&sending->head));
		whole = false;
	}
	return whole;
}

static void
refuse(struct recipients *recipients, const char *address, int exit_code,
    const char *status, const char *why)
{
	struct refusal refusal = { .address = mem_strdup(address),
	    .why = mem_strdup(why), .exit = exit_code };

	snprintf(refusal.status, sizeof(refusal.status), "%s", status);
	recipients_refuse(recipients, refusal);
}

/* Nobody gets it, for the reason that ERR tells: so all are refused of whom
 * the relay has not said so already (in their order), or nobody is there. */
static void
refuse_all(struct sending *sending, int exit_code, const struct err *err)
{
	struct recipients *recipients = &sending->recipients;
	size_t before = recipients->refused_count, at = 0, i;
	const char *status = sending->status[0] == '5' ? sending->status :
	    "5.0.0";

	while (at < before && !recipients->refused[at].answered)
		at++;
	for (i = 0; i < recipients->count; i++)
		if (at < before && strcmp(recipients->items[i],
		    recipients->refused[at].address) == 0)
			at++;
		else
			refuse(recipients, recipients->items[i], exit_code,
			    status, err->text);
	if (recipients->refused_count == 0)
		refuse(recipients, "no recipient", exit_code, status,
		    err->text);
}

/* The relay has nothing.  That is the caller's to know, who has the message
 * still; unless it was asked that it go back by mail. */
int
mailing_failed(struct sending *sending, int status, struct span rest,
    const struct err *err)
{
	enum sendmail_errors errors = sending->options->errors;
	struct buf original;
	bool whole, told;

	if (errors != ERRORS_QUIET)
		tool_fail(status, "%s", err->text);
	if (errors == ERRORS_UNSAID || !may_tell(sending) ||
	    status == EX_TEMPFAIL || status == EX_PROTOCOL ||
	    status == EX_IOERR)
		return status;
	refuse_all(sending, status, err);
	buf_init(&original, sending->conf->bounce_bytes +
	    sending->conf->header_bytes + MAILING_SLACK);
	whole = collect_original(sending, rest, &original);
	told = tell_sender(sending, buf_peek(&original), whole);
	buf_fini(&original);
	return told && errors == ERRORS_MAIL_ZERO ? EX_OK : status;
}
