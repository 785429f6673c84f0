/* SPDX-License-Identifier: ISC
 *
 * dsn_returned.c - tests: what a report returns, and how it gets less.
 *
 * Whatever the original, the whole report is one message to the dot reader.
 */
#include "suites.h"

#include "mail/dsn.h"
#include "smtp/dot.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 3000, ROOM = 1 << 20 };

static const struct dsn_rcpt failed = {
	.address = "bob@example.net", .action = DSN_FAILED,
	.status = "5.1.1", .mta = "mx.example.net",
	.reply = "550 5.1.1 no such user"
};

static const struct dsn plain = {
	.hostname = "relay.example", .id = "RID", .original_id = "OID",
	.to = "ann@example.org", .arrived = 1795491141000000,
	.now = 1795491201000000, .rcpts = &failed, .rcpt_count = 1
};

/* The report about ORIGINAL, of which RETURNED is what is in it. */
static void
make(enum dsn_returned returned, struct span original, struct buf *out)
{
	struct dsn dsn = plain;

	dsn.returned = returned;
	dsn.original = original;
	dsn.eight_bit = dot_over(original).eight_bit;
	buf_init(out, ROOM);
	dsn_put(&dsn, out);
}

/* A server takes all of REPORT for one message, and no line is too long. */
static bool
is_one_message(const struct buf *report)
{
	struct dot seen = dot_over(buf_peek(report));
	struct err err;

	return !report->full && seen.longest <= DSN_LINE_MOST &&
	    dot_vouches(&seen, buf_length(report), &err);
}

static bool
has(const struct buf *report, const char *text)
{
	struct span s = buf_peek(report);

	return memmem(s.data, s.length, text, strlen(text)) != NULL;
}

static void
check_fields(struct span message, bool ends, bool seven_bit,
    const char *want)
{
	struct buf out;

	buf_init(&out, ROOM);
	dsn_fields_put(message, ends, seven_bit, &out);
	CU_ASSERT_TRUE(span_is(buf_peek(&out), want));
	if (!span_is(buf_peek(&out), want))
		fprintf(stderr, "got: %.*s\n", (int)buf_length(&out),
		    (const char *)buf_peek(&out).data);
	buf_fini(&out);
}

