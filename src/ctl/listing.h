/* SPDX-License-Identifier: ISC
 *
 * listing.h - the queue as text, in the form that mailq has everywhere.
 *
 * Pure: rows of the control protocol go in, text comes out.  Monitoring
 * reads the last line and the line for an empty queue, so neither changes.
 */
#ifndef CTL_LISTING_H
#define CTL_LISTING_H

#include "base/buf.h"

#include <jansson.h>

struct listing {
	unsigned long messages;
	unsigned long long bytes;
	bool filtered;		/* only some were asked for */
	bool loading;		/* the relay does not know all mail yet */
};

/* Append the text of ROW, and of the headings if it is the first.  Rows
 * without a "queue_id" are passed over. */
void listing_row(struct listing *listing, json_t *row, struct buf *out);

/* Append the last line. */
void listing_end(const struct listing *listing, struct buf *out);

/* The string KEY of ROW as tool_plain() makes it. */
const char *listing_text(json_t *row, const char *key, char *out,
    size_t most);

/* "Tue Nov 24 03:32:21", local time.  Returns OUT. */
const char *listing_time(long long seconds, char *out, size_t most);

#endif
