/* SPDX-License-Identifier: ISC
 *
 * names.h - the system's files about names, watched for the resolver.
 */
#ifndef MASTER_NAMES_H
#define MASTER_NAMES_H

#include "master/master.h"

/* Each second, and at a reload: when /etc/resolv.conf or /etc/hosts says
 * something else than before, and is used, start another resolver. */
void names_look(struct master *master);

/* OLD was replaced by master->conf: the same, also when the new one has other
 * name servers. */
void names_reload(struct master *master, const struct conf *old);

#endif
