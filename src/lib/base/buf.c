/* SPDX-License-Identifier: ISC
 *
 * buf.c - owned bytes, with a most.
 */
#include "base/buf.h"

#include "base/mem.h"
#include "base/must.h"

#include <stdio.h>

enum { KEEP_BYTES = 16384 };

void
buf_init(struct buf *buf, size_t most)
{
	*buf = (struct buf){ .most = most };
}

void
buf_fini(struct buf *buf)
{
	mem_free(buf->data);
	*buf = (struct buf){ .most = buf->most };
}

struct buf *
buf_new(size_t most)
{
	struct buf *buf = mem_new(struct buf);

	buf_init(buf, most);
	return buf;
}

void
buf_free(struct buf **buf)
{
	if (*buf == NULL)
		return;
	buf_fini(*buf);
	mem_free(*buf);
	*buf = NULL;
}

/* Move what is left to the front, so that the room behind it counts. */
static void
buf_close_gap(struct buf *buf)
{
	if (buf->start == 0)
		return;
	memmove(buf->data, buf->data + buf->start, buf_length(buf));
	buf->end -= buf->start;
	buf->start = 0;
}

uint8_t *
buf_reserve(struct buf *buf, size_t length)
{
	size_t want, used = buf_length(buf);

	if (used > buf->most || length > buf->most - used) {
		buf->full = true;
		return NULL;
	}
	if (length <= buf->room - buf->end)
		return buf->data + buf->end;
	buf_close_gap(buf);
	if (length <= buf->room - buf->end)
		return buf->data + buf->end;
	want = buf->room < 256 ? 256 : buf->room * 2;
	while (want - used < length)
		want *= 2;
	if (want > buf->most && buf->most >= used + length)
		want = buf->most;
	buf->data = mem_resize(buf->data, want, 1);
	buf->room = want;
	return buf->data + buf->end;
}

void
buf_added(struct buf *buf, size_t length)
{
	must(length <= buf->room - buf->end);
	buf->end += length;
}

bool
buf_append(struct buf *buf, const void *data, size_t length)
{
	uint8_t *to;

	if (length == 0)
		return true;
	to = buf_reserve(buf, length);
	if (to == NULL)
		return false;
	memcpy(to, data, length);
	buf->end += length;
	return true;
}

bool
buf_append_span(struct buf *buf, struct span s)
{
	return buf_append(buf, s.data, s.length);
}

bool
buf_append_text(struct buf *buf, const char *text)
{
	return buf_append_span(buf, span_of(text));
}

bool
buf_append_byte(struct buf *buf, uint8_t byte)
{
	return buf_append(buf, &byte, 1);
}

bool
buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
{
	char small[512];
	va_list again;
	char *large;
	bool fits;
	int length;

	va_copy(again, ap);
	length = vsnprintf(small, sizeof small, fmt, ap);
	must(length >= 0);
	if ((size_t)length < sizeof small) {
		va_end(again);
		return buf_append(buf, small, (size_t)length);
	}
	large = mem_alloc((size_t)length + 1);
	vsnprintf(large, (size_t)length + 1, fmt, again);
	va_end(again);
	fits = buf_append(buf, large, (size_t)length);
	mem_free(large);
	return fits;
}

bool
buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	bool fits;

	va_start(ap, fmt);
	fits = buf_vprintf(buf, fmt, ap);
	va_end(ap);
	return fits;
}

void
buf_skip(struct buf *buf, size_t length)
{
	if (length >= buf_length(buf))
		buf->start = buf->end = 0;
	else
		buf->start += length;
}

void
buf_clear(struct buf *buf)
{
	buf->start = buf->end = 0;
	buf->full = false;
	if (buf->room > KEEP_BYTES) {
		mem_free(buf->data);
		buf->data = NULL;
		buf->room = 0;
	}
}

void
buf_take(struct buf *to, struct buf *from)
{
	mem_free(to->data);
	*to = *from;
	*from = (struct buf){ .most = from->most };
}
