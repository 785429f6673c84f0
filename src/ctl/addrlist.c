/* SPDX-License-Identifier: ISC
 *
 * addrlist.c - addresses out of a list.
 *
 * Words are gathered until a character tells what they were: "<" makes them
 * a name, ":" the name of a group, and a comma or the end an address.  An
 * address counts when its element has come to its end.
 */
#include "ctl/addrlist.h"

#include "base/buf.h"
#include "smtp/path.h"

enum { ADDRESS_MOST = 4096 };

struct gather {
	struct span in;		/* not yet looked at */
	struct buf words;	/* what may become an address */
	bool at;		/* an "@" is among them */
	bool gap;		/* two words stand side by side: a name */
	bool word;		/* the last thing gathered was a word */
	bool angle;		/* between < and > */
	bool done;		/* behind > : only an end may follow */
	struct span found;	/* the element's mailbox, in `words` */

	struct span element;	/* where the element began, for messages */
	const char *hostname;
	addrlist_fn *fn, *no;
	void *owner;
};

static void
gather_clear(struct gather *g)
{
	buf_clear(&g->words);
	g->words.full = false;
	g->at = g->gap = g->word = false;
	g->found = span_make(NULL, 0);
}

/* The element that is wrong, as far as it goes, for people. */
static bool
complain(struct gather *g, struct err *err)
{
	struct span text = span_first(g->element,
	    g->element.length - g->in.length);

	text = span_trim(span_first(text, 128));
	return err_set(err, ERR_FORMAT, "not an address: %.*s",
	    (int)text.length, (const char *)text.data);
}

/* What has gathered is an address. */
static bool
gather_end(struct gather *g, bool required, struct err *err)
{
	struct path path;

	if (buf_length(&g->words) == 0)
		return !required || complain(g, err);
	if (!g->at) {
		buf_append_byte(&g->words, '@');
		buf_append_text(&g->words, g->hostname);
	}
	if (g->gap || g->words.full ||
	    mailbox_parse(buf_peek(&g->words), &path) != PATH_OK)
		return complain(g, err);
	g->found = path.mailbox;
	return true;
}

