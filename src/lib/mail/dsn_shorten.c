/* SPDX-License-Identifier: ISC
 *
 * dsn_shorten.c - a report once more, with less of the original.
 *
 * The message that a report is about is gone from the spool when the report
 * is refused; so the report itself is taken apart.  Its form is that of
 * dsn.c, and what it returns tells how often it was shortened: nobody needs
 * to keep count, and twice is the most.
 */
#include "mail/dsn.h"

#include "mail/clean.h"
#include "mail/dsn_text.h"
#include "mail/header.h"

enum { BOUNDARY_MOST = 70, DELIMITER_ROOM = BOUNDARY_MOST + 8,
	NAME_MOST = 255, PARTS = 3 };

struct parts {
	struct span head;	/* of the report, with its empty line */
	char delimiter[DELIMITER_ROOM];	/* CR LF, two dashes, boundary */
	struct span preamble;
	struct span part[PARTS];	/* each with its own header */
	size_t count;
};

/* ---- taking apart ------------------------------------------------------- */

/* The first place of the delimiter in S, or its length. */
static size_t
find(struct span s, const char *text)
{
	const uint8_t *at = s.length == 0 ? NULL :
	    memmem(s.data, s.length, text, strlen(text));

	return at == NULL ? s.length : (size_t)(at - s.data);
}

static bool
find_boundary(struct parts *parts)
{
	static const char before[] = "boundary=\"";
	struct span head = parts->head, boundary;

	boundary = span_skip(head, find(head, before) + strlen(before));
	boundary = span_first(boundary, span_find(boundary, '"'));
	if (boundary.length == 0 || boundary.length > BOUNDARY_MOST)
		return false;
	memcpy(parts->delimiter, "\r\n--", 4);
	memcpy(parts->delimiter + 4, boundary.data, boundary.length);
	parts->delimiter[4 + boundary.length] = '\0';
	return true;
}

/* Take what is before the next delimiter off REST; false: there is none. */
static bool
take_part(const struct parts *parts, struct span *rest, struct span *out)
{
	size_t length = find(*rest, parts->delimiter);

	if (length == rest->length)
		return false;
	*out = span_first(*rest, length);
	*rest = span_skip(*rest, length + strlen(parts->delimiter));
	return true;
}

static bool
take_apart(struct span report, struct parts *parts)
{
	struct span rest;

	*parts = (struct parts){ 0 };
	parts->head = span_first(report, header_block_length(report));
	rest = span_skip(report, parts->head.length);
	if (!find_boundary(parts) || !take_part(parts, &rest,
	    &parts->preamble))
		return false;
	while (parts->count < PARTS && rest.length > 2 &&
	    memcmp(rest.data, "\r\n", 2) == 0) {
		rest = span_skip(rest, 2);
		if (!take_part(parts, &rest, &parts->part[parts->count++]))
			return false;
	}
	return parts->count == PARTS && span_is(rest, "--\r\n");
}

/* What the last part returns. */
static enum dsn_returned
returned_by(const struct parts *parts)
{
	struct span last = parts->part[PARTS - 1];

	if (span_starts_nocase(last, "Content-Type: message/rfc822\r\n"))
		return DSN_WHOLE;
	if (span_starts_nocase(last, "Content-Type: text/rfc822-headers\r\n"))
		return DSN_HEADER;
	return DSN_NOTHING;
}

/* ---- writing ------------------------------------------------------------ */

/* The header, for another message, all of it in 7 bits. */
static void
put_head(struct span head, const char *id, const char *hostname,
    struct buf *out)
{
	struct header_field field;

	while (header_pull(&head, &field)) {
		if (span_is_nocase(field.name, "Content-Transfer-Encoding"))
			continue;
		if (!span_is_nocase(field.name, "Message-ID")) {
			buf_append_span(out, field.whole);
			continue;
		}
		buf_append_text(out, "Message-ID: <");
		clean_put(out, CLEAN_NAME, id, NAME_MOST);
		buf_append_text(out, "@");
		clean_put(out, CLEAN_NAME, hostname, NAME_MOST);
		buf_append_text(out, ">\r\n");
	}
	buf_append_text(out, "\r\n");
}

static void
put_header_part(const struct parts *parts, struct buf *out)
{
	struct span last = parts->part[PARTS - 1];

	buf_append_text(out, parts->delimiter);
	buf_append_text(out, "\r\nContent-Type: text/rfc822-headers\r\n\r\n");
	dsn_fields_put(span_skip(last, header_block_length(last)), true, true,
	    out);
}

bool
dsn_shorten(struct span report, const char *id, const char *hostname,
    enum dsn_returned most, struct buf *out)
{
	struct parts parts;
	enum dsn_returned now;

	if (!take_apart(report, &parts) ||
	    returned_by(&parts) == DSN_NOTHING)
		return false;
	now = returned_by(&parts) + 1;
	if (now < most)
		now = most;
	put_head(parts.head, id, hostname, out);
	buf_append_span(out, parts.preamble);
	buf_append_text(out, parts.delimiter);
	buf_append_text(out, "\r\n");
	dsn_text_again(parts.part[0], now, out);
	buf_append_text(out, parts.delimiter);
	buf_append_text(out, "\r\n");
	buf_append_span(out, parts.part[1]);
	if (now == DSN_HEADER)
		put_header_part(&parts, out);
	buf_append_text(out, parts.delimiter);
	buf_append_text(out, "--\r\n");
	return true;
}
