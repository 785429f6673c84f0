/* SPDX-License-Identifier: ISC
 *
 * room.h - what the tests of the spool share: tables, and a spool of their
 * own in a fresh directory.
 */
#ifndef TESTS_SPOOL_ROOM_H
#define TESTS_SPOOL_ROOM_H

#include "spool/envelope.h"
#include "spool/layout.h"
#include "unit/unit.h"

extern const struct unit_test msgid_tests[], envelope_tests[],
    record_tests[], ranges_tests[], layout_tests[], segment_tests[], commit_tests[],
    corrupt_tests[], durable_tests[], ends_tests[], way_tests[], reader_tests[],
    check_tests[], index_tests[], sequence_tests[], status_tests[],
    stream_tests[], list_tests[];

/* A new empty directory; gone with all the others at the end. */
const char *room_dir(void);
/* A new spool in a new directory, open. */
void room_spool(struct spool_dirs *dirs);
/* The text of the file NAME under DIRFD replaced by BYTES. */
void room_write(int dirfd, const char *name, struct span bytes);
/* The size of NAME under DIRFD; -1: there is none. */
long room_size(int dirfd, const char *name);
/* How many names DIRFD has. */
unsigned room_count(int dirfd);

/* An envelope with RCPTS recipients r0@d0.example, r1@d1.example, … */
struct envelope *room_envelope(unsigned rcpts);

void room_clean(void);

#endif
