/* SPDX-License-Identifier: ISC
 *
 * fuzz_segment.c - fuzzes the search for messages in a segment.
 *
 * The first byte says whether the CRCs are put right before the file is
 * read; without that hardly anything would get beyond them.  Whatever the
 * scanner shows lies inside the file, behind what it showed before, and can
 * be read whole by itself.
 */
#include "fuzz/fuzz.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "spool/bytes.h"
#include "spool/segment.h"

#include <sys/mman.h>
#include <unistd.h>

static void
seal(uint8_t *header)
{
	put_le(header + 60, crc32c(0, header, 60), 4);
}

/* Wherever a record may begin, make its sums right. */
static void
put_right(uint8_t *bytes, size_t size)
{
	if (size >= SEGMENT_HEADER_BYTES)
		seal(bytes);
	for (size_t at = SEGMENT_HEADER_BYTES;
	    at + RECORD_HEADER_BYTES <= size; at += RECORD_ALIGN) {
		struct record_header header;
		size_t rest = size - at - RECORD_HEADER_BYTES;

		if (!record_may_begin(bytes + at))
			continue;
		seal(bytes + at);
		if (record_header_decode(bytes + at, &header) != RECORD_OK ||
		    header.body_bytes > rest ||
		    header.envelope_bytes > rest - header.body_bytes)
			continue;
		put_le(bytes + at + 28, crc32c(0,
		    bytes + at + RECORD_HEADER_BYTES, header.envelope_bytes +
		    (size_t)header.body_bytes), 4);
		seal(bytes + at);
	}
}

static void
check_record(int fd, const struct scan_record *found, uint64_t size)
{
	struct record record;
	struct err err;

	must(found->offset % RECORD_ALIGN == 0);
	must(found->envelope.length == found->header.envelope_bytes);
	must(record_size(&found->header) <= size - found->offset);
	if (!record_read(fd, found->offset, record_size(&found->header),
	    &record, &err)) {
		must(err.kind == ERR_FORMAT);	/* its envelope is not one */
		return;
	}
	must(record.envelope->rcpt_count == found->header.rcpt_count);
	must(record.body.length == found->header.body_bytes);
	record_fini(&record);
}

static void
scan(int fd, uint64_t size, bool verify)
{
	struct scanner scanner;
	struct scan_record found;
	uint64_t before = 0;
	struct err err;
	bool more = true;

	scanner_init(&scanner, fd, 0, size, verify);
	while (more)
		switch (scanner_next(&scanner, &found, &err)) {
		case SCAN_RECORD:
			must(found.offset > before);
			before = found.offset;
			if (verify)
				check_record(fd, &found, size);
			break;
		case SCAN_BROKEN:
			must(err.kind == ERR_FORMAT);
			more = scanner_skip_broken(&scanner, &err);
			must(more || err.kind == ERR_NONE);
			break;
		case SCAN_END:
			more = false;
			break;
		}
	scanner_fini(&scanner);
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
	scan(fd, size - 1, true);
	scan(fd, size - 1, false);
	mem_free(bytes);
	close(fd);
	return 0;
}
