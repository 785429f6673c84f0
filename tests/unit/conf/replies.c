/* SPDX-License-Identifier: ISC
 *
 * replies.c - rules for what servers say, and those that come with us.
 */
#include "tests.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct conf_reply *
rule_for(const struct conf *conf, const char *text, const char *domain,
    const char *host)
{
	return conf_reply_for(conf, text, span_of(domain), span_of(host));
}

static void
the_first_rule_that_matches_counts(void)
{
	struct conf *conf = conf_of("listen 127.0.0.1:25\n"
	    "reply \"^450 4[.]2[.]1 \" { at *.b.test; temporary }\n"
	    "reply ^450 { slow; pause 90s }\n"
	    "reply ^4 { permanent }\n");
	const struct conf_reply *rule;

	rule = rule_for(conf, "450 4.2.1 busy", "a.test", "mx.b.test");
	CU_ASSERT_PTR_EQUAL(rule, &conf->replies[0]);
	rule = rule_for(conf, "450 4.2.1 busy", "x.b.test", "mx.c.test");
	CU_ASSERT_PTR_EQUAL(rule, &conf->replies[0]);
	rule = rule_for(conf, "450 4.2.1 busy", "b.test", "mx.c.test");
	CU_ASSERT_PTR_EQUAL(rule, &conf->replies[1]);
	CU_ASSERT_TRUE(rule->slow);
	CU_ASSERT_EQUAL(rule->pause, 90000);
	rule = rule_for(conf, "451 no", "b.test", "mx.b.test");
	CU_ASSERT_PTR_EQUAL(rule, &conf->replies[2]);
	CU_ASSERT_TRUE(rule->permanent);
	CU_ASSERT_PTR_NULL(rule_for(conf, "550 no", "b.test", "mx.b.test"));
	conf_free(&conf);
}

static void
the_case_of_letters_does_not_matter(void)
{
	struct conf *conf = conf_of("listen 127.0.0.1:25\n"
	    "reply \"too many (connections|sessions)\" { slow }\n");

	CU_ASSERT_PTR_NOT_NULL(rule_for(conf, "421 Too Many SESSIONS", "a",
	    "b"));
	CU_ASSERT_PTR_NULL(rule_for(conf, "421 too many of them", "a", "b"));
	conf_free(&conf);
}

static void
rules_come_back_from_a_dump(void)
{
	struct conf *conf = conf_of("listen 127.0.0.1:25\n"
	    "reply \"^4 \\\"x\\\" [.]\\\\d\" { at a.test; slow }\n"
	    "reply y { pause 1h; temporary }\n");
	char *dump = dump_of(conf, true);
	struct conf *again = conf_of(dump);

	CU_ASSERT_EQUAL(again->reply_count, 2);
	CU_ASSERT_STRING_EQUAL(again->replies[0].regex, "^4 \"x\" [.]\\d");
	CU_ASSERT_STRING_EQUAL(again->replies[0].at, "a.test");
	CU_ASSERT_TRUE(again->replies[0].slow);
	CU_ASSERT_FALSE(again->replies[0].temporary);
	CU_ASSERT_EQUAL(again->replies[1].pause, 3600000);
	CU_ASSERT_TRUE(again->replies[1].temporary);
	CU_ASSERT_PTR_NOT_NULL(strstr(dump, "reply y {\n\tpause 1h\n"
	    "\ttemporary\n}\n"));
	conf_free(&conf);
	conf_free(&again);
	mem_free(dump);
}

/* ---- etc/providers.conf -------------------------------------------------------- */

