/* SPDX-License-Identifier: ISC
 *
 * mailing.c - a message from standard input to the relay.
 *
 * Only the header block is held in memory; the rest is passed on as it
 * comes, and is gone then: of what the relay refuses behind its content, the
 * header goes back.
 */
#include "ctl/mailing.h"

#include "ctl/addrlist.h"
#include "ctl/letter.h"
#include "ctl/mailing_inside.h"
#include "ctl/tool.h"

#include "base/mem.h"

#include <stdio.h>

static void
name_recipients(struct sending *sending, int count, char **argv)
{
	int i;

	for (i = 0; i < count; i++)
		addrlist_gather(span_of(argv[i]), sending->conf->hostname,
		    recipients_add, recipients_add_none, &sending->recipients);
}

static int
check_recipients(const struct sending *sending, struct err *err)
{
	const struct recipients *recipients = &sending->recipients;
	size_t count = recipients->count;

	if (recipients->refused_count > 0 &&
	    (count == 0 || sending->options->all)) {
		err_set(err, ERR_FORMAT, "%s", recipients->refused[0].why);
		return recipients->refused[0].exit;
	}
	if (count == 0) {
		err_set(err, ERR_FORMAT, sending->options->take_recipients ?
		    "no recipients: none in To, Cc or Bcc" :
		    "no recipients: name them, or have them taken from the "
		    "header with -t");
		return EX_USAGE;
	}
	if (count > sending->conf->recipients) {
		err_set(err, ERR_LIMIT, "%zu recipients: the relay takes at "
		    "most %u in one message", count,
		    sending->conf->recipients);
		return EX_DATAERR;
	}
	return EX_OK;
}

/* How the content is announced.  What came in one piece is known; of what
 * is still to come, anything must be expected. */
static enum submit_body
choose_body(const struct sending *sending)
{
	if (sending->options->body != BODY_UNSAID)
		return sending->options->body;
	return sending->intake.eight_bit || !sending->at_end ? BODY_EIGHT :
	    BODY_UNSAID;
}

static int
send_content(struct sending *sending, struct submit *submit,
    struct span rest, struct err *err)
{
	int status = submit_piece(submit, buf_peek(&sending->head), err);

	sending->begun = true;
	if (status == EX_OK)
		status = submit_piece(submit, rest, err);
	buf_clear(&sending->wire);
	while (status == EX_OK && !sending->at_end) {
		status = mailing_read(sending, err);
		if (status == EX_OK)
			status = submit_piece(submit,
			    buf_peek(&sending->wire), err);
		buf_clear(&sending->wire);
	}
	if (status == EX_OK)
		status = submit_end(submit, err);
	return status;
}

/* What the relay's last reply says about the message: its id, or why not. */
static void
note_reply(struct sending *sending, const struct reply *reply)
{
	struct span text = buf_peek(&reply->text), at = text;

	while (at.length > 0) {
		text = at;
		at = span_skip(at, span_find(at, ' ') + 1);
	}
	if (reply->code / 100 == 2 && text.length < sizeof(sending->id))
		memcpy(sending->id, text.data, text.length);
	if (reply->status[0] == '5')
		memcpy(sending->status, reply->status,
		    sizeof(sending->status));
}

static struct submit_envelope
make_envelope(struct sending *sending)
{
	const struct sendmail_options *options = sending->options;

	return (struct submit_envelope){
		.sender = sending->author.sender,
		.recipients = &sending->recipients,
		.all = options->all,
		.envid = options->envid,
		.ret = options->ret,
		.notify = *options->notify == '\0' ? NULL : options->notify,
		.body = choose_body(sending),
		.has_priority = options->has_priority,
		.priority = options->priority,
		.by = options->by,
		.hold_for = options->hold_for,
		.hold_until = options->hold_until,
	};
}

static int
open_relay(const struct sending *sending, struct submit *submit,
    struct err *err)
{
	char *path = mem_printf("%s.submit", sending->conf->control);
	int status = submit_open(submit, path, sending->conf->hostname,
	    sending->options->verbose, err);

	mem_free(path);
	return status;
}

