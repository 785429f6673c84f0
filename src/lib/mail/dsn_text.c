/* SPDX-License-Identifier: ISC
 *
 * dsn_text.c - the part of a report that is written for people.
 *
 * They did not ask for it and know no SMTP: first what happened, then what
 * they can do, then what the other host said in its own words.
 */
#include "mail/dsn_text.h"

#include "mail/clean.h"
#include "mail/trace.h"

enum { ADDRESS_MOST = 900, WORDS_MOST = 2000, NAME_MOST = 255 };

struct wording {
	int rank;		/* the higher, the worse */
	const char *subject;
	const char *what;	/* lines that begin the text */
	const char *rcpt;	/* said of each recipient */
};

static const struct wording wordings[] = {
	[DSN_FAILED] = { 4, "Your message could not be delivered",
	    "Your message could not be delivered to the recipients below.\r\n"
	    "It will not be tried again. Please check the addresses, and\r\n"
	    "send it again when you know that the reason is gone.\r\n",
	    "could not be delivered" },
	[DSN_EXPIRED] = { 3, "Your message could not be delivered in time",
	    "Your message was tried again and again, but could not be\r\n"
	    "delivered to the recipients below in time. It will not be\r\n"
	    "tried again.\r\n",
	    "could not be delivered in time" },
	[DSN_DELAYED] = { 2, "Your message is delayed",
	    "Your message has not been delivered to the recipients below\r\n"
	    "yet. You need not do anything and should not send it again:\r\n"
	    "it is still being tried.\r\n",
	    "is still being tried" },
	[DSN_RELAYED] = { 1, "Your message was handed on",
	    "Your message was handed on for the recipients below, to a mail\r\n"
	    "host that does not report further. You may hear no more of it.\r\n",
	    "was handed on" },
	[DSN_DELIVERED] = { 0, "Your message was delivered",
	    "Your message was delivered to the recipients below.\r\n",
	    "was delivered" }
};

/* The last words of the text; none ends another. */
static const char *const returned[] = {
	[DSN_WHOLE] = "It is attached.\r\n",
	[DSN_HEADER] = "Its header is attached.\r\n",
	[DSN_NOTHING] = "Nothing of it is attached.\r\n"
};

enum dsn_action
dsn_worst(const struct dsn *dsn)
{
	enum dsn_action worst = DSN_DELIVERED;

	for (size_t i = 0; i < dsn->rcpt_count; i++)
		if (wordings[dsn->rcpts[i].action].rank >
		    wordings[worst].rank)
			worst = dsn->rcpts[i].action;
	return worst;
}

/* What begins the text; one report may have several kinds of news. */
static const char *
what_happened(const struct dsn *dsn)
{
	for (size_t i = 1; i < dsn->rcpt_count; i++)
		if (dsn->rcpts[i].action != dsn->rcpts[0].action)
			return "Not all recipients of your message fared "
			    "alike. Please read below\r\n"
			    "what became of it for each of them.\r\n";
	return wordings[dsn_worst(dsn)].what;
}

const char *
dsn_subject(const struct dsn *dsn)
{
	return wordings[dsn_worst(dsn)].subject;
}

/* "    mx.example.org answered:" and its words, or our reason. */
static void
put_why(const struct dsn_rcpt *rcpt, struct buf *out)
{
	const char *words = rcpt->reply != NULL ? rcpt->reply : rcpt->reason;

	if (words == NULL) {
		buf_append_text(out, ".\r\n");
		return;
	}
	buf_append_text(out, rcpt->reply == NULL ? ":\r\n" : "; ");
	if (rcpt->reply != NULL) {
		if (rcpt->mta == NULL)
			buf_append_text(out, "the other host");
		clean_put(out, CLEAN_TEXT, rcpt->mta, NAME_MOST);
		buf_append_text(out, " answered:\r\n");
	}
	buf_append_text(out, "        ");
	clean_put_lines(out, words, WORDS_MOST, 8, "        ");
}

static void
put_rcpt(const struct dsn_rcpt *rcpt, struct buf *out)
{
	char date[DATE_TEXT];

	buf_append_text(out, "\r\n<");
	clean_put(out, CLEAN_TEXT, rcpt->address, ADDRESS_MOST);
	buf_append_text(out, ">\r\n    ");
	buf_append_text(out, wordings[rcpt->action].rcpt);
	put_why(rcpt, out);
	if (rcpt->action == DSN_DELAYED && rcpt->until != 0)
		buf_printf(out, "    We go on trying until %s.\r\n",
		    date_text(rcpt->until, date));
}

void
dsn_text_put(const struct dsn *dsn, struct buf *out)
{
	char date[DATE_TEXT];

	buf_append_text(out, "This is the mail relay ");
	clean_put(out, CLEAN_NAME, dsn->hostname, NAME_MOST);
	buf_append_text(out, ".\r\n\r\n");
	buf_append_text(out, what_happened(dsn));
	for (size_t i = 0; i < dsn->rcpt_count; i++)
		put_rcpt(&dsn->rcpts[i], out);
	buf_append_text(out, "\r\nYour message came here on ");
	buf_append_text(out, date_text(dsn->arrived, date));
	buf_append_text(out, "\r\nand was known here as ");
	clean_put(out, CLEAN_NAME, dsn->original_id, NAME_MOST);
	buf_append_text(out, ". ");
	buf_append_text(out, returned[dsn->returned]);
}

void
dsn_text_again(struct span text, enum dsn_returned now, struct buf *out)
{
	for (size_t i = 0; i < sizeof returned / sizeof returned[0]; i++) {
		size_t length = strlen(returned[i]);

		if (text.length >= length && span_is(span_skip(text,
		    text.length - length), returned[i])) {
			buf_append_span(out, span_first(text,
			    text.length - length));
			buf_append_text(out, returned[now]);
			return;
		}
	}
	buf_append_span(out, text);
}
