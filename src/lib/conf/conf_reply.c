/* SPDX-License-Identifier: ISC
 *
 * conf_reply.c - rules for what servers say: expressions, and which rule is
 * meant.
 */
#include "conf/conf_parser.h"

#include "base/mem.h"

enum { REGEX_MOST = 512 };	/* bytes */

bool
conf_reply_open(struct conf_parser *parser, const char *argument,
    struct conf_scope *scope)
{
	struct conf_reply *reply;
	char why[160];
	int status;

	if (*argument == '\0' || strlen(argument) > REGEX_MOST)
		return err_set(parser->err, ERR_CONFIG, "reply \"%.60s\": a "
		    "regular expression of up to %d bytes is wanted",
		    argument, REGEX_MOST);
	scope->item = reply = conf_block_add(parser->conf, scope->block,
	    argument);
	reply->compiled = mem_new(regex_t);
	status = regcomp(reply->compiled, argument,
	    REG_EXTENDED | REG_ICASE | REG_NOSUB);
	if (status == 0)
		return true;
	regerror(status, reply->compiled, why, sizeof why);
	mem_free(reply->compiled);
	reply->compiled = NULL;
	return err_set(parser->err, ERR_CONFIG, "reply \"%.60s\": no regular "
	    "expression: %s", argument, why);
}

bool
conf_reply_close(struct conf_parser *parser, const struct conf_reply *reply,
    struct conf_place opened)
{
	if (reply->temporary && reply->permanent) {
		err_set(parser->err, ERR_CONFIG, "a reply cannot be both "
		    "temporary and permanent: keep one of them");
		return conf_error_at(parser, conf_seen(parser, BLOCK_REPLY,
		    "permanent"));
	}
	if (reply->slow || reply->temporary || reply->permanent ||
	    reply->pause > 0)
		return true;
	err_set(parser->err, ERR_CONFIG, "nothing follows from this reply: "
	    "add slow, pause TIME, temporary or permanent");
	return conf_error_at(parser, opened);
}

void
conf_reply_fini(void *item)
{
	struct conf_reply *reply = item;

	if (reply->compiled == NULL)
		return;
	regfree(reply->compiled);
	mem_free(reply->compiled);
}

const struct conf_reply *
conf_reply_for(const struct conf *conf, const char *text, struct span domain,
    struct span host)
{
	for (size_t i = 0; i < conf->reply_count; i++) {
		const struct conf_reply *reply = &conf->replies[i];

		if ((conf_pattern_matches(reply->at, domain) ||
		    conf_pattern_matches(reply->at, host)) &&
		    regexec(reply->compiled, text, 0, NULL, 0) == 0)
			return reply;
	}
	return NULL;
}

/* ---- options that are a name alone --------------------------------------- */

bool
conf_flag_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	if (words->count > 0)
		return err_set(err, ERR_CONFIG, "%s takes nothing after it, "
		    "not %.60s", option->name, words->word[0]);
	*(bool *)field = true;
	return true;
}

void
conf_flag_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	if (!*(const bool *)field)
		return;
	conf_line_start(option, indent, out);
	buf_append_byte(out, '\n');
}
