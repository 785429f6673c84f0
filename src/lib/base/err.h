/* SPDX-License-Identifier: ISC
 *
 * err.h - why something failed, for a person to read.
 *
 * A function that may fail fills a struct err and returns false, so that
 * `return err_set(…)` is one line.  The text says what, which file or peer,
 * and where it helps what to do.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_NONE,
	ERR_SYSTEM,		/* a system call; `number` is errno */
	ERR_FORMAT,		/* bytes that are not what they should be */
	ERR_CONFIG,		/* the configuration; text has FILE:LINE */
	ERR_LIMIT,		/* over a configured most */
	ERR_PEER,		/* the other side of a connection */
	ERR_LIBRARY		/* OpenSSL, Berkeley DB, libunbound */
};

struct err {
	enum err_kind kind;
	int number;
	char text[512];
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* Always false.  err_sys: "WHAT WHICH: strerror(errno)". */
bool err_sys(struct err *err, const char *what, const char *which);
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "PREFIX: " before the text that is there.  Always false. */
bool err_prefix(struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