static int
send_letter(struct sending *sending, struct span rest, struct err *err)
{
	struct submit_envelope envelope = make_envelope(sending);
	struct submit submit;
	int status = open_relay(sending, &submit, err);

	if (status == EX_OK)
		status = submit_begin(&submit, &envelope, err);
	if (status == EX_OK)
		status = send_content(sending, &submit, rest, err);
	note_reply(sending, &submit.reply);
	submit_close(&submit);
	return status;
}

/* The header has been read: make it whole, and send everything.  What of
 * the content has been read and not sent is *REST. */
static int
make_and_send(struct sending *sending, struct span *rest, struct err *err)
{
	struct letter letter = {
		.take_recipients = sending->options->take_recipients,
		.complete = !sending->options->gateway,
		.hostname = sending->conf->hostname,
		.sender = sending->author.sender,
		.full_name = sending->author.full_name,
		.unique = sending->author.unique,
		.now = clock_wall(),
	};
	int status;

	if (!letter_make(&letter, buf_peek(&sending->wire), &sending->head,
	    rest, &sending->recipients, err))
		return EX_DATAERR;
	status = check_recipients(sending, err);
	return status == EX_OK ? send_letter(sending, *rest, err) : status;
}

/* ---- all together ------------------------------------------------------- */

static int
begin(struct sending *sending, int count, char **argv, struct err *err)
{
	const struct sendmail_options *options = sending->options;
	struct author_wish wish = { .from = options->from,
	    .full_name = options->full_name,
	    .hostname = sending->conf->hostname };
	int status;

	recipients_init(&sending->recipients);
	buf_init(&sending->wire, sending->conf->header_bytes + MAILING_SLACK);
	buf_init(&sending->head, sending->conf->header_bytes + MAILING_SLACK);
	status = author_choose(&sending->author, &wish, err);
	name_recipients(sending, count, argv);
	return status;
}

static void
end(struct sending *sending)
{
	buf_fini(&sending->head);
	buf_fini(&sending->wire);
	recipients_fini(&sending->recipients);
	author_fini(&sending->author);
}

int
mailing_send(const struct sendmail_options *options, const struct conf *conf,
    int count, char **argv)
{
	struct sending sending = { .options = options, .conf = conf,
	    .intake = { .dot_ends = !options->dots_are_text } };
	struct span rest = { 0 };
	struct err err = { 0 };
	int status = begin(&sending, count, argv, &err);

	/* before the input is waited for, unless it may have to go back */
	if (status == EX_OK && !options->take_recipients &&
	    options->errors == ERRORS_UNSAID)
		status = check_recipients(&sending, &err);
	if (status == EX_OK)
		status = mailing_read_header(&sending, &err);
	if (status == EX_OK)
		status = make_and_send(&sending, &rest, &err);
	status = status == EX_OK ? mailing_sent(&sending) :
	    mailing_failed(&sending, status, rest, &err);
	end(&sending);
	return status;
}

/* A line for each recipient of whom the relay was asked. */
static void
print_verdicts(const struct recipients *recipients, size_t from)
{
	size_t i;

	for (i = 0; i < recipients->count; i++) {
		const char *item = recipients->items[i];
		bool refused = from < recipients->refused_count &&
		    strcmp(item, recipients->refused[from].address) == 0;

		printf("%s... %s\n", item, refused ?
		    recipients->refused[from++].why : "taken");
	}
}

int
mailing_verify(const struct sendmail_options *options,
    const struct conf *conf, int count, char **argv)
{
	struct sending sending = { .options = options, .conf = conf };
	struct err err = { 0 };
	int status = begin(&sending, count, argv, &err);
	size_t none = sending.recipients.refused_count, i;
	struct submit_envelope envelope = make_envelope(&sending);
	struct submit submit;
	char text[512];

	for (i = 0; i < none; i++)
		printf("%s\n", tool_plain(sending.recipients.refused[i].why,
		    text, sizeof(text)));
	if (status == EX_OK && sending.recipients.count > 0) {
		status = open_relay(&sending, &submit, &err);
		envelope.all = false;
		if (status == EX_OK)
			status = submit_ask(&submit, &envelope, &err);
		submit_close(&submit);
	}
	if (status == EX_OK)
		print_verdicts(&sending.recipients, none);
	else
		tool_fail(status, "%s", err.text);
	if (status == EX_OK && sending.recipients.refused_count > 0)
		status = sending.recipients.refused[0].exit;
	end(&sending);
	return tool_finish(status);
}
