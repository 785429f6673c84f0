/* SPDX-License-Identifier: ISC
 *
 * rules.c - what the operator's rules make of what servers say.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#define BODY "Subject: x\r\n\r\nhi\r\n"

/* The site block of the world ends, and blocks of ours follow; times there are
 * a hundredth. */
#define RULES(text) "connections 1 }\n" text "\nclass bulk { warn never"

static const struct world_result *
one_job(struct world *world, unsigned rcpts)
{
	uint32_t job;

	world_site(world, 0, 1);
	job = world_job(world, CLASS_NORMAL, rcpts, BODY);
	world_results(world, 1);
	return world_result(world, job);
}

static const struct {
	const char *rules, *rcpt, *dot;	/* of the server */
	const char *rows;		/* their beginning */
	uint8_t signs;
	uint32_t pause;
} rows[] = {
	{ "reply \"4[.]2[.]2\" { permanent }", "450 4.2.2 full", NULL,
	    "0=failed(450 5.2.2 450 4.2.2 full", 0, 0 },
	{ "reply \"^550 .*block list\" { temporary }", "550 5.7.1 on our "
	    "block list", NULL, "0=deferred(550 4.7.1 550 5.7.1 on our", 0,
	    0 },
	{ "reply \"slow down\" { slow; pause 10m }", NULL, "451 4.7.0 slow "
	    "down", "0=deferred(451 4.7.0 451", SIGN_SLOW, 6000 },
	{ "reply \"slow down\" { slow }", NULL, "!421 4.7.0 slow down",
	    "0=deferred(421 4.7.0 421", SIGN_SLOW | SIGN_CUT, 0 },
	/* About the mail, although the server leaves. */
	{ "reply \"slow down\" { temporary }", NULL, "!421 4.7.0 slow down",
	    "0=deferred(421 4.7.0 421", 0, 0 },
	{ "reply \"speed up\" { temporary }", NULL, "!421 4.7.0 slow down",
	    "0=deferred(421 4.7.0 421", SIGN_CUT, 0 },
	{ "reply . { temporary }", NULL, "!", "0=deferred(0 4.4.2 ", SIGN_CUT,
	    0 },
	{ "reply \"slow down\" { at *.test; pause 1s }", NULL, "451 4.7.0 "
	    "slow down", "0=deferred(451 4.7.0 451", 0, 10 },
	{ "reply \"slow down\" { at *.example; pause 1s }", NULL, "451 4.7.0 "
	    "slow down", "0=deferred(451 4.7.0 451", 0, 0 },
	/* The recipient's domain, not the one that the site is known for. */
	{ "reply \"slow down\" { at x; pause 1s }", NULL, "451 4.7.0 "
	    "slow down", "0=deferred(451 4.7.0 451", 0, 10 },
	{ "reply \"slow down\" { at x.test; pause 1s }", NULL, "451 4.7.0 "
	    "slow down", "0=deferred(451 4.7.0 451", 0, 0 },
	{ "reply . { permanent; slow; pause 1h }", NULL, NULL,
	    "0=delivered(", 0, 0 },	/* of refusals alone */
};

static void
a_rule_changes_what_a_refusal_means(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world world = { 0 };
		char text[300];
		const struct world_result *result;

		snprintf(text, sizeof(text), RULES("%s"), rows[i].rules);
		world_open(&world, text);
		world.hosts[0].rcpt = rows[i].rcpt;
		world.hosts[0].dot = rows[i].dot;
		result = one_job(&world, 1);
		if (strncmp(result->rows, rows[i].rows,
		    strlen(rows[i].rows)) != 0)
			fprintf(stderr, "\n%s, not %s\n", result->rows,
			    rows[i].rows);
		CU_ASSERT_EQUAL(strncmp(result->rows, rows[i].rows,
		    strlen(rows[i].rows)), 0);
		CU_ASSERT_EQUAL(result->signs, rows[i].signs);
		CU_ASSERT_EQUAL(result->pause, rows[i].pause);
		world_close(&world);
	}
}

static void
what_follows_for_the_site_is_told_once(void)
{
	struct world world = { 0 };

	world_open(&world, RULES("reply \"slow down\" { slow; pause 5m }"));
	world.hosts[0].dot = "451 4.7.0 slow down";
	CU_ASSERT_EQUAL(one_job(&world, 2)->pause, 3000);
	world.hosts[0].dot = NULL;
	world_job(&world, CLASS_NORMAL, 1, BODY);
	world_results(&world, 2);
	CU_ASSERT_EQUAL(world_result(&world, 2)->signs, 0);
	CU_ASSERT_EQUAL(world_result(&world, 2)->pause, 0);
	world_close(&world);
}

static const struct {
	const char *rules, *greeting, *rows;
	uint32_t pause;
} greetings[] = {
	{ "reply \"^554 .*go away$\" { permanent }", "554 go away",
	    "0=failed(554 5.3.2 554 go away (in reply to greeting)", 0 },
	{ "reply \"^521\" { temporary; pause 1m }", "521 5.3.2 not today",
	    "0=deferred(521 4.3.2 521", 600 },
	{ "reply \"^421 .*too many\" { slow; pause 2m }", "!421 too many",
	    "0=deferred(421 4.0.0 421", 1200 },
	{ "reply \"^421\" { at x.test; pause 2m }", "!421 too many",
	    "0=deferred(421 4.0.0 421", 1200 },
};

static void
rules_hold_for_greetings_too(void)
{
	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]);
	    i++) {
		struct world world = { 0 };
		char text[300];
		const struct world_result *result;

		snprintf(text, sizeof(text), RULES("%s"),
		    greetings[i].rules);
		world_open(&world, text);
		world.hosts[0].greeting = greetings[i].greeting;
		result = one_job(&world, 1);
		CU_ASSERT_EQUAL(strncmp(result->rows, greetings[i].rows,
		    strlen(greetings[i].rows)), 0);
		CU_ASSERT_EQUAL(result->scope, SCOPE_SITE);
		CU_ASSERT_EQUAL(result->pause, greetings[i].pause);
		world_close(&world);
	}
}

/* The second message over a connection is answered with 421. */
static void
rules_hold_for_what_a_warm_connection_is_closed_with(void)
{
	static const struct { const char *rules; uint32_t pause; } ends[] = {
		{ "reply \"slow down\" { pause 10m }", 6000 },
		{ "reply \"slow up\" { pause 10m }", 0 },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct world world = { 0 };
		const struct world_result *result;
		char text[300];

		snprintf(text, sizeof(text), RULES("%s"), ends[i].rules);
		world_open(&world, text);
		world.hosts[0].mail_from = 2;
		world.hosts[0].mail = "!421 4.7.0 slow down";
		one_job(&world, 1);
		world_job(&world, CLASS_NORMAL, 1, BODY);
		world_results(&world, 2);
		result = world_result(&world, 2);
		CU_ASSERT_EQUAL(result->pause, ends[i].pause);
		CU_ASSERT_EQUAL(strncmp(result->rows, ends[i].pause > 0 ?
		    "0=again(" : "0=delivered(", 8), 0);
		CU_ASSERT_EQUAL(world.hosts[0].accepted,
		    ends[i].pause > 0 ? 1 : 2);
		world_close(&world);
	}
}

const struct unit_test rules_tests[] = {
	UNIT(a_rule_changes_what_a_refusal_means),
	UNIT(what_follows_for_the_site_is_told_once),
	UNIT(rules_hold_for_greetings_too),
	UNIT(rules_hold_for_what_a_warm_connection_is_closed_with),
	UNIT_END
};
