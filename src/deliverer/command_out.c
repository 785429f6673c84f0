/* SPDX-License-Identifier: ISC
 *
 * command_out.c - MAIL and RCPT as bytes.
 *
 * Every string is checked here, right before it is written: an address may
 * hold printable US-ASCII, with spaces and brackets only in quotes; a
 * parameter may hold printable US-ASCII without spaces.  Pure.
 */
#include "deliverer/command_out.h"

#include <string.h>

/* Quoted strings are where an address may hold what would end it. */
static bool
address_is_clean(const char *address)
{
	bool quoted = false;

	for (const char *at = address; *at != '\0'; at++) {
		if (*at < ' ' || *at > '~')
			return false;
		if (quoted && *at == '\\') {
			at++;
			if (*at < ' ' || *at > '~')
				return false;
		} else if (*at == '"') {
			quoted = !quoted;
		} else if (!quoted && strchr(" <>", *at) != NULL) {
			return false;
		}
	}
	return !quoted;
}

static bool
parameter_is_clean(const char *value)
{
	if (value == NULL)
		return true;
	for (const char *at = value; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return *value != '\0';
}

static void
put_mail_dsn(const struct envelope *envelope, struct buf *out)
{
	if (envelope->ret == RET_FULL)
		buf_append_text(out, " RET=FULL");
	else if (envelope->ret == RET_HDRS)
		buf_append_text(out, " RET=HDRS");
	if (envelope->envid != NULL) {
		buf_append_text(out, " ENVID=");
		buf_append_text(out, envelope->envid);
	}
}

bool
command_mail(const struct envelope *envelope, const struct offer *offer,
    const struct by *by, struct buf *out)
{
	if (!address_is_clean(envelope->reverse_path) ||
	    !parameter_is_clean(envelope->envid))
		return false;
	buf_append_text(out, "MAIL FROM:<");
	buf_append_text(out, envelope->reverse_path);
	buf_append_byte(out, '>');
	if (offer->bits & OFFER_SIZE)
		buf_printf(out, " SIZE=%llu",
		    (unsigned long long)envelope->body_size);
	if ((offer->bits & OFFER_8BITMIME) &&
	    (envelope->flags & ENVELOPE_8BIT))
		buf_append_text(out, " BODY=8BITMIME");
	if (offer->bits & OFFER_DSN)
		put_mail_dsn(envelope, out);
	if ((offer->bits & OFFER_PRIORITY) &&
	    (envelope->flags & ENVELOPE_PRIORITY))
		buf_printf(out, " MT-PRIORITY=%d", envelope->priority);
	if (by->step == BY_PASS)
		buf_printf(out, " BY=%lld;%s%s", (long long)by->seconds,
		    envelope->by_return ? "R" : "N",
		    envelope->flags & ENVELOPE_TRACE ? "T" : "");
	buf_append_text(out, "\r\n");
	return true;
}

static void
put_notify(uint8_t notify, struct buf *out)
{
	static const struct { uint8_t bit; const char *word; } words[] = {
		{ NOTIFY_NEVER, "NEVER" }, { NOTIFY_SUCCESS, "SUCCESS" },
		{ NOTIFY_FAILURE, "FAILURE" }, { NOTIFY_DELAY, "DELAY" },
	};
	const char *before = " NOTIFY=";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((notify & words[i].bit) == 0)
			continue;
		buf_append_text(out, before);
		buf_append_text(out, words[i].word);
		before = ",";
	}
}

bool
command_rcpt(const struct envelope *envelope,
    const struct envelope_rcpt *rcpt, const struct offer *offer,
    struct buf *out)
{
	if (!address_is_clean(rcpt->address) || *rcpt->address == '\0' ||
	    !parameter_is_clean(rcpt->orcpt))
		return false;
	buf_append_text(out, "RCPT TO:<");
	buf_append_text(out, rcpt->address);
	buf_append_byte(out, '>');
	if (offer->bits & OFFER_DSN) {
		put_notify(by_notify(envelope, offer, rcpt->notify), out);
		if (rcpt->orcpt != NULL) {
			buf_append_text(out, " ORCPT=");
			buf_append_text(out, rcpt->orcpt);
		}
	}
	buf_append_text(out, "\r\n");
	return true;
}
