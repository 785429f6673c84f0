/* SPDX-License-Identifier: ISC
 *
 * doubt.c - nobody is refused by a reply that was meant for something else.
 */
#include "unit/deliverer/script.h"
#include "unit/deliverer/tests.h"

#define EHLO_C "EHLO me.test\r\n"
#define EHLO_S "250-x\r\n250-PIPELINING\r\n250 SIZE 1000\r\n"
#define MAIL "MAIL FROM:<s@x> SIZE=6\r\n"
#define A "RCPT TO:<a@x>\r\n"
#define B "RCPT TO:<b@x>\r\n"
#define C "RCPT TO:<c@x>\r\n"
#define DATA "DATA\r\n"
#define HI "220 hi\r\n", EHLO_C, EHLO_S
#define BODY "BODY\r\n.\r\n"
#define DONE "250 2.1.0 k\r\n250 2.1.5 k\r\n354 go\r\n"
#define END "QUIT\r\n", "221 bye\r\n", ""
/* the first of two messages, and the commands of the second */
#define FIRST HI, MAIL A DATA, DONE, BODY, "250 2.0.0 k\r\n", MAIL A DATA
#define FIRST2 HI, MAIL A B DATA, "250 k\r\n250 k\r\n250 k\r\n354 go\r\n", \
	BODY, "250 2.0.0 k\r\n", MAIL A B DATA
#define PUT_OFF "a=delivered; a=deferred(0 4.5.0)"

static void
play_all(const struct script *scripts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		script_play(&scripts[i]);
}
#define PLAY_ALL(scripts) \
	play_all(scripts, sizeof(scripts) / sizeof(scripts[0]))

/* Replies that the message before left behind come first. */
static const struct script behind_a_body[] = {
	{ "one", SITE_TLS_NONE, 1, { FIRST,
	    "500 x\r\n250 k\r\n250 k\r\n", "" }, .jobs = 2,
	    .result = "a=delivered; a=deferred(250 4.0.0)",
	    .failure = "250 k" },
	{ "two", SITE_TLS_NONE, 1, { FIRST,
	    "500 x\r\n500 x\r\n250 k\r\n", "" }, .jobs = 2,
	    .result = "a=delivered; a=deferred(250 4.0.0)",
	    .failure = "250 k" },
	{ "three, and then what was meant", SITE_TLS_NONE, 1, { FIRST,
	    "500 x\r\n500 x\r\n500 x\r\n", EHLO_C,
	    "250 k\r\n250 k\r\n354 go\r\n", "" }, .jobs = 2,
	    .result = PUT_OFF, .failure = "250 k (in reply to EHLO)" },
	{ "three, in one piece with what was meant", SITE_TLS_NONE, 1, { FIRST,
	    "500 x\r\n500 x\r\n500 x\r\n250 k\r\n250 k\r\n354 go\r\n",
	    EHLO_C }, .jobs = 2, .result = PUT_OFF,
	    .failure = "the server answered before", .whole_only = true },
	{ "three, and it leaves", SITE_TLS_NONE, 1, { FIRST,
	    "550 x\r\n550 x\r\n550 x\r\n", EHLO_C, "421 too many\r\n", "" },
	    .jobs = 2, .result = PUT_OFF, .failure = "421 too many" },
	{ "three, and lost", SITE_TLS_NONE, 1, { FIRST,
	    "550 x\r\n550 x\r\n550 x\r\n", EHLO_C }, .jobs = 2, .lost = true,
	    .result = PUT_OFF, .failure = "lost connection (at EHLO)" },
	{ "three, and garbage", SITE_TLS_NONE, 1, { FIRST,
	    "550 x\r\n550 x\r\n550 x\r\n", EHLO_C, "what\r\n", "" },
	    .jobs = 2, .result = PUT_OFF, .failure = "what came is no SMTP" },
	{ "one, and it leaves", SITE_TLS_NONE, 1, { FIRST,
	    "500 x\r\n421 bye\r\n", "" }, .jobs = 2, .result = PUT_OFF,
	    .failure = "421 bye" },
	{ "one, and lost", SITE_TLS_NONE, 1, { FIRST, "500 x\r\n", "" },
	    .jobs = 2, .lost = true, .result = PUT_OFF,
	    .failure = "lost connection while waiting" },
	{ "one, and garbage", SITE_TLS_NONE, 1, { FIRST,
	    "500 x\r\nwhat\r\n", "" }, .jobs = 2, .result = PUT_OFF,
	    .failure = "what came is no SMTP" },
	{ "two that accept: one has another's refusal", SITE_TLS_NONE, 2, {
	    FIRST2, "250 x\r\n250 x\r\n250 mail\r\n550 5.1.1 a\r\n", EHLO_C,
	    "250 b\r\n354 go\r\n", "" }, .jobs = 2, .result =
	    "a=delivered b=delivered; a=deferred(0 4.5.0) b=deferred(0 4.5.0)",
	    .failure = "250 b (in reply to EHLO)" },
	{ "a server that offers nothing", SITE_TLS_NONE, 1, { "220 hi\r\n",
	    EHLO_C, "250 x\r\n", "MAIL FROM:<s@x>\r\n", "250 k\r\n", A,
	    "250 k\r\n", DATA, "354 go\r\n", BODY, "250 k\r\n",
	    "MAIL FROM:<s@x>\r\n", "500 what\r\n", "QUIT\r\n", "250 k\r\n",
	    "" }, .jobs = 2, .result = PUT_OFF },
};

