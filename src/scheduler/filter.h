/* SPDX-License-Identifier: ISC
 *
 * filter.h - which messages an operator means.
 */
#ifndef SCHEDULER_FILTER_H
#define SCHEDULER_FILTER_H

#include "base/err.h"
#include "conf/conf.h"
#include "spool/msgid.h"

#include <jansson.h>

/* More than any name or address has.  A match takes as many steps as the
 * glob is long, for each name, and anybody may ask. */
enum { GLOB_MOST = 1024 };

/* All that is given must match. */
struct filter {
	struct msgid *ids;	/* sorted */
	size_t id_count;
	bool by_id;
	char *sender, *recipient, *site;	/* globs; null: any */
	bool by_class;
	enum mail_class klass;
	usec_t older;		/* 0 = of any age */
	bool all;
};

/* False: JSON (may be null) is no filter; ERR tells. */
bool filter_parse(const json_t *json, struct filter *out, struct err *err)
    MUST_CHECK;
void filter_fini(struct filter *filter);

/* Whether nothing at all was given. */
bool filter_is_empty(const struct filter *filter);

/* Whether the envelope has to be read to tell. */
bool filter_needs_envelope(const struct filter *filter);

#endif
