/* SPDX-License-Identifier: ISC
 *
 * record.c - a message as bytes in a segment.
 *
 * All headers are 64 bytes and end in the CRC-32C of the 60 before it; in a
 * record or cut of the second edition that is seeded with the place, 8 bytes.
 * Numbers are least significant byte first.
 *
 *	segment  0 magic 8 | 8 edition 2 | 10 class 1 | 11 single 1 |
 *		12 slot 2 | 14 node 2 | 16 sequence 4 | 20 zero 4 |
 *		24 created 8 | 32 salt 8 | 40 zero 20 | 60 CRC 4
 *	cut      0 magic 8 | 8 zero 11 | 19 edition 1 | 20 zero 20 |
 *		40 salt 8 | 48 zero 12 | 60 CRC 4
 *	record   0 magic 8 | 8 id 10 | 18 class 1 | 19 edition 1 |
 *		20 recipients 4 | 24 envelope bytes 4 | 28 content CRC 4 |
 *		32 body bytes 8 | 40 salt 8 | 48 envelope CRC 4 | 52 zero 8 |
 *		60 CRC 4
 *
 * The first edition has zeros in place of edition, salt and envelope CRC.  A
 * later one keeps magic, edition, lengths and CRC of a record where they are,
 * so that this program can step over it.
 */
#include "spool/record.h"

#include "base/crc32c.h"
#include "conf/conf.h"
#include "spool/bytes.h"
#include "spool/envelope.h"

#include <errno.h>

enum { EDITION_AT = 19, SALT_AT = 40, ENVELOPE_CRC_AT = 48, CRC_AT = 60 };

#define BODY_MOST ((uint64_t)1 << 40)

/* A record's magic has a line feed without a carriage return: no body that
 * was ever accepted holds it, so a search for records after damage cannot
 * be led astray by what somebody put into a message. */
static const uint8_t segment_magic[8] = "PRsegmt\n";
static const uint8_t record_magic[8] = "\x8ePRmail\n";
static const uint8_t cut_magic[8] = "\x8ePRcut!\n";

static bool
all_zero(const uint8_t *bytes, size_t length)
{
	while (length-- > 0)
		if (*bytes++ != 0)
			return false;
	return true;
}

/* ---- segments ----------------------------------------------------------- */

void
segment_header_encode(const struct segment_header *header,
    uint8_t out[SEGMENT_HEADER_BYTES])
{
	memset(out, 0, SEGMENT_HEADER_BYTES);
	memcpy(out, segment_magic, sizeof segment_magic);
	put_le(out + 8, header->edition, 2);
	out[10] = header->klass;
	out[11] = header->single;
	put_le(out + 12, header->slot, 2);
	put_le(out + 14, header->node, 2);
	put_le(out + 16, header->sequence, 4);
	put_le(out + 24, (uint64_t)header->created, 8);
	put_le(out + 32, header->salt, 8);
	put_le(out + CRC_AT, crc32c(0, out, CRC_AT), 4);
}

bool
segment_header_decode(const uint8_t in[SEGMENT_HEADER_BYTES],
    struct segment_header *out, struct err *err)
{
	unsigned edition = (unsigned)get_le(in + 8, 2);

	if (memcmp(in, segment_magic, sizeof segment_magic) != 0)
		return err_set(err, ERR_FORMAT, "not a segment");
	if (get_le(in + CRC_AT, 4) != crc32c(0, in, CRC_AT))
		return err_set(err, ERR_FORMAT, "segment header damaged");
	if (edition < EDITION_FIRST || edition > EDITION_SECOND) {
		err_set(err, ERR_FORMAT, "segment of edition %u, made by a "
		    "newer postrider", edition);
		err->number = EPROTO;
		return false;
	}
	if (in[10] >= CLASS_COUNT || in[11] > 1)
		return err_set(err, ERR_FORMAT, "segment of class %u, kind %u",
		    in[10], in[11]);
	*out = (struct segment_header){
		.edition = (uint8_t)edition,
		.klass = in[10],
		.slot = (uint16_t)get_le(in + 12, 2),
		.node = (uint16_t)get_le(in + 14, 2),
		.sequence = (uint32_t)get_le(in + 16, 4),
		.created = (usec_t)get_le(in + 24, 8),
		.single = in[11] != 0,
		.salt = get_le(in + 32, 8),
	};
	return true;
}

/* ---- records ------------------------------------------------------------ */

/* The CRC that belongs at the end of HEADER, when it stands at OFFSET. */
static uint32_t
seal_of(const uint8_t *header, uint8_t edition, uint64_t offset)
{
	uint8_t place[8];

	if (edition == EDITION_FIRST)
		return crc32c(0, header, CRC_AT);
	put_le(place, offset, sizeof place);
	return crc32c(crc32c(0, place, sizeof place), header, CRC_AT);
}

static bool
is_sealed(const uint8_t *header, uint8_t edition, uint64_t offset)
{
	return get_le(header + CRC_AT, 4) == seal_of(header, edition, offset);
}

