/* SPDX-License-Identifier: ISC
 *
 * reload.h - a new configuration, or a new log file, for running processes.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "master/master.h"

/*
 * Read the configuration anew.  When anything in it is wrong, all stays as
 * it is.  ASKER (null: a signal) is told the outcome with TOKEN.
 */
void reload(struct master *master, struct child *asker, uint32_t token);

/* Open the log anew (it was rotated) and hand it to everybody. */
void reload_log(struct master *master);

/* The master's own lines go where everybody's go. */
void master_log_open(const struct master *master);

#endif
