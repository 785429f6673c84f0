/* SPDX-License-Identifier: ISC
 *
 * param.h - the parameters of MAIL and RCPT, one row each.
 *
 * For command.c alone.
 */
#ifndef SMTP_PARAM_H
#define SMTP_PARAM_H

#include "smtp/command.h"

struct param_row {
	const char *keyword;
	unsigned ext;		/* EXT_*: must be offered, or it is a 555 */
	/* Put VALUE into PARAMS (of MAIL or RCPT); false: a bad value. */
	bool (*set)(struct span value, void *params);
	const char *complaint;	/* said when SET is false */
};

/* Both end in a row without keyword; at most 32 rows. */
extern const struct param_row mail_param_rows[];
extern const struct param_row rcpt_param_rows[];

#endif
