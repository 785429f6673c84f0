/* SPDX-License-Identifier: ISC
 *
 * addr.c - tests of addresses as values.
 */
#include "io/addr.h"
#include "unit/io/suites.h"

static const struct {
	const char *text;
	const char *plain, *literal;	/* null: no address */
} rows[] = {
	{ "192.0.2.7", "192.0.2.7", "[192.0.2.7]" },
	{ "[192.0.2.7]", "192.0.2.7", "[192.0.2.7]" },
	{ "2001:db8::1", "2001:db8::1", "[IPv6:2001:db8::1]" },
	{ "[2001:DB8::1]", "2001:db8::1", "[IPv6:2001:db8::1]" },
	{ "[IPv6:2001:db8::1]", "2001:db8::1", "[IPv6:2001:db8::1]" },
	{ "[ipv6:::1]", "::1", "[IPv6:::1]" },
	{ "::ffff:192.0.2.7", "192.0.2.7", "[192.0.2.7]" },
	{ "::", "::", "[IPv6:::]" },
	{ "[IPv6:192.0.2.7]", NULL, NULL },
	{ "192.0.2", NULL, NULL },
	{ "192.0.2.256", NULL, NULL },
	{ "[192.0.2.7", NULL, NULL },
	{ "192.0.2.7]", NULL, NULL },
	{ "[]", NULL, NULL },
	{ "[", NULL, NULL },
	{ "", NULL, NULL },
	{ " 192.0.2.7", NULL, NULL },
	{ "mx.example.org", NULL, NULL },
	{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa", NULL, NULL },
};

static void
addresses_are_read_and_written(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[ADDR_TEXT_SIZE];
		struct addr addr;
		bool is = addr_parse(span_of(rows[i].text), &addr);

		CU_ASSERT_EQUAL_FATAL(is, rows[i].plain != NULL);
		if (!is)
			continue;
		CU_ASSERT_EQUAL(addr.port, 0);
		CU_ASSERT_STRING_EQUAL(addr_text(addr, text), rows[i].plain);
		CU_ASSERT_STRING_EQUAL(addr_literal(addr, text),
		    rows[i].literal);
	}
}

static void
a_nul_inside_is_no_address(void)
{
	struct addr addr;

	CU_ASSERT_FALSE(addr_parse(span_make("192.0.2.7\0x", 11), &addr));
}

static void
addresses_survive_the_way_to_a_sockaddr_and_back(void)
{
	static const char *const texts[] = { "192.0.2.7", "2001:db8::1" };

	for (int i = 0; i < 2; i++) {
		struct sockaddr_storage ss;
		struct addr in, out;

		CU_ASSERT_TRUE_FATAL(addr_parse(span_of(texts[i]), &in));
		in.port = 2525;
		CU_ASSERT_EQUAL(addr_to_sockaddr(in, &ss), i == 0 ?
		    sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		out = addr_of_sockaddr((struct sockaddr *)&ss);
		CU_ASSERT_EQUAL(memcmp(&in.ip, &out.ip, sizeof in.ip), 0);
		CU_ASSERT_EQUAL(out.port, 2525);
		CU_ASSERT_EQUAL(addr_is_v4(out), i == 0);
	}
}

static void
another_family_is_all_zero(void)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNIX };
	struct addr addr = addr_of_sockaddr((struct sockaddr *)&ss);
	static const struct in6_addr zero;

	CU_ASSERT_EQUAL(memcmp(&addr.ip, &zero, sizeof zero), 0);
	CU_ASSERT_EQUAL(addr.port, 0);
}

static void
addresses_are_equal_with_their_port_in_whatever_spelling(void)
{
	struct addr a = { .port = 0 }, b = { .port = 0 };

	CU_ASSERT_TRUE_FATAL(addr_parse(span_of("192.0.2.7"), &a));
	CU_ASSERT_TRUE_FATAL(addr_parse(span_of("[::ffff:192.0.2.7]"), &b));
	CU_ASSERT_TRUE(addr_equal(a, b));
	b.port = 25;
	CU_ASSERT_FALSE(addr_equal(a, b));
	a.port = 25;
	CU_ASSERT_TRUE(addr_equal(a, b));
	CU_ASSERT_TRUE_FATAL(addr_parse(span_of("192.0.2.8"), &b));
	b.port = 25;
	CU_ASSERT_FALSE(addr_equal(a, b));
}

const struct unit_test addr_tests[] = {
	UNIT(addresses_are_read_and_written),
	UNIT(a_nul_inside_is_no_address),
	UNIT(addresses_survive_the_way_to_a_sockaddr_and_back),
	UNIT(another_family_is_all_zero),
	UNIT(addresses_are_equal_with_their_port_in_whatever_spelling),
	UNIT_END
};
