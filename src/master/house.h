/* SPDX-License-Identifier: ISC
 *
 * house.h - what must be in order before the first child is born.
 */
#ifndef MASTER_HOUSE_H
#define MASTER_HOUSE_H

#include "master/master.h"

/* As root: the users of CONF exist and none of them is root. */
bool house_users(const struct conf *conf, const char *conf_path,
    struct err *err) MUST_CHECK;

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

/* Read the certificate and key of CONF, and see whether they fit. */
bool house_tls(const struct conf *conf, struct buf *certificate,
    struct buf *key, struct err *err) MUST_CHECK;

#endif
