/* SPDX-License-Identifier: ISC
 *
 * path.c - mailboxes and paths (RFC 5321, section 4.1.2).
 *
 * One parser by hand: a cursor that moves over what it understands and stops
 * at the first byte that it does not.  Every length is known, nothing ends
 * in NUL, no byte is looked at twice.  More lenient than the grammar in two
 * things that real hosts need: underscores in domains, and a final dot.
 */
#include "smtp/path.h"

#include <arpa/inet.h>

enum { LABEL_MOST = 63 };

static bool
is_alnum(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

/* RFC 5322, atext. */
static bool
is_atext(uint8_t c)
{
	return is_alnum(c) ||
	    (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
next_is(struct span s, uint8_t c)
{
	return s.length > 0 && s.data[0] == c;
}

static bool
skip_byte(struct span *s, uint8_t c)
{
	if (!next_is(*s, c))
		return false;
	*s = span_skip(*s, 1);
	return true;
}

/* What FROM had before the cursor stood at AT. */
static struct span
passed(struct span from, struct span at)
{
	return span_first(from, from.length - at.length);
}

/* The parser cannot go on at AT. */
static enum path_result
stuck(struct span at)
{
	return at.length > 0 && at.data[0] > 0x7f ? PATH_UTF8 : PATH_SYNTAX;
}

/* ---- local-part -------------------------------------------------------- */

static enum path_result
pull_quoted(struct span *at)
{
	*at = span_skip(*at, 1);
	while (at->length > 0 && at->data[0] != '"') {
		if (at->data[0] == '\\')
			*at = span_skip(*at, 1);
		if (at->length == 0 || at->data[0] < ' ' ||
		    at->data[0] > '~')
			return stuck(*at);
		*at = span_skip(*at, 1);
	}
	return skip_byte(at, '"') ? PATH_OK : PATH_SYNTAX;
}

static enum path_result
pull_dot_string(struct span *at)
{
	do {
		size_t i = 0;

		while (i < at->length && is_atext(at->data[i]))
			i++;
		*at = span_skip(*at, i);
		if (i == 0)
			return stuck(*at);
	} while (skip_byte(at, '.'));
	return PATH_OK;
}

static enum path_result
pull_local(struct span *at, struct span *out)
{
	struct span start = *at;
	enum path_result result;

	result = next_is(*at, '"') ? pull_quoted(at) : pull_dot_string(at);
	if (result != PATH_OK)
		return result;
	*out = passed(start, *at);
	return PATH_OK;
}

/* ---- domain ------------------------------------------------------------ */

static enum path_result
pull_label(struct span *at)
{
	size_t i = 0;

	while (i < at->length && (is_alnum(at->data[i]) ||
	    at->data[i] == '-' || at->data[i] == '_'))
		i++;
	if (i == 0 || at->data[0] == '-' || at->data[i - 1] == '-') {
		*at = span_skip(*at, i);
		return stuck(*at);
	}
	*at = span_skip(*at, i);
	return i > LABEL_MOST ? PATH_LONG : PATH_OK;
}

/* A name; one final dot is passed over and not part of *OUT. */
static enum path_result
pull_name(struct span *at, struct span *out)
{
	struct span start = *at;
	enum path_result result;

	for (;;) {
		result = pull_label(at);
		if (result != PATH_OK)
			return result;
		*out = passed(start, *at);
		if (!skip_byte(at, '.'))
			break;
		if (at->length == 0 || at->data[0] == '>' ||
		    at->data[0] == ',' || at->data[0] == ':')
			break;
	}
	return out->length > DOMAIN_MOST ? PATH_LONG : PATH_OK;
}

/* "192.0.2.1" or "IPv6:2001:db8::1", the inside of the brackets. */
static bool
literal_is_valid(struct span inside)
{
	static const char tag[] = "IPv6:";
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	int family = AF_INET;

	if (span_starts_nocase(inside, tag)) {
		inside = span_skip(inside, sizeof tag - 1);
		family = AF_INET6;
	}
	if (inside.length >= sizeof text ||
	    span_find(inside, 0) < inside.length)
		return false;
	memcpy(text, inside.data, inside.length);
	text[inside.length] = '\0';
	return inet_pton(family, text, &address) == 1;
}

static enum path_result
pull_literal(struct span *at, struct span *out)
{
	size_t close = span_find(*at, ']');
	struct span inside = span_skip(span_first(*at, close), 1);

	if (close == at->length || !literal_is_valid(inside))
		return PATH_SYNTAX;
	*out = span_first(*at, close + 1);
	*at = span_skip(*at, close + 1);
	return PATH_OK;
}

static enum path_result
pull_domain(struct span *at, struct span *out)
{
	return next_is(*at, '[') ? pull_literal(at, out) : pull_name(at, out);
}

/* ---- mailbox and path -------------------------------------------------- */

static enum path_result
pull_mailbox(struct span *at, struct path *path)
{
	struct span start = *at, end;
	enum path_result result;

	result = pull_local(at, &path->local);
	if (result != PATH_OK)
		return result;
	end = path->local;
	if (skip_byte(at, '@')) {
		result = pull_domain(at, &path->domain);
		if (result != PATH_OK)
			return result;
		end = path->domain;
	}
	path->mailbox = span_make(start.data,
	    (size_t)(end.data - start.data) + end.length);
	/* The limit counts the angle brackets too. */
	return path->mailbox.length > PATH_MOST - 2 ? PATH_LONG : PATH_OK;
}

/* "@one,@two:" */
static enum path_result
pull_route(struct span *at)
{
	struct span ignored;
	enum path_result result;

	do {
		if (!skip_byte(at, '@'))
			return stuck(*at);
		result = pull_domain(at, &ignored);
		if (result != PATH_OK)
			return result;
	} while (skip_byte(at, ','));
	return skip_byte(at, ':') ? PATH_OK : stuck(*at);
}

enum path_result
path_pull(struct span *in, struct path *out)
{
	struct span at = *in;
	struct path path = { 0 };
	enum path_result result;

	if (!skip_byte(&at, '<'))
		return PATH_SYNTAX;
	if (!next_is(at, '>')) {
		if (next_is(at, '@')) {
			path.routed = true;
			result = pull_route(&at);
			if (result != PATH_OK)
				return result;
		}
		result = pull_mailbox(&at, &path);
		if (result != PATH_OK)
			return result;
	}
	if (!skip_byte(&at, '>'))
		return stuck(at);
	*in = at;
	*out = path;
	return PATH_OK;
}

enum path_result
mailbox_parse(struct span in, struct path *out)
{
	struct path path = { 0 };
	enum path_result result = pull_mailbox(&in, &path);

	if (result != PATH_OK)
		return result;
	if (in.length > 0)
		return stuck(in);
	*out = path;
	return PATH_OK;
}

bool
domain_is_valid(struct span domain)
{
	struct span at = domain, name;

	return pull_name(&at, &name) == PATH_OK && at.length == 0 &&
	    name.length == domain.length;
}

bool
helo_is_valid(struct span argument)
{
	struct span at = argument, ignored;

	return pull_domain(&at, &ignored) == PATH_OK && at.length == 0;
}

bool
local_part_routes(struct span local)
{
	return span_find(local, '%') < local.length ||
	    span_find(local, '!') < local.length ||
	    span_find(local, '@') < local.length;
}
