/* SPDX-License-Identifier: ISC
 *
 * dsn_text.h - the part of a report that is written for people.
 *
 * For dsn.c and dsn_shorten.c alone.
 */
#ifndef MAIL_DSN_TEXT_H
#define MAIL_DSN_TEXT_H

#include "mail/dsn.h"

/* What the whole report is about: the worst that befell a recipient. */
enum dsn_action dsn_worst(const struct dsn *dsn);

const char *dsn_subject(const struct dsn *dsn);

/* Append the text in short lines with CRLF; none begins with a dot. */
void dsn_text_put(const struct dsn *dsn, struct buf *out);

/* Append TEXT, which dsn_text_put() made, where its last words tell that NOW
 * is attached. */
void dsn_text_again(struct span text, enum dsn_returned now, struct buf *out);

#endif
