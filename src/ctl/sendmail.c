/* SPDX-License-Identifier: ISC
 *
 * sendmail.c - mail from programs, the way they have handed it over since
 * 1983.
 *
 * Standard input becomes a message and goes to the relay over its submit
 * socket.  Only the header block is held in memory; the rest is passed on
 * as it comes.  Exit codes are those of sysexits.h: 0 means that the relay
 * has it on stable storage, 75 that trying again later will help.
 */
#include "base/mem.h"
#include "base/rand.h"
#include "ctl/addrlist.h"
#include "ctl/intake.h"
#include "ctl/letter.h"
#include "ctl/pipe_smtp.h"
#include "ctl/relay.h"
#include "ctl/sendmail_options.h"
#include "ctl/tool.h"
#include "mail/header.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 64 << 10, SLACK = 4 * PIECE };

/* The message on its way. */
struct sending {
	const struct sendmail_options *options;
	const struct conf *conf;
	char *sender, *full_name, *unique;
	struct recipients recipients;
	struct intake intake;
	struct buf wire;	/* input in wire form, not yet sent */
	bool at_end;		/* of standard input */
};

static int
read_piece(struct sending *sending, struct err *err)
{
	uint8_t bytes[PIECE];
	ssize_t got;

	do
		got = read(STDIN_FILENO, bytes, sizeof(bytes));
	while (got == -1 && errno == EINTR);
	if (got == -1) {
		err_sys(err, "cannot read", "standard input");
		return EX_IOERR;
	}
	intake_feed(&sending->intake, span_make(bytes, (size_t)got),
	    &sending->wire);
	if (got == 0)
		intake_finish(&sending->intake, &sending->wire);
	sending->at_end = sending->intake.ended;
	return EX_OK;
}

/* The first line that is no header field, in WIRE: has it come whole? */
static bool
header_is_over(struct span wire)
{
	struct header_field field;

	if (header_block_length(wire) > 0)
		return true;
	while (header_pull(&wire, &field))
		continue;
	return span_find(wire, '\n') < wire.length;
}

/* Read until the header block is there.  It is looked for only each time
 * another piece's worth has come, however small the writes were. */
static int
read_header(struct sending *sending, struct err *err)
{
	size_t most = sending->conf->header_bytes, look = 0;
	int status = EX_OK;

	while (status == EX_OK && !sending->at_end) {
		if (buf_length(&sending->wire) >= look) {
			if (header_is_over(buf_peek(&sending->wire)))
				break;
			look = buf_length(&sending->wire) + PIECE;
		}
		if (buf_length(&sending->wire) > most) {
			err_set(err, ERR_LIMIT, "the header block is over "
			    "%zu bytes", most);
			return EX_DATAERR;
		}
		status = read_piece(sending, err);
	}
	return status;
}

struct one {
	char *mailbox;
	unsigned count;
};

static void
take_one(void *owner, struct span mailbox)
{
	struct one *one = owner;

	mem_free(one->mailbox);
	one->mailbox = span_copy(mailbox);
	one->count++;
}

/* -f: one address, or none ("" and "<>"): the null reverse-path. */
static int
choose_sender(struct sending *sending, const struct passwd *user,
    struct err *err)
{
	const char *from = sending->options->from;
	struct one one = { 0 };

	if (from != NULL && (*from == '\0' || strcmp(from, "<>") == 0)) {
		sending->sender = mem_strdup("");
		return EX_OK;
	}
	if (from == NULL && user == NULL)
		sending->sender = mem_printf("uid%u@%s", (unsigned)getuid(),
		    sending->conf->hostname);
	if (from == NULL && user != NULL)
		from = user->pw_name;
	if (from == NULL)
		return EX_OK;
	if (!addrlist_parse(span_of(from), sending->conf->hostname, take_one,
	    &one, err) || one.count != 1) {
		if (err->kind == ERR_NONE)
			err_set(err, ERR_FORMAT, "%s: one address, please",
			    from);
		mem_free(one.mailbox);
		err_prefix(err, "-f");
		return EX_USAGE;
	}
	sending->sender = one.mailbox;
	return EX_OK;
}

/* -F, the environment's NAME, or the first part of what passwd(5) has. */
static void
choose_full_name(struct sending *sending, const struct passwd *user)
{
	const char *name = sending->options->full_name;
	size_t length;
	char *at;

	if (name == NULL)
		name = getenv("NAME");
	if (name != NULL) {
		length = strlen(name);
	} else if (user != NULL) {
		name = user->pw_gecos;
		length = strcspn(name, ",");
	} else {
		return;
	}
	sending->full_name = mem_strndup(name, length);
	for (at = sending->full_name; *at != '\0'; at++)
		if ((uint8_t)*at < ' ' || *at == 0x7f)
			*at = ' ';
}

static void
choose_unique(struct sending *sending)
{
	uint64_t chance;

	rand_bytes(&chance, sizeof(chance));
	sending->unique = mem_printf("%llx.%016llx",
	    (unsigned long long)clock_wall(), (unsigned long long)chance);
}

static int
choose_names(struct sending *sending, struct err *err)
{
	const struct passwd *user = getpwuid(getuid());

	choose_full_name(sending, user);
	choose_unique(sending);
	return choose_sender(sending, user, err);
}

