/* SPDX-License-Identifier: ISC
 *
 * dot_mend.c - tests of bodies with bare CR and LF.
 */
#include "suites.h"

#include "dot_reference.h"

#include "smtp/dot_mend.h"

#include <stdio.h>

/* The line end at AT of S, and how long it is; 0: there is none. */
static size_t
end_at(struct span s, size_t at)
{
	size_t crs = 0;

	while (at + crs < s.length && s.data[at + crs] == '\r')
		crs++;
	if (at + crs < s.length && s.data[at + crs] == '\n')
		return crs + 1;
	return crs > 0;
}

/* What BODY becomes, line by line and without any cleverness. */
static void
mend_plainly(struct span body, struct buf *out)
{
	bool client_stuffs = true;

	for (size_t at = 0; at < body.length;) {
		size_t from = at, end;

		while (at < body.length && end_at(body, at) == 0)
			at++;
		end = end_at(body, at);
		if (!client_stuffs && body.data[from] == '.')
			buf_append_byte(out, '.');
		buf_append(out, body.data + from, at - from);
		if (client_stuffs && at - from == 1 && body.data[from] == '.')
			buf_append_byte(out, '.');
		buf_append(out, "\r\n", 2);
		client_stuffs = end > 1;
		at += end;
	}
}

struct mending {
	struct dot dot, kept;
	struct dot_mend mend;
	bool mends;
	struct buf *out;
};

static void
take(struct mending *m, struct span said)
{
	if (!m->mends)
		buf_append_span(m->out, said);
	while (m->mends && said.length > 0) {
		uint8_t bytes[5];
		size_t length =
		    dot_mend_read(&m->mend, &said, bytes, sizeof bytes);

		dot_follow(&m->kept, span_make(bytes, length));
		buf_append(m->out, bytes, length);
	}
}

static enum dot_step
read_some(struct mending *m, struct span in)
{
	const struct dot before = m->dot;
	struct dot_piece piece;
	enum dot_step step = dot_read(&m->dot, &in, &piece);

	if (m->dot.bare && !m->mends) {
		dot_mend_begin(&m->mend, &before, &m->kept);
		m->mends = true;
	}
	take(m, span_make(piece.held, piece.held_length));
	take(m, piece.body);
	return step;
}

/* S, with its end, cut before SPLIT; byte by byte when that is over it. */
static bool
mends_as_told(struct span s, size_t split, struct span told)
{
	struct mending m = { .dot = DOT_START };
	enum dot_step step = DOT_MORE;
	struct err err;
	bool good;

	m.out = buf_new(4 * s.length + 8);
	if (split > s.length)
		for (size_t i = 0; step == DOT_MORE && i < s.length; i++)
			step = read_some(&m, span_make(s.data + i, 1));
	else if (read_some(&m, span_first(s, split)) == DOT_MORE)
		step = read_some(&m, span_skip(s, split));
	else
		step = DOT_DONE;
	good = step == DOT_DONE && span_equal(buf_peek(m.out), told) &&
	    dot_vouches(m.mends ? &m.kept : &m.dot, told.length, &err);
	buf_free(&m.out);
	return good;
}

static bool
mended_however_it_is_cut(struct span s)
{
	struct dot_reference end = dot_reference_read(s);
	struct buf *told = buf_new(4 * s.length + 8);
	bool good = true;

	mend_plainly(span_first(s, end.body), told);
	for (size_t split = 0; split <= s.length + 1; split++)
		good &= mends_as_told(s, split, buf_peek(told));
	if (!good)
		fprintf(stderr, "a body of %zu bytes\n", s.length);
	buf_free(&told);
	return good;
}

/* All words of 7 letters out of an alphabet where everything matters. */
static void
every_short_body_is_mended_alike_and_holds_no_end(void)
{
	static const char letters[] = "\r\n.a";
	bool good = true;

	for (unsigned word = 0; word < 1U << 14 && good; word++) {
		char bytes[7 + 5];

		for (unsigned i = 0; i < 7; i++)
			bytes[i] = letters[word >> (2 * i) & 3];
		memcpy(bytes + 7, "\r\n.\r\n", 5);
		good = mended_however_it_is_cut(span_make(bytes, sizeof bytes));
	}
	CU_ASSERT_TRUE(good);
}

static const struct {
	const char *said, *kept;
} rows[] = {
	{ "a\nb\r\n.\r\n", "a\r\nb\r\n" },
	{ "a\rb\r\n.\r\n", "a\r\nb\r\n" },
	{ "a\r\r\r\nb\r\n.\r\n", "a\r\nb\r\n" },
	{ "a\n.\nb\r\n.\r\n", "a\r\n..\r\nb\r\n" },
	{ "a\n.\r\nb\r\n.\r\n", "a\r\n..\r\nb\r\n" },
	{ "a\r\n.\nb\r\n.\r\n", "a\r\n..\r\nb\r\n" },
	{ "a\r\n.\rb\r\n.\r\n", "a\r\n..\r\nb\r\n" },
	{ ".\nb\r\n.\r\n", "..\r\nb\r\n" },
	/* stuffed by the client, and not */
	{ "a\r\n..b\nc\r\n.\r\n", "a\r\n..b\r\nc\r\n" },
	{ "a\n.b\r\n.\r\n", "a\r\n..b\r\n" },
	{ "a\n..b\r\n.\r\n", "a\r\n...b\r\n" },
	{ "a\r\n..\r\n.\r\n", "a\r\n..\r\n" },
	{ "\n\r\n.\r\n", "\r\n\r\n" },
	{ ".\r\n", "" },
};

static void
line_ends_of_any_kind_become_cr_lf(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct span s = span_of(rows[i].said);

		for (size_t split = 0; split <= s.length + 1; split++)
			CU_ASSERT_TRUE(
			    mends_as_told(s, split, span_of(rows[i].kept)));
	}
}

const struct unit_test dot_mend_tests[] = {
	UNIT(every_short_body_is_mended_alike_and_holds_no_end),
	UNIT(line_ends_of_any_kind_become_cr_lf), UNIT_END
};
