/* SPDX-License-Identifier: ISC
 *
 * told.c - all mistakes of a file at once, and warnings beside them.
 */
#include "tests.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What is told of TEXT, a line each: without the file, a warning with "w". */
static char *
told_of(const char *text, bool *good)
{
	char path[] = "/tmp/postrider-told-XXXXXX";
	struct conf_told told = CONF_TOLD_NOTHING;
	int fd = mkstemp(path);
	struct conf *conf;
	struct buf out;
	char *all;

	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	conf = conf_read(path, &told);
	unlink(path);
	*good = conf != NULL;
	CU_ASSERT_EQUAL(*good, told.mistakes == 0);
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < told.count; i++) {
		CU_ASSERT_EQUAL(
		    strncmp(told.rows[i].place, path, strlen(path)), 0);
		buf_printf(&out, "%s%s: %s\n", told.rows[i].warning ? "w" : "",
		    told.rows[i].place + strlen(path) + 1, told.rows[i].text);
	}
	all = span_copy(buf_peek(&out));
	buf_fini(&out);
	conf_told_clear(&told);
	conf_free(&conf);
	return all;
}

#define L "hostname a.test\nlisten [::1]:25 { trust ::1 }\n"

/* TOLD: beginnings of the lines that are told, and there are no others. */
static const struct {
	const char *text;
	const char *told[8];
} rows[] = {
	{ L, { NULL } },
	{ L "spol /s\nlimits { hops x; errrs 3\n idle 5q }\nuser\ncontrol c\n",
	    { "3: spol is unknown here; did you mean spool?", "4: hops x: ",
		"4: errrs is unknown in limits { }; did you mean errors?",
		"5: idle 5q: ", "6: user has no value", "7: control c: " } },
	/* a block that is a mistake is passed over, with what is in it */
	{ L "sitee * {\n connections 0\n}\nroute a..b { to mx { x }\n "
	    "}\nspol\n",
	    { "3: sitee is unknown here", "6: route a..b: ", "8: spol" } },
	{ L "log stderr {\n a { }\n}\nspol /s\n",
	    { "3: log takes no braces here", "6: spol is unknown here" } },
	{ L "limits { hops 3 } hops 4\nspol /s\n",
	    { "3: something stands behind a }", "3: hops is unknown here",
		"4: spol is unknown here" } },
	/* what closes wrongly */
	{ L "route a { }\nroute b { to x y:0 }\nreply x { }\nspol /s\n",
	    { "3: this route goes nowhere", "4: to y:0: ",
		"5: nothing follows from this reply", "6: spol" } },
	/* what is checked at the end, but nothing of what is wrong itself */
	{ L "limits { connections 5; connections-per-client 6 }\n"
	    "tls { certificate /c.pem }\nlimits { message-size 1x; header 9M "
	    "}\n",
	    { "5: message-size 1x: ", "3: connections-per-client is over",
		"4: tls has a certificate but no key" } },
	{ "hostname a.test\nlisten nowhere { trust ::1 }\n",
	    { "2: listen nowhere: " } },
	/* from here on nothing can be told apart */
	{ L "spol /s\nlimits {\n hops x\n",
	    { "3: spol", "5: hops x", "4: this { is never closed" } },
	{ L "spol /s\nbad \"quote\n spol\n", { "3: spol", "4: " } },
	{ L "}\nspol /s\n", { "3: a } that closes nothing" } },
	/* warnings */
	{ "hostname relay\nlisten [::1]:25 { trust ::1 }\n",
	    { "w1: hostname relay has no dot" } },
	{ "hostname a.test\n\nlisten 127.0.0.1:25\n",
	    { "w3: no listen trusts anybody" } },
	{ "hostname a.test\nlisten 0.0.0.0:25 { trust 10.0.0.0/8 }\n"
	  "listen 192.0.2.1:26 {\n trust 10.0.0.0/8 ceiling bulk\n "
	  "trust 0.0.0.0/0\n}\nlisten [::]:25 { trust ::/0 }\n"
	  "listen 127.0.0.1:25 { trust 0.0.0.0/0 }\n",
	    { "w3: listen 192.0.2.1:26 lets the whole world relay",
		"w7: listen [::]:25 lets the whole world relay" } },
	{ L "route * { to mx }\nroute a { to mx }\n",
	    { "w4: route a is never reached: route * stands before it and "
	      "matches first" } },
	{ L "route *.A { to mx }\n\nroute *.b.a { to mx }\n",
	    { "w5: route *.b.a is never reached: route *.A stands before" } },
	{ L "site a { }\nsite A { }\nsite *.a { }\nsite b.a { }\n",
	    { "w4: site A is never reached: site a stands before it",
		"w6: site b.a is never reached: site *.a stands before it" } },
	{ L "sender a.test { rate 1/s }\nsender A.test { rate 2/s }\n"
	    "sender *.x { rate 1/s }\nsender b.*.x { rate 2/s }\n",
	    { "w4: sender A.test is never reached: sender a.test stands",
		"w6: sender b.*.x is never reached: sender *.x stands" } },
	{ L "site a { }\nsite a { }\nspol\n",
	    { "w4: site a is never reached", "5: spol" } },
};

static void
all_mistakes_and_warnings_are_told_in_one_run(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool good, same = true, wanted_good = true;
		char *all = told_of(rows[i].text, &good), *line = all;
		size_t at = 0;

		for (; rows[i].told[at] != NULL; at++) {
			const char *want = rows[i].told[at];
			char *end = strchr(line, '\n');

			wanted_good &= *want == 'w';
			same &= strncmp(line, want, strlen(want)) == 0;
			if (end == NULL)
				break;
			line = end + 1;
		}
		same &= *line == '\0' && good == wanted_good;
		if (!same)
			printf("of %s\ntold: %s\n", rows[i].text, all);
		CU_ASSERT_TRUE(same);
		mem_free(all);
	}
}

static void
a_file_of_mistakes_alone_is_told_in_part(void)
{
	struct buf text;
	bool good;
	char *all;
	size_t lines = 0;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 10000; i++)
		buf_append_text(&text, "spol\n");
	buf_append_byte(&text, '\0');
	all = told_of((const char *)text.data, &good);
	for (const char *c = all; *c != '\0'; c++)
		lines += *c == '\n';
	CU_ASSERT_EQUAL(lines, CONF_TOLD_MOST);
	CU_ASSERT_FALSE(good);
	mem_free(all);
	buf_fini(&text);
}

const struct unit_test told_tests[] = {
	UNIT(all_mistakes_and_warnings_are_told_in_one_run),
	UNIT(a_file_of_mistakes_alone_is_told_in_part), UNIT_END
};
