/* SPDX-License-Identifier: ISC
 *
 * made.c - a segment made by hand: its bytes, and where its records are.
 */
#include "made.h"

#include "base/crc32c.h"
#include "base/must.h"

#include <sys/mman.h>
#include <unistd.h>

const struct segment_name made_name = { CLASS_NORMAL, 3, 0x1742 };

struct span
made_body(unsigned i)
{
	static const char *const bodies[] = {
		"", "one line\r\n", "Subject: x\r\n\r\nsome more text\r\n"
	};

	return span_of(bodies[i % 3]);
}

void
made_add(struct made *made, unsigned i, struct span body)
{
	struct envelope *e = room_envelope(i + 1);
	struct record_header *header = &made->header[i];
	uint8_t head[RECORD_HEADER_BYTES];
	struct buf envelope;

	buf_init(&envelope, 1 << 20);
	envelope_encode(e, &envelope);
	*header = (struct record_header){
		.edition = made->edition,
		.salt = made->edition == EDITION_FIRST ? 0 : MADE_SALT,
		.klass = CLASS_NORMAL, .rcpt_count = e->rcpt_count,
		.envelope_bytes = (uint32_t)buf_length(&envelope),
		.body_bytes = body.length,
		.envelope_crc = crc32c(0, buf_peek(&envelope).data,
		    buf_length(&envelope)),
	};
	memset(header->id.bytes, 'a' + (int)i, MSGID_BYTES);
	header->content_crc = crc32c(header->envelope_crc, body.data,
	    body.length);
	made->offset[i] = buf_length(&made->bytes);
	record_header_encode(header, made->offset[i], head);
	buf_append(&made->bytes, head, sizeof head);
	buf_append_span(&made->bytes, buf_peek(&envelope));
	buf_append_span(&made->bytes, body);
	while (buf_length(&made->bytes) % RECORD_ALIGN != 0)
		buf_append_byte(&made->bytes, 0);
	made->offset[i + 1] = buf_length(&made->bytes);
	buf_fini(&envelope);
	envelope_free(&e);
}

void
made_begin(struct made *made, uint8_t edition, bool single)
{
	struct segment_header header = {
		.edition = edition,
		.klass = made_name.klass, .slot = made_name.slot,
		.sequence = made_name.sequence, .single = single,
		.salt = edition == EDITION_FIRST ? 0 : MADE_SALT,
	};
	uint8_t bytes[SEGMENT_HEADER_BYTES];

	*made = (struct made){ .edition = edition };
	buf_init(&made->bytes, 64 << 20);
	segment_header_encode(&header, bytes);
	buf_append(&made->bytes, bytes, sizeof bytes);
}

void
made_new(struct made *made, uint8_t edition)
{
	made_begin(made, edition, false);
	for (unsigned i = 0; i < MADE_RECORDS; i++)
		made_add(made, i, made_body(i));
}

void
made_fini(struct made *made)
{
	buf_fini(&made->bytes);
}

int
made_file(struct span bytes)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);

	must(fd != -1);
	must(write(fd, bytes.data, bytes.length) == (ssize_t)bytes.length);
	return fd;
}
