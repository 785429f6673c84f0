/* SPDX-License-Identifier: ISC
 *
 * options.h - the options of postrider, one row each.
 *
 * Options may stand anywhere on the command line.  Each verb names those
 * that it takes; any other is refused.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include "base/err.h"

#include <jansson.h>

#include <stdbool.h>

/* What a verb may take, to be or'ed. */
enum {
	TAKES_JSON = 1 << 0,
	TAKES_PART = 1 << 1,	/* -e, -h */
	TAKES_CHANGED = 1 << 2,
	TAKES_SENDER = 1 << 3, TAKES_SITE = 1 << 4, TAKES_CLASS = 1 << 5,
	TAKES_FROM = 1 << 7, TAKES_PAUSE = 1 << 8,	/* --reason, --for */
	TAKES_BY = 1 << 9, TAKES_FROM_CLASS = 1 << 10,
	TAKES_ALL = 1 << 11, TAKES_FORCE = 1 << 12,
	TAKES_FLUSH = TAKES_SENDER | TAKES_SITE | TAKES_CLASS,
	TAKES_FILTER = TAKES_FLUSH | TAKES_ALL | 1 << 6	/* and the rest of a filter */
};

/* The command line, taken apart.  Strings are borrowed from it. */
struct options {
	const char *config;
	bool json, envelope, headers, changed, all, force;
	bool help, version;
	bool bad; /* one that there is not, or that lacks a value */
	const char *from, *reason, *lasting, *by, *from_class;
	const char *sender, *recipient, *site, *klass, *older;
	unsigned used;		/* TAKES_ bits of the options given */
	unsigned given;		/* and which ones, a bit each */
};

/* Reorders ARGV so that what is no option stands last, from *REST on, also
 * behind a mistake, which was printed then.  False: there was one. */
bool options_parse(int argc, char **argv, struct options *out, int *rest);

/* The name of an option that was given and is none of TAKES; null: all are. */
const char *options_stray(const struct options *options, unsigned takes);

/* " [-j] [--older T]" …, those of TAKES, into OUT of MOST bytes; all those
 * that select messages are one " [FILTER ...]". */
void options_name(unsigned takes, char *out, size_t most);

/* "90", "90s", "15m", "4h", "5d", "2w" in seconds.  False: it is not. */
bool options_age(const char *text, long long *seconds);

/* False: TEXT is no class; ERR tells. */
bool options_class(const char *text, struct err *err) MUST_CHECK;

/*
 * The filter that OPTIONS ask for, in the form of the control protocol;
 * the caller owns it.  Null: ERR tells what is wrong in an option.
 */
json_t *options_filter(const struct options *options, struct err *err)
    MUST_CHECK;

#endif
