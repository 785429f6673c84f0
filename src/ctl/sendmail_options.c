/* SPDX-License-Identifier: ISC
 *
 * sendmail_options.c - the command line that every program knows.
 *
 * One row an option.  What Sendmail had for its own inner works is accepted
 * and has no effect, because callers still give it.
 */
#include "ctl/sendmail_options.h"

#include "ctl/sendmail_long.h"

#include "base/span.h"

#include <stdio.h>
#include <strings.h>
#include <unistd.h>

typedef bool option_fn(struct sendmail_options *out, const char *value,
    struct err *err);

struct option_row {
	char letter;
	enum { ALONE, WITH_VALUE, PERHAPS_VALUE } takes;
	option_fn *take;	/* null: accepted, no effect */
};

static bool
take_from(struct sendmail_options *out, const char *value, struct err *err)
{
	(void)err;
	out->from = value;
	return true;
}

static bool
take_full_name(struct sendmail_options *out, const char *value,
    struct err *err)
{
	(void)err;
	out->full_name = value;
	return true;
}

static bool
take_config(struct sendmail_options *out, const char *value,
    struct err *err)
{
	(void)err;
	out->config = value;
	return true;
}

static bool
take_recipients(struct sendmail_options *out, const char *value,
    struct err *err)
{
	(void)value, (void)err;
	out->take_recipients = true;
	return true;
}

static bool
take_dots(struct sendmail_options *out, const char *value, struct err *err)
{
	(void)value, (void)err;
	out->dots_are_text = true;
	return true;
}

static bool
take_gateway(struct sendmail_options *out, const char *value,
    struct err *err)
{
	(void)value, (void)err;
	out->gateway = true;
	return true;
}

static bool
take_verbose(struct sendmail_options *out, const char *value,
    struct err *err)
{
	(void)value, (void)err;
	out->verbose = true;
	return true;
}

/* -oi is -i, -oex is -ex; the others were for Sendmail's inner works. */
static bool
take_old(struct sendmail_options *out, const char *value, struct err *err)
{
	if (strcmp(value, "i") == 0)
		out->dots_are_text = true;
	if (value[0] == 'e')
		return sendmail_errors(out, value + 1, err);
	return true;
}

/* -I is -bi: tables of aliases, which we do not keep. */
static bool
take_nothing(struct sendmail_options *out, const char *value,
    struct err *err)
{
	(void)value, (void)err;
	out->mode = MODE_NOTHING;
	return true;
}

static bool
take_mode(struct sendmail_options *out, const char *value, struct err *err)
{
	static const struct { char letter; enum sendmail_mode mode; } modes[] = {
		{ 'm', MODE_MAIL }, { 'p', MODE_LIST }, { 's', MODE_SMTP },
		{ 'v', MODE_VERIFY }, { 'i', MODE_NOTHING },
		{ 'h', MODE_NOTHING }, { 'H', MODE_NOTHING },
	};
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (value[0] == modes[i].letter && value[1] == '\0') {
			out->mode = modes[i].mode;
			return true;
		}
	return err_set(err, ERR_FORMAT, "-b%s: there are -bm, -bp, -bs and -bv "
	    "(the daemon is postriderd)", value);
}

static bool
take_body(struct sendmail_options *out, const char *value, struct err *err)
{
	if (strcasecmp(value, "8BITMIME") == 0)
		out->body = BODY_EIGHT;
	else if (strcasecmp(value, "7BIT") == 0)
		out->body = BODY_SEVEN;
	else
		return err_set(err, ERR_FORMAT,
		    "-B %s: neither 7BIT nor 8BITMIME", value);
	return true;
}

/* "never", or others joined by commas; RFC 3461, section 4.1. */
static bool
take_notify(struct sendmail_options *out, const char *value,
    struct err *err)
{
	static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE",
	    "DELAY" };
	struct span rest = span_of(value);
	unsigned seen = 0;
	size_t i, used = 0;

	do {
		struct span word = span_first(rest, span_find(rest, ','));

		rest = span_skip(rest, word.length + 1);
		for (i = 0; i < 4 && !span_is_nocase(word, words[i]); i++)
			continue;
		if (i == 4 || (seen & 1U << i) != 0)
			return err_set(err, ERR_FORMAT, "-N %s: not never, "
			    "nor some of success, failure, delay", value);
		seen |= 1U << i;
		used += (size_t)snprintf(out->notify + used,
		    sizeof(out->notify) - used, "%s%s", used == 0 ? "" : ",",
		    words[i]);
	} while (rest.length > 0);
	if ((seen & 1) != 0 && seen != 1)
		return err_set(err, ERR_FORMAT,
		    "-N %s: never goes with nothing else", value);
	return true;
}

static bool
take_ret(struct sendmail_options *out, const char *value, struct err *err)
{
	if (strcasecmp(value, "full") == 0)
		out->ret = "FULL";
	else if (strcasecmp(value, "hdrs") == 0)
		out->ret = "HDRS";
	else
		return err_set(err, ERR_FORMAT, "-R %s: neither full nor hdrs",
		    value);
	return true;
}

