/* SPDX-License-Identifier: ISC
 *
 * show.c - the content of a message for the operator, in pieces.
 */
#include "base/mem.h"
#include "mail/header.h"
#include "scheduler/client.h"
#include "scheduler/scheduler.h"

enum {
	PIECE = 24 << 10,	/* of content in one row */
	HEADER_MOST = 1 << 20
};

struct show {
	struct segment *segment;	/* pinned */
	uint64_t offset;
	struct record_header header;
	uint64_t at, end;	/* of the body, as stored */
	bool line_start;
};

/* ---- content ---------------------------------------------------------------------------- */

/* Bytes of the body that its header takes. */
static bool
header_end(int fd, struct show *show, struct err *err)
{
	struct buf head;
	size_t most = show->end < HEADER_MOST ? (size_t)show->end :
	    HEADER_MOST, length;
	ssize_t n = 0;

	buf_init(&head, HEADER_MOST);
	if (most > 0)
		n = record_read_body(fd, show->offset, &show->header, 0,
		    buf_reserve(&head, most), most, err);
	if (n > 0)
		buf_added(&head, (size_t)n);
	length = header_block_length(buf_peek(&head));
	if (length > 0)
		show->end = length;
	buf_fini(&head);
	return n != -1;
}

struct show *
show_new(struct client *client, const struct item *item, const char *part)
{
	struct scheduler *s = client->control->s;
	struct show *show = mem_new(struct show);
	struct envelope *envelope = NULL;
	struct err err;
	int fd = segment_fd(s, item->segment, &err);

	show->segment = item->segment;
	show->segment->pins++;
	show->offset = item->offset;
	show->line_start = true;
	if (fd == -1 || !record_peek(fd, show->offset, &item->id,
	    &show->header, &envelope, &err))
		goto out;
	envelope_free(&envelope);
	show->end = show->header.body_bytes;
	if (strcmp(part, "headers") != 0 || header_end(fd, show, &err))
		return show;
out:
	client_end(client, EX_IOERR, err.text);
	show_free(&show, s);
	return NULL;
}

void
show_free(struct show **show, struct scheduler *s)
{
	if (*show == NULL)
		return;
	(*show)->segment->pins--;
	segment_check(s, (*show)->segment);
	mem_free(*show);
	*show = NULL;
}

/* Without the dots that stuffing added; a piece may end anywhere. */
static size_t
unstuff(struct show *show, uint8_t *bytes, size_t length)
{
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		bool stuffed = show->line_start && bytes[i] == '.';

		show->line_start = bytes[i] == '\n';
		if (!stuffed)
			bytes[kept++] = bytes[i];
	}
	return kept;
}

static void
encode(const uint8_t *bytes, size_t length, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		uint32_t v = (uint32_t)bytes[i] << 16;

		if (i + 1 < length)
			v |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < length)
			v |= bytes[i + 2];
		*out++ = digits[v >> 18];
		*out++ = digits[v >> 12 & 63];
		*out++ = i + 1 < length ? digits[v >> 6 & 63] : '=';
		*out++ = i + 2 < length ? digits[v & 63] : '=';
	}
	*out = '\0';
}

bool
show_on(struct show *show, struct client *client)
{
	uint8_t bytes[PIECE];
	char text[PIECE / 3 * 4 + 8];
	uint64_t left = show->end - show->at;
	struct err err;
	int fd = segment_fd(client->control->s, show->segment, &err);
	ssize_t n = fd == -1 ? -1 : record_read_body(fd, show->offset,
	    &show->header, show->at, bytes,
	    left < PIECE ? (size_t)left : PIECE, &err);

	if (n == -1) {
		client_end(client, EX_IOERR, err.text);
		return false;
	}
	show->at += (uint64_t)n;
	if (n > 0) {
		encode(bytes, unstuff(show, bytes, (size_t)n), text);
		client_row(client, json_pack("{s:s}", "bytes", text));
	}
	if (n > 0 && show->at < show->end)
		return true;
	client_end(client, EX_OK, NULL);
	return false;
}
