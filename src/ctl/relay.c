/* SPDX-License-Identifier: ISC
 *
 * relay.c - one question to the running relay.
 */
#include "ctl/relay.h"

#include "ctl/listing.h"
#include "ctl/tool.h"

#include <stdio.h>

enum { TEXT_MOST = 64 << 20 };

struct asker {
	client_row_fn *fn;
	void *owner;
};

/* Whatever was asked is answered from what the relay knows so far. */
static void
on_row(void *owner, json_t *row)
{
	const struct asker *asker = owner;
	json_t *loading = json_object_get(row, "loading");

	if (loading != NULL)
		fprintf(stderr, "loading: %lld of %lld segments read; what is "
		    "not read yet does not count\n",
		    (long long)json_integer_value(json_object_get(loading,
		    "read")), (long long)json_integer_value(
		    json_object_get(loading, "segments")));
	if (asker->fn != NULL)
		asker->fn(asker->owner, row);
}

int
relay_ask(const char *given, json_t *request, int down, client_row_fn *fn,
    void *owner)
{
	struct conf *conf;
	struct client client;
	struct err err = { 0 };
	int status = down;
	struct asker asker = { fn, owner };

	if (request == NULL)
		return tool_fail(EX_USAGE, "what was given is not UTF-8; no "
		    "name or address is like that");
	conf = tool_relay(given, &err);
	if (conf != NULL && client_open(&client, conf->control, &err)) {
		status = client_ask(&client, request, on_row, &asker,
		    &err);
		client_close(&client);
	}
	if (status != EX_OK)
		tool_fail(status, "%s", err.text);
	conf_free(&conf);
	json_decref(request);
	return status;
}

struct printer {
	struct listing listing;
	struct buf text;
	bool json;
};

static void
print_text(struct buf *text)
{
	struct span all = buf_peek(text);

	if (all.length > 0)
		fwrite(all.data, 1, all.length, stdout);
	buf_clear(text);
}

static void
print_row(void *owner, json_t *row)
{
	struct printer *printer = owner;

	if (!printer->json) {
		listing_row(&printer->listing, row, &printer->text);
		print_text(&printer->text);
	} else if (json_object_get(row, "queue_id") != NULL) {
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
	}
}

int
relay_list(const char *given, json_t *filter, bool json, int down)
{
	struct printer printer = { .json = json,
	    .listing.filtered = json_object_size(filter) > 0 };
	int status;

	buf_init(&printer.text, TEXT_MOST);
	status = relay_ask(given, json_pack("{s:s, s:o, s:s}",
	    "verb", "queue.list", "filter", filter, "order", "id"), down,
	    print_row, &printer);
	if (status == EX_OK && !json) {
		listing_end(&printer.listing, &printer.text);
		print_text(&printer.text);
	}
	buf_fini(&printer.text);
	return tool_finish(status);
}
