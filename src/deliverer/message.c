/* SPDX-License-Identifier: ISC
 *
 * message.c - a message out of its segment.
 */
#include "deliverer/message.h"

#include "base/crc32c.h"
#include "base/fsys.h"
#include "base/mem.h"
#include "base/must.h"

#include <string.h>

enum {
	VERIFY_TURN = 1 << 20	/* bytes of a large message in a loop turn */
};

static uint8_t piece[MESSAGE_PIECE];

static enum message_step
bad(struct message *m)
{
	message_close(m);
	return MESSAGE_BAD;
}

static enum message_step
open_small(struct message *m, uint64_t size, struct msgid id,
    struct err *err)
{
	if (!record_read(m->fd, m->offset, &id, size, &m->record, err))
		return MESSAGE_BAD;
	m->open = m->small = true;
	m->header = m->record.header;
	m->envelope = m->record.envelope;
	return MESSAGE_READY;
}

/* The checksum begins with the envelope as it is on disk. */
static bool
sum_envelope(struct message *m, struct err *err)
{
	uint64_t left = m->header.envelope_bytes;
	off_t at = (off_t)(m->offset + RECORD_HEADER_BYTES);

	while (left > 0) {
		size_t some = left < sizeof(piece) ? left : sizeof(piece);
		ssize_t got = fsys_read_at(m->fd, piece, some, at, "segment",
		    err);

		if (got == -1)
			return false;
		if ((size_t)got < some)
			return err_set(err, ERR_FORMAT, "segment ends within "
			    "the envelope");
		m->crc = crc32c(m->crc, piece, some);
		left -= some;
		at += got;
	}
	return true;
}

enum message_step
message_open(struct message *m, int fd, uint64_t offset, uint64_t size,
    struct msgid id, struct err *err)
{
	memset(m, 0, sizeof(*m));
	m->fd = fd;
	m->offset = offset;
	if (size <= MESSAGE_SMALL)
		return open_small(m, size, id, err);
	if (!record_peek(fd, offset, &id, &m->header, &m->envelope, err))
		return MESSAGE_BAD;
	m->open = true;
	if (record_size(&m->header) != size) {
		err_set(err, ERR_FORMAT, "record has another size");
		return bad(m);
	}
	return sum_envelope(m, err) ? MESSAGE_MORE : bad(m);
}

enum message_step
message_verify(struct message *m, struct err *err)
{
	uint64_t stop = m->at + VERIFY_TURN;
	ssize_t got = 1;

	while (m->at < stop && got > 0) {
		got = message_read(m, piece, err);
		if (got == -1)
			return bad(m);
		m->crc = crc32c(m->crc, piece, (size_t)got);
	}
	if (got > 0)
		return MESSAGE_MORE;
	if (m->crc != m->header.content_crc) {
		err_set(err, ERR_FORMAT, "checksum does not match");
		return bad(m);
	}
	m->at = 0;
	return MESSAGE_READY;
}

ssize_t
message_read(struct message *m, void *out, struct err *err)
{
	uint64_t left = m->header.body_bytes - m->at;
	size_t some = left < MESSAGE_PIECE ? left : MESSAGE_PIECE;
	ssize_t got;

	if (some == 0)
		return 0;
	got = record_read_body(m->fd, m->offset, &m->header, m->at, out, some,
	    err);
	if (got == 0) {
		err_set(err, ERR_FORMAT, "segment ends within the body");
		return -1;
	}
	if (got > 0)
		m->at += (uint64_t)got;
	return got;
}

struct span
message_body(const struct message *m)
{
	must(m->small);
	return m->record.body;
}

void
message_body_done(struct message *m)
{
	if (!m->small)
		return;
	m->record.body = span_make(NULL, 0);
	buf_clear(&m->record.raw);
}

void
message_close(struct message *m)
{
	if (!m->open)
		return;
	if (m->small)
		record_fini(&m->record);
	else
		envelope_free(&m->envelope);
	m->envelope = NULL;
	m->open = m->small = false;
}
