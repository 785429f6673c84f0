/* SPDX-License-Identifier: ISC
 *
 * reader_inside.h - what the files of the reader share; nobody else includes
 * it.
 *
 *	reader.c         a place, and the record there
 *	reader_search.c  after something that is no record
 */
#ifndef SPOOL_READER_INSIDE_H
#define SPOOL_READER_INSIDE_H

#include "spool/reader.h"

enum { READER_PIECE = 256 << 10 };

/* Bytes from AT to the end. */
uint64_t reader_left(const struct reader *reader, uint64_t at);

/* Lend LENGTH bytes at AT, which must lie before the end.  Null: they cannot
 * be read (err), or the file ends before (err is ERR_NONE). */
const uint8_t *reader_lend(struct reader *reader, uint64_t at,
    size_t length);

/* Whether the header is of this segment, not a stale or misplaced one. */
bool reader_is_ours(const struct reader *reader,
    const struct record_header *header);

/* STEP is the finding, up to TO. */
enum reader_step reader_found(struct reader *reader, enum reader_step step,
    uint64_t to, struct reader_found *out);

/* Nothing whole begins at `bad.from`: look for what comes next, a piece with
 * each call. */
void reader_search_begin(struct reader *reader);
enum reader_step reader_search(struct reader *reader,
    struct reader_found *out);

#endif
