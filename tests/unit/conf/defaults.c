/* SPDX-License-Identifier: ISC
 *
 * defaults.c - what nobody wrote.
 */
#include "tests.h"

#include "base/mem.h"

#include <unistd.h>

static void
the_defaults_are_those_of_the_manual(void)
{
	struct conf *c = conf_of("listen 127.0.0.1:25\n");
	char name[256];

	CU_ASSERT_EQUAL_FATAL(gethostname(name, sizeof name), 0);
	CU_ASSERT_STRING_EQUAL(c->hostname, name);
	CU_ASSERT_STRING_EQUAL(c->user, "postrider");
	CU_ASSERT_STRING_EQUAL(c->user_scheduler, "postrider");
	CU_ASSERT_TRUE(c->receivers >= 1 && c->receivers <= 8);
	CU_ASSERT_TRUE(c->deliverers >= 1 && c->deliverers <= 8);
	CU_ASSERT_TRUE(c->node < 4096);
	CU_ASSERT_EQUAL(c->connections, 10000);
	CU_ASSERT_EQUAL(c->connections_per_client, 1000);
	CU_ASSERT_EQUAL(c->connections_per_minute, 6000);
	CU_ASSERT_EQUAL(c->data_line, 0);
	CU_ASSERT_EQUAL(c->header_bytes, 102400);
	CU_ASSERT_EQUAL(c->message_bytes, 50 << 20);
	CU_ASSERT_EQUAL(c->idle, 5 * MSEC_MINUTE);
	CU_ASSERT_EQUAL(c->large_bytes, 256 << 10);
	CU_ASSERT_EQUAL(c->retry_jitter, 20);
	CU_ASSERT_EQUAL(c->compact, 25);
	CU_ASSERT_PTR_NULL(c->tls_certificate);
	CU_ASSERT_PTR_NULL(c->postmaster);
	CU_ASSERT_EQUAL(c->listens[0].klass, CLASS_NORMAL);
	CU_ASSERT_EQUAL(c->listens[0].ceiling, CLASS_URGENT);
	conf_free(&c);
}

