/* SPDX-License-Identifier: ISC
 *
 * packet.c - answers of the DNS, whole, short and wrong.
 */
#include "resolver/packet.h"
#include "unit/resolver/tests.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>

/* A header with FLAGS and counts, then "x.test" as the question. */
#define HEAD(flags, answers) \
	"\0\7" flags "\0\1" answers "\0\0\0\0"
#define QUESTION "\1x\4test\0\0\17\0\1"
#define OK "\x81\x80"
/* A row whose owner is the question's name. */
#define ROW(type, ttl, length) "\xc0\14" type "\0\1" ttl length
#define MX "\0\17"
#define A "\0\1"
#define AAAA "\0\34"
#define CNAME "\0\5"
#define T60 "\0\0\0\74"
#define T5 "\0\0\0\5"

static const struct {
	const char *name;
	const char *bytes;
	size_t length;
	enum dns_type type;
	enum dns_status status;
	bool spoiled;
	const char *rows;
} packets[] = {
#define P(name, bytes) name, bytes, sizeof(bytes) - 1
	{ P("one MX", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\7") "\0\12\2mx\xc0\14"),
	    DNS_MX, DNS_OK, false, "10 mx.x.test;" },
	{ P("two MX", HEAD(OK, "\0\2") QUESTION
	    ROW(MX, T60, "\0\7") "\0\12\2mx\xc0\14"
	    ROW(MX, T5, "\0\5") "\1\0\1y\0"),
	    DNS_MX, DNS_OK, false, "10 mx.x.test;256 y;" },
	{ P("null MX", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\3") "\0\0\0"),
	    DNS_MX, DNS_OK, false, "0 .;" },
	{ P("no rows", HEAD(OK, "\0\0") QUESTION),
	    DNS_MX, DNS_OK, false, "" },
	{ P("no such domain", HEAD("\x81\x83", "\0\0") QUESTION),
	    DNS_MX, DNS_NONE, false, "" },
	{ P("SERVFAIL", HEAD("\x81\x82", "\0\0") QUESTION),
	    DNS_MX, DNS_FAILED, false, "" },
	{ P("REFUSED", HEAD("\x81\x85", "\0\0") QUESTION),
	    DNS_MX, DNS_FAILED, false, "" },
	{ P("A", HEAD(OK, "\0\1") QUESTION
	    ROW(A, T60, "\0\4") "\x7f\0\0\1"),
	    DNS_A, DNS_OK, false, "::ffff:7f000001;" },
	{ P("AAAA", HEAD(OK, "\0\1") QUESTION
	    ROW(AAAA, T60, "\0\20") "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
	    DNS_AAAA, DNS_OK, false, "20010db8::00000001;" },
	{ P("A behind a CNAME", HEAD(OK, "\0\2") QUESTION
	    ROW(CNAME, T5, "\0\3") "\1y\0" ROW(A, T60, "\0\4") "\1\2\3\4"),
	    DNS_A, DNS_OK, false, "::ffff:01020304;" },
	{ P("another type", HEAD(OK, "\0\1") QUESTION
	    ROW(A, T60, "\0\4") "\1\2\3\4"), DNS_AAAA, DNS_OK, false, "" },
	/* short rdata: B17 */
	{ P("MX of 0 bytes", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\0")), DNS_MX, DNS_OK, true, "" },
	{ P("MX of 1 byte", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\1") "\0"), DNS_MX, DNS_OK, true, "" },
	{ P("MX of 2 bytes", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\2") "\0\12"), DNS_MX, DNS_OK, true, "" },
	{ P("MX longer than its name", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\6") "\0\12\1y\0\0"), DNS_MX, DNS_OK, true, "" },
	{ P("MX shorter than its name", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\4") "\0\12\1y\0"), DNS_MX, DNS_OK, true, "" },
	{ P("A of 3 bytes", HEAD(OK, "\0\1") QUESTION
	    ROW(A, T60, "\0\3") "\1\2\3"), DNS_A, DNS_OK, true, "" },
	{ P("AAAA of 4 bytes", HEAD(OK, "\0\1") QUESTION
	    ROW(AAAA, T60, "\0\4") "\1\2\3\4"), DNS_AAAA, DNS_OK, true, "" },
	{ P("one bad, one good", HEAD(OK, "\0\2") QUESTION
	    ROW(MX, T60, "\0\1") "\0" ROW(MX, T60, "\0\5") "\0\1\1y\0"),
	    DNS_MX, DNS_OK, true, "1 y;" },
	/* names that are no host names */
	{ P("a space", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\7") "\0\1\3a b\0"), DNS_MX, DNS_OK, true, "" },
	{ P("a dot in a label", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\7") "\0\1\3a.b\0"), DNS_MX, DNS_OK, true, "" },
	{ P("a NUL in a label", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\7") "\0\1\3a\0b\0"), DNS_MX, DNS_OK, true, "" },
	{ P("a slash", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\7") "\0\1\3a/b\0"), DNS_MX, DNS_OK, true, "" },
	{ P("a format", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\6") "\0\1\2%s\0"), DNS_MX, DNS_OK, true, "" },
	{ P("a line break", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\7") "\0\1\3a\nb\0"), DNS_MX, DNS_OK, true, "" },
	/* pointers */
	{ P("to itself", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\4") "\0\1\xc0\46"), DNS_MX, DNS_OK, true, "" },
	{ P("forwards", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\4") "\0\1\xc0\50\1y\0"), DNS_MX, DNS_OK, true,
	    "" },
	{ P("beyond the end", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\4") "\0\1\xff\xff"), DNS_MX, DNS_OK, true, "" },
	{ P("a kind of label nobody knows", HEAD(OK, "\0\1") QUESTION
	    ROW(MX, T60, "\0\4") "\0\1\x80\14"), DNS_MX, DNS_OK, true, "" },
	/* packets that end too soon */
	{ P("rdata beyond the end", HEAD(OK, "\0\1") QUESTION
	    ROW(A, T60, "\0\4") "\1\2\3"), DNS_A, DNS_FAILED, false, "" },
	{ P("more rows than there are", HEAD(OK, "\0\2") QUESTION
	    ROW(A, T60, "\0\4") "\1\2\3\4"), DNS_A, DNS_FAILED, false, "" },
	{ P("no question", HEAD(OK, "\0\0")), DNS_A, DNS_FAILED, false, "" },
	{ P("half a header", "\0\7\x81\x80\0\1"), DNS_A, DNS_FAILED, false,
	    "" },
	{ P("nothing", ""), DNS_A, DNS_FAILED, false, "" },
};

static void
put_rows(const struct dns_reply *reply, enum dns_type type, struct buf *out)
{
	for (size_t i = 0; i < reply->count; i++) {
		const struct dns_row *row = &reply->rows[i];
		const uint8_t *a = row->address;

		if (type == DNS_MX)
			buf_printf(out, "%u %s;", row->preference, row->name);
		else if (type == DNS_A)
			buf_printf(out, "::ffff:%02x%02x%02x%02x;", a[12],
			    a[13], a[14], a[15]);
		else
			buf_printf(out, "%02x%02x%02x%02x::%02x%02x%02x%02x;",
			    a[0], a[1], a[2], a[3], a[12], a[13], a[14],
			    a[15]);
	}
}

static void
packets_are_read_and_what_is_wrong_in_them_is_left_out(void)
{
	static struct dns_reply reply;

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct buf *rows = buf_new(1 << 16);
		bool same;

		/* Of exactly its length, so that a sanitizer sees more. */
		uint8_t *bytes = mem_alloc(packets[i].length + 1);

		memcpy(bytes, packets[i].bytes, packets[i].length);
		bytes = mem_resize(bytes, packets[i].length + 1, 1);
		dns_read(span_make(bytes, packets[i].length), packets[i].type,
		    &reply);
		put_rows(&reply, packets[i].type, rows);
		same = reply.status == packets[i].status &&
		    reply.spoiled == packets[i].spoiled &&
		    span_is(buf_peek(rows), packets[i].rows);
		if (!same)
			fprintf(stderr, "\n%s: status %d, spoiled %d, %.*s\n",
			    packets[i].name, reply.status, reply.spoiled,
			    (int)buf_length(rows), (const char *)rows->data);
		CU_ASSERT_TRUE(same);
		mem_free(bytes);
		buf_free(&rows);
	}
}

static void
the_least_ttl_counts(void)
{
	static struct dns_reply reply;

	dns_read(span_make(packets[1].bytes, packets[1].length), DNS_MX,
	    &reply);
	CU_ASSERT_EQUAL(reply.ttl, 5);
	dns_read(span_make(packets[9].bytes, packets[9].length), DNS_A,
	    &reply);
	CU_ASSERT_EQUAL(reply.ttl, 5);	/* the alias holds no longer */
}

/* Every prefix of every packet, in memory of exactly that size. */
static void
no_prefix_of_a_packet_is_read_beyond_its_end(void)
{
	static struct dns_reply reply;

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		for (size_t length = 1; length < packets[i].length; length++) {
			uint8_t *bytes = mem_alloc(length);

			memcpy(bytes, packets[i].bytes, length);
			dns_read(span_make(bytes, length), packets[i].type,
			    &reply);
			CU_ASSERT_TRUE(reply.count <= DNS_ROWS_MOST);
			mem_free(bytes);
		}
}

static void
more_rows_than_there_is_room_for_are_left_out(void)
{
	static struct dns_reply reply;
	struct buf *packet = buf_new(1 << 16);

	buf_append(packet, HEAD(OK, "\0\xc8") QUESTION,
	    sizeof(HEAD(OK, "\0\xc8") QUESTION) - 1);
	for (int i = 0; i < 200; i++)
		buf_append(packet, ROW(A, T60, "\0\4") "\1\2\3\4",
		    sizeof(ROW(A, T60, "\0\4") "\1\2\3\4") - 1);
	dns_read(buf_peek(packet), DNS_A, &reply);
	CU_ASSERT_EQUAL(reply.status, DNS_OK);
	CU_ASSERT_EQUAL(reply.count, DNS_ROWS_MOST);
	buf_free(&packet);
}

static void
of_too_many_mx_the_best_are_kept(void)
{
	static struct dns_reply reply;
	struct buf *packet = buf_new(1 << 16);

	buf_append(packet, HEAD(OK, "\0\xc8") QUESTION,
	    sizeof(HEAD(OK, "\0\xc8") QUESTION) - 1);
	for (int i = 0; i < 200; i++) {
		buf_append(packet, ROW(MX, T60, "\0\5") "\0",
		    sizeof(ROW(MX, T60, "\0\5") "\0") - 1);
		buf_append_byte(packet, (uint8_t)(199 - i));
		buf_append(packet, "\1a", 3);
	}
	dns_read(buf_peek(packet), DNS_MX, &reply);
	CU_ASSERT_EQUAL(reply.status, DNS_OK);
	CU_ASSERT_EQUAL(reply.count, DNS_ROWS_MOST);
	for (size_t i = 0; i < reply.count; i++)
		CU_ASSERT_TRUE(reply.rows[i].preference < DNS_ROWS_MOST);
	buf_free(&packet);
}

const struct unit_test packet_tests[] = {
	UNIT(packets_are_read_and_what_is_wrong_in_them_is_left_out),
	UNIT(the_least_ttl_counts),
	UNIT(no_prefix_of_a_packet_is_read_beyond_its_end),
	UNIT(more_rows_than_there_is_room_for_are_left_out),
	UNIT(of_too_many_mx_the_best_are_kept),
	UNIT_END
};
