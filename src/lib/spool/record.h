/* SPDX-License-Identifier: ISC
 *
 * record.h - a message as bytes in a segment.
 *
 *	segment header | record | record | …
 *
 * A record is a fixed header, the encoded envelope and the body, padded to
 * 8 bytes.  The header has a CRC of its own; another one covers envelope
 * and body.  The body is kept as it goes over the wire: CRLF lines, dots
 * stuffed, without the final lone dot; it always ends in CRLF unless empty.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include "base/err.h"
#include "spool/msgid.h"

enum {
	SEGMENT_HEADER_BYTES = 64,
	RECORD_HEADER_BYTES = 64,
	RECORD_ALIGN = 8,
	RECORD_ENVELOPE_MOST = 8 << 20
};

struct segment_header {
	uint8_t klass;
	uint16_t slot;
	uint32_t sequence;
	uint16_t node;
	usec_t created;
	bool single;		/* one large message, written as it came */
};

void segment_header_encode(const struct segment_header *header,
    uint8_t out[SEGMENT_HEADER_BYTES]);
/* False: ERR_FORMAT tells what is wrong; a newer version says so. */
bool segment_header_decode(const uint8_t in[SEGMENT_HEADER_BYTES],
    struct segment_header *out, struct err *err) MUST_CHECK;

struct record_header {
	struct msgid id;
	uint8_t klass;
	uint32_t rcpt_count;	/* as in the envelope */
	uint32_t envelope_bytes;
	uint64_t body_bytes;	/* as stored: stuffed */
	uint32_t content_crc;	/* CRC-32C of envelope and body */
};

void record_header_encode(const struct record_header *header,
    uint8_t out[RECORD_HEADER_BYTES]);

enum record_step {
	RECORD_OK,
	RECORD_NONE,		/* all zero: nothing was written here */
	RECORD_CUT,		/* the segment broke: nothing more counts */
	RECORD_BAD
};
/* The mark of RECORD_CUT. */
void record_cut_encode(uint8_t out[RECORD_HEADER_BYTES]);

enum record_step record_header_decode(const uint8_t in[RECORD_HEADER_BYTES],
    struct record_header *out);

/* Whether a record (or the mark of a cut) may begin with these bytes: for
 * the search after damage. */
bool record_may_begin(const uint8_t in[RECORD_ALIGN]);

/* Bytes of the whole record, padding included. */
uint64_t record_size(const struct record_header *header);

#endif
