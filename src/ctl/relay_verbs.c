/* SPDX-License-Identifier: ISC
 *
 * relay_verbs.c - the running relay as a whole: flush, reload, log, stop.
 */
#include "ctl/verbs.h"

#include "ctl/client.h"
#include "ctl/relay.h"
#include "ctl/tool.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { GONE_PAUSE_MS = 20, GONE_TRIES = 500 };

/* Quiet when all is well, so that cron sends no mail about it. */
int
verb_flush(const struct options *options, int count, char **argv)
{
	struct err err = { 0 };
	json_t *request = options_filter(options, &err);

	(void)count, (void)argv;
	if (request == NULL)
		return tool_fail(EX_USAGE, "%s", err.text);
	json_object_set_new(request, "verb", json_string("flush"));
	return relay_ask(options->config, request, EX_UNAVAILABLE, NULL, NULL);
}

int
verb_reload(const struct options *options, int count, char **argv)
{
	(void)count, (void)argv;
	return relay_ask(options->config, json_pack("{s:s}", "verb", "reload"),
	    EX_UNAVAILABLE, NULL, NULL);
}

int
verb_log_reopen(const struct options *options, int count, char **argv)
{
	(void)count, (void)argv;
	return relay_ask(options->config, json_pack("{s:s}", "verb",
	    "log.reopen"), EX_UNAVAILABLE, NULL, NULL);
}

/* The control socket is closed, but the master may still be there. */
static bool
wait_gone(const char *path)
{
	struct err err;
	int tries, fd;

	for (tries = 0; tries < GONE_TRIES; tries++) {
		fd = tool_connect(path, 1, &err);
		if (fd == -1)
			return true;
		close(fd);
		poll(NULL, 0, GONE_PAUSE_MS);
	}
	return false;
}

static int
stop_and_wait(const char *path)
{
	struct err err = { 0 };
	struct client client;
	json_t *request;
	bool gone = false;
	int status;

	if (!client_open(&client, path, &err))
		return tool_fail(EX_UNAVAILABLE, "%s", err.text);
	request = json_pack("{s:s}", "verb", "stop");
	status = client_ask(&client, request, NULL, NULL, &err);
	json_decref(request);
	if (status == EX_OK)
		gone = client_wait_end(&client) && wait_gone(path);
	client_close(&client);
	if (status != EX_OK)
		return tool_fail(status, "%s", err.text);
	if (!gone)
		puts("the relay is stopping; it still finishes deliveries "
		    "under way");
	return tool_finish(EX_OK);
}

int
verb_stop(const struct options *options, int count, char **argv)
{
	struct err err = { 0 };
	struct conf *conf = tool_relay(options->config, &err);
	int status;

	(void)count, (void)argv;
	if (conf == NULL)
		return tool_fail(EX_UNAVAILABLE, "%s", err.text);
	status = stop_and_wait(conf->control);
	conf_free(&conf);
	return status;
}
