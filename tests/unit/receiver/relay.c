/* SPDX-License-Identifier: ISC
 *
 * relay.c - the open-relay table: no spelling of a recipient lets a
 * stranger relay.  Each row is a test of its own.
 */
#include "unit/receiver/suites.h"
#include "unit/receiver/talk.h"

#include "receiver/policy.h"

#include "base/mem.h"

#include <stdio.h>

/* A stranger says the line of LENGTH bytes after MAIL: 5yz, and no way to
 * get a body in. */
static void
stranger_says(const char *mail, const char *line, size_t length)
{
	struct talk talk;
	char heard[SHORT_MOST];

	talk_begin(&talk, NULL, false);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, mail, "250 2.1.0");
	buf_clear(&talk.replies);
	talk_say(&talk, span_make(line, length));
	talk_short(buf_peek(&talk.replies), heard);
	if (heard[0] != '5')
		fprintf(stderr, "%s heard %s\n", line, heard);
	CU_ASSERT_EQUAL(heard[0], '5');
	CU_ASSERT_EQUAL(talk.session.state, SESSION_ADDRESSED);
	HEARS(&talk, "DATA\r\n", talk.session.txn->rcpt_refused ?
	    "554 5.5.1" : "503 5.5.1");
	CU_ASSERT_EQUAL(talk.messages, 0);
	talk_end(&talk);
}

/* name, RCPT line */
#define RELAY_TABLE(ROW)						\
	ROW(foreign_domain, "RCPT TO:<u@other.test>")			\
	ROW(our_own_name, "RCPT TO:<u@relay.test>")			\
	ROW(percent_hack, "RCPT TO:<u%other.test@relay.test>")		\
	ROW(bang_path, "RCPT TO:<other.test!u@relay.test>")		\
	ROW(source_route, "RCPT TO:<@relay.test:u@other.test>")		\
	ROW(long_source_route,						\
	    "RCPT TO:<@relay.test,@x.test:u@other.test>")		\
	ROW(quoted_at, "RCPT TO:<\"u@other.test\"@relay.test>")		\
	ROW(two_ats, "RCPT TO:<u@other.test@relay.test>")		\
	ROW(quoted_percent, "RCPT TO:<\"u%other.test\"@relay.test>")	\
	ROW(loopback_literal, "RCPT TO:<u@[127.0.0.1]>")		\
	ROW(our_address_literal, "RCPT TO:<u@[192.0.2.1]>")		\
	ROW(ipv6_loopback_literal, "RCPT TO:<u@[IPv6:::1]>")		\
	ROW(mapped_literal, "RCPT TO:<u@[IPv6:::ffff:127.0.0.1]>")	\
	ROW(localhost, "RCPT TO:<u@localhost>")				\
	ROW(no_domain, "RCPT TO:<u>")					\
	ROW(empty_path, "RCPT TO:<>")					\
	ROW(postmaster, "RCPT TO:<postmaster>")				\
	ROW(postmaster_of_ours, "RCPT TO:<postmaster@relay.test>")	\
	ROW(trailing_dot, "RCPT TO:<u@relay.test.>")			\
	ROW(upper_case, "RCPT TO:<U@RELAY.TEST>")			\
	ROW(space_in_domain, "RCPT TO:<u@relay.test >")			\
	ROW(tab_in_domain, "RCPT TO:<u@relay.test\t>")			\
	ROW(nul_in_domain, "RCPT TO:<u@relay.test\0@other.test>")	\
	ROW(u_label, "RCPT TO:<u@\xc3\xbcml.test>")			\
	ROW(a_label, "RCPT TO:<u@xn--ml-wka.test>")			\
	ROW(decomposed, "RCPT TO:<u@u\xcc\x88ml.test>")			\
	ROW(homoglyph, "RCPT TO:<u@r\xd0\xb5lay.test>")			\
	ROW(quoted_pair, "RCPT TO:<\"u\\@other.test\"@relay.test>")	\
	ROW(space_after_colon, "RCPT TO: <u@other.test>")		\
	ROW(no_brackets, "RCPT TO:u@other.test")			\
	ROW(oversize_label, "RCPT TO:<u@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"	\
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test>")

#define ROW_TEST(name, line)						\
	static void							\
	a_stranger_cannot_relay_by_##name(void)				\
	{								\
		static const char text[] = line "\r\n";			\
									\
		stranger_says(FROM_A, text, sizeof text - 1);		\
	}
RELAY_TABLE(ROW_TEST)

static void
the_null_reverse_path_opens_no_door(void)
{
	stranger_says("MAIL FROM:<>\r\n", TO_B, strlen(TO_B));
}

static void
a_sender_of_ours_opens_no_door(void)
{
	stranger_says("MAIL FROM:<boss@relay.test>\r\n", TO_B, strlen(TO_B));
	stranger_says("MAIL FROM:<boss@localhost>\r\n", TO_B, strlen(TO_B));
}

static void
a_helo_of_ours_opens_no_door(void)
{
	static const char *const helos[] = { "EHLO relay.test\r\n",
		"HELO localhost\r\n", "EHLO [127.0.0.1]\r\n" };

	for (size_t i = 0; i < 3; i++) {
		struct talk talk;

		talk_begin(&talk, NULL, false);
		HEARS(&talk, helos[i], "250");
		HEARS(&talk, FROM_A TO_B, "250 2.1.0, 550 5.7.1");
		talk_end(&talk);
	}
}

static void
tls_opens_no_door(void)
{
	struct talk talk;

	talk_begin(&talk, NULL, false);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, "STARTTLS\r\n", "220 2.0.0");
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A TO_B, "250 2.1.0, 550 5.7.1");
	talk_end(&talk);
}

