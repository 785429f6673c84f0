/* SPDX-License-Identifier: ISC
 *
 * command_out.c - the last gate before the wire.
 */
#include "deliverer/command_out.h"
#include "unit/deliverer/tests.h"


#include "base/mem.h"

static const struct {
	const char *from, *envid;
	uint8_t ret;
	uint32_t flags;
	unsigned offer;
	const char *line;
} mails[] = {
	{ "a@b", NULL, 0, 0, 0, "MAIL FROM:<a@b>\r\n" },
	{ "", NULL, 0, 0, 0, "MAIL FROM:<>\r\n" },
	{ "a@b", NULL, 0, ENVELOPE_8BIT, 0, "MAIL FROM:<a@b>\r\n" },
	{ "a@b", NULL, 0, ENVELOPE_8BIT, OFFER_8BITMIME,
	    "MAIL FROM:<a@b> BODY=8BITMIME\r\n" },
	{ "a@b", NULL, 0, 0, OFFER_8BITMIME, "MAIL FROM:<a@b>\r\n" },
	{ "a@b", NULL, 0, 0, OFFER_SIZE, "MAIL FROM:<a@b> SIZE=42\r\n" },
	{ "a@b", "id+2B", RET_HDRS, 0, OFFER_DSN,
	    "MAIL FROM:<a@b> RET=HDRS ENVID=id+2B\r\n" },
	{ "a@b", "id", RET_FULL, 0, 0, "MAIL FROM:<a@b>\r\n" },
	{ "a@b", NULL, RET_FULL, 0, OFFER_DSN,
	    "MAIL FROM:<a@b> RET=FULL\r\n" },
	{ "a@b", NULL, 0, ENVELOPE_PRIORITY, OFFER_PRIORITY,
	    "MAIL FROM:<a@b> MT-PRIORITY=-3\r\n" },
	{ "a@b", NULL, 0, ENVELOPE_PRIORITY, 0, "MAIL FROM:<a@b>\r\n" },
	{ "\"a b\"@c", NULL, 0, 0, 0, "MAIL FROM:<\"a b\"@c>\r\n" },
	{ "\"a\\\">b\"@c", NULL, 0, 0, 0, "MAIL FROM:<\"a\\\">b\"@c>\r\n" },
	/* what must not get out */
	{ "a@b\r\nRCPT TO:<x@y>", NULL, 0, 0, 0, NULL },
	{ "a@b\n", NULL, 0, 0, 0, NULL },
	{ "a\x7f@b", NULL, 0, 0, 0, NULL },
	{ "a\xc3\xa9@b", NULL, 0, 0, 0, NULL },
	{ "a b@c", NULL, 0, 0, 0, NULL },
	{ "a@b> BODY=8BITMIME", NULL, 0, 0, 0, NULL },
	{ "\"a@b", NULL, 0, 0, 0, NULL },
	{ "\"a\\", NULL, 0, 0, 0, NULL },
	{ "\"a\\\n\"@b", NULL, 0, 0, 0, NULL },
	{ "a@b", "x y", 0, 0, OFFER_DSN, NULL },
	{ "a@b", "x\r\n", 0, 0, OFFER_DSN, NULL },
	{ "a@b", "", 0, 0, OFFER_DSN, NULL },
};

static void
mail_carries_what_is_offered_and_clean(void)
{
	for (size_t i = 0; i < sizeof(mails) / sizeof(mails[0]); i++) {
		struct envelope *envelope = envelope_new();
		struct offer offer = { .bits = mails[i].offer };
		struct by by = { .step = BY_NONE };
		struct buf *out = buf_new(1 << 16);

		envelope_set_reverse_path(envelope, span_of(mails[i].from));
		envelope->envid = mem_strdup(mails[i].envid);
		envelope->ret = mails[i].ret;
		envelope->flags = mails[i].flags;
		envelope->priority = -3;
		envelope->body_size = 42;
		CU_ASSERT_EQUAL(command_mail(envelope, &offer, &by, out),
		    mails[i].line != NULL);
		CU_ASSERT_TRUE(span_is(buf_peek(out), mails[i].line == NULL ?
		    "" : mails[i].line));
		buf_free(&out);
		envelope_free(&envelope);
	}
}

