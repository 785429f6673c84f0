/* SPDX-License-Identifier: ISC
 *
 * verbs.h - what postrider can be told to do.
 *
 * A verb is one row: its words, what it takes, its function, a line of
 * help.  Words may be shortened as long as they stay unambiguous.
 */
#ifndef CTL_VERBS_H
#define CTL_VERBS_H

#include "ctl/options.h"

/* ARGV: the COUNT words after the verb.  Returns the exit code. */
typedef int verb_fn(const struct options *options, int count, char **argv);

struct verb {
	const char *first, *second;	/* second: null when one word is all */
	const char *arguments;
	int least, most;	/* words after the verb; -1: any number */
	unsigned takes;		/* options */
	verb_fn *run;
	const char *help;
};

enum verb_found { VERB_FOUND, VERB_AMBIGUOUS, VERB_NONE };

/*
 * The verb of TABLE (ended by a null `first`) that ARGV begins with, and
 * how many of its words it took.  When not found, *OUT is a verb that was
 * meant perhaps, or null.
 */
enum verb_found verb_find(const struct verb *table, int argc, char **argv,
    const struct verb **out, int *words);

verb_fn verb_status, verb_flush, verb_reload, verb_log_reopen, verb_stop;
verb_fn verb_queue_list, verb_queue_show;
verb_fn verb_queue_delete, verb_queue_hold, verb_queue_release;
verb_fn verb_queue_retry, verb_queue_move, verb_queue_shape;
verb_fn verb_site_list, verb_site_show, verb_site_pause, verb_site_resume;
verb_fn verb_site_reset, verb_class_show;
verb_fn verb_config_check, verb_config_show, verb_route, verb_trace;
verb_fn verb_spool_check, verb_spool_rebuild, verb_spool_corrupt;

#endif
