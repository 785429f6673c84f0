/* SPDX-License-Identifier: ISC
 *
 * odd.c - replies whose code is plain and whose text is not as it should be.
 *
 * Each way of saying a code is tried at each place of a talk: it must have
 * the effect that the code alone has, however the bytes arrive.
 */
#include "unit/deliverer/script.h"
#include "unit/deliverer/tests.h"

#include "base/mem.h"

#include <stdio.h>

#define EHLO_C "EHLO me.test\r\n"

/* "@" stands for the code, "#" for 2,100 bytes of text. */
static const char *const ways[] = {
	"@\r\n", "@\n", "@ \r\n", "@ ok\n", "@\tok\r\n", "@ok\r\n", "@.\r\n",
	"@  ok\r\n", "@_2.0.0\r\n", "@\r\r\n", "@ ok\r\r\r\n", "@ a\rb\r\n",
	"@ \xc3\xa4\xff\x01\x7f\r\n", "@\xa0ok\r\n", "@-\r\n@\r\n",
	"@-a\n@-b\n@\n", "@-a\r\nno code\r\n\r\n 123\r\n@ b\r\n",
	"@ #\r\n", "@-#\r\n@ #\r\n", "@#\n", "@-\r\n#\r\n@\r\n",
};

/* The replies to which these ways are given; "%" stands for one of them with
 * the code that follows. */
static const struct script talks[] = {
	{ "pipelined", SITE_TLS_NONE, 2, { "%220", EHLO_C,
	    "250-x\r\n250 PIPELINING\r\n", "MAIL FROM:<s@x>\r\n"
	    "RCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n", "%250", "", "%250",
	    "", "%550", "", "%354", "BODY\r\n.\r\n", "%250", "QUIT\r\n",
	    "%221", "" }, .result = "a=delivered b=failed(550 5.0.0)" },
	{ "one by one", SITE_TLS_NONE, 1, { "%220", EHLO_C, "%502",
	    "HELO me.test\r\n", "%250", "MAIL FROM:<s@x>\r\n", "%250",
	    "RCPT TO:<a@x>\r\n", "%250", "DATA\r\n", "%354", "BODY\r\n.\r\n",
	    "%554", "QUIT\r\n" }, .result = "a=failed(554 5.0.0)" },
	{ "nobody", SITE_TLS_NONE, 1, { "%220", EHLO_C, "%250",
	    "MAIL FROM:<s@x>\r\n", "%250", "RCPT TO:<a@x>\r\n", "%450",
	    "RSET\r\n", "%250", "QUIT\r\n" },
	    .result = "a=deferred(450 4.0.0)" },
	{ "STARTTLS", SITE_TLS_OPPORTUNISTIC, 1, { "%220", EHLO_C,
	    "250-x\r\n250 STARTTLS\r\n", "STARTTLS\r\n", "%220",
	    "[TLS]" EHLO_C, "%250", "MAIL FROM:<s@x>\r\n" }, .result = "-" },
	{ "busy", SITE_TLS_NONE, 1, { "%421", "" }, .result = "-",
	    .failure = "421" },
	{ "leaving", SITE_TLS_NONE, 1, { "%220", EHLO_C, "%250",
	    "MAIL FROM:<s@x>\r\n", "%421", "" },
	    .result = "a=deferred(421 4.0.0)", .failure = "421" },
};

/* WAY with CODE in it; the caller frees it. */
static char *
said(const char *way, const char *code)
{
	static char filler[2100];
	struct buf *out = buf_new(1 << 16);
	char *text;

	memset(filler, 'x', sizeof(filler));
	for (; *way != '\0'; way++)
		if (*way == '@')
			buf_append(out, code, 3);
		else if (*way == '#')
			buf_append(out, filler, sizeof(filler));
		else
			buf_append_byte(out, (uint8_t)*way);
	text = span_copy(buf_peek(out));
	buf_free(&out);
	return text;
}

/* TALK with all its replies said in WAY. */
static void
play_all_odd(const struct script *talk, const char *way)
{
	struct script script = *talk;

	script.name = way;
	for (size_t i = 0; talk->talk[i] != NULL; i++)
		if (talk->talk[i][0] == '%')
			script.talk[i] = said(way, talk->talk[i] + 1);
	script_play(&script);
	for (size_t i = 0; talk->talk[i] != NULL; i++)
		if (talk->talk[i][0] == '%')
			mem_free((char *)script.talk[i]);
}