static void
only_whole_fields_go_back(void)
{
	static const struct {
		const char *message;
		bool ends;
		const char *want;
	} rows[] = {
		{ "", true, "" },
		{ "\r\nbody\r\n", true, "" },
		{ "A: b\r\n\r\nC: d\r\n", true, "A: b\r\n" },
		{ "A: b\r\nC: d\r\n", true, "A: b\r\nC: d\r\n" },
		{ "A: b\r\nC: d\r\n", false, "A: b\r\n" },
		{ "A: b\r\nC: d\r", false, "A: b\r\n" },
		{ "A: b\r\nC: d\r\n\tmore\r\n", false, "A: b\r\n" },
		{ "A: b\r\nC: d\r\n\tmore\r\n\r\n", false,
		    "A: b\r\nC: d\r\n\tmore\r\n" },
		{ "A: b\r\n..\r\nC: d\r\n\r\n", true, "A: b\r\nC: d\r\n" },
		{ "A: b\r\n..\r\n.", false, "A: b\r\n" },
		{ "From x\r\n..\r\n\r\nC: d\r\n", true, "" }
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check_fields(span_of(rows[i].message), rows[i].ends, false,
		    rows[i].want);
}

static void
a_field_with_a_long_line_is_left_out(void)
{
	for (int over = 0; over < 2; over++) {
		char text[3000], want[3000];
		int fill = DSN_LINE_MOST - 3 + over;

		snprintf(text, sizeof text, "A: b\r\nL: %0*d\r\nM: x\r\n "
		    "%0*d\r\nC: d\r\n\r\n", fill, 0, fill + 2, 0);
		snprintf(want, sizeof want, "A: b\r\nL: %0*d\r\nM: x\r\n "
		    "%0*d\r\nC: d\r\n", fill, 0, fill + 2, 0);
		check_fields(span_of(text), true, false, over == 0 ? want :
		    "A: b\r\nC: d\r\n");
	}
}

static void
in_seven_bits_other_bytes_are_masked(void)
{
	check_fields(span_of("A: \xc3\xb6!\r\n\r\n"), true, false,
	    "A: \xc3\xb6!\r\n");
	check_fields(span_of("A: \xc3\xb6!\r\n\r\n"), true, true,
	    "A: ?\?!\r\n");
}

/* A header of dots, folded lines and short fields, cut at every byte. */
static void
a_header_cut_anywhere_gives_one_message(void)
{
	static const char text[] = "Received: by x;\r\n\tdate\r\n..\r\n..\r\n"
	    "Subject: .\r\n .\r\n\t..\r\n...\r\nA:\r\nB: c\r\n\r\n..\r\n.x\r\n";
	bool good = true;

	for (size_t cut = 0; cut < sizeof text; cut++) {
		struct buf fields, report;

		buf_init(&fields, ROOM);
		dsn_fields_put(span_make(text, cut), false, false, &fields);
		make(DSN_HEADER, buf_peek(&fields), &report);
		good &= is_one_message(&report);
		buf_fini(&fields);
		buf_fini(&report);
	}
	CU_ASSERT_TRUE(good);
}

/* ---- any original -------------------------------------------------------- */

/* Lines of what has been trouble, in wire form. */
static void
make_original(unsigned *seed, struct buf *out)
{
	static const char *const pieces[] = {
		".", "..", "...", ".x", " ", "\t", "a", "From: a@b", "x:",
		"Content-Type: message/rfc822", "--", "=_report-", "\xc3\xb6",
		"boundary=\"x\"", "It is attached."
	};
	struct buf text;
	int lines = rand_r(seed) % 12;

	buf_init(&text, ROOM);
	for (int i = 0; i < lines; i++) {
		int words = rand_r(seed) % 4;

		while (words-- > 0)
			buf_append_text(&text, pieces[(unsigned)rand_r(seed) %
			    (sizeof pieces / sizeof pieces[0])]);
		if (rand_r(seed) % 20 == 0)
			buf_printf(&text, "%0*d", 990 + rand_r(seed) % 16, 0);
		buf_append_text(&text, "\r\n");
	}
	buf_init(out, ROOM);
	dot_stuff_text(buf_peek(&text), out);
	buf_fini(&text);
}

static bool
shortens_twice(const struct buf *report)
{
	struct buf once, twice, never;
	bool good;

	buf_init(&once, ROOM);
	buf_init(&twice, ROOM);
	buf_init(&never, ROOM);
	good = dsn_shorten(buf_peek(report), "ID2", "relay.example",
	    DSN_WHOLE, &once) && is_one_message(&once) &&
	    !dot_over(buf_peek(&once)).eight_bit &&
	    has(&once, "\r\nContent-Type: text/rfc822-headers\r\n") &&
	    has(&once, "as OID. Its header is attached.\r\n\r\n--");
	good = good && dsn_shorten(buf_peek(&once), "ID3", "relay.example",
	    DSN_WHOLE, &twice) && is_one_message(&twice) &&
	    !has(&twice, "rfc822-headers") &&
	    has(&twice, "as OID. Nothing of it is attached.\r\n\r\n--") &&
	    buf_length(&twice) < buf_length(&once);
	good = good && !dsn_shorten(buf_peek(&twice), "ID4", "relay.example",
	    DSN_WHOLE, &never) && buf_length(&never) == 0;
	buf_fini(&once);
	buf_fini(&twice);
	buf_fini(&never);
	return good;
}

static void
a_report_about_anything_is_one_message_and_gets_less_twice(void)
{
	unsigned seed = 4711;
	int whole = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct buf original, fields, report;

		make_original(&seed, &original);
		buf_init(&fields, ROOM);
		dsn_fields_put(span_first(buf_peek(&original),
		    (size_t)rand_r(&seed) % (buf_length(&original) + 1)),
		    false, false, &fields);
		make(DSN_HEADER, buf_peek(&fields), &report);
		CU_ASSERT_TRUE(is_one_message(&report));
		buf_fini(&report);
		if (dot_over(buf_peek(&original)).longest <= DSN_LINE_MOST) {
			make(DSN_WHOLE, buf_peek(&original), &report);
			CU_ASSERT_TRUE(is_one_message(&report));
			CU_ASSERT_TRUE(shortens_twice(&report));
			buf_fini(&report);
			whole++;
		}
		buf_fini(&original);
		buf_fini(&fields);
	}
	CU_ASSERT_TRUE(whole > ROUNDS / 2);
}

