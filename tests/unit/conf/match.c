/* SPDX-License-Identifier: ISC
 *
 * match.c - which row is meant, and how times scale.
 */
#include "tests.h"

#include "conf/conf_net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *pattern, *name;
	bool matches;
} patterns[] = {
	{ "*", "example.org", true },
	{ "*", "", true },
	{ "example.org", "example.org", true },
	{ "example.org", "EXAMPLE.Org", true },
	{ "example.org", "a.example.org", false },
	{ "example.org", "example.or", false },
	{ "*.example.org", "a.example.org", true },
	{ "*.example.org", "a.b.EXAMPLE.org", true },
	{ "*.example.org", "example.org", false },
	{ "*.example.org", ".example.org", false },
	{ "*.example.org", "badexample.org", false },
	{ "[192.0.2.1]", "[192.0.2.1]", true },
};

static void
a_pattern_is_a_domain_its_subdomains_or_all(void)
{
	for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
		CU_ASSERT_EQUAL(conf_pattern_matches(patterns[i].pattern,
		    span_of(patterns[i].name)), patterns[i].matches);
}

static const struct {
	const char *glob, *text;
	bool matches;
} globs[] = {
	{ "", "", true }, { "", "a", false },
	{ "*", "", true }, { "*", "anything", true },
	{ "a", "A", true }, { "A", "a", true }, { "a", "b", false },
	{ "?", "a", true }, { "?", "", false }, { "?", "ab", false },
	{ "1*", "1", true }, { "1*", "1 (Highest)", true },
	{ "1*", "21", false },
	{ "*now*", "do it NOW please", true }, { "*now*", "no", false },
	{ "a*b*c", "axxbyyc", true }, { "a*b*c", "axxbyy", false },
	{ "**a**", "bab", true }, { "*ab", "aaab", true },
	{ "*a?c", "abcabxabc", true }, { "a*", "", false },
};

static void
a_glob_has_stars_and_question_marks_and_no_case(void)
{
	for (size_t i = 0; i < sizeof globs / sizeof globs[0]; i++) {
		bool matches = conf_glob_matches(globs[i].glob,
		    span_of(globs[i].text));

		CU_ASSERT_EQUAL(matches, globs[i].matches);
		if (matches != globs[i].matches)
			printf("%s %s\n", globs[i].glob, globs[i].text);
	}
}

static void
the_first_block_for_a_sender_counts_and_there_may_be_none(void)
{
	struct conf *conf = conf_of("hostname a\nlisten 127.0.0.1:25\n"
	    "sender vip.example.org { }\n"
	    "sender \"?.example.org\" { rate 1/s }\n"
	    "sender *.example.org { rate 2/s }\n"
	    "sender \"uid *\" { rate 3/s }\n");
	const struct conf_sender *senders = conf->senders;

	CU_ASSERT_EQUAL(conf->sender_count, 4);
	CU_ASSERT_PTR_EQUAL(conf_sender_for(conf,
	    span_of("VIP.example.org")), &senders[0]);
	CU_ASSERT_EQUAL(senders[0].rate.thousandths, 0);
	CU_ASSERT_PTR_EQUAL(conf_sender_for(conf, span_of("a.example.org")),
	    &senders[1]);
	CU_ASSERT_PTR_EQUAL(conf_sender_for(conf, span_of("ab.example.org")),
	    &senders[2]);
	CU_ASSERT_PTR_EQUAL(conf_sender_for(conf, span_of("uid 1000")),
	    &senders[3]);
	CU_ASSERT_PTR_NULL(conf_sender_for(conf, span_of("example.org")));
	CU_ASSERT_PTR_NULL(conf_sender_for(conf, span_of("")));
	conf_free(&conf);
}

/* Backtracking over every star would take 2^30 steps here. */
static void
many_stars_take_no_time(void)
{
	char text[4096];

	memset(text, 'a', sizeof text);
	CU_ASSERT_FALSE(conf_glob_matches(
	    "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
	    span_make(text, sizeof text)));
}

static const struct {
	const char *net, *address;
	bool holds;
} nets[] = {
	{ "127.0.0.0/8", "::ffff:127.255.0.1", true },
	{ "127.0.0.0/8", "::ffff:128.0.0.1", false },
	{ "127.0.0.0/8", "::1", false },
	{ "10.0.0.0/9", "::ffff:10.127.0.1", true },
	{ "10.0.0.0/9", "::ffff:10.128.0.1", false },
	{ "192.0.2.1", "::ffff:192.0.2.1", true },
	{ "192.0.2.1", "::ffff:192.0.2.2", false },
	{ "0.0.0.0/0", "::ffff:8.8.8.8", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "::ffff:192.0.2.1", false },
	{ "::/80", "::ffff:192.0.2.1", false },
	{ "::/80", "::1", true },
	{ "::ffff:192.0.2.0/120", "::ffff:192.0.2.1", true },
	{ "::1", "::1", true },
	{ "::1", "::2", false },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
};

