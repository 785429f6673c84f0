/* SPDX-License-Identifier: ISC
 *
 * command.c - a client's command line as a value.
 *
 * Splits the line, then walks path and parameters from left to right; what
 * a parameter's value means stands in param.c.  The first thing that cannot
 * be taken is the complaint; what was parsed before it is of no use then.
 */
#include "smtp/command.h"

#include "smtp/param.h"

static const char *const verb_names[VERB_COUNT] = {
	[VERB_UNKNOWN] = "?", [VERB_HELO] = "HELO", [VERB_EHLO] = "EHLO",
	[VERB_MAIL] = "MAIL", [VERB_RCPT] = "RCPT", [VERB_DATA] = "DATA",
	[VERB_RSET] = "RSET", [VERB_NOOP] = "NOOP", [VERB_QUIT] = "QUIT",
	[VERB_VRFY] = "VRFY", [VERB_EXPN] = "EXPN", [VERB_HELP] = "HELP",
	[VERB_STARTTLS] = "STARTTLS", [VERB_AUTH] = "AUTH",
	[VERB_BDAT] = "BDAT", [VERB_ETRN] = "ETRN"
};

static const struct complaint no_complaint = { 0, "", "" };

const char *
verb_name(enum verb verb)
{
	return verb < VERB_COUNT ? verb_names[verb] : "?";
}

static enum verb
verb_find(struct span word)
{
	for (enum verb verb = VERB_UNKNOWN + 1; verb < VERB_COUNT; verb++)
		if (span_is_nocase(word, verb_names[verb]))
			return verb;
	return VERB_UNKNOWN;
}

static struct span
skip_spaces(struct span s)
{
	while (s.length > 0 && s.data[0] == ' ')
		s = span_skip(s, 1);
	return s;
}

bool
command_split(struct span line, enum verb *verb, struct span *argument)
{
	struct span word;

	while (line.length > 0 && (line.data[line.length - 1] == ' ' ||
	    line.data[line.length - 1] == '\t'))
		line.length--;
	for (size_t i = 0; i < line.length; i++)
		if (line.data[i] < ' ' || line.data[i] == 0x7f)
			return false;
	word = span_first(line, span_find(line, ' '));
	*verb = verb_find(word);
	*argument = skip_spaces(span_skip(line, word.length));
	return true;
}

static struct complaint
complain(unsigned code, const char *status, const char *text)
{
	return (struct complaint){ code, status, text };
}

/* ---- parameters -------------------------------------------------------- */

static bool
is_keyword(struct span s)
{
	for (size_t i = 0; i < s.length; i++) {
		uint8_t c = s.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c == '-' && i > 0)))
			return false;
	}
	return s.length > 0;
}

/* One "KEYWORD=value"; SEEN has a bit for each row that came before. */
static struct complaint
take_param(struct span word, const struct param_row *rows, unsigned offered,
    unsigned *seen, void *params)
{
	size_t equals = span_find(word, '=');
	struct span keyword = span_first(word, equals);
	struct span value = span_skip(word, equals + 1);
	size_t i = 0;

	if (!is_keyword(keyword))
		return complain(501, "5.5.4", "That is no parameter");
	while (rows[i].keyword != NULL &&
	    !span_is_nocase(keyword, rows[i].keyword))
		i++;
	if (rows[i].keyword == NULL || (rows[i].ext & offered) == 0)
		return complain(555, "5.5.4",
		    "Parameter not recognized or not offered");
	if ((*seen & 1U << i) != 0)
		return complain(501, "5.5.4", "Parameter given twice");
	*seen |= 1U << i;
	if (value.length == 0 || !rows[i].set(value, params))
		return complain(501, "5.5.4", rows[i].complaint);
	return no_complaint;
}

