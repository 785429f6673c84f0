/* SPDX-License-Identifier: ISC
 *
 * giveback.c - telling the sender of a message who does not get it.
 *
 * The same report that the relay itself writes (RFC 3464), from the null
 * reverse-path: nobody is told if it cannot be delivered either.
 */
#include "ctl/giveback.h"

#include "base/mem.h"
#include "ctl/submit.h"
#include "ctl/tool.h"
#include "mail/dsn.h"
#include "smtp/command.h"
#include "smtp/dot.h"

#include <stdio.h>

enum { RCPT_BYTES_MOST = 8 << 10, FRAME_BYTES_MOST = 64 << 10 };

/* One row for each refusal, the last one for all that are too many. */
static size_t
fill_rows(const struct giveback *giveback, const struct recipients *refused,
    struct dsn_rcpt *rows, char more[64])
{
	size_t count = refused->refused_count, i;

	for (i = 0; i < count && i < GIVEBACK_RCPTS_MOST; i++) {
		const struct refusal *refusal = &refused->refused[i];

		rows[i] = (struct dsn_rcpt){
			.address = refusal->address,
			.action = DSN_FAILED,
			.status = refusal->status,
			.mta = refusal->answered ?
			    giveback->conf->hostname : NULL,
			.reply = refusal->answered ? refusal->why : NULL,
			.reason = refusal->answered ? NULL : refusal->why,
		};
	}
	if (i == count)
		return i;
	snprintf(more, 64, "and %zu more", count - i);
	rows[i] = (struct dsn_rcpt){ .address = more, .action = DSN_FAILED,
	    .status = "5.0.0", .reason = "this report would be too long" };
	return i + 1;
}

/* What goes back of the original, as any host would take it: its header, in
 * FIELDS, if it may not or must not be all.  A stray 8-bit byte is declared. */
static void
choose_original(const struct giveback *giveback, struct buf *fields,
    struct dsn *dsn)
{
	bool whole = giveback->whole &&
	    dot_over(giveback->original).longest <= DSN_LINE_MOST;

	buf_init(fields, giveback->original.length);
	dsn->returned = whole ? DSN_WHOLE : DSN_HEADER;
	dsn->original = giveback->original;
	if (!whole) {
		dsn_fields_put(giveback->original, true, false, fields);
		dsn->original = buf_peek(fields);
	}
	dsn->eight_bit = dot_over(dsn->original).eight_bit;
}

void
giveback_put(const struct giveback *giveback,
    const struct recipients *refused, usec_t now, struct buf *out)
{
	struct dsn_rcpt *rows = mem_array(GIVEBACK_RCPTS_MOST + 1,
	    sizeof(*rows));
	char *id = mem_printf("%s.report", giveback->unique);
	char *envid = giveback->envid == NULL ? NULL :
	    xtext_encode(span_of(giveback->envid));
	char more[64];
	struct dsn dsn = {
		.hostname = giveback->conf->hostname,
		.id = id,
		.original_id = *giveback->id != '\0' ? giveback->id :
		    giveback->unique,
		.to = giveback->sender,
		.envid = envid,
		.arrived = now,
		.now = now,
		.rcpts = rows,
		.rcpt_count = fill_rows(giveback, refused, rows, more),
	};
	struct buf fields;

	choose_original(giveback, &fields, &dsn);
	dsn_put(&dsn, out);
	buf_fini(&fields);
	mem_free(envid);
	mem_free(id);
	mem_free(rows);
}

static int
hand_over(const struct giveback *giveback, struct span report,
    struct err *err)
{
	char *path = mem_printf("%s.submit", giveback->conf->control);
	struct recipients sender;
	struct submit_envelope envelope = {
		.sender = "",
		.recipients = &sender,
		.all = true,
		.body = dot_over(report).eight_bit ? BODY_EIGHT : BODY_UNSAID,
	};
	struct submit submit;
	int status;

	recipients_init(&sender);
	recipients_add(&sender, span_of(giveback->sender));
	status = submit_open(&submit, path, giveback->conf->hostname,
	    giveback->verbose, err);
	if (status == EX_OK)
		status = submit_begin(&submit, &envelope, err);
	if (status == EX_OK)
		status = submit_piece(&submit, report, err);
	if (status == EX_OK)
		status = submit_end(&submit, err);
	submit_close(&submit);
	recipients_fini(&sender);
	mem_free(path);
	return status;
}

int
giveback_send(const struct giveback *giveback,
    const struct recipients *refused, struct err *err)
{
	struct buf report;
	int status;

	buf_init(&report, giveback->original.length + FRAME_BYTES_MOST +
	    (GIVEBACK_RCPTS_MOST + 1) * RCPT_BYTES_MOST);
	giveback_put(giveback, refused, clock_wall(), &report);
	status = hand_over(giveback, buf_peek(&report), err);
	buf_fini(&report);
	return status;
}
