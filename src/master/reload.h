/* SPDX-License-Identifier: ISC
 *
 * reload.h - a new configuration for running processes.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "master/master.h"

/*
 * Read the configuration anew.  When anything in it is wrong, all stays as
 * it is.  ASKER (null: a signal) is told the outcome with TOKEN.
 */
void reload(struct master *master, struct child *asker, uint32_t token);

#endif