/* ---- once more ------------------------------------------------------------- */

static void
what_a_report_tells_stays_when_it_gets_less(void)
{
	static const char original[] = "Subject: \xc3\xb6\r\n\r\n..hi\r\n";
	struct buf report, less;

	make(DSN_WHOLE, span_of(original), &report);
	buf_init(&less, ROOM);
	CU_ASSERT_TRUE(dsn_shorten(buf_peek(&report), "NEW", "relay.example",
	    DSN_WHOLE, &less));
	CU_ASSERT_TRUE(has(&less, "To: <ann@example.org>\r\n"));
	CU_ASSERT_TRUE(has(&less, "\r\nMessage-ID: <NEW@relay.example>\r\n"));
	CU_ASSERT_FALSE(has(&less, "<RID@"));
	CU_ASSERT_TRUE(has(&less, "550 5.1.1 no such user"));
	CU_ASSERT_TRUE(has(&less, "\r\nFinal-Recipient: rfc822; bob@"));
	CU_ASSERT_TRUE(has(&less, "text/rfc822-headers\r\n\r\n"
	    "Subject: ??\r\n\r\n--"));
	CU_ASSERT_FALSE(has(&less, "8bit"));
	CU_ASSERT_FALSE(has(&less, "..hi"));
	buf_clear(&less);
	CU_ASSERT_TRUE(dsn_shorten(buf_peek(&report), "NEW", "relay.example",
	    DSN_NOTHING, &less));
	CU_ASSERT_FALSE(has(&less, "Subject: ??"));
	CU_ASSERT_TRUE(has(&less, "Nothing of it is attached.\r\n"));
	buf_fini(&report);
	buf_fini(&less);
}

/* Cut anywhere it is none of ours any more; nothing is made of it. */
static void
what_is_no_report_of_ours_is_not_shortened(void)
{
	struct buf report, less;
	bool good = true;

	make(DSN_HEADER, span_of("A: b\r\n"), &report);
	buf_init(&less, ROOM);
	for (size_t cut = 0; cut < buf_length(&report); cut++)
		good &= !dsn_shorten(span_first(buf_peek(&report), cut), "x",
		    "y", DSN_WHOLE, &less) && buf_length(&less) == 0;
	CU_ASSERT_TRUE(good);
	CU_ASSERT_FALSE(dsn_shorten(span_of("Subject: x\r\n\r\nboundary=\"x\""
	    "\r\n\r\n--x\r\n\r\n--x--\r\n"), "x", "y", DSN_WHOLE, &less));
	buf_fini(&report);
	buf_fini(&less);
}

const struct unit_test dsn_returned_tests[] = {
	UNIT(only_whole_fields_go_back),
	UNIT(a_field_with_a_long_line_is_left_out),
	UNIT(in_seven_bits_other_bytes_are_masked),
	UNIT(a_header_cut_anywhere_gives_one_message),
	UNIT(a_report_about_anything_is_one_message_and_gets_less_twice),
	UNIT(what_a_report_tells_stays_when_it_gets_less),
	UNIT(what_is_no_report_of_ours_is_not_shortened),
	UNIT_END
};
