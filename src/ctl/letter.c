/* SPDX-License-Identifier: ISC
 *
 * letter.c - the header block of a message that a program submits.
 *
 * As with every sendmail: addresses in Resent- fields, when there are any,
 * are used in place of the others.
 */
#include "ctl/letter.h"

#include "ctl/addrlist.h"
#include "mail/header.h"
#include "mail/trace.h"

#include <ctype.h>

/* What a field means to us; anything else is passed on. */
enum {
	TAKE = 1,		/* -t takes recipients from it */
	DROP = 2,		/* -t takes it away */
	RESENT = 4
};

static const struct {
	const char *name;
	unsigned what;
} fields[] = {
	{ "To", TAKE },
	{ "Cc", TAKE },
	{ "Bcc", TAKE | DROP },
	{ "Resent-To", TAKE | RESENT },
	{ "Resent-Cc", TAKE | RESENT },
	{ "Resent-Bcc", TAKE | DROP | RESENT },
};

/* What was found in the block. */
struct found {
	bool from, date, message_id, resent;
};

static unsigned
field_kind(const struct header_field *field)
{
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (span_is_nocase(field->name, fields[i].name))
			return fields[i].what;
	return 0;
}

static struct found
look_through(struct span wire)
{
	struct found found = { 0 };
	struct header_field field;

	while (header_pull(&wire, &field)) {
		found.from |= span_is_nocase(field.name, "From");
		found.date |= span_is_nocase(field.name, "Date");
		found.message_id |= span_is_nocase(field.name, "Message-ID");
		found.resent |= (field_kind(&field) & RESENT) != 0;
	}
	return found;
}

/* Whether NAME can stand in a header without quotes. */
static bool
is_plain(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#$%&'*+-/=?^_`{|}~") ==
	    strlen(name);
}

static bool
is_ascii(const char *name)
{
	for (; *name != '\0'; name++)
		if ((uint8_t)*name > 127)
			return false;
	return true;
}

static void
put_quoted(const char *name, struct buf *out)
{
	buf_append_byte(out, '"');
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			buf_append_byte(out, '\\');
		buf_append_byte(out, (uint8_t)*name);
	}
	buf_append_byte(out, '"');
}

/* RFC 2047, Q encoding; an encoded word has at most 75 characters, and no
 * UTF-8 character is cut in two. */
static void
put_encoded(const char *name, struct buf *out)
{
	size_t used = 0;

	buf_append_text(out, "=?UTF-8?Q?");
	for (; *name != '\0'; name++) {
		uint8_t byte = (uint8_t)*name;

		if (used > 48 && (byte & 0xc0) != 0x80) {
			buf_append_text(out, "?=\r\n =?UTF-8?Q?");
			used = 0;
		}
		if (isascii(byte) && isalnum(byte))
			buf_append_byte(out, byte);
		else
			buf_printf(out, "=%02X", byte);
		used += isascii(byte) && isalnum(byte) ? 1 : 3;
	}
	buf_append_text(out, "?=");
}

void
letter_put_from(const char *full_name, const char *sender, struct buf *out)
{
	if (full_name == NULL || *full_name == '\0') {
		buf_append_text(out, sender);
		return;
	}
	if (!is_ascii(full_name))
		put_encoded(full_name, out);
	else if (is_plain(full_name))
		buf_append_text(out, full_name);
	else
		put_quoted(full_name, out);
	buf_printf(out, " <%s>", sender);
}

static void
put_missing(const struct letter *letter, const struct found *found,
    struct buf *out)
{
	char date[DATE_TEXT];

	if (!letter->complete)
		return;
	if (!found->date)
		buf_printf(out, "Date: %s\r\n", date_text(letter->now, date));
	if (!found->from) {
		buf_append_text(out, "From: ");
		if (*letter->sender != '\0')
			letter_put_from(letter->full_name, letter->sender,
			    out);
		else
			buf_printf(out, "Mail Delivery System "
			    "<MAILER-DAEMON@%s>", letter->hostname);
		buf_append_text(out, "\r\n");
	}
	if (!found->message_id)
		buf_printf(out, "Message-ID: <%s@%s>\r\n", letter->unique,
		    letter->hostname);
}

/* The line that mailbox files begin a message with; it is no header. */
static struct span
skip_mailbox_line(struct span wire)
{
	struct span rest = wire;

	if (rest.length > 0 && rest.data[0] == '>')
		rest = span_skip(rest, 1);
	if (rest.length < 5 || memcmp(rest.data, "From ", 5) != 0)
		return wire;
	return span_skip(rest, span_find(rest, '\n') + 1);
}

bool
letter_make(const struct letter *letter, struct span wire, struct buf *out,
    struct span *rest, struct recipients *recipients, struct err *err)
{
	struct header_field field;
	struct found found;

	wire = skip_mailbox_line(wire);
	found = look_through(wire);
	put_missing(letter, &found, out);
	while (header_pull(&wire, &field)) {
		unsigned kind = field_kind(&field);

		if (!letter->take_recipients || (kind & TAKE) == 0) {
			buf_append_span(out, field.whole);
			continue;
		}
		if (found.resent == ((kind & RESENT) != 0)) {
			recipients->field = field.name;
			addrlist_gather(field.value, letter->hostname,
			    recipients_add, recipients_add_none, recipients);
			recipients->field = span_make(NULL, 0);
		}
		if ((kind & DROP) == 0)
			buf_append_span(out, field.whole);
	}
	buf_append_text(out, "\r\n");
	if (wire.length >= 2 && memcmp(wire.data, "\r\n", 2) == 0)
		wire = span_skip(wire, 2);
	*rest = wire;
	return !out->full || err_set(err, ERR_LIMIT,
	    "the header block is too large");
}