static struct conf *
providers(void)
{
	static const char text[] = "listen 127.0.0.1:25\ninclude "
	    TESTS_ETC "/providers.conf\n";
	char path[] = "/tmp/postrider-replies-XXXXXX";
	int fd = mkstemp(path);
	struct conf *conf;
	struct err err;

	CU_ASSERT_TRUE_FATAL(fd != -1);
	CU_ASSERT_EQUAL(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	conf = conf_load(path, &err);
	unlink(path);
	if (conf == NULL)
		CU_FAIL_FATAL(err.text);
	return conf;
}

#define MINUTES(n) ((n) * MSEC_MINUTE)

static const struct {
	const char *host, *text;
	bool slow;
	msec_t pause;
	const char *as;		/* temporary, permanent, or as it is */
} said[] = {
	{ "gmail-smtp-in.l.google.com", "421 4.7.28 [192.0.2.1] Our system has "
	    "detected an unusual rate of unsolicited mail originating from "
	    "your IP address.", true, MINUTES(10), "" },
	{ "aspmx.l.google.com", "421 4.7.0 Temporary System Problem. Try "
	    "again later (10).", true, MINUTES(2), "" },
	{ "aspmx.l.google.com", "450 4.2.1 The user you are trying to contact "
	    "is receiving mail at a rate that prevents additional messages "
	    "from being delivered.", false, 0, "temporary" },
	{ "aspmx.l.google.com", "550 5.1.1 The email account that you tried "
	    "to reach does not exist.", false, 0, "" },
	{ "hotmail-com.olc.protection.outlook.com", "421 RP-001 (x) "
	    "Unfortunately, some messages from 192.0.2.1 weren't sent.",
	    true, MINUTES(10), "" },
	{ "x.mail.protection.outlook.com", "451 4.7.650 The mail server "
	    "[192.0.2.1] has been temporarily rate limited due to IP "
	    "reputation. (S775)", true, MINUTES(10), "" },
	{ "x.mail.protection.outlook.com", "451 4.7.500 Server busy. Please "
	    "try again later from [192.0.2.1]. (AS77712344)", true,
	    MINUTES(2), "" },
	{ "x.mail.protection.outlook.com", "421 4.3.2 The maximum number of "
	    "concurrent connections per resource forest has exceeded a "
	    "limit, closing transmission channel.", true, 0, "" },
	{ "hotmail-com.olc.protection.outlook.com", "550 5.7.1 Unfortunately, "
	    "messages from [192.0.2.1] weren't sent. Please contact your "
	    "Internet service provider since part of their network is on our "
	    "block list (S3150).", false, MINUTES(60), "temporary" },
	{ "x.mail.protection.outlook.com", "550 5.4.1 Recipient address "
	    "rejected: Access denied.", false, 0, "" },
	{ "mta5.am0.yahoodns.net", "421 4.7.0 [TSS04] Messages from 192.0.2.1 "
	    "temporarily deferred due to unexpected volume or user "
	    "complaints - 4.16.55.1", true, MINUTES(10), "" },
	{ "mta5.am0.yahoodns.net", "421 4.7.1 [TS03] All messages from "
	    "192.0.2.1 will be permanently deferred", true, MINUTES(60), "" },
	{ "mta5.am0.yahoodns.net", "553 5.7.1 [BL21] Connections will not be "
	    "accepted from 192.0.2.1", false, MINUTES(60), "temporary" },
	{ "mx1a1.comcast.net", "421 mx1a1.comcast.net comcast Too many "
	    "sessions opened", true, 0, "" },
	{ "mx1a1.comcast.net", "421 4.1.0 192.0.2.1 Throttled - try again "
	    "later. Please see RL000001", true, MINUTES(10), "" },
	{ "mx01.mail.icloud.com", "450 4.7.1 too many messages", true,
	    MINUTES(5), "" },
	{ "mx00.gmx.net", "421 Too many connections", true, MINUTES(5), "" },
	{ "mx.example.org", "421 4.7.0 Too many concurrent connections from "
	    "this client", true, 0, "" },
	{ "mx.example.org", "452 4.3.2 Connection rate limit exceeded.", true,
	    0, "" },
	{ "mx.example.org", "451 4.7.1 Rate limited, slow down", true,
	    MINUTES(1), "" },
	{ "mx.example.org", "450 4.7.1 greylisted, try again later", false, 0,
	    "" },
	{ "mx.example.org", "550 5.7.1 too many connections in your message",
	    false, 0, "" },
	/* About one sender, message, mailbox or connection: whoever sends that
	 * must not stop all other mail to the site. */
	{ "gmail-smtp-in.l.google.com", "421 4.7.28 Gmail has detected an "
	    "unusual rate of unsolicited mail originating from your DKIM "
	    "domain [example.com 36]. To protect our users from spam, mail "
	    "sent from your domain has been temporarily rate limited.",
	    false, 0, "temporary" },
	{ "smtp.google.com", "421 4.7.26 Your email has been rate limited "
	    "because it is unauthenticated.", false, 0, "temporary" },
	{ "aspmx2.googlemail.com", "421 4.7.29 Your email has been rate "
	    "limited because this message wasn't sent over a TLS connection.",
	    false, 0, "temporary" },
	{ "mx01.mail.icloud.com", "421 4.7.1 Messages to a@icloud.com deferred "
	    "due to excessive volume. Try again later", false, 0,
	    "temporary" },
	{ "mx00.gmx.net", "452 4.2.2 exceeded storage allocation", false, 0,
	    "temporary" },
	{ "mx.example.org", "450 4.2.1 <a@example.org>: mailbox is throttled",
	    false, 0, "temporary" },
	{ "mx.example.org", "452 4.5.3 Too many messages in this connection",
	    false, 0, "temporary" },
	{ "mta5.am0.yahoodns.net", "421 Max message per connection reached, "
	    "closing transmission channel", false, 0, "temporary" },
	{ "mx.example.org", "421 Too many messages for this session", false,
	    0, "temporary" },
	/* About us. */
	{ "aspmx2.googlemail.com", "421 4.7.28 Gmail has detected an unusual "
	    "rate of unsolicited mail originating from your IP Netblock",
	    true, MINUTES(10), "" },
	{ "aspmx.l.google.com", "421 4.7.0 [192.0.2.1] Our system has detected "
	    "that this message is suspicious due to the very low reputation "
	    "of the sending IP address.", true, MINUTES(2), "" },
	{ "aspmx.l.google.com", "421 4.7.0 [192.0.2.1] Our system has detected "
	    "that this message is suspicious due to the very low reputation "
	    "of the sending domain.", false, 0, "" },
	{ "hotmail-com.olc.protection.outlook.com", "451 4.7.652 The mail "
	    "server [192.0.2.1] has exceeded the maximum number of "
	    "connections. (S3115)", true, MINUTES(1), "" },
	{ "example-org.o-v1.mx.microsoft", "451 4.7.500 Server busy. Please "
	    "try again later from [192.0.2.1].", true, MINUTES(2), "" },
	{ "mta5.am0.yahoodns.net", "451 4.16.55 [TSS11] Message temporarily "
	    "deferred", true, MINUTES(10), "" },
	{ "mx01.mail.icloud.com", "451 4.7.1 Service unavailable - try again "
	    "later", true, MINUTES(1), "" },
	{ "mx-ha02.web.de", "421 web.de (mxweb113) Nemesis ESMTP Service not "
	    "available Service unavailable Reject due to policy "
	    "restrictions.", true, MINUTES(5), "" },
	{ "mail.example.org", "421 4.3.2 The maximum number of concurrent "
	    "server connections has exceeded a limit, closing transmission "
	    "channel", true, 0, "" },
};

static void
what_providers_say_is_understood(void)
{
	struct conf *conf = providers();

	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
		const struct conf_reply *rule = rule_for(conf, said[i].text,
		    "example.com", said[i].host), none = { 0 };
		const char *as;

		if (rule == NULL)
			rule = &none;
		as = rule->temporary ? "temporary" : rule->permanent ?
		    "permanent" : "";
		CU_ASSERT_EQUAL(rule->slow, said[i].slow);
		CU_ASSERT_EQUAL(rule->pause, said[i].pause);
		CU_ASSERT_STRING_EQUAL(as, said[i].as);
		if (rule->slow != said[i].slow || rule->pause !=
		    said[i].pause || strcmp(as, said[i].as) != 0)
			printf("%s: %s\n", said[i].text, rule->regex);
	}
	conf_free(&conf);
}

const struct unit_test reply_tests[] = {
	UNIT(the_first_rule_that_matches_counts),
	UNIT(the_case_of_letters_does_not_matter),
	UNIT(rules_come_back_from_a_dump),
	UNIT(what_providers_say_is_understood),
	UNIT_END
};
