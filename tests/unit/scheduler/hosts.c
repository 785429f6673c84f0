/* SPDX-License-Identifier: ISC
 *
 * hosts.c - tests: sets of mail hosts.
 */
#include "suites.h"

#include "scheduler/hosts.h"

static void
add(struct hosts *hosts, uint16_t preference, const char *name)
{
	static const uint8_t address[16] = { 10, 11, 12 };
	struct host_row row = {
		.preference = preference,
		.port = 25,
		.name = span_of(name),
		.addresses = span_make(address, sizeof address),
	};

	hosts_add(hosts, &row);
}

/* The key of HOSTS equals TEXT. */
static bool
key_is(const struct hosts *hosts, const char *text)
{
	struct buf key;
	bool equal;

	buf_init(&key, 4096);
	hosts_key(hosts, "*", &key);
	equal = strcmp((const char *)buf_peek(&key).data, text) == 0;
	buf_fini(&key);
	return equal;
}

static void
the_key_depends_on_no_order_and_no_spelling(void)
{
	struct hosts *a = hosts_new(), *b = hosts_new();

	add(a, 10, "mx1.test");
	add(a, 10, "mx2.test");
	add(a, 20, "backup.test");
	add(b, 20, "backup.test");
	add(b, 10, "MX2.test");
	add(b, 10, "mx1.test");
	hosts_sort(a);
	hosts_sort(b);
	CU_ASSERT_TRUE(key_is(a, "* mx1.test:25,mx2.test:25;backup.test:25"));
	CU_ASSERT_TRUE(key_is(b, "* mx1.test:25,mx2.test:25;backup.test:25"));
	hosts_free(&a);
	hosts_free(&b);
}

static void
the_order_of_equal_hosts_and_of_addresses_tells_nothing(void)
{
	static const uint8_t there[32] = { [15] = 1, [31] = 2 };
	static const uint8_t back[32] = { [15] = 2, [31] = 1 };
	uint64_t hashes[3];

	for (int i = 0; i < 3; i++) {
		struct hosts *hosts = hosts_new();
		struct host_row row = { .preference = 10, .port = 25,
		    .name = span_of("mx0.test"), .addresses = span_make(
		    i == 0 ? there : back, i == 2 ? 16 : 32) };

		if (i == 0)
			hosts_add(hosts, &row);
		add(hosts, 10, "mx1.test");
		add(hosts, 5, "best.test");
		if (i > 0)
			hosts_add(hosts, &row);
		hosts_sort(hosts);
		CU_ASSERT_STRING_EQUAL(hosts->rows[0].name, "best.test");
		CU_ASSERT_STRING_EQUAL(hosts->rows[1].name, "mx0.test");
		hashes[i] = hosts_hash(hosts);
		hosts_free(&hosts);
	}
	CU_ASSERT_EQUAL(hashes[0], hashes[1]);
	CU_ASSERT_NOT_EQUAL(hashes[0], hashes[2]);
}

static void
we_and_those_behind_us_are_dropped(void)
{
	struct hosts *hosts = hosts_new();

	add(hosts, 10, "mx1.test");
	add(hosts, 20, "Relay.test");
	add(hosts, 20, "mx2.test");
	add(hosts, 30, "mx3.test");
	hosts_drop_from(hosts, "relay.test");
	CU_ASSERT_EQUAL_FATAL(hosts->count, 1);
	CU_ASSERT_STRING_EQUAL(hosts->rows[0].name, "mx1.test");
	hosts_free(&hosts);
}

static void
if_we_are_the_best_nothing_is_left(void)
{
	struct hosts *hosts = hosts_new();

	add(hosts, 10, "relay.test");
	add(hosts, 20, "mx2.test");
	hosts_drop_from(hosts, "relay.test");
	CU_ASSERT_EQUAL(hosts->count, 0);
	hosts_free(&hosts);
}

static void
a_host_without_an_address_is_one_all_the_same(void)
{
	struct hosts *hosts = hosts_new();
	struct host_row row = { .preference = 5, .port = 25,
	    .name = span_of("none.test") };

	hosts_add(hosts, &row);
	CU_ASSERT_EQUAL(hosts->count, 1);
	CU_ASSERT_FALSE(hosts_have_address(hosts));
	add(hosts, 10, "mx1.test");
	CU_ASSERT_TRUE(hosts_have_address(hosts));
	CU_ASSERT_TRUE(key_is(hosts, "* none.test:25;mx1.test:25"));
	hosts_free(&hosts);
}

static void
a_long_answer_is_cut(void)
{
	struct hosts *hosts = hosts_new();

	for (int i = 0; i < 2 * HOSTS_MOST; i++)
		add(hosts, 10, "mx.test");
	CU_ASSERT_EQUAL(hosts->count, HOSTS_MOST);
	hosts_free(&hosts);
}

static void
hosts_go_on_the_wire_and_come_back(void)
{
	struct hosts *hosts = hosts_new();
	struct host_row row;
	struct buf list;
	struct span rest;

	buf_init(&list, 4096);
	add(hosts, 10, "mx1.test");
	add(hosts, 20, "mx2.test");
	hosts_encode(hosts, &list);
	rest = buf_peek(&list);
	CU_ASSERT_TRUE(host_row_pull(&rest, &row));
	CU_ASSERT_TRUE(span_is(row.name, "mx1.test"));
	CU_ASSERT_EQUAL(row.port, 25);
	CU_ASSERT_EQUAL(row.addresses.length, 16);
	CU_ASSERT_TRUE(host_row_pull(&rest, &row));
	CU_ASSERT_EQUAL(row.preference, 20);
	CU_ASSERT_FALSE(host_row_pull(&rest, &row));
	buf_fini(&list);
	hosts_free(&hosts);
}

const struct unit_test hosts_tests[] = {
	UNIT(the_key_depends_on_no_order_and_no_spelling),
	UNIT(the_order_of_equal_hosts_and_of_addresses_tells_nothing),
	UNIT(we_and_those_behind_us_are_dropped),
	UNIT(if_we_are_the_best_nothing_is_left),
	UNIT(a_host_without_an_address_is_one_all_the_same),
	UNIT(a_long_answer_is_cut),
	UNIT(hosts_go_on_the_wire_and_come_back),
	UNIT_END
};
