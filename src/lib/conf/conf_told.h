/* SPDX-License-Identifier: ISC
 *
 * conf_told.h - all that is to be said of a configuration.
 *
 * Mistakes, with which it is not used, and warnings beside them, in the
 * order in which they were found, with their places.
 */
#ifndef CONF_CONF_TOLD_H
#define CONF_CONF_TOLD_H

#include "base/err.h"

#include <stddef.h>

enum { CONF_TOLD_MOST = 50 };

struct conf_told {
	struct {
		char *place; /* FILE:LINE, or FILE; null: in the text */
		char *text;
		bool warning;
	} rows[CONF_TOLD_MOST];
	size_t count;
	size_t more;	 /* that found no room */
	size_t mistakes; /* of all; 0: it is good */
	char **places;	 /* "FILE:LINE" of each option, or null */
};

#define CONF_TOLD_NOTHING ((struct conf_told){ .count = 0 })

void conf_told_add(
    struct conf_told *told, bool warning, const char *place, const char *text);

/* Add as a mistake what ERR says of the option NAME of the block called BLOCK
 * ("" outside of all), which was set somewhere, or else is FILE's. */
void conf_told_option(struct conf_told *told, const char *block,
    const char *name, const char *file, const struct err *err);

/* The same of a warning, TEXT. */
void conf_told_warn(struct conf_told *told, const char *block,
    const char *name, const char *file, const char *text);

/* The first mistake as ERR, of the kind ERR_CONFIG.  Always false. */
bool conf_told_err(const struct conf_told *told, struct err *err);

void conf_told_clear(struct conf_told *told);

#endif