/* All that follows the path. */
static struct complaint
take_params(struct span rest, const struct param_row *rows, unsigned offered,
    void *params)
{
	struct complaint complaint;
	unsigned seen = 0;

	if (rest.length > 0 && rest.data[0] != ' ')
		return complain(501, "5.5.4",
		    "There must be a space after the address");
	for (rest = skip_spaces(rest); rest.length > 0;
	    rest = skip_spaces(rest)) {
		struct span word = span_first(rest, span_find(rest, ' '));

		complaint = take_param(word, rows, offered, &seen, params);
		if (complaint.code != 0)
			return complaint;
		rest = span_skip(rest, word.length);
	}
	return no_complaint;
}

/* ---- path and the whole argument --------------------------------------- */

/*
 * "a@b" without brackets, or "< a@b >".  A word that has no domain and an
 * equals sign is a parameter whose path was forgotten.
 */
static enum path_result
pull_loose(struct span *rest, struct path *path)
{
	struct span at = *rest, word;
	bool angle = at.length > 0 && at.data[0] == '<';
	enum path_result result;

	if (angle)
		at = skip_spaces(span_skip(at, 1));
	word = span_first(at, span_find(at, ' '));
	if (angle)
		word = span_first(word, span_find(word, '>'));
	result = mailbox_parse(word, path);
	if (result != PATH_OK)
		return result;
	if (path->domain.length == 0 && span_find(word, '=') < word.length)
		return PATH_SYNTAX;
	at = span_skip(at, word.length);
	if (angle) {
		at = skip_spaces(at);
		if (at.length == 0 || at.data[0] != '>')
			return PATH_SYNTAX;
		at = span_skip(at, 1);
	}
	*rest = at;
	return PATH_OK;
}

static enum path_result
pull_path(struct span *rest, unsigned offered, struct path *path)
{
	enum path_result result = path_pull(rest, path);

	if (result == PATH_SYNTAX && (offered & SYNTAX_LIBERAL) != 0)
		result = pull_loose(rest, path);
	return result;
}

/*
 * Pull PREFIX and the path off REST.  A space after the colon is wrong, but
 * too common among clients to be refused.
 */
static struct complaint
take_path(struct span *rest, const char *prefix, const char *status,
    unsigned offered, struct path *path)
{
	if (!span_starts_nocase(*rest, prefix))
		return complain(501, "5.5.4", prefix[0] == 'F' ?
		    "Say MAIL FROM:<address>" : "Say RCPT TO:<address>");
	*rest = skip_spaces(span_skip(*rest, strlen(prefix)));
	switch (pull_path(rest, offered, path)) {
	case PATH_OK:
		return no_complaint;
	case PATH_LONG:
		return complain(501, status, "Address too long");
	case PATH_UTF8:
		return complain(553, "5.6.7",
		    "Addresses beyond ASCII are not supported");
	case PATH_SYNTAX:
		break;
	}
	return complain(501, status, "Bad address syntax");
}

struct complaint
mail_parse(struct span argument, unsigned offered, struct path *path,
    struct mail_params *params)
{
	struct complaint complaint;

	*params = (struct mail_params){ 0 };
	complaint = take_path(&argument, "FROM:", "5.1.7", offered, path);
	if (complaint.code != 0)
		return complaint;
	if (path->mailbox.length > 0 && path->domain.length == 0 &&
	    (offered & SYNTAX_LIBERAL) == 0)
		return complain(501, "5.1.7",
		    "The sender address has no domain");
	return take_params(argument, mail_param_rows, offered, params);
}

struct complaint
rcpt_parse(struct span argument, unsigned offered, struct path *path,
    struct rcpt_params *params)
{
	struct complaint complaint;

	*params = (struct rcpt_params){ 0 };
	complaint = take_path(&argument, "TO:", "5.1.3", offered, path);
	if (complaint.code != 0)
		return complaint;
	if (path->domain.length == 0 && (path->mailbox.length == 0 ||
	    ((offered & SYNTAX_LIBERAL) == 0 &&
	    !span_is_nocase(path->local, "postmaster"))))
		return complain(501, "5.1.3", path->mailbox.length == 0 ?
		    "The recipient address is empty" :
		    "The recipient address has no domain");
	return take_params(argument, rcpt_param_rows, offered, params);
}
