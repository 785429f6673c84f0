/* SPDX-License-Identifier: ISC
 *
 * dot.c - the body between DATA and the lone dot.
 *
 * A machine of a few states that sees only what matters: CR, LF, and the
 * first byte of a line.  The text between is passed in strides of sixteen
 * bytes.  Whether the data ends is decided at exactly one place, and only a
 * LF in state DOT_CR gets there; LINE_START is reached by CR LF alone.
 */
#include "smtp/dot.h"

#include "base/buf.h"
#include "base/must.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum dot_state {
	LINE_START,		/* also the start of the data */
	TEXT,
	TEXT_CR,		/* a CR that is not behind the first dot */
	FIRST_DOT,		/* held back: "." */
	DOT_CR,			/* held back: ".\r" */
	ENDED
};

const struct dot DOT_START_VALUE = { .state = LINE_START };

/* How many bytes the state holds back. */
static size_t
held_in(uint8_t state)
{
	return state == FIRST_DOT ? 1 : state == DOT_CR ? 2 : 0;
}

/* ---- the scan ---------------------------------------------------------- */

#ifdef __SSE2__
static inline unsigned
mask_of(__m128i v)
{
	return (unsigned)_mm_movemask_epi8(v);
}

/*
 * From P in strides of 16 bytes to the first CR or LF, or to where fewer than
 * 16 are left.  What is behind the CR or LF must not be noted: it may be
 * behind the end of the data.
 */
static inline const uint8_t *
stride(struct dot *dot, const uint8_t *p, const uint8_t *end)
{
	const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');
	const __m128i zero = _mm_setzero_si128();
	unsigned stop = 0, before = 0, high = 0, nul = 0;

	while (stop == 0 && end - p >= 16) {
		const __m128i v =
		    _mm_loadu_si128((const __m128i *)(const void *)p);

		stop = mask_of(_mm_or_si128(_mm_cmpeq_epi8(v, cr),
		    _mm_cmpeq_epi8(v, lf)));
		before = stop == 0 ? 0xffffU : (stop & -stop) - 1;
		high |= mask_of(v) & before;
		nul |= mask_of(_mm_cmpeq_epi8(v, zero)) & before;
		p += stop == 0 ? 16 : __builtin_ctz(stop);
	}
	dot->eight_bit |= high != 0;
	dot->nul |= nul != 0;
	return p;
}
#endif

/* The first CR or LF from P on, or END; all before it is noted. */
static inline const uint8_t *
scan(struct dot *dot, const uint8_t *p, const uint8_t *end)
{
#ifdef __SSE2__
	p = stride(dot, p, end);
#endif
	for (; p < end && *p != '\r' && *p != '\n'; p++) {
		dot->eight_bit |= *p > 0x7f;
		dot->nul |= *p == 0;
	}
	return p;
}

/* ---- the machine ------------------------------------------------------- */

static inline void
end_line(struct dot *dot)
{
	if (dot->line > dot->longest)
		dot->longest = dot->line;
	dot->line = 0;
	dot->state = LINE_START;
}

/* A CR that turned out to stand alone; it is part of the line. */
static void
bare_cr(struct dot *dot)
{
	dot->bare = true;
	dot->line++;
	dot->state = TEXT;
}

/* Take text up to and with the next CR, CR LF or LF. */
static inline const uint8_t *
take_text(struct dot *dot, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = scan(dot, p, end);

	dot->line += (size_t)(stop - p);
	dot->state = TEXT;
	if (stop == end)
		return stop;
	if (*stop == '\n') {
		dot->bare = true;
		dot->line++;
		return stop + 1;
	}
	if (end - stop > 1 && stop[1] == '\n') {
		end_line(dot);
		return stop + 2;
	}
	dot->state = TEXT_CR;
	return stop + 1;
}

/* One step from P on; takes bytes or changes the state, or both. */
static inline const uint8_t *
step(struct dot *dot, const uint8_t *p, const uint8_t *end)
{
	switch ((enum dot_state)dot->state) {
	case LINE_START:
		if (*p != '.')
			return take_text(dot, p, end);
		dot->state = FIRST_DOT;
		return p + 1;
	case TEXT:
		return take_text(dot, p, end);
	case TEXT_CR:
		if (*p != '\n') {
			bare_cr(dot);
			return p;
		}
		end_line(dot);
		return p + 1;
	case FIRST_DOT:
		if (*p == '\r') {
			dot->state = DOT_CR;
			return p + 1;
		}
		dot->stuffed++;
		dot->state = TEXT;
		return p;
	case DOT_CR:
		if (*p == '\n') {
			dot->state = ENDED;
			return p + 1;
		}
		dot->stuffed++;
		bare_cr(dot);
		return p;
	case ENDED:
		break;
	}
	return end;
}