/* ---- who is trusted ------------------------------------------------------ */

static void
trust_is_by_address_however_it_is_written(void)
{
	static const struct {
		const char *address;
		bool trusted;
		enum mail_class ceiling;
	} rows[] = {
		{ "10.1.2.3", true, CLASS_NORMAL },
		{ "::ffff:10.1.2.3", true, CLASS_NORMAL },
		{ "11.1.2.3", false, CLASS_BULK },
		{ "::10.1.2.3", false, CLASS_BULK },
		{ "192.0.2.77", true, CLASS_BULK },
		{ "192.0.3.77", false, CLASS_BULK },
		{ "2001:db8::1", true, CLASS_URGENT },
		{ "2001:db9::1", false, CLASS_BULK },
		{ "0.0.0.0", false, CLASS_BULK },
	};
	struct err err;
	struct conf *conf = conf_parse(span_of("hostname relay.test\n"
	    "listen 127.0.0.1:25 {\n"
	    "trust 10.0.0.0/8 ceiling normal\n"
	    "trust 192.0.2.0/24 ceiling bulk\n"
	    "trust 2001:db8::/32\n}\n"), "test", &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct addr addr;
		struct client client;

		CU_ASSERT_TRUE(addr_parse(span_of(rows[i].address), &addr));
		client = policy_client(&conf->listens[0], addr, false);
		CU_ASSERT_EQUAL(client.trusted, rows[i].trusted);
		CU_ASSERT_EQUAL(client.ceiling, rows[i].ceiling);
		CU_ASSERT_FALSE(client.can_tls);
		CU_ASSERT_FALSE(client.local);
	}
	conf_free(&conf);
}

static void
who_may_relay_is_understood_where_it_slips_unless_strict(void)
{
	static const struct {
		const char *listen, *address;
		bool liberal;
	} rows[] = {
		{ "trust 10.0.0.0/8", "10.0.0.1", true },
		{ "trust 10.0.0.0/8; strict", "10.0.0.1", false },
		{ "trust 10.0.0.0/8", "11.0.0.1", false },
		{ "strict", "11.0.0.1", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[128];
		struct err err;
		struct addr addr;
		struct conf *conf;

		snprintf(text, sizeof text, "hostname relay.test\n"
		    "listen 127.0.0.1:25 { %s }\n", rows[i].listen);
		conf = conf_parse(span_of(text), "test", &err);
		CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
		CU_ASSERT_TRUE(addr_parse(span_of(rows[i].address), &addr));
		CU_ASSERT_EQUAL(policy_client(&conf->listens[0], addr,
		    false).liberal, rows[i].liberal);
		conf_free(&conf);
	}
	CU_ASSERT_TRUE(policy_local(1000).liberal);
}

/* ---- the postmaster ------------------------------------------------------ */

#define POSTMASTER "bounce { postmaster chief@home.test }\n"

static void
a_stranger_may_write_to_the_postmaster_and_to_nobody_else(void)
{
	static const char *const others[] = { "u@relay.test",
		"postmaster@other.test", "postmaster@x.relay.test",
		"chief@home.test", "postmaster2@relay.test",
		"postmaster%other.test@relay.test", "postmaster@[127.0.0.1]" };
	struct talk talk;

	talk_begin(&talk, POSTMASTER, false);
	HEARS(&talk, HELLO, "250");
	HEARS(&talk, FROM_A, "250 2.1.0");
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		char line[128];

		snprintf(line, sizeof line, "RCPT TO:<%s>\r\n", others[i]);
		HEARS(&talk, line, "550 5.7.1");
	}
	HEARS(&talk, "RCPT TO:<PostMaster>\r\n", "250 2.1.5");
	HEARS(&talk, "RCPT TO:<postmaster@RELAY.test>\r\n", "250 2.1.5");
	HEARS(&talk, "DATA\r\n", "354");
	HEARS(&talk, "Subject: help\r\n\r\nx\r\n.\r\n", "250 2.0.0");
	CU_ASSERT_EQUAL(talk.messages, 1);
	CU_ASSERT_EQUAL(talk.got[0].rcpt_count, 1);
	CU_ASSERT_STRING_EQUAL(talk.got[0].first_rcpt, "chief@home.test");
	talk_end(&talk);
}