static void
each_class_has_its_own_schedule(void)
{
	static const msec_t urgent[] = { 5, 15, 30, 60, 120, 300 };
	struct conf *c = conf_of("listen 127.0.0.1:25\n");
	const struct conf_class *k = c->classes;

	CU_ASSERT_EQUAL(k[CLASS_URGENT].retry_count, 6);
	for (unsigned i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(k[CLASS_URGENT].retry[i],
		    urgent[i] * MSEC_SECOND);
	CU_ASSERT_EQUAL(k[CLASS_URGENT].lifetime, 4 * MSEC_HOUR);
	CU_ASSERT_EQUAL(k[CLASS_URGENT].warn, 15 * MSEC_MINUTE);
	CU_ASSERT_EQUAL(k[CLASS_NORMAL].retry[0], MSEC_MINUTE);
	CU_ASSERT_EQUAL(k[CLASS_NORMAL].retry_count, 7);
	CU_ASSERT_EQUAL(k[CLASS_NORMAL].warn, 4 * MSEC_HOUR);
	CU_ASSERT_EQUAL(k[CLASS_BULK].retry[0], 5 * MSEC_MINUTE);
	CU_ASSERT_EQUAL(k[CLASS_BULK].lifetime, 5 * MSEC_DAY);
	CU_ASSERT_EQUAL(k[CLASS_BULK].warn, 0);
	conf_free(&c);
}

static void
a_default_gives_way_to_what_was_written(void)
{
	struct conf *c = conf_of("listen [::1]:25 { ceiling bulk; trust ::1 }\n"
	    "limits { connections 7; message-size 2k; session 1m }\n"
	    "class urgent { lifetime 5m }");

	CU_ASSERT_EQUAL(c->connections_per_client, 7);
	CU_ASSERT_EQUAL(c->header_bytes, 2048);
	CU_ASSERT_EQUAL(c->large_bytes, 2048);
	CU_ASSERT_EQUAL(c->idle, MSEC_MINUTE);
	CU_ASSERT_EQUAL(c->classes[CLASS_URGENT].warn, 0);
	CU_ASSERT_EQUAL(c->listens[0].klass, CLASS_BULK);
	CU_ASSERT_EQUAL(c->listens[0].trusts[0].ceiling, CLASS_BULK);
	conf_free(&c);
}

static void
users_follow_user_unless_named(void)
{
	struct conf *c = conf_of("listen [::1]:25; user-deliverer d; user u");

	CU_ASSERT_STRING_EQUAL(c->user_receiver, "u");
	CU_ASSERT_STRING_EQUAL(c->user_deliverer, "d");
	conf_free(&c);
}

static void
the_node_follows_the_hostname(void)
{
	struct conf *a = conf_of("listen [::1]:25; hostname a.test");
	struct conf *b = conf_of("listen [::1]:25; hostname b.test");
	struct conf *again = conf_of("hostname a.test; listen [::1]:26");

	CU_ASSERT_NOT_EQUAL(a->node, b->node);
	CU_ASSERT_EQUAL(a->node, again->node);
	conf_free(&a);
	conf_free(&b);
	conf_free(&again);
}

static void
a_last_route_by_mx_and_a_last_site_are_always_there(void)
{
	struct conf *c = conf_of("listen [::1]:25; route a { to b }\n"
	    "site a { connections 1 }");

	CU_ASSERT_EQUAL(c->route_count, 2);
	CU_ASSERT_STRING_EQUAL(c->routes[1].pattern, "*");
	CU_ASSERT_EQUAL(c->routes[1].kind, ROUTE_MX);
	CU_ASSERT_EQUAL(c->site_count, 2);
	CU_ASSERT_STRING_EQUAL(c->sites[1].pattern, "*");
	CU_ASSERT_EQUAL(c->sites[1].connections, 20);
	CU_ASSERT_EQUAL(c->sites[0].recipients, 100);
	conf_free(&c);
}

static void
a_classify_block_replaces_the_default_list(void)
{
	struct conf *none = conf_of("listen [::1]:25; classify { }");
	struct conf *own = conf_of("listen [::1]:25; classify { header A 1 "
	    "urgent 2 bulk }\nclassify { header B * bulk }");
	struct conf *ours = conf_of("listen [::1]:25");

	CU_ASSERT_EQUAL(none->header_count, 0);
	CU_ASSERT_EQUAL(own->header_count, 3);
	CU_ASSERT_STRING_EQUAL(own->headers[1].name, "A");
	CU_ASSERT_STRING_EQUAL(own->headers[1].pattern, "2");
	CU_ASSERT_EQUAL(own->headers[1].klass, CLASS_BULK);
	CU_ASSERT_EQUAL(ours->header_count, 8);
	CU_ASSERT_STRING_EQUAL(ours->headers[7].name, "List-Id");
	/* so that only who is asked for it can fill the way of urgent mail */
	for (size_t i = 0; i < ours->header_count; i++)
		CU_ASSERT_NOT_EQUAL(ours->headers[i].klass, CLASS_URGENT);
	conf_free(&none);
	conf_free(&own);
	conf_free(&ours);
}

static void
a_name_server_without_port_is_asked_at_53(void)
{
	struct conf *c = conf_of("listen [::1]:25\nresolver { server ::1; "
	    "server 192.0.2.1@54 }");

	CU_ASSERT_EQUAL(c->resolver_server_count, 2);
	CU_ASSERT_STRING_EQUAL(c->resolver_servers[0], "::1@53");
	CU_ASSERT_STRING_EQUAL(c->resolver_servers[1], "192.0.2.1@54");
	conf_free(&c);
}

static void
a_hop_without_port_is_at_25_and_has_no_brackets(void)
{
	struct conf *c = conf_of("listen [::1]:25\nroute * { to mx1 [::1] "
	    "[2001:db8::1]:587 192.0.2.1:26 }");
	const struct conf_hop *hops = c->routes[0].hops;

	CU_ASSERT_EQUAL(c->routes[0].kind, ROUTE_HOSTS);
	CU_ASSERT_EQUAL(c->routes[0].hop_count, 4);
	CU_ASSERT_STRING_EQUAL(hops[0].host, "mx1");
	CU_ASSERT_EQUAL(hops[0].port, 25);
	CU_ASSERT_STRING_EQUAL(hops[1].host, "::1");
	CU_ASSERT_STRING_EQUAL(hops[2].host, "2001:db8::1");
	CU_ASSERT_EQUAL(hops[2].port, 587);
	CU_ASSERT_STRING_EQUAL(hops[3].host, "192.0.2.1");
	CU_ASSERT_EQUAL(hops[3].port, 26);
	conf_free(&c);
}

const struct unit_test default_tests[] = {
	UNIT(the_defaults_are_those_of_the_manual),
	UNIT(each_class_has_its_own_schedule),
	UNIT(a_default_gives_way_to_what_was_written),
	UNIT(users_follow_user_unless_named),
	UNIT(the_node_follows_the_hostname),
	UNIT(a_last_route_by_mx_and_a_last_site_are_always_there),
	UNIT(a_classify_block_replaces_the_default_list),
	UNIT(a_name_server_without_port_is_asked_at_53),
	UNIT(a_hop_without_port_is_at_25_and_has_no_brackets),
	UNIT_END
};
