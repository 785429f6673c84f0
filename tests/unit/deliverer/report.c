/* SPDX-License-Identifier: ISC
 *
 * report.c - targets, and who we are.
 */
#include "deliverer/report.h"
#include "unit/deliverer/tests.h"

#include "base/mem.h"

/* A list of hosts: "name port address address …" each. */
static struct buf *
host_list(const char *const *names, const char *const *addresses)
{
	struct buf *list = buf_new(1 << 16);

	for (; *names != NULL; names++, addresses++) {
		struct addr addr;
		struct host_row row = {
			.port = 25, .name = span_of(*names),
			.addresses = span_make(&addr.ip, 16),
		};

		CU_ASSERT_TRUE(addr_parse(span_of(*addresses), &addr));
		host_row_put(&row, list);
	}
	return list;
}

static void
targets_have_names_and_what_was_known_of_them(void)
{
	static const char *const names[] = { "a", "b", "c", NULL };
	static const char *const addresses[] = {
		"192.0.2.1", "2001:db8::2", "192.0.2.3"
	};
	struct buf *list = host_list(names, addresses);
	struct targets targets = { .count = 0 };

	targets_set(&targets, buf_peek(list));
	CU_ASSERT_EQUAL_FATAL(targets.count, 3);
	CU_ASSERT_STRING_EQUAL(targets.rows[0].text, "a[192.0.2.1]:25");
	CU_ASSERT_STRING_EQUAL(targets.rows[1].text, "b[2001:db8::2]:25");
	targets.rows[1].users = 3;
	targets.rows[1].clear_until = 11;
	/* What was known stays known. */
	targets_set(&targets, buf_peek(list));
	CU_ASSERT_EQUAL(targets.rows[1].users, 3);
	CU_ASSERT_EQUAL(targets.rows[1].clear_until, 11);
	CU_ASSERT_EQUAL(targets.rows[2].users, 0);
	targets_fini(&targets);
	buf_free(&list);
}

static const struct {
	const char *listen, *address;
	unsigned port;
	bool ours;
} owns[] = {
	{ "127.0.0.1:2500", "127.0.0.1", 2500, true },
	{ "127.0.0.1:2500", "127.0.0.1", 25, false },
	{ "127.0.0.1:2500", "127.0.0.2", 2500, false },
	{ "127.0.0.1:2500", "0.0.0.0", 2500, true },
	{ "127.0.0.1:2500", "::", 2500, true },
	{ "0.0.0.0:2500", "127.0.0.2", 2500, true },
	{ "0.0.0.0:2500", "192.0.2.7", 2500, true },
	{ "0.0.0.0:2500", "192.0.2.8", 2500, false },
	{ "[::]:2500", "::1", 2500, true },
	{ "[::]:2500", "192.0.2.7", 2500, true },
	{ "192.0.2.7:2500", "192.0.2.7", 2500, true },
	{ "192.0.2.7:2500", "127.0.0.1", 2500, false },
};

static void
our_own_listeners_are_known(void)
{
	struct own own = { .count = 1 };
	struct addr here;

	CU_ASSERT_TRUE(addr_parse(span_of("192.0.2.7"), &here));
	own.ips[0] = here.ip;
	for (size_t i = 0; i < sizeof(owns) / sizeof(owns[0]); i++) {
		char *text = mem_printf("hostname x.test\nspool /s\n"
		    "control /c\nlisten %s { }\nroute * { to mx }\n",
		    owns[i].listen);
		struct err err;
		struct conf *conf = conf_parse(span_of(text), "test", &err);
		struct addr addr;

		CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
		CU_ASSERT_TRUE(addr_parse(span_of(owns[i].address), &addr));
		addr.port = (uint16_t)owns[i].port;
		CU_ASSERT_EQUAL(own_listens(&own, conf, addr), owns[i].ours);
		conf_free(&conf);
		mem_free(text);
	}
}

const struct unit_test report_tests[] = {
	UNIT(targets_have_names_and_what_was_known_of_them),
	UNIT(our_own_listeners_are_known),
	UNIT_END
};
