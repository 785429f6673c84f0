/* SPDX-License-Identifier: ISC
 *
 * house.h - what must be in order before the first child is born.
 */
#ifndef MASTER_HOUSE_H
#define MASTER_HOUSE_H

#include "master/master.h"

/* Before anything is touched: the spool, if there is one, is not a later
 * program's. */
bool house_edition(struct master *master, struct err *err) MUST_CHECK;
/* Make and check the spool. */
bool house_spool(struct master *master, struct err *err) MUST_CHECK;

/*
 * Lock the spool.  Another master with the same spool is an error at once;
 * children that a dead master left are waited for.
 */
bool house_lock(struct master *master, struct err *err) MUST_CHECK;

/* Let the tools know of the relay; that they cannot is no reason to take no
 * mail. */
void house_notice(struct master *master);

#endif