/* Length of the comment that S begins with; 0: it does not end. */
static size_t
comment_length(struct span s)
{
	size_t i, depth = 0;

	for (i = 0; i < s.length; i++) {
		if (s.data[i] == '\\')
			i++;
		else if (s.data[i] == '(')
			depth++;
		else if (s.data[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* Length of what S begins with up to and with CLOSE; 0: it does not end. */
static size_t
closed_length(struct span s, uint8_t close)
{
	size_t i;

	for (i = 1; i < s.length; i++) {
		if (s.data[i] == '\\')
			i++;
		else if (s.data[i] == close)
			return i + 1;
	}
	return 0;
}

static size_t
atom_length(struct span s)
{
	static const char special[] = "()<>[]:;@,.\" \t\r\n";
	size_t i = 0;

	while (i < s.length &&
	    memchr(special, s.data[i], sizeof(special) - 1) == NULL)
		i++;
	return i;
}

/* Add a word without the line ends of folding. */
static void
gather_word(struct gather *g, size_t length)
{
	size_t i;

	g->gap |= g->word;
	g->word = true;
	for (i = 0; i < length; i++)
		if (g->in.data[i] != '\r' && g->in.data[i] != '\n')
			buf_append_byte(&g->words, g->in.data[i]);
	g->in = span_skip(g->in, length);
}

/* "." and "@" join words. */
static void
gather_join(struct gather *g, uint8_t byte)
{
	buf_append_byte(&g->words, byte);
	g->at |= byte == '@';
	g->word = false;
	g->in = span_skip(g->in, 1);
}

/* The end of an element: a comma, a semicolon, or the end of the list. */
static bool
end_element(struct gather *g, struct err *err)
{
	if (g->angle)
		return complain(g, err);
	if (!g->done && !gather_end(g, false, err))
		return false;
	if (g->found.length > 0)
		g->fn(g->owner, g->found);
	gather_clear(g);
	g->done = false;
	g->element = g->in;
	return true;
}

/* "<", perhaps with a source route, which has no meaning any more.  Behind
 * another address it is the next element, whose comma was forgotten. */
static bool
enter_angle(struct gather *g, struct err *err)
{
	if (g->done) {
		if (!end_element(g, err))
			return false;
		g->element = span_make(g->in.data - 1, g->in.length + 1);
	}
	gather_clear(g);
	if (g->angle)
		return complain(g, err);
	g->angle = true;
	return true;
}

static bool
leave_angle(struct gather *g, struct err *err)
{
	if (!g->angle || !gather_end(g, true, err))
		return g->angle ? false : complain(g, err);
	g->angle = false;
	g->done = true;
	return true;
}

/* Between "<" and the ":" of a source route: "@host,@host:". */
static bool
in_route(const struct gather *g)
{
	return g->angle && buf_length(&g->words) > 0 &&
	    buf_peek(&g->words).data[0] == '@';
}

/* ":" ends the name of a group, or a source route. */
static bool
take_colon(struct gather *g, struct err *err)
{
	if (g->angle ? !in_route(g) : (g->at || g->done))
		return complain(g, err);
	gather_clear(g);
	if (!g->angle)
		g->element = g->in;
	return true;
}

/* Special characters that stand for themselves. */
static bool
take_special(struct gather *g, uint8_t byte, struct err *err)
{
	g->in = span_skip(g->in, 1);
	switch (byte) {
	case '<':
		return enter_angle(g, err);
	case '>':
		return leave_angle(g, err);
	case ':':
		return take_colon(g, err);
	case ',':
		g->word = false;
		return in_route(g) || end_element(g, err);
	case ';':
		return end_element(g, err);
	default:
		return complain(g, err);
	}
}

/* White space and comments separate, and are nothing else.  False: there
 * is none here. */
static bool
take_nothing(struct gather *g)
{
	size_t length = 1;

	switch (g->in.data[0]) {
	case ' ': case '\t': case '\r': case '\n':
		break;
	case '(':
		length = comment_length(g->in);
		break;
	default:
		return false;
	}
	g->in = span_skip(g->in, length);
	return length > 0;
}

static bool
take_word(struct gather *g, struct err *err)
{
	uint8_t byte = g->in.data[0];
	size_t length;

	if (byte == '.' || byte == '@') {
		gather_join(g, byte);
		return !g->done || complain(g, err);
	}
	if (byte == '"')
		length = closed_length(g->in, '"');
	else if (byte == '[')
		length = closed_length(g->in, ']');
	else
		length = atom_length(g->in);
	if (length == 0)
		return take_special(g, byte, err);
	gather_word(g, length);
	return !g->done || complain(g, err);
}

static bool
take_all(struct gather *g, struct err *err)
{
	bool ok = true;

	while (ok && g->in.length > 0)
		ok = take_nothing(g) || take_word(g, err);
	return ok && end_element(g, err);
}

/* Length of the comment, the quoted string or the brackets that S begins
 * with; 1: none of these, or without an end. */
static size_t
unit_length(struct span s)
{
	size_t length = 0;

	if (s.data[0] == '"')
		length = closed_length(s, '"');
	else if (s.data[0] == '(')
		length = comment_length(s);
	else if (s.data[0] == '<')
		length = closed_length(s, '>');
	if (length > 0 && s.data[0] == '<' &&
	    span_find(span_skip(s, 1), '<') + 1 < length)
		length = 0;	/* that end is another one's */
	return length > 0 ? length : 1;
}

/* Length of the element that S begins with, whatever is wrong in it. */
static size_t
element_length(struct span s)
{
	size_t i = 0;

	while (i < s.length && s.data[i] != ',' && s.data[i] != ';')
		i += unit_length(span_skip(s, i));
	return i;
}

/* Go on behind the element that is wrong. */
static void
pass_over(struct gather *g, bool all)
{
	size_t length = all ? g->element.length : element_length(g->element);

	g->no(g->owner, span_trim(span_first(g->element, length)));
	g->in = span_skip(g->element, length + 1);
	gather_clear(g);
	g->angle = g->done = false;
	g->element = g->in;
}

void
addrlist_gather(struct span list, const char *hostname, addrlist_fn *fn,
    addrlist_fn *no, void *owner)
{
	struct gather g = { .in = list, .element = list,
	    .hostname = hostname, .fn = fn, .no = no, .owner = owner };
	struct err ignored;
	unsigned bad = 0;

	buf_init(&g.words, ADDRESS_MOST);
	while (!take_all(&g, &ignored))
		pass_over(&g, ++bad > ADDRLIST_BAD_MOST);
	buf_fini(&g.words);
}

bool
addrlist_parse(struct span list, const char *hostname, addrlist_fn *fn,
    void *owner, struct err *err)
{
	struct gather g = { .in = list, .element = list,
	    .hostname = hostname, .fn = fn, .owner = owner };
	bool ok;

	buf_init(&g.words, ADDRESS_MOST);
	ok = take_all(&g, err);
	buf_fini(&g.words);
	return ok;
}