enum dot_step
dot_read(struct dot *dot, struct span *in, struct dot_piece *out)
{
	const uint8_t *p = in->data, *end = p + in->length;
	size_t held = held_in(dot->state), taken, body;

	must(dot->state != ENDED);
	while (p < end && dot->state != ENDED)
		p = step(dot, p, end);
	taken = (size_t)(p - in->data);
	body = held + taken;
	body -= dot->state == ENDED ? 3 : held_in(dot->state);

	/* What was held back is body as a whole or not at all. */
	must(body == 0 || body >= held);
	out->held_length = body == 0 ? 0 : (uint8_t)held;
	memcpy(out->held, ".\r\0", sizeof out->held);
	out->body = span_first(*in, body - out->held_length);
	dot->wire_bytes += body;
	if (dot->line > dot->longest)
		dot->longest = dot->line;
	*in = span_skip(*in, taken);
	return dot->state == ENDED ? DOT_DONE : DOT_MORE;
}

/* ---- whole bodies ------------------------------------------------------ */

void
dot_follow(struct dot *dot, struct span bytes)
{
	struct dot_piece ignored;

	if (dot->state != ENDED)
		dot_read(dot, &bytes, &ignored);
}

struct dot
dot_over(struct span bytes)
{
	struct dot dot = DOT_START;

	dot_follow(&dot, bytes);
	return dot;
}

struct dot
dot_join(const struct dot *first, const struct dot *then)
{
	struct dot both = *then;

	if (first->state != LINE_START)
		both.state = TEXT;
	both.bare |= first->bare;
	both.eight_bit |= first->eight_bit;
	both.nul |= first->nul;
	both.wire_bytes += first->wire_bytes;
	both.stuffed += first->stuffed;
	if (first->longest > both.longest)
		both.longest = first->longest;
	return both;
}

struct dot
dot_given(const struct dot *dot, bool *line_start, bool *behind_cr)
{
	struct dot given = *dot;

	if (held_in(dot->state) > 0)
		given.state = LINE_START;
	*line_start = given.state == LINE_START;
	*behind_cr = given.state == TEXT_CR;
	return given;
}

bool
dot_vouches(const struct dot *dot, uint64_t length, struct err *err)
{
	const char *what = NULL;

	if (dot->nul)
		what = "a NUL";
	else if (dot->bare)
		what = "a bare CR or LF";
	else if (dot->state != LINE_START && dot->state != ENDED)
		what = "no CR LF at its end";
	else if (dot->wire_bytes != length)
		what = "an end of data within it, or bytes nobody looked at";
	if (what == NULL)
		return true;
	return err_set(err, ERR_FORMAT, "the body is not fit to be sent: it "
	    "has %s", what);
}

/* ---- whole texts ------------------------------------------------------- */

/* Length of the line at the start of S without its end, which is CR, LF or
 * CR LF, of *END bytes (0: the text ends here). */
static size_t
line_length(struct span s, size_t *end)
{
	size_t i = 0;

	while (i < s.length && s.data[i] != '\r' && s.data[i] != '\n')
		i++;
	if (s.length - i > 1 && s.data[i] == '\r' && s.data[i + 1] == '\n')
		*end = 2;
	else
		*end = i < s.length ? 1 : 0;
	return i;
}

void
dot_stuff_text(struct span text, struct buf *out)
{
	while (text.length > 0) {
		size_t end, length = line_length(text, &end);

		if (text.data[0] == '.')
			buf_append_byte(out, '.');
		buf_append(out, text.data, length);
		buf_append(out, "\r\n", 2);
		text = span_skip(text, length + end);
	}
}

void
dot_unstuff(struct span wire, struct buf *out)
{
	bool line_start = true;

	while (wire.length > 0) {
		size_t lf = span_find(wire, '\n');
		struct span line = span_first(wire, lf + 1);

		wire = span_skip(wire, line.length);
		if (line_start && line.data[0] == '.')
			buf_append_span(out, span_skip(line, 1));
		else
			buf_append_span(out, line);
		line_start = line.length > 1 &&
		    line.data[line.length - 2] == '\r';
	}
}