static void
the_listener_ceiling_holds_for_trusted_nets_too(void)
{
	struct err err;
	struct addr addr;
	struct client client;
	struct conf *conf = conf_parse(span_of("hostname relay.test\n"
	    "listen 127.0.0.1:25 { trust 10.0.0.0/8; ceiling normal;"
	    " class bulk }\n"), "test", &err);

	CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
	CU_ASSERT_TRUE(addr_parse(span_of("10.0.0.1"), &addr));
	client = policy_client(&conf->listens[0], addr, true);
	CU_ASSERT_EQUAL(client.ceiling, CLASS_NORMAL);
	CU_ASSERT_EQUAL(client.klass, CLASS_BULK);
	CU_ASSERT_TRUE(client.can_tls);
	conf_free(&conf);
}

#define ROW_UNIT(name, line) UNIT(a_stranger_cannot_relay_by_##name),

#define ONE "trust 10.0.0.1"
#define BOTH ONE "; trust 10.0.0.2 ceiling bulk"

static void
who_may_relay_has_its_line_ends_mended_unless_told_otherwise(void)
{
	static const struct {
		const char *listen;
		bool own, other, stranger;
	} asks[] = {
		{ BOTH, true, true, false },
		{ BOTH "; strict", false, false, false },
		{ BOTH "; bare-lf by-trust", true, true, false },
		{ BOTH "; bare-lf reject", false, false, false },
		{ BOTH "; bare-lf normalize", true, true, true },
		{ BOTH "; strict; bare-lf normalize", true, true, true },
		{ ONE "; trust 10.0.0.2 bare-lf reject", true, false, false },
		{ "bare-lf reject; " ONE "; trust 10.0.0.2 ceiling bulk "
		  "bare-lf normalize",
		    false, true, false },
		{ "bare-lf normalize; " ONE "; trust 10.0.0.2 bare-lf reject "
		  "ceiling bulk",
		    true, false, true },
	};

	for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
		char *text = mem_printf("hostname a.test\nlisten [::1]:25 { "
					"%s }\n",
		    asks[i].listen);
		struct err err = { 0 };
		struct conf *conf = conf_parse(span_of(text), "f", &err);
		struct addr who = { .ip.s6_addr = {
					[10] = 0xff, 0xff, 10, 0, 0, 1 } };

		if (conf == NULL)
			fprintf(stderr, "%s\n", err.text);
		CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
		CU_ASSERT_EQUAL(policy_client(conf->listens, who, false).mends,
		    asks[i].own);
		who.ip.s6_addr[15] = 2;
		CU_ASSERT_EQUAL(policy_client(conf->listens, who, false).mends,
		    asks[i].other);
		who.ip.s6_addr[15] = 3;
		CU_ASSERT_EQUAL(policy_client(conf->listens, who, false).mends,
		    asks[i].stranger);
		conf_free(&conf);
		mem_free(text);
	}
	CU_ASSERT_TRUE(policy_local(1).mends);
}

const struct unit_test relay_tests[] = {
	RELAY_TABLE(ROW_UNIT) UNIT(the_null_reverse_path_opens_no_door),
	UNIT(a_sender_of_ours_opens_no_door),
	UNIT(a_helo_of_ours_opens_no_door), UNIT(tls_opens_no_door),
	UNIT(trust_is_by_address_however_it_is_written),
	UNIT(who_may_relay_is_understood_where_it_slips_unless_strict),
	UNIT(a_stranger_may_write_to_the_postmaster_and_to_nobody_else),
	UNIT(the_listener_ceiling_holds_for_trusted_nets_too),
	UNIT(who_may_relay_has_its_line_ends_mended_unless_told_otherwise),
	UNIT_END
};
