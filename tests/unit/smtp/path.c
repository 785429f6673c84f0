/* SPDX-License-Identifier: ISC
 *
 * path.c - tests of mailboxes and paths.
 */
#include "suites.h"

#include "base/mem.h"
#include "smtp/path.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static const struct {
	const char *in;
	enum path_result result;
	const char *mailbox, *local, *domain, *rest;
} paths[] = {
	{ "<>", PATH_OK, "", "", "", "" },
	{ "<> RET=HDRS", PATH_OK, "", "", "", " RET=HDRS" },
	{ "<a@b>", PATH_OK, "a@b", "a", "b", "" },
	{ "<Ann.Other+tag@Example.ORG> SIZE=1", PATH_OK,
	    "Ann.Other+tag@Example.ORG", "Ann.Other+tag", "Example.ORG",
	    " SIZE=1" },
	{ "<Postmaster>", PATH_OK, "Postmaster", "Postmaster", "", "" },
	{ "<!#$%&'*+-/=?^_`{|}~@b.c>", PATH_OK, "!#$%&'*+-/=?^_`{|}~@b.c",
	    "!#$%&'*+-/=?^_`{|}~", "b.c", "" },
	{ "<\"a b\"@c>", PATH_OK, "\"a b\"@c", "\"a b\"", "c", "" },
	{ "<\"a\\\"b\\\\@>\"@c>", PATH_OK, "\"a\\\"b\\\\@>\"@c",
	    "\"a\\\"b\\\\@>\"", "c", "" },
	{ "<\"\"@c>", PATH_OK, "\"\"@c", "\"\"", "c", "" },
	{ "<a@b.c.>", PATH_OK, "a@b.c", "a", "b.c", "" },
	{ "<a@b_c.d-e>", PATH_OK, "a@b_c.d-e", "a", "b_c.d-e", "" },
	{ "<a@[192.0.2.1]>", PATH_OK, "a@[192.0.2.1]", "a", "[192.0.2.1]",
	    "" },
	{ "<a@[IPv6:2001:db8::1]>", PATH_OK, "a@[IPv6:2001:db8::1]", "a",
	    "[IPv6:2001:db8::1]", "" },
	{ "<a@[ipv6:::ffff:192.0.2.1]>", PATH_OK,
	    "a@[ipv6:::ffff:192.0.2.1]", "a", "[ipv6:::ffff:192.0.2.1]", "" },
	{ "<@x.y:a@b>", PATH_OK, "a@b", "a", "b", "" },
	{ "<@x,@y.z,@[192.0.2.1]:a@b>", PATH_OK, "a@b", "a", "b", "" },
	{ "<@x:Postmaster>", PATH_OK, "Postmaster", "Postmaster", "", "" },
	{ "", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "a@b", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@b", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "< a@b>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@b >", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<<a@b>>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<@>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<@b>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<@b:>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<@b,:a@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<@b;a@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@b@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<.a@b>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a.@b>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a..b@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@b..c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@.b>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@b.. >", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@-b>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@b->", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a b@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a(b)@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<\"a@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<\"a\\", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<\"a\"b@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<\"a\r\nb\"@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<\"a\\\nb\"@c>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@b\r\n>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@[192.0.2]>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@[192.0.2.256]>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@[2001:db8::1]>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@[IPv6:1.2.3.4]>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@[IPv6:fe80::1%eth0]>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@[]>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<a@[192.0.2.1>", PATH_SYNTAX, NULL, NULL, NULL, NULL },
	{ "<\xc3\xa4@b>", PATH_UTF8, NULL, NULL, NULL, NULL },
	{ "<a\xc3\xa4@b>", PATH_UTF8, NULL, NULL, NULL, NULL },
	{ "<\"\xc3\xa4\"@b>", PATH_UTF8, NULL, NULL, NULL, NULL },
	{ "<a@b\xc3\xa4>", PATH_UTF8, NULL, NULL, NULL, NULL },
	{ "<a@\xc3\xa4.b>", PATH_UTF8, NULL, NULL, NULL, NULL },
	{ "<" X60 "xxxx@b>", PATH_OK, X60 "xxxx@b", X60 "xxxx", "b", "" },
	{ "<" X60 "xxxxx@b>", PATH_OK, X60 "xxxxx@b", X60 "xxxxx", "b", "" },
	{ "<" X60 X60 X60 X60 X60 "@b>", PATH_OK, X60 X60 X60 X60 X60 "@b",
	    X60 X60 X60 X60 X60, "b", "" },
	{ "<\"" X60 X60 "\"@b>", PATH_OK, "\"" X60 X60 "\"@b",
	    "\"" X60 X60 "\"", "b", "" },
	{ "<a@" X60 "xxx.b>", PATH_OK, "a@" X60 "xxx.b", "a", X60 "xxx.b",
	    "" },
	{ "<a@" X60 "xxxx.b>", PATH_LONG, NULL, NULL, NULL, NULL },
	{ "<a@" X60 "." X60 "." X60 "." X60 ".1234567>" , PATH_OK,
	    "a@" X60 "." X60 "." X60 "." X60 ".1234567", "a",
	    X60 "." X60 "." X60 "." X60 ".1234567", "" },
	{ "<a@" X60 "." X60 "." X60 "." X60 ".12345678901>", PATH_OK,
	    "a@" X60 "." X60 "." X60 "." X60 ".12345678901", "a",
	    X60 "." X60 "." X60 "." X60 ".12345678901", "" },
	{ "<a@" X60 "." X60 "." X60 "." X60 ".1234567890123>", PATH_LONG,
	    NULL, NULL, NULL, NULL },
};