static bool
take_envid(struct sendmail_options *out, const char *value, struct err *err)
{
	const char *at;

	for (at = value; *at != '\0'; at++)
		if (*at < ' ' || *at > '~')
			return err_set(err, ERR_FORMAT,
			    "-V: only printable US-ASCII may be in it");
	if (*value == '\0' || strlen(value) > 100)
		return err_set(err, ERR_FORMAT,
		    "-V: 1 to 100 characters, please");
	out->envid = value;
	return true;
}

/* ---- the rest ----------------------------------------------------------- */

/* "-qRsite", and "-qR site" too. */
static bool
take_queue(struct sendmail_options *out, const char *value, struct err *err)
{
	out->mode = MODE_FLUSH;
	if (value == NULL || *value == '\0')
		return true;
	switch (*value) {
	case 'I':
		out->missing = &out->flush_id;
		break;
	case 'R':
		out->missing = &out->flush_site;
		break;
	case 'S':
		out->missing = &out->flush_sender;
		break;
	default:
		return err_set(err, ERR_FORMAT, "-q%s: there are -q, -qI id, "
		    "-qR site and -qS sender (postriderd retries by itself)",
		    value);
	}
	if (value[1] != '\0') {
		*out->missing = value + 1;
		out->missing = NULL;
	}
	return true;
}

static const struct option_row rows[] = {
	{ 't', ALONE, take_recipients },
	{ 'i', ALONE, take_dots },
	{ 'o', WITH_VALUE, take_old },
	{ 'f', WITH_VALUE, take_from },
	{ 'r', WITH_VALUE, take_from },
	{ 'F', WITH_VALUE, take_full_name },
	{ 'b', WITH_VALUE, take_mode },
	{ 'B', WITH_VALUE, take_body },
	{ 'N', WITH_VALUE, take_notify },
	{ 'R', WITH_VALUE, take_ret },
	{ 'V', WITH_VALUE, take_envid },
	{ 'O', WITH_VALUE, sendmail_long },
	{ 'q', PERHAPS_VALUE, take_queue },
	{ 'C', WITH_VALUE, take_config },
	{ 'G', ALONE, take_gateway },
	{ 'v', ALONE, take_verbose },
	{ 'A', WITH_VALUE, NULL },
	{ 'L', WITH_VALUE, NULL },
	{ 'X', WITH_VALUE, NULL },
	{ 'e', WITH_VALUE, sendmail_errors },
	{ 'I', ALONE, take_nothing },
	{ 'd', PERHAPS_VALUE, NULL },
	{ 'h', WITH_VALUE, NULL },
	{ 'p', WITH_VALUE, NULL },
	{ 'm', ALONE, NULL },
	{ 'n', ALONE, NULL },
	{ 'U', ALONE, NULL },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* "+" stops at the first recipient, as Sendmail did; ":" keeps getopt
 * silent. */
static void
make_letters(char letters[2 + 3 * ROWS + 1])
{
	size_t i, at = 0;

	letters[at++] = '+';
	letters[at++] = ':';
	for (i = 0; i < ROWS; i++) {
		letters[at++] = rows[i].letter;
		if (rows[i].takes != ALONE)
			letters[at++] = ':';
		if (rows[i].takes == PERHAPS_VALUE)
			letters[at++] = ':';
	}
	letters[at] = '\0';
}

static bool
take_option(struct sendmail_options *out, int letter, struct err *err)
{
	size_t i;

	if (letter == ':')
		return err_set(err, ERR_FORMAT, "-%c: something is missing "
		    "after it", optopt);
	for (i = 0; i < ROWS; i++)
		if (rows[i].letter == letter)
			return rows[i].take == NULL ||
			    rows[i].take(out, optarg, err);
	return err_set(err, ERR_FORMAT, "-%c: no such option", optopt);
}

/* The site of "user@site", or "site" itself. */
static const char *
site_of(const char *text)
{
	const char *at = text == NULL ? NULL : strrchr(text, '@');

	return at == NULL ? text : at + 1;
}

bool
sendmail_options_parse(int argc, char **argv, struct sendmail_options *out,
    struct err *err)
{
	char letters[2 + 3 * ROWS + 1];
	int letter;

	*out = (struct sendmail_options){ 0 };
	make_letters(letters);
	optind = 0;
	while ((letter = getopt(argc, argv, letters)) != -1) {
		if (!take_option(out, letter, err))
			return false;
		if (out->missing == NULL)
			continue;
		if (optind >= argc)
			return err_set(err, ERR_FORMAT,
			    "-q%s: of what?", optarg);
		*out->missing = argv[optind++];
		out->missing = NULL;
	}
	out->flush_site = site_of(out->flush_site);
	out->rest = optind;
	return true;
}