void
record_header_encode(const struct record_header *header, uint64_t offset,
    uint8_t out[RECORD_HEADER_BYTES])
{
	bool first = header->edition == EDITION_FIRST;

	memset(out, 0, RECORD_HEADER_BYTES);
	memcpy(out, record_magic, sizeof record_magic);
	memcpy(out + 8, header->id.bytes, MSGID_BYTES);
	out[18] = header->klass;
	put_le(out + 20, header->rcpt_count, 4);
	put_le(out + 24, header->envelope_bytes, 4);
	put_le(out + 28, header->content_crc, 4);
	put_le(out + 32, header->body_bytes, 8);
	if (!first) {
		out[EDITION_AT] = header->edition;
		put_le(out + SALT_AT, header->salt, 8);
		put_le(out + ENVELOPE_CRC_AT, header->envelope_crc, 4);
	}
	put_le(out + CRC_AT, seal_of(out, header->edition, offset), 4);
}

void
record_cut_encode(uint8_t edition, uint64_t salt, uint64_t offset,
    uint8_t out[RECORD_HEADER_BYTES])
{
	bool first = edition == EDITION_FIRST;

	memset(out, 0, RECORD_HEADER_BYTES);
	memcpy(out, cut_magic, sizeof cut_magic);
	if (!first) {
		out[EDITION_AT] = edition;
		put_le(out + SALT_AT, salt, 8);
	}
	put_le(out + CRC_AT, seal_of(out, edition, offset), 4);
}

static bool
lengths_make_sense(const struct record_header *header)
{
	return header->envelope_bytes > 0 &&
	    header->envelope_bytes <= RECORD_ENVELOPE_MOST &&
	    header->body_bytes <= BODY_MOST;
}

static bool
is_understood(const uint8_t *in, const struct record_header *header)
{
	size_t used = header->edition == EDITION_FIRST ? SALT_AT :
	    ENVELOPE_CRC_AT + 4;

	return header->klass < CLASS_COUNT && header->rcpt_count > 0 &&
	    header->rcpt_count <= ENVELOPE_RCPTS_MOST &&
	    all_zero(in + used, CRC_AT - used);
}

enum record_step
record_header_decode(const uint8_t in[RECORD_HEADER_BYTES], uint64_t offset,
    struct record_header *out)
{
	struct record_header header = {
		.edition = in[EDITION_AT] == 0 ? EDITION_FIRST :
		    in[EDITION_AT],
		.salt = get_le(in + SALT_AT, 8),
		.klass = in[18],
		.rcpt_count = (uint32_t)get_le(in + 20, 4),
		.envelope_bytes = (uint32_t)get_le(in + 24, 4),
		.content_crc = (uint32_t)get_le(in + 28, 4),
		.body_bytes = get_le(in + 32, 8),
		.envelope_crc = (uint32_t)get_le(in + ENVELOPE_CRC_AT, 4),
	};

	if (all_zero(in, RECORD_HEADER_BYTES))
		return RECORD_NONE;
	if (!record_may_begin(in) || !is_sealed(in, header.edition, offset))
		return RECORD_BAD;
	if (memcmp(in, cut_magic, sizeof cut_magic) == 0) {
		out->edition = header.edition;
		out->salt = header.salt;
		return RECORD_CUT;
	}
	if (!lengths_make_sense(&header))
		return RECORD_BAD;
	memcpy(header.id.bytes, in + 8, MSGID_BYTES);
	*out = header;
	return header.edition <= EDITION_SECOND &&
	    is_understood(in, &header) ? RECORD_OK : RECORD_NEWER;
}

bool
record_may_begin(const uint8_t in[RECORD_ALIGN])
{
	return in[0] == record_magic[0] &&
	    (memcmp(in, record_magic, sizeof record_magic) == 0 ||
	    memcmp(in, cut_magic, sizeof cut_magic) == 0);
}

bool
record_envelope_fits(const struct record_header *header, struct span bytes)
{
	return header->edition == EDITION_FIRST ||
	    crc32c(0, bytes.data, bytes.length) == header->envelope_crc;
}

struct msgid
record_alias(const struct record_header *header, uint64_t offset)
{
	struct msgid id = header->id;
	uint8_t place[16];
	uint32_t crc;

	put_le(place, header->salt, 8);
	put_le(place + 8, offset, 8);
	crc = crc32c(header->content_crc, place, sizeof place);
	id.bytes[MSGID_BYTES - 2] ^= (uint8_t)(crc >> 8);
	id.bytes[MSGID_BYTES - 1] ^= (uint8_t)(crc | 1);
	return id;
}

bool
record_goes_by(const struct record_header *header, uint64_t offset,
    struct msgid id)
{
	return msgid_compare(id, header->id) == 0 ||
	    msgid_compare(id, record_alias(header, offset)) == 0;
}

uint64_t
record_size(const struct record_header *header)
{
	uint64_t bytes = RECORD_HEADER_BYTES + header->envelope_bytes +
	    header->body_bytes;

	return (bytes + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1);
}
