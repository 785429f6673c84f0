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
equal_preferences_come_in_an_order_of_chance(void)
{
	bool first[2] = { false, false };

	for (int i = 0; i < 100; i++) {
		struct hosts *hosts = hosts_new();

		add(hosts, 10, "mx0.test");
		add(hosts, 10, "mx1.test");
		add(hosts, 5, "best.test");
		hosts_sort(hosts);
		CU_ASSERT_STRING_EQUAL(hosts->rows[0].name, "best.test");
		first[hosts->rows[1].name[2] - '0'] = true;
		hosts_free(&hosts);
	}
	CU_ASSERT_TRUE(first[0] && first[1]);
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
hosts_without_an_address_are_left_out(void)
{
	struct hosts *hosts = hosts_new();
	struct host_row row = { .name = span_of("none.test") };

	hosts_add(hosts, &row);
	CU_ASSERT_EQUAL(hosts->count, 0);
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
	UNIT(equal_preferences_come_in_an_order_of_chance),
	UNIT(we_and_those_behind_us_are_dropped),
	UNIT(if_we_are_the_best_nothing_is_left),
	UNIT(hosts_without_an_address_are_left_out),
	UNIT(a_long_answer_is_cut),
	UNIT(hosts_go_on_the_wire_and_come_back),
	UNIT_END
};