static void
paths_are_pulled_as_the_rfc_says(void)
{
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct span in = span_of(paths[i].in), before = in;
		struct path path;
		enum path_result result = path_pull(&in, &path);

		CU_ASSERT_EQUAL(result, paths[i].result);
		if (result != PATH_OK) {
			CU_ASSERT_TRUE(in.data == before.data &&
			    in.length == before.length);
			continue;
		}
		CU_ASSERT_TRUE(span_is(path.mailbox, paths[i].mailbox));
		CU_ASSERT_TRUE(span_is(path.local, paths[i].local));
		CU_ASSERT_TRUE(span_is(path.domain, paths[i].domain));
		CU_ASSERT_TRUE(span_is(in, paths[i].rest));
		CU_ASSERT_EQUAL(path.routed, paths[i].in[1] == '@');
	}
}

static void
a_path_has_an_end_all_the_same(void)
{
	char text[PATH_MOST + 2];

	for (size_t length = PATH_MOST - 1; length <= PATH_MOST + 1;
	    length++) {
		struct span in = span_make(text, length);
		struct path path;

		memset(text, 'x', sizeof text);
		text[0] = '<';
		memcpy(text + length - 3, "@b>", 3);
		CU_ASSERT_EQUAL(path_pull(&in, &path),
		    length <= PATH_MOST ? PATH_OK : PATH_LONG);
	}
}

/* The copies end exactly where the parser must stop reading. */
static void
a_path_that_is_cut_off_anywhere_is_no_path(void)
{
	static const char whole[] = "<@x,@y:\"a\\b\"@[IPv6:::1]>";

	for (size_t cut = 0; cut < sizeof whole - 1; cut++) {
		uint8_t *copy = mem_array(cut + 1, 1);
		struct span in = span_make(copy, cut);
		struct path path;

		memcpy(copy, whole, cut);
		CU_ASSERT_NOT_EQUAL(path_pull(&in, &path), PATH_OK);
		mem_free(copy);
	}
}

