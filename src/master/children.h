/* SPDX-License-Identifier: ISC
 *
 * children.h - the processes that the master looks after.
 */
#ifndef MASTER_CHILDREN_H
#define MASTER_CHILDREN_H

#include "master/master.h"

/* Have as many children of each role as the configuration wants: start what
 * is missing, send away what is too much. */
void children_balance(struct master *master);

/* Those that died: log, and start them anew after a pause. */
void children_reap(struct master *master);

/* Look whether their loops still turn. */
void children_watch(struct master *master);

/* Have those of ROLE leave, and others start at once. */
void children_renew(struct master *master, enum role role);

void children_free(struct master *master);

unsigned children_alive(const struct master *master, enum role role);
void children_kill(struct master *master, enum role role);

/* Tell all of ROLE. */
void children_tell(struct master *master, enum role role,
    const struct frame *frame);

/* "deliverer 2 (process 713)" */
enum { CHILD_NAME_SIZE = 64 };
const char *child_name(const struct child *child,
    char out[CHILD_NAME_SIZE]);

/* ---- introduce.c: what children are told ---------------------------------- */

/* Everything a new child needs, ending in GO, and its peers. */
void introduce(struct master *master, struct child *child);
void tell_conf(struct master *master, struct child *child);
void tell_log(struct master *master, struct child *child);
/* How what ASKER asked for with TOKEN went; TEXT: why not.  Null: nobody. */
void tell_outcome(struct child *asker, uint32_t token, bool ok,
    const char *text);
/* Those addresses that FORMER did not have. */
void tell_listeners(struct master *master, struct child *child,
    const struct listeners *former);

#endif
