/* SPDX-License-Identifier: ISC
 *
 * sendmail_long.h - options of sendmail that have names.
 */
#ifndef CTL_SENDMAIL_LONG_H
#define CTL_SENDMAIL_LONG_H

#include "ctl/sendmail_options.h"

/* -O VALUE: "NAME=VALUE".  False: ERR tells what is wrong. */
bool sendmail_long(struct sendmail_options *out, const char *value,
    struct err *err) MUST_CHECK;

/* -oeVALUE, -eVALUE. */
bool sendmail_errors(struct sendmail_options *out, const char *value,
    struct err *err) MUST_CHECK;

#endif
