/* SPDX-License-Identifier: ISC
 *
 * explain.h - sites, routes and limits as JSON: what the operator is told
 * when asking why something goes where it goes, or does not.
 */
#ifndef SCHEDULER_EXPLAIN_H
#define SCHEDULER_EXPLAIN_H

#include "conf/conf_table.h"
#include "scheduler/pauses.h"
#include "scheduler/site.h"

#include <jansson.h>

struct scheduler;

/* The options of BLOCK in ITEM: {"connections":20,"idle":"30s",…}. */
json_t *explain_options(enum conf_block_id block, const void *item);

/* One object for each class, with its schedule. */
json_t *explain_classes(const struct conf *conf);

/* A pause; `until` 0: until it is resumed. */
json_t *explain_pause(const struct pause *pause);

/* The state of SITE. */
json_t *explain_site(const struct scheduler *s, const struct site *site);

/* Senders whose mail for SITE, or of a class, waits for their rate: some. */
json_t *explain_site_senders(const struct scheduler *s,
    const struct site *site);
json_t *explain_class_senders(const struct scheduler *s, unsigned klass);

enum { EXPLAIN_WAIT_TEXT = 128 };

/* Whether the sender with KEY has used up its rate: TEXT tells what it is,
 * and UNTIL when its next message goes. */
bool explain_wait(const struct scheduler *s, uint64_t key,
    char text[EXPLAIN_WAIT_TEXT], msec_t *until);

/* Its hosts in the order in which they are tried, with their addresses. */
json_t *explain_hosts(const struct scheduler *s, const struct site *site);

#endif
