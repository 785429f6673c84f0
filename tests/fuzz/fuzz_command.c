/* SPDX-License-Identifier: ISC
 *
 * fuzz_command.c - fuzzes command lines.
 *
 * What was accepted is clean, lies within the line and within its limits,
 * and has a decoded form that is clean too.
 */
#include "fuzz/fuzz.h"

#include "smtp/command.h"

enum { ALL = EXT_SIZE | EXT_8BITMIME | EXT_DSN | EXT_MT_PRIORITY |
	EXT_DELIVERBY | EXT_FUTURERELEASE | EXT_AUTH };

static void
check_xtext(struct span xtext, struct span line, size_t most)
{
	uint8_t out[512];
	long length;

	must(fuzz_is_within(xtext, line) && xtext.length <= most);
	length = xtext_decode(xtext, out);
	must(length >= 0 && fuzz_is_clean(span_make(out, (size_t)length)));
}

static void
check_path(const struct path *path, struct span line)
{
	must(fuzz_is_within(path->mailbox, line));
	must(fuzz_is_within(path->local, path->mailbox));
	must(fuzz_is_within(path->domain, path->mailbox));
	must(fuzz_is_clean(path->mailbox));
}

static void
check_complaint(struct complaint complaint)
{
	must(complaint.code == 501 || complaint.code == 553 ||
	    complaint.code == 555);
	must(complaint.status[0] == '5' && complaint.text[0] != '\0');
}

/* Who is liberal understands more, and what was understood before it does
 * not understand in another way. */
static void
try_slips(struct span argument, bool mail)
{
	unsigned liberal = ALL | SYNTAX_LIBERAL;
	struct path loose, path;
	struct mail_params mail_params;
	struct rcpt_params rcpt_params;
	struct complaint complaint = mail ?
	    mail_parse(argument, liberal, &loose, &mail_params) :
	    rcpt_parse(argument, liberal, &loose, &rcpt_params);
	struct complaint strict = mail ?
	    mail_parse(argument, ALL, &path, &mail_params) :
	    rcpt_parse(argument, ALL, &path, &rcpt_params);

	if (complaint.code != 0) {
		check_complaint(complaint);
		must(strict.code != 0);
		return;
	}
	check_path(&loose, argument);
	must(mail || loose.mailbox.length > 0);
	must(strict.code != 0 || span_equal(loose.mailbox, path.mailbox));
}

static void
try_mail(struct span argument)
{
	struct path path;
	struct mail_params params;
	struct complaint complaint;

	complaint = mail_parse(argument, ALL, &path, &params);
	if (complaint.code != 0) {
		check_complaint(complaint);
		return;
	}
	check_path(&path, argument);
	must((path.mailbox.length == 0) == (path.domain.length == 0));
	check_xtext(params.envid, argument, 100);
	check_xtext(params.auth, argument, 500);
	must(params.priority >= -9 && params.priority <= 9);
	must(!params.by_return || params.by_seconds > 0);
	must(params.has_hold ==
	    ((params.hold_seconds > 0) != (params.hold_until > 0)));
	/* With nothing offered, there is nothing else to complain of. */
	must(mail_parse(argument, 0, &path, &params).code == 0 ||
	    mail_parse(argument, 0, &path, &params).code == 555);
}

static void
try_rcpt(struct span argument)
{
	struct path path;
	struct rcpt_params params;
	struct complaint complaint;

	complaint = rcpt_parse(argument, ALL, &path, &params);
	if (complaint.code != 0) {
		check_complaint(complaint);
		return;
	}
	check_path(&path, argument);
	must(path.mailbox.length > 0);
	must(params.notify == 1 || (params.notify & 1) == 0);
	if (params.orcpt.length > 0) {
		size_t semicolon = span_find(params.orcpt, ';');

		must(semicolon < params.orcpt.length);
		check_xtext(span_skip(params.orcpt, semicolon + 1), argument,
		    500);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = span_make(data, size), argument;
	enum verb verb;

	if (command_split(line, &verb, &argument)) {
		must(verb < VERB_COUNT && fuzz_is_within(argument, line));
		for (size_t i = 0; i < argument.length; i++)
			must(argument.data[i] >= ' ' &&
			    argument.data[i] != 0x7f);
	}
	/* The parsers stand on their own: they get what was refused, too. */
	try_mail(line);
	try_rcpt(line);
	try_slips(line, true);
	try_slips(line, false);
	return 0;
}
