/* SPDX-License-Identifier: ISC
 *
 * segments.h - the segments we were handed, by their number.
 */
#ifndef DELIVERER_SEGMENTS_H
#define DELIVERER_SEGMENTS_H

#include "base/map.h"

struct segment {
	uint32_t number;
	int fd;			/* read only */
	unsigned users;		/* jobs that refer to it */
	bool gone;		/* to be closed after the last of them */
};

struct segments {
	struct map by_number;
};

void segments_init(struct segments *segments);

/* FD is owned from now on.  A number that is there already is replaced. */
void segments_add(struct segments *segments, uint32_t number, int fd);

/* No new job will name it.  Unknown numbers are nothing to us. */
void segments_gone(struct segments *segments, uint32_t number);
void segments_all_gone(struct segments *segments);

/* Null when there is none; else counted as used until segment_release(). */
struct segment *segments_use(struct segments *segments, uint32_t number);
void segment_release(struct segment **segment);

#endif
