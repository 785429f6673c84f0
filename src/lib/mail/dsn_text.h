/* SPDX-License-Identifier: ISC
 *
 * dsn_text.h - the part of a report that is written for people.
 *
 * For dsn.c alone.
 */
#ifndef MAIL_DSN_TEXT_H
#define MAIL_DSN_TEXT_H

#include "mail/dsn.h"

/* What the whole report is about: the worst that befell a recipient. */
enum dsn_action dsn_worst(const struct dsn *dsn);

const char *dsn_subject(const struct dsn *dsn);

/* Append the text in short lines with CRLF; none begins with a dot. */
void dsn_text_put(const struct dsn *dsn, struct buf *out);

#endif
