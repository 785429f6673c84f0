/* SPDX-License-Identifier: ISC
 *
 * attention.c - tests: hosts that want what only our operator can give.
 */
#include "unit/deliverer/tests.h"
#include "unit/deliverer/world.h"

#define BODY "Subject: x\r\n\r\nhi\r\n"

static const struct world_result *
one_job(struct world *world)
{
	uint32_t job;

	world_site(world, 0, 1);
	job = world_job(world, CLASS_NORMAL, 1, BODY);
	world_results(world, 1);
	return world_result(world, job);
}

static const struct {
	bool fixed;
	const char *site;		/* its options, or rules behind it */
	const char *ehlo, *starttls, *mail, *rcpt, *data, *dot;
	const char *rows;		/* their beginning */
	const char *told;		/* its beginning; null: nothing is */
} rows[] = {
	{ true, "", .mail = "530 5.7.0 Log in", .rows = "0=deferred(530 4.7.0 "
	    "530", .told = "asks for a login (530 5.7.0 Log in)" },
	{ true, "", .rcpt = "534 5.7.9 weak", .rows = "0=deferred(534 4.7.9",
	    .told = "asks for a login (534 5.7.9 weak)" },
	{ true, "", .data = "535 no", .rows = "0=deferred(535 4.0.0",
	    .told = "asks for a login (535 no)" },
	{ true, "", .dot = "538 5.7.11 no", .rows = "0=deferred(538 4.7.11",
	    .told = "asks for a login (538" },
	{ true, "", .mail = "530 5.7.0 Must issue a StartTLS command first",
	    .rows = "0=deferred(530", .told = "asks for TLS (530" },
	{ true, "", .mail = "550 5.7.1 Log in", .rows = "0=failed(550" },
	{ true, "", .mail = "531 5.7.1 Log in", .rows = "0=failed(531" },
	/* A stranger's word counts. */
	{ false, "", .mail = "530 5.7.0 Log in", .rows = "0=failed(530" },
	/* Its STARTTLS failed just now, and now it asks for it. */
	{ false, "", .ehlo = "250-x\r\n250 STARTTLS", .starttls = "!220 go",
	    .mail = "530 5.7.0 STARTTLS first", .rows = "0=deferred(530" },
	{ false, "tls none", .ehlo = "250-x\r\n250 STARTTLS",
	    .mail = "530 5.7.0 STARTTLS first", .rows = "0=failed(530" },
	/* The operator's rules come first. */
	{ true, "}\nreply ^530 { permanent }\nclass bulk { warn never",
	    .mail = "530 5.7.0 Log in", .rows = "0=failed(530" },
	{ true, "}\nreply ^530 { temporary }\nclass bulk { warn never",
	    .mail = "530 5.7.0 Log in", .rows = "0=deferred(530" },
	{ true, "}\nreply ^530 { slow }\nclass bulk { warn never",
	    .mail = "530 5.7.0 Log in", .rows = "0=deferred(530",
	    .told = "asks for a login" },
	/* What is demanded of it. */
	{ true, "tls encrypt", .rows = "0=deferred(0 4.7.4", .told = "fails "
	    "at TLS, which is demanded there (TLS is required here" },
	{ true, "tls encrypt", .ehlo = "250-x\r\n250 STARTTLS",
	    .starttls = "!220 go", .rows = "0=deferred(0 4.4.2",
	    .told = "fails at TLS" },
	{ true, "tls encrypt", .ehlo = "250-x\r\n250 STARTTLS",
	    .starttls = "454 4.7.0 busy", .rows = "0=deferred(454" },
	{ false, "tls encrypt", .rows = "0=deferred(0 4.7.4" },
};

static void
what_only_the_operator_can_mend_is_put_off_and_told(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world world = { 0 };
		const struct world_result *result;
		const char *told = rows[i].told;

		world_open(&world, rows[i].site);
		world.fixed = rows[i].fixed;
		world.hosts[0].ehlo = rows[i].ehlo;
		world.hosts[0].starttls = rows[i].starttls;
		world.hosts[0].mail = rows[i].mail;
		world.hosts[0].rcpt = rows[i].rcpt;
		world.hosts[0].data = rows[i].data;
		world.hosts[0].dot = rows[i].dot;
		result = one_job(&world);
		if (strncmp(result->rows, rows[i].rows,
		    strlen(rows[i].rows)) != 0)
			fprintf(stderr, "\n%zu: %s, not %s\n", i,
			    result->rows, rows[i].rows);
		CU_ASSERT_EQUAL(strncmp(result->rows, rows[i].rows,
		    strlen(rows[i].rows)), 0);
		CU_ASSERT_EQUAL(world.attentions, told != NULL);
		CU_ASSERT_EQUAL(strncmp(world.attention, told != NULL ?
		    told : "", told != NULL ? strlen(told) : 1), 0);
		world_close(&world);
	}
}

/* For people the host is named as the route has it. */
static void
who_took_mail_is_told_with_its_port(void)
{
	struct world world = { 0 };

	world_open(&world, "");
	CU_ASSERT_EQUAL(one_job(&world)->port, world.hosts[0].port);
	CU_ASSERT_STRING_EQUAL(world_result(&world, 1)->mta, "mx0.test");
	world_close(&world);
}

const struct unit_test attention_tests[] = {
	UNIT(what_only_the_operator_can_mend_is_put_off_and_told),
	UNIT(who_took_mail_is_told_with_its_port),
	UNIT_END
};