static void
a_net_holds_its_own_addresses_and_no_others(void)
{
	for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
		struct conf_net net;
		struct in6_addr address;

		CU_ASSERT_PTR_NULL(conf_net_parse(nets[i].net, &net));
		CU_ASSERT_EQUAL(inet_pton(AF_INET6, nets[i].address,
		    &address), 1);
		CU_ASSERT_EQUAL(conf_net_holds(&net, &address),
		    nets[i].holds);
	}
}

static void
the_first_route_and_site_that_match_win(void)
{
	struct conf *c = conf_of("listen [::1]:25\n"
	    "route *.a.test { to one }; route a.test { to two }\n"
	    "site mx.big.test { connections 1 }\n"
	    "site a.test { connections 2 }");
	struct span hosts[] = { span_of("mx.a.test"),
	    span_of("MX.big.test"), span_of("mx.c.test") };

	CU_ASSERT_STRING_EQUAL(conf_route_for(c, span_of("b.a.test"))->
	    hops[0].host, "one");
	CU_ASSERT_STRING_EQUAL(conf_route_for(c, span_of("A.test"))->
	    hops[0].host, "two");
	CU_ASSERT_EQUAL(conf_route_for(c, span_of("c.test"))->kind, ROUTE_MX);
	CU_ASSERT_EQUAL(conf_site_for(c, span_of("a.test"), NULL, 0)->
	    connections, 2);
	CU_ASSERT_EQUAL(conf_site_for(c, span_of("a.test"), hosts, 1)->
	    connections, 2);
	CU_ASSERT_EQUAL(conf_site_for(c, span_of("a.test"), hosts, 3)->
	    connections, 1);
	CU_ASSERT_EQUAL(conf_site_for(c, span_of("b.test"), NULL, 0)->
	    connections, 20);
	CU_ASSERT_EQUAL(conf_site_named(c, span_of("A.test"))->connections,
	    2);
	CU_ASSERT_EQUAL(conf_site_named(c, span_of("*"))->connections, 20);
	CU_ASSERT_PTR_NULL(conf_site_named(c, span_of("b.test")));
	conf_free(&c);
}

static void
the_first_trust_of_a_client_counts_and_others_are_strangers(void)
{
	struct conf *c = conf_of("listen [::1]:25 { trust 10.0.0.1 ceiling "
	    "bulk; trust 10.0.0.0/8 ::1 }");
	struct in6_addr client;

	inet_pton(AF_INET6, "::ffff:10.0.0.1", &client);
	CU_ASSERT_EQUAL(conf_trust_of(c->listens, &client)->ceiling,
	    CLASS_BULK);
	inet_pton(AF_INET6, "::1", &client);
	CU_ASSERT_EQUAL(conf_trust_of(c->listens, &client)->ceiling,
	    CLASS_URGENT);
	inet_pton(AF_INET6, "::2", &client);
	CU_ASSERT_PTR_NULL(conf_trust_of(c->listens, &client));
	conf_free(&c);
}

static void
times_scale_but_never_to_nothing(void)
{
	struct conf *c = conf_of("listen [::1]:25; time-scale 0.01");

	CU_ASSERT_EQUAL(conf_time(c, 5000), 50);
	CU_ASSERT_EQUAL(conf_time(c, 1), 1);
	CU_ASSERT_EQUAL(conf_time(c, 0), 0);
	conf_free(&c);
	c = conf_of("listen [::1]:25; time-scale 1000");
	CU_ASSERT_EQUAL(conf_time(c, 5), 5000);
	CU_ASSERT_EQUAL(conf_time(c, MSEC_NEVER), MSEC_NEVER);
	conf_free(&c);
}

static void
classes_have_names(void)
{
	enum mail_class klass = CLASS_COUNT;

	CU_ASSERT_STRING_EQUAL(class_name(CLASS_BULK), "bulk");
	CU_ASSERT_TRUE(class_of_name(span_of("urgent"), &klass));
	CU_ASSERT_EQUAL(klass, CLASS_URGENT);
	CU_ASSERT_FALSE(class_of_name(span_of("Urgent"), &klass));
	CU_ASSERT_FALSE(class_of_name(span_of(""), &klass));
}

const struct unit_test match_tests[] = {
	UNIT(a_pattern_is_a_domain_its_subdomains_or_all),
	UNIT(a_glob_has_stars_and_question_marks_and_no_case),
	UNIT(the_first_block_for_a_sender_counts_and_there_may_be_none),
	UNIT(many_stars_take_no_time),
	UNIT(a_net_holds_its_own_addresses_and_no_others),
	UNIT(the_first_route_and_site_that_match_win),
	UNIT(the_first_trust_of_a_client_counts_and_others_are_strangers),
	UNIT(times_scale_but_never_to_nothing),
	UNIT(classes_have_names),
	UNIT_END
};
