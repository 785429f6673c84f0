/* SPDX-License-Identifier: ISC
 *
 * sendmail.c - mail from programs, the way they have handed it over since
 * 1983.
 *
 * Standard input becomes a message and goes to the relay over its submit
 * socket.  Exit codes are those of sysexits.h: 0 means that the relay has it
 * on stable storage, 75 that trying again later will help.
 */
#include "base/mem.h"
#include "ctl/mailing.h"
#include "ctl/pipe_smtp.h"
#include "ctl/relay.h"
#include "ctl/sendmail_options.h"
#include "ctl/tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int
flush(const struct sendmail_options *options)
{
	json_t *request;

	if (options->flush_id != NULL)
		request = json_pack("{s:s, s:{s:[s]}}", "verb", "queue.retry",
		    "filter", "ids", options->flush_id);
	else
		request = json_pack("{s:s, s:s*, s:s*}", "verb", "flush",
		    "site", options->flush_site,
		    "sender", options->flush_sender);
	if (request == NULL)
		return tool_fail(EX_USAGE, "-q: not UTF-8");
	return relay_ask(options->config, request, EX_TEMPFAIL, NULL, NULL);
}

static int
mail_or_smtp(const struct sendmail_options *options, int count, char **argv)
{
	struct err err = { 0 };
	struct conf *conf = tool_relay(options->config, &err);
	char *path;
	int status;

	/* whoever calls can try again, and nobody mends files for it */
	if (conf == NULL)
		return tool_fail(EX_TEMPFAIL, "%s", err.text);
	if (options->mode == MODE_SMTP) {
		path = mem_printf("%s.submit", conf->control);
		status = pipe_smtp(path, &err);
		if (status != EX_OK)
			tool_fail(status, "%s", err.text);
		mem_free(path);
	} else if (options->mode == MODE_VERIFY) {
		status = mailing_verify(options, conf, count, argv);
	} else {
		status = mailing_send(options, conf, count, argv);
	}
	conf_free(&conf);
	return status;
}

static const char usage[] =
    "usage: sendmail [-t] [-i] [-f sender] [-F name] [-v] [option ...] "
    "[recipient ...]\n"
    "       sendmail -bs | -bv | -bp | -q ...\n"
    "       sendmail --help | --version\n"
    "See sendmail.postrider(1).\n";

/* What stands alone: -h with a value is a count of hops, and dashes may
 * begin the name of a recipient. */
static bool
asks(int argc, char **argv, const char *word, const char *letter)
{
	return argc == 2 &&
	    (strcmp(argv[1], word) == 0 || strcmp(argv[1], letter) == 0);
}

int
main(int argc, char **argv)
{
	struct sendmail_options options;
	struct err err = { 0 };

	/* a link that packages make and call */
	if (strcmp(program_invocation_short_name, "newaliases") == 0)
		return EX_OK;
	if (asks(argc, argv, "--help", "-h")) {
		fputs(usage, stdout);
		return tool_finish(EX_OK);
	}
	if (asks(argc, argv, "--version", "--version"))
		return tool_version();
	if (!sendmail_options_parse(argc, argv, &options, &err))
		return tool_fail(EX_USAGE, "%s", err.text);
	switch (options.mode) {
	case MODE_LIST:
		return relay_list(options.config, json_object(), false,
		    EX_TEMPFAIL);
	case MODE_FLUSH:
		return flush(&options);
	case MODE_NOTHING:
		return EX_OK;
	default:
		return mail_or_smtp(&options, argc - options.rest,
		    argv + options.rest);
	}
}
