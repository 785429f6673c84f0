/* SPDX-License-Identifier: ISC
 *
 * record.h - a message as bytes in a segment.
 *
 *	segment header | record | record | …
 *
 * A record is a fixed header, the encoded envelope and the body, padded to
 * 8 bytes.  The header has a CRC of its own; others cover the envelope, and
 * envelope and body.  The body is kept as it goes over the wire: CRLF lines,
 * dots stuffed, without the final lone dot; it always ends in CRLF unless
 * empty.
 *
 * In the second edition a segment has a salt, a random number that each of
 * its records repeats, and a header's CRC is seeded with its place: so a
 * block that belongs elsewhere, or to a former file, is not believed.  The
 * first edition had neither, and no CRC of the envelope alone; it is read
 * until its segments are empty.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include "base/err.h"
#include "base/span.h"
#include "spool/msgid.h"

enum {
	SEGMENT_HEADER_BYTES = 64,
	RECORD_HEADER_BYTES = 64,
	RECORD_ALIGN = 8,
	RECORD_ENVELOPE_MOST = 8 << 20
};

enum { EDITION_FIRST = 1, EDITION_SECOND = 2 };

struct segment_header {
	uint8_t edition;
	uint8_t klass;
	uint16_t slot;
	uint32_t sequence;
	uint16_t node;
	usec_t created;
	bool single;		/* one large message, written as it came */
	uint64_t salt;		/* not 0; 0 in the first edition */
};

void segment_header_encode(const struct segment_header *header,
    uint8_t out[SEGMENT_HEADER_BYTES]);
/* False: ERR_FORMAT tells what is wrong.  A newer edition, whole, has number
 * EPROTO: not to be touched. */
bool segment_header_decode(const uint8_t in[SEGMENT_HEADER_BYTES],
    struct segment_header *out, struct err *err) MUST_CHECK;

struct record_header {
	uint8_t edition;
	uint64_t salt;		/* of its segment; 0 in the first edition */
	struct msgid id;
	uint8_t klass;
	uint32_t rcpt_count;	/* as in the envelope */
	uint32_t envelope_bytes;
	uint64_t body_bytes;	/* as stored: stuffed */
	uint32_t content_crc;	/* CRC-32C of envelope and body */
	uint32_t envelope_crc;	/* of the envelope; not in the first edition */
};

/* As it is to stand at OFFSET of its segment. */
void record_header_encode(const struct record_header *header,
    uint64_t offset, uint8_t out[RECORD_HEADER_BYTES]);

enum record_step {
	RECORD_OK,
	RECORD_NONE,		/* all zero: nothing was written here */
	RECORD_CUT,		/* the segment broke: nothing more counts */
	RECORD_NEWER,		/* sealed, but not understood: OUT has its
				 * lengths, the rest is unknown */
	RECORD_BAD
};
/* The mark of RECORD_CUT, of the segment with EDITION and SALT. */
void record_cut_encode(uint8_t edition, uint64_t salt, uint64_t offset,
    uint8_t out[RECORD_HEADER_BYTES]);

/* IN stands at OFFSET.  OUT is filled by OK and NEWER; of a CUT, edition and
 * salt are. */
enum record_step record_header_decode(const uint8_t in[RECORD_HEADER_BYTES],
    uint64_t offset, struct record_header *out);

/* Whether a record (or the mark of a cut) of any edition may begin with these
 * bytes: for the search after damage. */
bool record_may_begin(const uint8_t in[RECORD_ALIGN]);

/* Whether BYTES are the envelope that HEADER says; the first edition cannot
 * tell, so there it is true. */
bool record_envelope_fits(const struct record_header *header,
    struct span bytes);

/*
 * The id under which the message of HEADER's record at OFFSET goes on when
 * another one has its own: of the same time, and always the same.
 */
struct msgid record_alias(const struct record_header *header,
    uint64_t offset);

/* Whether the message of HEADER's record at OFFSET goes by ID. */
bool record_goes_by(const struct record_header *header, uint64_t offset,
    struct msgid id);

/* Bytes of the whole record, padding included. */
uint64_t record_size(const struct record_header *header);

#endif
