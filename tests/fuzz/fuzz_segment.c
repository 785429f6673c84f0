/* SPDX-License-Identifier: ISC
 *
 * fuzz_segment.c - fuzzes the reader of segments.
 *
 * The first byte says whether the CRCs are put right before the file is
 * read; without that hardly anything would get beyond them.  Whatever the
 * reader shows lies inside the file, behind what it showed before, and can
 * be read whole by itself.
 */
#include "fuzz/fuzz.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "spool/bytes.h"
#include "spool/reader.h"
#include "spool/segment.h"

#include <sys/mman.h>
#include <unistd.h>

/* The sums of the record that may begin at AT of SIZE BYTES. */
static void
put_record_right(uint8_t *bytes, size_t size, size_t at)
{
	struct record_header header;
	uint8_t *head = bytes + at;
	const uint8_t *content = head + RECORD_HEADER_BYTES;
	size_t rest = size - at - RECORD_HEADER_BYTES;

	header = (struct record_header){
		.edition = head[19] == 0 ? EDITION_FIRST : EDITION_SECOND,
		.salt = get_le(bytes + 32, 8), .klass = head[18],
		.rcpt_count = (uint32_t)get_le(head + 20, 4),
		.envelope_bytes = (uint32_t)get_le(head + 24, 4),
		.body_bytes = get_le(head + 32, 8),
	};
	if (header.body_bytes > rest ||
	    header.envelope_bytes > rest - header.body_bytes)
		return;
	header.envelope_crc = crc32c(0, content, header.envelope_bytes);
	header.content_crc = crc32c(0, content, header.envelope_bytes +
	    (size_t)header.body_bytes);
	record_header_encode(&header, at, head);
}

/* Wherever a record may begin, make its sums right. */
static void
put_right(uint8_t *bytes, size_t size)
{
	if (size >= SEGMENT_HEADER_BYTES)
		put_le(bytes + 60, crc32c(0, bytes, 60), 4);
	for (size_t at = SEGMENT_HEADER_BYTES;
	    at + RECORD_HEADER_BYTES <= size; at += RECORD_ALIGN)
		if (record_may_begin(bytes + at))
			put_record_right(bytes, size, at);
}

static void
check_record(int fd, const struct reader_found *found, uint64_t size)
{
	struct record record;
	struct err err;

	must(found->from % RECORD_ALIGN == 0);
	must(found->envelope.length == found->header.envelope_bytes);
	must(record_size(&found->header) <= size - found->from);
	if (!record_read(fd, found->from, &found->header.id,
	    record_size(&found->header), &record, &err)) {
		must(err.kind == ERR_FORMAT);	/* its envelope is not one */
		return;
	}
	must(record.envelope->rcpt_count == found->header.rcpt_count);
	must(record.body.length == found->header.body_bytes);
	record_fini(&record);
}

/* Every byte is part of one finding, and the reader comes to an end. */
static void
scan(int fd, uint64_t size, bool deep, uint64_t promised)
{
	uint64_t before = SEGMENT_HEADER_BYTES;
	struct segment_header header;
	struct reader_found found;
	struct reader reader;
	enum reader_step step;
	struct err err;

	reader_init(&reader, reader_fetch_file, &fd, 0, size);
	reader.deep = deep;
	reader.promised = promised;
	if (!reader_head(&reader, &header, &err))
		must(err.kind == ERR_FORMAT);
	while ((step = reader_next(&reader, &found)) != READER_END) {
		if (step == READER_MORE)
			continue;
		must(found.from == before && found.to > before);
		must(step != READER_UNREADABLE);
		before = found.to;
		if (step == READER_MESSAGE && deep)
			check_record(fd, &found, size);
	}
	reader_fini(&reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes;
	int fd;

	if (size < 1 || size > 1 << 20)
		return 0;
	fd = memfd_create("segment", MFD_CLOEXEC);
	must(fd != -1);
	bytes = mem_alloc(size - 1);
	memcpy(bytes, data + 1, size - 1);
	if ((data[0] & 1) != 0)
		put_right(bytes, size - 1);
	must(write(fd, bytes, size - 1) == (ssize_t)(size - 1));
	scan(fd, size - 1, true, 0);
	scan(fd, size - 1, false, size - 1);
	mem_free(bytes);
	close(fd);
	return 0;
}