static void
replies_left_by_a_message_return_not_the_next_one(void)
{
	PLAY_ALL(behind_a_body);
}

static const struct script meant[] = {
	{ "MAIL", SITE_TLS_NONE, 1, { FIRST,
	    "550 5.7.1 no\r\n503 x\r\n503 x\r\n", EHLO_C, EHLO_S, END },
	    .jobs = 2, .result = "a=delivered; a=failed(550 5.7.1)" },
	{ "RCPT", SITE_TLS_NONE, 1, { FIRST,
	    "250 k\r\n550 5.1.1 who\r\n503 x\r\n", EHLO_C, EHLO_S, END },
	    .jobs = 2, .result = "a=delivered; a=failed(550 5.1.1)" },
	{ "DATA", SITE_TLS_NONE, 1, { FIRST,
	    "250 k\r\n250 k\r\n554 5.7.1 no\r\n", EHLO_C, EHLO_S, END },
	    .jobs = 2, .result = "a=delivered; a=failed(554 5.7.1)" },
	{ "one of two: 354 vouches for it", SITE_TLS_NONE, 2, { FIRST2,
	    "250 k\r\n550 5.1.1 a\r\n250 k\r\n354 go\r\n", BODY,
	    "250 k\r\n", END }, .jobs = 2, .result =
	    "a=delivered b=delivered; a=failed(550 5.1.1) b=delivered" },
	{ "one of two, and lost behind the body", SITE_TLS_NONE, 2, { FIRST2,
	    "250 k\r\n550 5.1.1 a\r\n250 k\r\n354 go\r\n", BODY }, .jobs = 2,
	    .lost = true, .result = "a=delivered b=delivered; "
	    "a=failed(550 5.1.1) b=deferred(0 4.4.2)",
	    .failure = "lost connection after end" },
	{ "the dot", SITE_TLS_NONE, 1, { FIRST, DONE, BODY,
	    "550 5.7.1 spam\r\n", END }, .jobs = 2,
	    .result = "a=delivered; a=failed(550 5.7.1)" },
	{ "once shown, no body is between", SITE_TLS_NONE, 1, { FIRST,
	    "250 k\r\n550 5.1.1 who\r\n503 x\r\n", EHLO_C, EHLO_S,
	    MAIL A DATA, "250 k\r\n550 5.1.2 who\r\n503 x\r\n", "RSET\r\n",
	    "250 k\r\n", MAIL A DATA, "550 5.7.1 no\r\n503 x\r\n503 x\r\n",
	    END }, .jobs = 4, .result = "a=delivered; a=failed(550 5.1.1); "
	    "a=failed(550 5.1.2); a=failed(550 5.7.1)" },
	{ "for later: nothing is to be shown", SITE_TLS_NONE, 1, { FIRST,
	    "250 k\r\n450 4.2.1 a\r\n503 x\r\n", "RSET\r\n", "250 k\r\n",
	    END }, .jobs = 2, .result = "a=delivered; a=deferred(450 4.2.1)" },
	{ "a server that takes EHLO only once", SITE_TLS_NONE, 1, { FIRST,
	    "250 k\r\n550 5.1.1 who\r\n503 x\r\n", EHLO_C, "503 twice\r\n",
	    "" }, .jobs = 2, .result = PUT_OFF, .failure = "503 twice" },
	{ "a server that offers nothing", SITE_TLS_NONE, 1, { "220 hi\r\n",
	    EHLO_C, "250 x\r\n", "MAIL FROM:<s@x>\r\n", "250 k\r\n", A,
	    "250 k\r\n", DATA, "354 go\r\n", BODY, "250 k\r\n",
	    "MAIL FROM:<s@x>\r\n", "550 5.7.1 no\r\n", "QUIT\r\n",
	    "221 bye\r\n", "" }, .jobs = 2,
	    .result = "a=delivered; a=failed(550 5.7.1)" },
};

