/* SPDX-License-Identifier: ISC
 *
 * addrlist.c - which mailboxes are in a list, as rows.
 */
#include "ctl/addrlist.h"

#include "base/buf.h"
#include "suites.h"

static const struct {
	const char *list;
	const char *mailboxes;	/* joined by "|"; null: refused */
} rows[] = {
	{ "", "" },
	{ " \t\r\n ", "" },
	{ "a@b.test", "a@b.test" },
	{ "a@b.test,c@d.test", "a@b.test|c@d.test" },
	{ ", a@b.test , , c@d.test,", "a@b.test|c@d.test" },
	{ "root", "root@here.test" },
	{ "root, a@b.test", "root@here.test|a@b.test" },
	{ "Ann Example <a@b.test>", "a@b.test" },
	{ "\"Example, Ann\" <a@b.test>, Bo <c@d.test>", "a@b.test|c@d.test" },
	{ "A. B. Example <a@b.test>", "a@b.test" },
	{ "M\xc3\xbcller <a@b.test>", "a@b.test" },
	{ "<a@b.test>", "a@b.test" },
	{ "Root <root>", "root@here.test" },
	{ "a@b.test (Ann)", "a@b.test" },
	{ "(one (inside) \\) more) a@b.test", "a@b.test" },
	{ "a(x)@(y)b.test(z)", "a@b.test" },
	{ "a . b @ c . test", "a.b@c.test" },
	{ "\"a b\"@c.test", "\"a b\"@c.test" },
	{ "\"a\\\"b\"@c.test", "\"a\\\"b\"@c.test" },
	{ "\"a,b\"@c.test, d@e.test", "\"a,b\"@c.test|d@e.test" },
	{ "a@[192.0.2.1]", "a@[192.0.2.1]" },
	{ "undisclosed-recipients:;", "" },
	{ "Team: a@b.test, Bo <c@d.test>;", "a@b.test|c@d.test" },
	{ "Team: a@b.test;, e@f.test", "a@b.test|e@f.test" },
	{ "\"My: team\": a@b.test;", "a@b.test" },
	{ "<@x.test,@y.test:a@b.test>", "a@b.test" },
	{ "Ann <@x.test:a@b.test>, c@d.test", "a@b.test|c@d.test" },
	{ "a@b.test,\r\n c@d.test,\r\n\t\"e\r\n f\"@g.test",
	    "a@b.test|c@d.test|\"e f\"@g.test" },
	{ "Ann Example", NULL },
	{ "a@b@c.test", NULL },
	{ "@b.test", NULL },
	{ "a@", NULL },
	{ "<>", NULL },
	{ "Ann <>", NULL },
	{ "<a@b.test", NULL },
	{ "a@b.test>", NULL },
	{ "<<a@b.test>>", NULL },
	{ "<a@b.test> c@d.test", NULL },
	{ "<a@b.test>.x", NULL },
	{ "<a@b.test,c@d.test>", NULL },
	{ "<a@b,c>", NULL },
	{ "<a@b:c@d.test>", NULL },
	{ "a b@c.test", NULL },
	{ "\"open@c.test", NULL },
	{ "(open a@b.test", NULL },
	{ "a@[192.0.2.1", NULL },
	{ "a)b@c.test", NULL },
	{ "a]b@c.test", NULL },
	{ "a@b.test: c@d.test;", NULL },
	{ "a\\b@c.test", NULL },
	{ "a@b.test\x01", NULL },
	{ "m\xc3\xbcller@b.test", NULL },
};

static void
join(void *owner, struct span mailbox)
{
	struct buf *all = owner;

	if (buf_length(all) > 0)
		buf_append_byte(all, '|');
	buf_append_span(all, mailbox);
}

static void
a_list_has_these_mailboxes_and_no_others(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };
		struct buf all;
		bool ok;

		buf_init(&all, 4096);
		ok = addrlist_parse(span_of(rows[i].list), "here.test", join,
		    &all, &err);
		if (ok != (rows[i].mailboxes != NULL) ||
		    (ok && !span_is(buf_peek(&all), rows[i].mailboxes))) {
			CU_FAIL("a row of the table");
			fprintf(stderr, "row %zu: %s: %.*s %s\n", i,
			    rows[i].list, (int)buf_length(&all),
			    (const char *)buf_peek(&all).data, err.text);
		}
		CU_ASSERT_EQUAL(ok, err.kind == ERR_NONE);
		buf_fini(&all);
	}
}

static void
a_complaint_quotes_the_element_that_is_wrong_and_no_other(void)
{
	struct err err = { 0 };
	struct buf all;

	buf_init(&all, 4096);
	CU_ASSERT_FALSE(addrlist_parse(span_of("a@b.test, Bo Example, c@d"),
	    "here.test", join, &all, &err));
	CU_ASSERT_STRING_EQUAL(err.text, "not an address: Bo Example,");
	buf_fini(&all);
}

static void
an_endless_address_is_refused_in_bounded_memory(void)
{
	size_t length = 1 << 20;
	struct err err = { 0 };
	struct buf list, all;

	buf_init(&list, length);
	buf_init(&all, 64);
	memset(buf_reserve(&list, length), 'a', length);
	buf_added(&list, length);
	CU_ASSERT_FALSE(addrlist_parse(buf_peek(&list), "here.test", join,
	    &all, &err));
	CU_ASSERT_EQUAL(buf_length(&all), 0);
	CU_ASSERT_TRUE(strlen(err.text) < 200);
	buf_fini(&list);
	buf_fini(&all);
}

const struct unit_test addrlist_tests[] = {
	UNIT(a_list_has_these_mailboxes_and_no_others),
	UNIT(a_complaint_quotes_the_element_that_is_wrong_and_no_other),
	UNIT(an_endless_address_is_refused_in_bounded_memory),
	UNIT_END
};
