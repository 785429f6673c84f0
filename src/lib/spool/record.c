/* SPDX-License-Identifier: ISC
 *
 * record.c - a message as bytes in a segment.
 *
 * Both headers are 64 bytes and end in the CRC-32C of the 60 before it.
 * Numbers are least significant byte first.
 *
 *	segment  0 magic 8 | 8 version 2 | 10 class 1 | 11 single 1 |
 *		12 slot 2 | 14 node 2 | 16 sequence 4 | 20 zero 4 |
 *		24 created 8 | 32 zero 28 | 60 CRC 4
 *	cut      0 magic 8 | 8 zero 52 | 60 CRC 4
 *	record   0 magic 8 | 8 id 10 | 18 class 1 | 19 zero 1 |
 *		20 recipients 4 | 24 envelope bytes 4 | 28 content CRC 4 |
 *		32 body bytes 8 | 40 zero 20 | 60 CRC 4
 */
#include "spool/record.h"

#include "base/crc32c.h"
#include "conf/conf.h"
#include "spool/bytes.h"
#include "spool/envelope.h"

enum { FORMAT = 1, CRC_AT = 60 };

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

static void
seal(uint8_t *header)
{
	put_le(header + CRC_AT, crc32c(0, header, CRC_AT), 4);
}

static bool
is_sealed(const uint8_t *header)
{
	return get_le(header + CRC_AT, 4) == crc32c(0, header, CRC_AT);
}

void
segment_header_encode(const struct segment_header *header,
    uint8_t out[SEGMENT_HEADER_BYTES])
{
	memset(out, 0, SEGMENT_HEADER_BYTES);
	memcpy(out, segment_magic, sizeof segment_magic);
	put_le(out + 8, FORMAT, 2);
	out[10] = header->klass;
	out[11] = header->single;
	put_le(out + 12, header->slot, 2);
	put_le(out + 14, header->node, 2);
	put_le(out + 16, header->sequence, 4);
	put_le(out + 24, (uint64_t)header->created, 8);
	seal(out);
}

bool
segment_header_decode(const uint8_t in[SEGMENT_HEADER_BYTES],
    struct segment_header *out, struct err *err)
{
	unsigned version = (unsigned)get_le(in + 8, 2);

	if (memcmp(in, segment_magic, sizeof segment_magic) != 0)
		return err_set(err, ERR_FORMAT, "not a segment");
	if (!is_sealed(in))
		return err_set(err, ERR_FORMAT, "segment header damaged");
	if (version != FORMAT)
		return err_set(err, ERR_FORMAT, "segment of version %u, "
		    "made by a newer postrider", version);
	if (in[10] >= CLASS_COUNT || in[11] > 1)
		return err_set(err, ERR_FORMAT, "segment of class %u, kind %u",
		    in[10], in[11]);
	*out = (struct segment_header){
		.klass = in[10],
		.slot = (uint16_t)get_le(in + 12, 2),
		.node = (uint16_t)get_le(in + 14, 2),
		.sequence = (uint32_t)get_le(in + 16, 4),
		.created = (usec_t)get_le(in + 24, 8),
		.single = in[11] != 0,
	};
	return true;
}

void
record_header_encode(const struct record_header *header,
    uint8_t out[RECORD_HEADER_BYTES])
{
	memset(out, 0, RECORD_HEADER_BYTES);
	memcpy(out, record_magic, sizeof record_magic);
	memcpy(out + 8, header->id.bytes, MSGID_BYTES);
	out[18] = header->klass;
	put_le(out + 20, header->rcpt_count, 4);
	put_le(out + 24, header->envelope_bytes, 4);
	put_le(out + 28, header->content_crc, 4);
	put_le(out + 32, header->body_bytes, 8);
	seal(out);
}

void
record_cut_encode(uint8_t out[RECORD_HEADER_BYTES])
{
	memset(out, 0, RECORD_HEADER_BYTES);
	memcpy(out, cut_magic, sizeof cut_magic);
	seal(out);
}

static bool
makes_sense(const struct record_header *header)
{
	return header->klass < CLASS_COUNT && header->rcpt_count > 0 &&
	    header->rcpt_count <= ENVELOPE_RCPTS_MOST &&
	    header->envelope_bytes > 0 &&
	    header->envelope_bytes <= RECORD_ENVELOPE_MOST &&
	    header->body_bytes <= BODY_MOST;
}

enum record_step
record_header_decode(const uint8_t in[RECORD_HEADER_BYTES],
    struct record_header *out)
{
	struct record_header header = {
		.klass = in[18],
		.rcpt_count = (uint32_t)get_le(in + 20, 4),
		.envelope_bytes = (uint32_t)get_le(in + 24, 4),
		.content_crc = (uint32_t)get_le(in + 28, 4),
		.body_bytes = get_le(in + 32, 8),
	};

	if (memcmp(in, cut_magic, sizeof cut_magic) == 0 && is_sealed(in))
		return RECORD_CUT;
	if (memcmp(in, record_magic, sizeof record_magic) != 0)
		return all_zero(in, RECORD_HEADER_BYTES) ? RECORD_NONE :
		    RECORD_BAD;
	if (!is_sealed(in) || in[19] != 0 || !all_zero(in + 40, 20) ||
	    !makes_sense(&header))
		return RECORD_BAD;
	memcpy(header.id.bytes, in + 8, MSGID_BYTES);
	*out = header;
	return RECORD_OK;
}

bool
record_may_begin(const uint8_t in[RECORD_ALIGN])
{
	return memcmp(in, record_magic, sizeof record_magic) == 0 ||
	    memcmp(in, cut_magic, sizeof cut_magic) == 0;
}

uint64_t
record_size(const struct record_header *header)
{
	uint64_t bytes = RECORD_HEADER_BYTES + header->envelope_bytes +
	    header->body_bytes;

	return (bytes + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1);
}
