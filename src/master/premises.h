/* SPDX-License-Identifier: ISC
 *
 * premises.h - a configuration, and whether this machine has what it wants.
 */
#ifndef MASTER_PREMISES_H
#define MASTER_PREMISES_H

#include "base/buf.h"
#include "conf/conf.h"

#include <stdio.h>

/*
 * Read the file at PATH, and its certificate and key (empty: none); as root,
 * look up its users.  Null: TOLD, which the caller clears, has the mistakes.
 */
struct conf *premises_read(const char *path, struct buf *certificate,
    struct buf *key, struct conf_told *told) MUST_CHECK;

/* How long CERTIFICATE, which CONF names, is good for; unless that is long,
 * OUT says so. */
enum { PREMISES_TEXT = 512 };
enum premises_term { TERM_LONG, TERM_SOON, TERM_OVER };
enum premises_term premises_certificate(const struct conf *conf,
    struct span certificate, char out[PREMISES_TEXT]);

/* Add what is wrong with the spool as it is; at a start, making it tells. */
void premises_check_spool(
    const struct conf *conf, const char *path, struct conf_told *told);

/* A line for each mistake and warning, with its place. */
void premises_print(const struct conf_told *told, FILE *out);
void premises_log(const struct conf_told *told);

#endif
