/* SPDX-License-Identifier: ISC
 *
 * sequence.h - numbers for segments, each given away once for ever.
 *
 * A segment's name stands in journals and in the index; a name that was
 * used again would let a new message inherit an old one's fate.  So the
 * numbers of a slot and class are taken in blocks, and the end of the last
 * block is durable in CLASS/SLOT.sequence before a number of it is used.
 * Where that file is lost, numbers go on above whatever is in the directory
 * and above the seconds since 2020.
 */
#ifndef SPOOL_SEQUENCE_H
#define SPOOL_SEQUENCE_H

#include "base/err.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

/* Shared by the two threads of a lane. */
struct sequence {
	pthread_mutex_t lock;
	int dirfd;		/* of the class; borrowed */
	uint16_t slot;
	mode_t mode;		/* of the file */
	uint32_t next, end;
};

void sequence_init(struct sequence *sequence, int dirfd, uint16_t slot,
    mode_t mode);
void sequence_fini(struct sequence *sequence);

bool sequence_take(struct sequence *sequence, uint32_t *out, struct err *err)
    MUST_CHECK;

#endif