static void
a_plain_code_has_its_effect_whatever_the_text_is(void)
{
	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++)
		for (size_t j = 0; j < sizeof(ways) / sizeof(ways[0]); j++)
			play_all_odd(&talks[i], ways[j]);
}

/* What a server offers counts also behind more than is kept. */
static void
what_is_offered_behind_very_many_lines_counts(void)
{
	struct buf *ehlo = buf_new(1 << 17);
	struct script script = {
		.name = "very many lines", .tls = SITE_TLS_NONE, .rcpts = 1,
		.talk = { "220 hi\r\n", EHLO_C, NULL,
		    "MAIL FROM:<s@x> SIZE=6\r\nRCPT TO:<a@x>\r\nDATA\r\n",
		    "250 k\r\n250 k\r\n354 go\r\n", "BODY\r\n.\r\n",
		    "250 ok\r\n", "QUIT\r\n" },
		.result = "a=delivered", .whole_only = true,
	};
	char *text;

	for (int i = 0; i < 3000; i++)
		buf_printf(ehlo, "250-x.test offers number %d\r\n", i);
	buf_append_text(ehlo, "250-PIPELINING\r\n250 SIZE 0\r\n");
	text = span_copy(buf_peek(ehlo));
	script.talk[2] = text;
	script_play(&script);
	mem_free(text);
	buf_free(&ehlo);
}

/* Its code is known, so it has its effect; and then the server is left. */
static void
a_reply_without_end_has_its_effect_and_ends_the_session(void)
{
	static const struct {
		const char *begin, *result;
	} rows[] = {
		{ "250 ", "a=delivered" }, { "250-k\r\n", "a=delivered" },
		{ "451 4.3.0 ", "a=deferred(451 4.3.0)" },
		{ "550-5.7.1 ", "a=failed(550 5.7.1)" },
		{ "354 ", "a=deferred(354 4.0.0)" },
		{ "", "a=deferred(0 4.5.0)" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf *dot = buf_new(REPLY_BYTES_MOST + 99);
		struct script script = {
			.name = rows[i].begin, .tls = SITE_TLS_NONE, .rcpts = 1,
			.talk = { "220 hi\r\n", EHLO_C, "250 x\r\n",
			    "MAIL FROM:<s@x>\r\n", "250 k\r\n",
			    "RCPT TO:<a@x>\r\n", "250 k\r\n", "DATA\r\n",
			    "354 go\r\n", "BODY\r\n.\r\n", NULL, "" },
			.result = rows[i].result, .whole_only = true,
			.failure = rows[i].begin[0] == '3' ? "354 " :
			    rows[i].begin[0] == '\0' ? "what came is no SMTP" :
			    "a reply had no end",
		};
		char *text;

		buf_append_text(dot, rows[i].begin);
		while (buf_append_byte(dot, 'x'))
			;
		text = span_copy(buf_peek(dot));
		script.talk[10] = text;
		script_play(&script);
		mem_free(text);
		buf_free(&dot);
	}
}

/* Go on with whatever says "go on", and encrypt where that is agreed to. */
static const struct script kin[] = {
	{ "3yz to DATA", SITE_TLS_NONE, 1, { "220 hi\r\n", EHLO_C, "250 x\r\n",
	    "MAIL FROM:<s@x>\r\n", "251 k\r\n", "RCPT TO:<a@x>\r\n",
	    "252 k\r\n", "DATA\r\n", "350 go\r\n", "BODY\r\n.\r\n",
	    "299 ok\r\n", "QUIT\r\n" }, .result = "a=delivered" },
	{ "250 to STARTTLS", SITE_TLS_OPPORTUNISTIC, 1, { "250 hi\r\n",
	    EHLO_C, "220-x\r\n220 STARTTLS\r\n", "STARTTLS\r\n",
	    "250 go\r\n", "[TLS]" EHLO_C, "250 x\r\n",
	    "MAIL FROM:<s@x>\r\n" }, .result = "-" },
};

static void
codes_of_one_kind_have_one_effect(void)
{
	for (size_t i = 0; i < sizeof(kin) / sizeof(kin[0]); i++)
		script_play(&kin[i]);
}

const struct unit_test odd_tests[] = {
	UNIT(a_plain_code_has_its_effect_whatever_the_text_is),
	UNIT(what_is_offered_behind_very_many_lines_counts),
	UNIT(a_reply_without_end_has_its_effect_and_ends_the_session),
	UNIT(codes_of_one_kind_have_one_effect),
	UNIT_END
};
