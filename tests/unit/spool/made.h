/* SPDX-License-Identifier: ISC
 *
 * made.h - a segment made by hand: its bytes, and where its records are.
 */
#ifndef TESTS_SPOOL_MADE_H
#define TESTS_SPOOL_MADE_H

#include "room.h"

#include "base/buf.h"
#include "spool/record.h"

enum { MADE_RECORDS = 3 };

#define MADE_SALT 0x1122334455667788

struct made {
	struct buf bytes;
	uint64_t offset[MADE_RECORDS + 1];
	struct record_header header[MADE_RECORDS];
	uint8_t edition;
};

extern const struct segment_name made_name;
#define MADE_FILE "03-00001742.messages"

/* Only its header. */
void made_begin(struct made *made, uint8_t edition, bool single);
/* Record I, of I + 1 recipients, its id made of one letter. */
void made_add(struct made *made, unsigned i, struct span body);
/* The body of record I of made_new(). */
struct span made_body(unsigned i);
/* With all records. */
void made_new(struct made *made, uint8_t edition);
void made_fini(struct made *made);

/* A file with BYTES in it. */
int made_file(struct span bytes);

#endif
