/* SPDX-License-Identifier: ISC
 *
 * sendmail_options.h - the command line that every program knows.
 */
#ifndef CTL_SENDMAIL_OPTIONS_H
#define CTL_SENDMAIL_OPTIONS_H

#include "base/err.h"
#include "ctl/submit.h"

enum sendmail_mode {
	MODE_MAIL,		/* -bm, and the default */
	MODE_LIST,		/* -bp */
	MODE_SMTP,		/* -bs */
	MODE_FLUSH,		/* -q, -qI, -qR, -qS */
	MODE_VERIFY,		/* -bv */
	MODE_NOTHING		/* -bi, -bh, -bH: tables that we do not keep */
};

/* Who is told that not all get it; -oe, and Sendmail's words for it. */
enum sendmail_errors {
	ERRORS_UNSAID,		/* the sender if some get it, or the caller */
	ERRORS_PRINT,		/* p: the caller, in words and by exit code */
	ERRORS_QUIET,		/* q: the caller, by exit code alone */
	ERRORS_MAIL,		/* m, w: the sender, in any case */
	ERRORS_MAIL_ZERO	/* e: the same, and the caller is told nothing */
};

/* Strings are borrowed from the command line; null: not given. */
struct sendmail_options {
	enum sendmail_mode mode;
	const char *config;
	const char *from, *full_name;
	bool take_recipients, dots_are_text, gateway, verbose;
	bool all;		/* all recipients are to be taken, or none is */
	enum sendmail_errors errors;
	enum submit_body body;
	char notify[32];	/* "SUCCESS,FAILURE"; "" */
	const char *ret;	/* "FULL", "HDRS" */
	const char *envid;
	bool has_priority;
	int priority;
	const char *by, *hold_for, *hold_until;	/* fit for MAIL */
	/* MODE_FLUSH; all null: everything */
	const char *flush_id, *flush_site, *flush_sender;
	const char **missing;	/* while parsing: which of them is to come */
	int rest;		/* the first recipient in argv */
};

/* False: ERR tells what is wrong; exit with EX_USAGE. */
bool sendmail_options_parse(int argc, char **argv,
    struct sendmail_options *out, struct err *err) MUST_CHECK;

#endif
