/* SPDX-License-Identifier: ISC
 *
 * trace_line.c - a line of the log, taken apart and said for people.
 *
 * The shapes are those of postrider-log(5).  A line of another shape is said
 * as it stands.
 */
#include "ctl/trace_line.h"

enum { STAMP_LENGTH = 15, ID_LENGTH = MSGID_TEXT };

/* Bytes of TEXT before the first WORD; its length when there is none. */
static size_t
find_text(struct span text, const char *word)
{
	size_t length = strlen(word);

	for (size_t i = 0; i + length <= text.length; i++)
		if (memcmp(text.data + i, word, length) == 0)
			return i;
	return text.length;
}

/* "relay postrider/receiver[702]: ID: text" behind the time. */
bool
trace_line_parse(struct span line, struct trace_line *out)
{
	struct span rest = span_skip(line, STAMP_LENGTH);
	size_t at = find_text(rest, " postrider/");

	if (line.length < STAMP_LENGTH || at == rest.length)
		return false;
	out->time = span_first(line, STAMP_LENGTH);
	rest = span_skip(rest, at + strlen(" postrider/"));
	out->who = span_first(rest, span_find(rest, '['));
	at = find_text(rest, "]: ");
	rest = span_skip(rest, at + 3);
	if (rest.length < ID_LENGTH + 2 || rest.data[ID_LENGTH] != ':' ||
	    !msgid_parse(span_first(rest, ID_LENGTH), &out->id))
		return false;
	out->text = span_skip(rest, ID_LENGTH + 2);
	return true;
}

/* A key stands at the beginning or behind a space. */
struct span
trace_line_value(struct span text, const char *key)
{
	struct span rest = text, value;
	size_t at;

	while ((at = find_text(rest, key)) < rest.length) {
		value = span_skip(rest, at + strlen(key));
		rest = span_skip(rest, at);
		if (rest.data > text.data && rest.data[-1] != ' ') {
			rest = span_skip(rest, 1);
			continue;
		}
		if (value.length > 0 && value.data[0] == '<') {
			value = span_skip(value, 1);
			return span_first(value, find_text(value, ">"));
		}
		value = span_first(value, span_find(value, ' '));
		return span_first(value, span_find(value, ','));
	}
	return (struct span){ NULL, 0 };
}

bool
trace_line_names(const struct trace_line *line, struct span address)
{
	return span_equal_nocase(trace_line_value(line->text, "to="),
	    address) || span_equal_nocase(trace_line_value(line->text,
	    "from="), address);
}

/* ---- for people ----------------------------------------------------------------------- */

static void
put(struct buf *out, const char *before, struct span value)
{
	buf_append_text(out, before);
	buf_append_span(out, value);
}

/* The reason in the parentheses behind the status. */
static struct span
reason_of(struct span text)
{
	struct span rest = span_skip(text, find_text(text, "status="));
	size_t end = find_text(rest, "), class=");

	rest = span_first(rest, end);
	return span_skip(rest, span_find(rest, '(') + 1);
}

static void
say_recipient(struct span text, struct buf *out)
{
	struct span relay = trace_line_value(text, "relay=");

	put(out, "", trace_line_value(text, "status="));
	put(out, " to ", trace_line_value(text, "to="));
	if (!span_is(relay, "none"))
		put(out, " by ", relay);
	put(out, ", try ", trace_line_value(text, "try="));
	put(out, ", after ", trace_line_value(text, "delay="));
	put(out, " s: ", reason_of(text));
}

static void
say_queued(struct span text, struct buf *out)
{
	struct span from = trace_line_value(text, "from=");

	put(out, "queued from ", from.length == 0 ? span_of("<>") : from);
	put(out, ", ", trace_line_value(text, "size="));
	put(out, " bytes, ", trace_line_value(text, "nrcpt="));
	put(out, " recipients, class ", trace_line_value(text, "class="));
}

static void
say_accepted(struct span text, struct buf *out)
{
	if (find_text(text, "client=") == 0)
		put(out, "accepted from ", span_skip(text,
		    strlen("client=")));
	else
		put(out, "accepted from this machine, ", text);
}

static void
say_report(struct span text, struct buf *out)
{
	size_t kind = find_text(text, " notification: ");

	put(out, "told its sender: ", span_skip(span_first(text, kind),
	    strlen("sender ")));
	put(out, " report ", span_skip(text, kind +
	    strlen(" notification: ")));
}

static void
say_removed(struct span text, struct buf *out)
{
	(void)text;
	buf_append_text(out, "done with all recipients");
}

void
trace_line_say(const struct trace_line *line, struct buf *out)
{
	static const struct {
		const char *begin, *has;
		void (*say)(struct span text, struct buf *out);
	} shapes[] = {
		{ "to=<", ", status=", say_recipient },
		{ "from=<", "(queue active)", say_queued },
		{ "client=", "", say_accepted },
		{ "uid=", "", say_accepted },
		{ "sender ", " notification: ", say_report },
		{ "removed", "", say_removed },
	};

	buf_append_span(out, line->time);
	buf_printf(out, "  %-10.*s ", (int)line->who.length,
	    (const char *)line->who.data);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		if (find_text(line->text, shapes[i].begin) != 0 ||
		    line->text.length < strlen(shapes[i].begin) ||
		    find_text(line->text, shapes[i].has) +
		    strlen(shapes[i].has) > line->text.length)
			continue;
		shapes[i].say(line->text, out);
		buf_append_byte(out, '\n');
		return;
	}
	buf_append_span(out, line->text);
	buf_append_byte(out, '\n');
}