static const struct {
	const char *address, *orcpt;
	uint8_t notify;
	unsigned offer;
	const char *line;
} rcpts[] = {
	{ "a@b", NULL, 0, OFFER_DSN, "RCPT TO:<a@b>\r\n" },
	{ "a@b", "rfc822;A+2B@b", NOTIFY_SUCCESS | NOTIFY_DELAY, OFFER_DSN,
	    "RCPT TO:<a@b> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;A+2B@b\r\n" },
	{ "a@b", NULL, NOTIFY_NEVER, OFFER_DSN,
	    "RCPT TO:<a@b> NOTIFY=NEVER\r\n" },
	{ "a@b", NULL, NOTIFY_FAILURE, OFFER_DSN,
	    "RCPT TO:<a@b> NOTIFY=FAILURE\r\n" },
	{ "a@b", "rfc822;x", NOTIFY_NEVER, 0, "RCPT TO:<a@b>\r\n" },
	{ "a@b\r\nDATA", NULL, 0, 0, NULL },
	{ "a@b", "rfc822;x\r\nDATA", 0, OFFER_DSN, NULL },
	{ "a@b", "rfc822;x y", 0, OFFER_DSN, NULL },
	{ "", NULL, 0, 0, NULL },
};

static void
rcpt_carries_what_is_offered_and_clean(void)
{
	for (size_t i = 0; i < sizeof(rcpts) / sizeof(rcpts[0]); i++) {
		struct envelope_rcpt rcpt = {
			.address = mem_strdup(rcpts[i].address),
			.orcpt = mem_strdup(rcpts[i].orcpt),
			.notify = rcpts[i].notify
		};
		const struct envelope envelope = { .by = 0 };
		struct offer offer = { .bits = rcpts[i].offer };
		struct buf *out = buf_new(1 << 16);

		CU_ASSERT_EQUAL(command_rcpt(&envelope, &rcpt, &offer, out),
		    rcpts[i].line != NULL);
		CU_ASSERT_TRUE(span_is(buf_peek(out), rcpts[i].line == NULL ?
		    "" : rcpts[i].line));
		buf_free(&out);
		mem_free(rcpt.address);
		mem_free(rcpt.orcpt);
	}
}

static const struct {
	const char *reply;
	unsigned bits;
	uint64_t size;
} offers[] = {
	{ "250 x\r\n", 0, 0 },
	{ "250 PIPELINING\r\n", 0, 0 },	/* the first line is a name */
	{ "250-x\r\n250 PIPELINING\r\n", OFFER_PIPELINING, 0 },
	{ "250-x\r\n250-pipelining\r\n250-Size 77\r\n250 8bitmime\r\n",
	    OFFER_PIPELINING | OFFER_SIZE | OFFER_8BITMIME, 77 },
	{ "250-x\r\n250-SIZE\r\n250 DSN\r\n", OFFER_SIZE | OFFER_DSN, 0 },
	{ "250-x\r\n250 SIZE 0\r\n", OFFER_SIZE, 0 },
	{ "250-x\r\n250 SIZE -1\r\n", OFFER_SIZE, 0 },
	{ "250-x\r\n250 SIZE 99999999999999999999999\r\n", OFFER_SIZE, 0 },
	{ "250-x\r\n250 SIZE 18446744073709551615\r\n", OFFER_SIZE,
	    UINT64_MAX },
	{ "250-x\r\n250 PIPELININGS\r\n", 0, 0 },
	{ "250-x\r\n250-\r\n250-  \r\n250 STARTTLS now\r\n", OFFER_STARTTLS,
	    0 },
	{ "250-x\r\n250-ENHANCEDSTATUSCODES\r\n250 MT-PRIORITY MIXER\r\n",
	    OFFER_STATUS | OFFER_PRIORITY, 0 },
	{ "250-x\r\r\n250-DSN\r\r\n250\tSIZE\t70 \t\r\r\n", OFFER_DSN |
	    OFFER_SIZE, 70 },
	{ "250-x\r\nPIPELINING\r\n250\r\n", OFFER_PIPELINING, 0 },
};

static void
an_offer_is_read_keyword_by_keyword(void)
{
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct span in = span_of(offers[i].reply);
		struct reply reply;
		struct offer offer = { 0 };

		reply_init(&reply);
		CU_ASSERT_EQUAL(reply_pull_texts(&reply, &in, offer_take,
		    &offer), REPLY_DONE);
		CU_ASSERT_EQUAL(offer.bits, offers[i].bits);
		CU_ASSERT_EQUAL(offer.size, offers[i].size);
		reply_fini(&reply);
	}
}

const struct unit_test command_out_tests[] = {
	UNIT(mail_carries_what_is_offered_and_clean),
	UNIT(rcpt_carries_what_is_offered_and_clean),
	UNIT(an_offer_is_read_keyword_by_keyword),
	UNIT_END
};