static void
refusals_that_were_meant_are_believed(void)
{
	PLAY_ALL(meant);
}

/* In the first transaction of a connection. */
static const struct script fresh[] = {
	{ "none to MAIL", SITE_TLS_NONE, 2, { HI, MAIL A B DATA,
	    "250 a\r\n550 b\r\n354 go\r\n", "" }, .result =
	    "a=deferred(354 4.0.0) b=deferred(354 4.0.0)",
	    .failure = "354 go" },
	{ "one too many in front", SITE_TLS_NONE, 2, { HI, MAIL A B DATA,
	    "250 x\r\n250 mail\r\n550 a\r\n250 b\r\n", "" }, .result =
	    "a=deferred(250 4.0.0) b=deferred(250 4.0.0)",
	    .failure = "250 b" },
	{ "one too many, and 354 to RSET", SITE_TLS_NONE, 3, { HI,
	    MAIL A B C DATA,
	    "250 x\r\n250 mail\r\n550 a\r\n250 b\r\n550 c\r\n", "RSET\r\n",
	    "354 go\r\n", "" }, .result = "a=deferred(0 4.5.0) "
	    "b=deferred(0 4.5.0) c=deferred(0 4.5.0)",
	    .failure = "354 go (in reply to RSET)" },
	{ "garbage in the middle", SITE_TLS_NONE, 2, { HI, MAIL A B DATA,
	    "250 k\r\n550 5.1.1 a\r\nwhat\r\n", "" }, .result =
	    "a=deferred(0 4.5.0) b=deferred(0 4.5.0)",
	    .failure = "what came is no SMTP" },
	{ "354 to the dot", SITE_TLS_NONE, 2, { HI, MAIL A B DATA,
	    "250 k\r\n550 5.1.1 a\r\n250 k\r\n354 go\r\n", BODY,
	    "354 go\r\n", "" }, .result =
	    "a=deferred(354 4.0.0) b=deferred(354 4.0.0)",
	    .failure = "354 go" },
	{ "refused, and it leaves", SITE_TLS_NONE, 1, { HI, MAIL A DATA,
	    "250 k\r\n550 5.1.1 a\r\n554 x\r\n421 bye\r\n", "RSET\r\n" },
	    .result = "a=failed(550 5.1.1)", .failure = "421 bye",
	    .whole_only = true },
	{ "refused, and one more", SITE_TLS_NONE, 1, { HI, MAIL A DATA,
	    "250 k\r\n550 5.1.1 a\r\n554 x\r\n250 k\r\n", "RSET\r\n" },
	    .result = "a=deferred(0 4.5.0)", .failure = "the server answered",
	    .whole_only = true },
	{ "one by one, and one too many", SITE_TLS_NONE, 2, { "220 hi\r\n",
	    EHLO_C, "250 x\r\n", "MAIL FROM:<s@x>\r\n", "250 k\r\n", A,
	    "550 a\r\n", B, "250 b\r\n354 x\r\n", DATA }, .result =
	    "a=deferred(0 4.5.0) b=deferred(0 4.5.0)",
	    .failure = "the server answered", .whole_only = true },
	{ "the dot: refused, and then taken", SITE_TLS_NONE, 2, { HI,
	    MAIL A B DATA, "250 k\r\n550 5.1.1 a\r\n250 k\r\n354 go\r\n",
	    BODY, "550 5.7.1 no\r\n250 ok\r\n", "" }, .result =
	    "a=failed(550 5.1.1) b=deferred(0 4.5.0)", .failure = "250 ok",
	    .whole_only = true },
	{ "the dot: taken, and then refused", SITE_TLS_NONE, 1, { HI,
	    MAIL A DATA, DONE, BODY, "250 ok\r\n550 5.7.1 no\r\n", "" },
	    .result = "a=delivered", .failure = "550 5.7.1 no",
	    .whole_only = true },
	{ "the dot: refused, and it leaves", SITE_TLS_NONE, 1, { HI,
	    MAIL A DATA, DONE, BODY, "550 5.7.1 no\r\n421 bye\r\n", "" },
	    .result = "a=failed(550 5.7.1)", .failure = "421 bye",
	    .whole_only = true },
};

