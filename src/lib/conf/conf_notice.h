/* SPDX-License-Identifier: ISC
 *
 * conf_notice.h - what a running relay lets its tools know.
 *
 * The tools find a relay by the configuration file that it was started with,
 * and read what they need in a small file of the master's: the file under
 * its name may be half edited, unreadable for them, or gone.  A notice holds
 * as long as its master lives.
 */
#ifndef CONF_CONF_NOTICE_H
#define CONF_CONF_NOTICE_H

#include "conf/conf.h"

/*
 * The names that tools may know the file at PATH by, which need not be
 * there: its directory's real path with its own name, and where that leads
 * if it is a symbolic link.  Both are freed with mem_free(); the second one
 * may be null.
 */
enum { CONF_NOTICE_NAMES = 2 };
void conf_notice_names(const char *path, char *out[CONF_NOTICE_NAMES]);

/*
 * Put up the notice of CONF, which was read from the file that NAMES are
 * the names of, in place of a former one.  The notice holds as long as the
 * descriptor that is returned is open, in any process.  -1: ERR tells.
 */
int conf_notice_put(char *const names[CONF_NOTICE_NAMES],
    const struct conf *conf, struct err *err) MUST_CHECK;

/* Take down what conf_notice_put() put up. */
void conf_notice_remove(char *const names[CONF_NOTICE_NAMES]);

/*
 * What is known of the relay that runs with the file at PATH: its hostname,
 * spool, control and log, and the limits that hold for mail from programs;
 * all else is as by default, and there are no routes.  Null: none is known
 * to run.  Believed is what root, the caller, or an owner of the file or of
 * its directory put up: whoever could write the file itself.
 */
struct conf *conf_notice_get(const char *path);

/* For tests: the text of a notice, and what one says; null: nothing. */
void conf_notice_write(const struct conf *conf, struct buf *out);
struct conf *conf_notice_parse(struct span text);

#endif