static int
name_recipients(struct sending *sending, int count, char **argv,
    struct err *err)
{
	int i;

	for (i = 0; i < count; i++)
		if (!addrlist_parse(span_of(argv[i]),
		    sending->conf->hostname, recipients_add,
		    &sending->recipients, err))
			return EX_DATAERR;
	return EX_OK;
}

static int
check_recipients(const struct sending *sending, struct err *err)
{
	size_t count = sending->recipients.count;

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
    struct span head, struct span rest, struct err *err)
{
	int status = submit_piece(submit, head, err);

	if (status == EX_OK)
		status = submit_piece(submit, rest, err);
	buf_clear(&sending->wire);
	while (status == EX_OK && !sending->at_end) {
		status = read_piece(sending, err);
		if (status == EX_OK)
			status = submit_piece(submit,
			    buf_peek(&sending->wire), err);
		buf_clear(&sending->wire);
	}
	if (status == EX_OK)
		status = submit_end(submit, err);
	return status;
}

static int
send_letter(struct sending *sending, struct span head, struct span rest,
    struct err *err)
{
	const struct sendmail_options *options = sending->options;
	struct submit_envelope envelope = {
		.sender = sending->sender,
		.recipients = &sending->recipients,
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
	char *path = mem_printf("%s.submit", sending->conf->control);
	struct submit submit;
	int status;

	status = submit_open(&submit, path, sending->conf->hostname,
	    options->verbose, err);
	if (status == EX_OK)
		status = submit_begin(&submit, &envelope, err);
	if (status == EX_OK)
		status = send_content(sending, &submit, head, rest, err);
	submit_close(&submit);
	mem_free(path);
	return status;
}

/* The header has been read: make it whole, and send everything. */
static int
make_and_send(struct sending *sending, struct err *err)
{
	struct letter letter = {
		.take_recipients = sending->options->take_recipients,
		.complete = !sending->options->gateway,
		.hostname = sending->conf->hostname,
		.sender = sending->sender,
		.full_name = sending->full_name,
		.unique = sending->unique,
		.now = clock_wall(),
	};
	struct span rest;
	struct buf head;
	int status = EX_DATAERR;

	buf_init(&head, sending->conf->header_bytes + SLACK);
	if (letter_make(&letter, buf_peek(&sending->wire), &head, &rest,
	    &sending->recipients, err))
		status = check_recipients(sending, err);
	if (status == EX_OK)
		status = send_letter(sending, buf_peek(&head), rest, err);
	buf_fini(&head);
	return status;
}

static int
mail(const struct sendmail_options *options, const struct conf *conf,
    int count, char **argv)
{
	struct sending sending = { .options = options, .conf = conf,
	    .intake = { .dot_ends = !options->dots_are_text } };
	struct err err = { 0 };
	int status;

	recipients_init(&sending.recipients);
	buf_init(&sending.wire, conf->header_bytes + SLACK);
	status = choose_names(&sending, &err);
	if (status == EX_OK)
		status = name_recipients(&sending, count, argv, &err);
	if (status == EX_OK && !options->take_recipients)
		status = check_recipients(&sending, &err);
	if (status == EX_OK)
		status = read_header(&sending, &err);
	if (status == EX_OK)
		status = make_and_send(&sending, &err);
	if (status != EX_OK)
		tool_fail(status, "%s", err.text);
	buf_fini(&sending.wire);
	recipients_fini(&sending.recipients);
	mem_free(sending.sender);
	mem_free(sending.full_name);
	mem_free(sending.unique);
	return status;
}

static int
flush(const struct sendmail_options *options)
{
	json_t *request;

	if (options->flush_id != NULL)
		request = json_pack("{s:s, s:{s:[s]}}", "verb", "queue.retry",
		    "filter", "ids", options->flush_id);
	else
		request = json_pack("{s:s, s:s*, s:s*}", "verb", "flush",
		    "site", options->flush_site,
		    "sender", options->flush_sender);
	if (request == NULL)
		return tool_fail(EX_USAGE, "-q: not UTF-8");
	return relay_ask(options->config, request, EX_TEMPFAIL, NULL, NULL);
}

static int
mail_or_smtp(const struct sendmail_options *options, int count, char **argv)
{
	struct conf *conf = tool_conf(options->config);
	struct err err = { 0 };
	char *path;
	int status;

	if (conf == NULL)
		return EX_CONFIG;
	if (options->mode == MODE_SMTP) {
		path = mem_printf("%s.submit", conf->control);
		status = pipe_smtp(path, &err);
		if (status != EX_OK)
			tool_fail(status, "%s", err.text);
		mem_free(path);
	} else {
		status = mail(options, conf, count, argv);
	}
	conf_free(&conf);
	return status;
}

int
main(int argc, char **argv)
{
	struct sendmail_options options;
	struct err err = { 0 };

	if (!sendmail_options_parse(argc, argv, &options, &err))
		return tool_fail(EX_USAGE, "%s", err.text);
	switch (options.mode) {
	case MODE_LIST:
		return relay_list(options.config, json_object(), false,
		    EX_TEMPFAIL);
	case MODE_FLUSH:
		return flush(&options);
	case MODE_NOTHING:
		return EX_OK;
	default:
		return mail_or_smtp(&options, argc - options.rest,
		    argv + options.rest);
	}
}
