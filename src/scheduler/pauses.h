/* SPDX-License-Identifier: ISC
 *
 * pauses.h - sites to which the operator wants nothing sent for now.
 *
 * A pause is kept by the words with which it was made, in the file `paused`
 * of the spool, so that it holds in the next life too, and for sites that
 * are not known yet.
 */
#ifndef SCHEDULER_PAUSES_H
#define SCHEDULER_PAUSES_H

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/span.h"

struct scheduler;
struct site;

enum { PAUSES_MOST = 256, PAUSE_TEXT_MOST = 512 };

struct pause {
	struct link link;
	char *pattern;		/* glob over site, host and domain names */
	char *reason;		/* may be empty */
	char *said;		/* "paused by the operator: REASON" */
	usec_t since, until;	/* wall; until 0: until it is resumed */
};

struct pauses {
	struct list list;
};

void pauses_init(struct scheduler *s);
void pauses_fini(struct scheduler *s);

/* What the last life kept.  A file that cannot be read is told of. */
void pauses_load(struct scheduler *s);

/* Pause what PATTERN matches, now and later; one with the same pattern is
 * replaced.  False: it cannot be kept, ERR tells, and nothing changed. */
bool pauses_add(struct scheduler *s, const char *pattern,
    const char *reason, usec_t until, struct err *err) MUST_CHECK;

/* End the pause of PATTERN.  False: there is none (ERR_FORMAT), or it cannot
 * be kept. */
bool pauses_end(struct scheduler *s, const char *pattern, struct err *err)
    MUST_CHECK;

/* The pause that keeps SITE; null: none. */
const struct pause *pauses_of(const struct scheduler *s,
    const struct site *site);

/* The domain NAME leads to SITE now. */
void pauses_join(struct scheduler *s, struct site *site, const char *name);
/* A domain has left SITE, and with it perhaps why that was paused. */
void pauses_part(struct scheduler *s, struct site *site);

/* Once a second: those whose time is over end. */
void pauses_care(struct scheduler *s);

/* Whether GLOB matches the name of SITE, of a host of it, or of a domain
 * that leads to it. */
bool pauses_match(const char *glob, const struct site *site);

/* pauses_file.c */
struct pause *pause_new(const char *pattern, const char *reason,
    usec_t since, usec_t until);
void pause_free(struct pause *pause);
bool pauses_save(const struct scheduler *s, struct err *err) MUST_CHECK;

#endif
