/* SPDX-License-Identifier: ISC
 *
 * buf.h - owned bytes, with a most.
 *
 * A buf grows at its end and is taken from its front.  Every buf has a cap
 * that it never grows past; what does not fit sets `full` and is not added,
 * so a long row of appends needs one check at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/span.h"

#include <stdarg.h>

struct buf {
	uint8_t *data;
	size_t start;		/* first byte not yet taken */
	size_t end;		/* one past the last */
	size_t room;		/* bytes allocated */
	size_t most;		/* never more than this between start and end */
	bool full;		/* something did not fit */
};

/* Embedded: no memory until the first append. */
void buf_init(struct buf *buf, size_t most);
void buf_fini(struct buf *buf);

struct buf *buf_new(size_t most);
void buf_free(struct buf **buf);

static inline size_t
buf_length(const struct buf *buf)
{
	return buf->end - buf->start;
}

/* Lend everything in BUF; valid until the next change. */
static inline struct span
buf_peek(const struct buf *buf)
{
	return span_make(buf->data + buf->start, buf_length(buf));
}

/* False, and `full` is set: nothing was added. */
bool buf_append(struct buf *buf, const void *data, size_t length);
bool buf_append_span(struct buf *buf, struct span s);
bool buf_append_text(struct buf *buf, const char *text);
bool buf_append_byte(struct buf *buf, uint8_t byte);
bool buf_printf(struct buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/*
 * Room for LENGTH more bytes at the end, to be written by the caller and
 * then counted with buf_added().  Null, and `full` is set: no room.
 */
uint8_t *buf_reserve(struct buf *buf, size_t length);
void buf_added(struct buf *buf, size_t length);

/* Take LENGTH bytes (at most what is there) from the front. */
void buf_skip(struct buf *buf, size_t length);

/* Forget the content; memory over 16 KiB is given back. */
void buf_clear(struct buf *buf);

/* Move the content and memory of FROM into TO, whose own is freed. */
void buf_take(struct buf *to, struct buf *from);

#endif
