/* SPDX-License-Identifier: ISC
 *
 * crowd.h - how often a client is here, told to the other processes.
 *
 * A client is one counter in each of two rows, by its hash.  Who shares both
 * of them with others is thought to be here more often than it is, never
 * less; with ten thousand clients that happens to one in ten million.  Half
 * a megabyte, of which only pages that were used exist.
 */
#ifndef WORKER_CROWD_H
#define WORKER_CROWD_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>

enum { CROWD_COUNTERS = 1 << 16 };

struct crowd {
	alignas(4096) _Atomic uint32_t one[CROWD_COUNTERS];
	_Atomic uint32_t two[CROWD_COUNTERS];
};

/* Whoever enters and then asks how many the others have, and leaves when
 * that is too many, never has more in all than was allowed. */
void crowd_enter(struct crowd *crowd, uint64_t hash);
void crowd_leave(struct crowd *crowd, uint64_t hash);
uint32_t crowd_count(const struct crowd *crowd, uint64_t hash);

/* The process is no more: give the memory back. */
void crowd_clear(struct crowd *crowd);

#endif
