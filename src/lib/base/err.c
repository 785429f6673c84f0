/* SPDX-License-Identifier: ISC
 *
 * err.c - why something failed, for a person to read.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
err_sys(struct err *err, const char *what, const char *which)
{
	int number = errno;

	err->kind = ERR_SYSTEM;
	err->number = number;
	snprintf(err->text, sizeof err->text, "%s %s: %s", what, which,
	    strerror(number));
	return false;
}

bool
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	err->kind = kind;
	err->number = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	return false;
}

bool
err_prefix(struct err *err, const char *fmt, ...)
{
	char old[sizeof err->text];
	size_t used;
	va_list ap;

	memcpy(old, err->text, sizeof old);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, ap);
	va_end(ap);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s", old);
	return false;
}
