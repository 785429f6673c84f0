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

static const struct {
	const char *list;
	const char *found;	/* mailboxes, and "!" and what is none */
} mixed[] = {
	{ "ok@b.test, Foo <>", "ok@b.test|!Foo <>" },
	{ "Foo <>, ok@b.test", "!Foo <>|ok@b.test" },
	{ "ok@b.test, c@d.test>", "ok@b.test|!c@d.test>" },
	{ "c@d.test>, ok@b.test", "!c@d.test>|ok@b.test" },
	{ "m\xc3\xbcller@b.test, ok@b.test", "!m\xc3\xbcller@b.test|ok@b.test" },
	{ "a..b@c.test, ok@b.test, x@-d.test", "!a..b@c.test|ok@b.test|"
	    "!x@-d.test" },
	{ "Foo Bar, ok@b.test", "!Foo Bar|ok@b.test" },
	{ "<a@b.test, ok@c.test", "!<a@b.test|ok@c.test" },
	{ "A <a@b.test, B <ok@c.test>", "!A <a@b.test|ok@c.test" },
	{ "<a@b.test,c@d.test>, ok@e.test", "!<a@b.test,c@d.test>|ok@e.test" },
	{ "\"A <a@b.test>, ok@c.test", "!\"A <a@b.test>|ok@c.test" },
	{ "(A <a@b.test>, ok@c.test", "!(A <a@b.test>|ok@c.test" },
	{ "<a@b.test> <ok@c.test>", "a@b.test|ok@c.test" },
	{ "<a@b.test> c@d.test, ok@e.test", "!<a@b.test> c@d.test|ok@e.test" },
	{ "T: a..b@c.test, ok@b.test;, e@f.test", "!a..b@c.test|ok@b.test|"
	    "e@f.test" },
	{ "T: ok@b.test, x y;, e@f.test", "ok@b.test|!x y|e@f.test" },
	{ "<a@b.test><", "a@b.test|!<" },
	{ "<a@b.test><x y>, ok@c.test", "a@b.test|!<x y>|ok@c.test" },
	{ "<>", "!<>" },
	{ ">", "!>" },
	{ "\"", "!\"" },
	{ ",;,", "" },
	{ "", "" },
};

static void
join_none(void *owner, struct span text)
{
	struct buf *all = owner;

	buf_append_text(all, buf_length(all) > 0 ? "|!" : "!");
	buf_append_span(all, text);
}

static void
what_is_no_address_keeps_no_other_from_being_found(void)
{
	size_t i;

	for (i = 0; i < sizeof(mixed) / sizeof(mixed[0]); i++) {
		struct buf all;

		buf_init(&all, 4096);
		addrlist_gather(span_of(mixed[i].list), "here.test", join,
		    join_none, &all);
		if (!span_is(buf_peek(&all), mixed[i].found)) {
			CU_FAIL("a row of the table");
			fprintf(stderr, "row %zu: %s: %.*s\n", i,
			    mixed[i].list, (int)buf_length(&all),
			    (const char *)buf_peek(&all).data);
		}
		buf_fini(&all);
	}
}

static void
count(void *owner, struct span text)
{
	size_t *lengths = owner;

	lengths[0]++;
	lengths[1] += text.length;
}

static void
what_is_wrong_without_end_is_told_in_so_many_pieces(void)
{
	size_t none[2] = { 0 }, i;
	struct buf list;

	buf_init(&list, 1 << 20);
	for (i = 0; i < 100000; i++)
		buf_append_text(&list, "(a,");
	addrlist_gather(buf_peek(&list), "here.test", count, count, none);
	CU_ASSERT_EQUAL(none[0], ADDRLIST_BAD_MOST + 1);
	/* all but the commas behind the first ones */
	CU_ASSERT_EQUAL(none[1], buf_length(&list) - ADDRLIST_BAD_MOST);
	buf_fini(&list);
}

const struct unit_test addrlist_tests[] = {
	UNIT(what_is_no_address_keeps_no_other_from_being_found),
	UNIT(what_is_wrong_without_end_is_told_in_so_many_pieces),
	UNIT(a_list_has_these_mailboxes_and_no_others),
	UNIT(a_complaint_quotes_the_element_that_is_wrong_and_no_other),
	UNIT(an_endless_address_is_refused_in_bounded_memory),
	UNIT_END
};