static void
no_control_byte_gets_into_a_path(void)
{
	static const char *const shapes[] = {
		"<a?b@c>", "<\"a?b\"@c>", "<\"a\\?b\"@c>", "<a@b?c>",
		"<@x?y:a@b>", "<a@[192.0.2?1]>", "<?>", "<a@b>?"
	};

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		for (unsigned c = 0; c <= 0x7f; c = c == 31 ? 0x7f : c + 1) {
			char text[32];
			size_t length = strlen(shapes[i]);
			struct span in = span_make(text, length);
			struct path path;
			enum path_result result;

			memcpy(text, shapes[i], length);
			*(char *)memchr(text, '?', length) = (char)c;
			result = path_pull(&in, &path);
			if (i == 7)
				CU_ASSERT_TRUE(result == PATH_OK &&
				    in.length == 1)
			else
				CU_ASSERT_EQUAL(result, PATH_SYNTAX);
		}
}

static void
a_mailbox_is_all_of_the_text(void)
{
	struct path path;

	CU_ASSERT_EQUAL(mailbox_parse(span_of("a@b.c"), &path), PATH_OK);
	CU_ASSERT_TRUE(span_is(path.domain, "b.c"));
	CU_ASSERT_EQUAL(mailbox_parse(span_of("root"), &path), PATH_OK);
	CU_ASSERT_EQUAL(path.domain.length, 0);
	CU_ASSERT_EQUAL(mailbox_parse(span_of("a@b.c "), &path),
	    PATH_SYNTAX);
	CU_ASSERT_EQUAL(mailbox_parse(span_of("a@b, c@d"), &path),
	    PATH_SYNTAX);
	CU_ASSERT_EQUAL(mailbox_parse(span_of("<a@b>"), &path), PATH_SYNTAX);
	CU_ASSERT_EQUAL(mailbox_parse(span_of(""), &path), PATH_SYNTAX);
	CU_ASSERT_EQUAL(mailbox_parse(span_of("a@b\xc3\xa4"), &path),
	    PATH_UTF8);
}

static const struct {
	const char *text;
	bool domain, helo;
} names[] = {
	{ "example.org", true, true },
	{ "localhost", true, true },
	{ "my_host.local", true, true },
	{ "127.0.0.1", true, true },
	{ "xn--bcher-kva.example", true, true },
	{ "[192.0.2.1]", false, true },
	{ "[IPv6:::1]", false, true },
	{ "[example.org]", false, false },
	{ "[192.0.2.1]x", false, false },
	{ "example.org.", false, true },
	{ "", false, false },
	{ ".", false, false },
	{ "-a", false, false },
	{ "a-", false, false },
	{ "a..b", false, false },
	{ "a b", false, false },
	{ "a\r\nb", false, false },
	{ "a>", false, false },
	{ "a.:", false, false },
	{ "b\xc3\xbc" "cher", false, false },
};

static void
host_names_and_the_argument_of_ehlo_are_told_from_others(void)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct span s = span_of(names[i].text);

		CU_ASSERT_EQUAL(domain_is_valid(s), names[i].domain);
		CU_ASSERT_EQUAL(helo_is_valid(s), names[i].helo);
	}
}

static void
local_parts_that_ask_for_relaying_are_known(void)
{
	CU_ASSERT_TRUE(local_part_routes(span_of("a%b.c")));
	CU_ASSERT_TRUE(local_part_routes(span_of("host!user")));
	CU_ASSERT_TRUE(local_part_routes(span_of("\"a@b\"")));
	CU_ASSERT_FALSE(local_part_routes(span_of("a+b=c")));
	CU_ASSERT_FALSE(local_part_routes(span_of("")));
}

const struct unit_test path_tests[] = {
	UNIT(paths_are_pulled_as_the_rfc_says),
	UNIT(a_path_has_an_end_all_the_same),
	UNIT(a_path_that_is_cut_off_anywhere_is_no_path),
	UNIT(no_control_byte_gets_into_a_path),
	UNIT(a_mailbox_is_all_of_the_text),
	UNIT(host_names_and_the_argument_of_ehlo_are_told_from_others),
	UNIT(local_parts_that_ask_for_relaying_are_known),
	UNIT_END
};