static void
what_does_not_fit_takes_all_of_its_transaction_back(void)
{
	PLAY_ALL(fresh);
}

#define START HI, MAIL A DATA, DONE, BODY MAIL A DATA

/* The message is refused, and the order of the replies is not shown. */
static const struct script unproved[] = {
	{ "lost", SITE_TLS_NONE, 1, { START, "550 5.7.1 no\r\n", "" },
	    .lost = true, .order = ORDER_BROKEN,
	    .result = "a=deferred(0 4.5.0)", .failure = "lost connection" },
	{ "it leaves", SITE_TLS_NONE, 1, { START,
	    "550 5.7.1 no\r\n421 bye\r\n", "" }, .order = ORDER_BROKEN,
	    .result = "a=deferred(0 4.5.0)", .failure = "421 bye" },
	{ "garbage", SITE_TLS_NONE, 1, { START,
	    "550 5.7.1 no\r\n250 k\r\nwhat\r\n", "" }, .order = ORDER_BROKEN,
	    .result = "a=deferred(0 4.5.0)", .failure = "what came" },
	{ "the next is refused too", SITE_TLS_NONE, 1, { START,
	    "550 5.7.1 no\r\n250 k\r\n550 5.1.1 a\r\n554 x\r\n", EHLO_C,
	    EHLO_S, END }, .result =
	    "a=deferred(0 4.5.0); a=failed(550 5.1.1)" },
	{ "it is shown", SITE_TLS_NONE, 1, { START,
	    "550 5.7.1 no\r\n" DONE, BODY, "250 ok\r\n", END },
	    .order = ORDER_KEPT, .result = "a=failed(550 5.7.1); a=delivered" },
	{ "taken, and it leaves", SITE_TLS_NONE, 1, { START,
	    "250 2.0.0 ok\r\n421 bye\r\n", "" }, .result = "a=delivered",
	    .failure = "421 bye" },
};

static void
a_refusal_is_believed_when_the_order_of_the_replies_is_shown(void)
{
	for (size_t i = 0; i < sizeof(unproved) / sizeof(unproved[0]); i++) {
		struct script script = unproved[i];

		script.ahead = script.proves = true;
		script_play(&script);
	}
}

const struct unit_test doubt_tests[] = {
	UNIT(replies_left_by_a_message_return_not_the_next_one),
	UNIT(refusals_that_were_meant_are_believed),
	UNIT(what_does_not_fit_takes_all_of_its_transaction_back),
	UNIT(a_refusal_is_believed_when_the_order_of_the_replies_is_shown),
	UNIT_END
};
