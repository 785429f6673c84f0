/* SPDX-License-Identifier: ISC
 *
 * status_verb.c - what the processes do, and how much waits.
 */
#include "ctl/verbs.h"

#include "ctl/listing.h"
#include "ctl/relay.h"
#include "ctl/tool.h"

#include <stdio.h>

/* "5s", "12m", "3h20m", "4d6h". */
static const char *
age_text(long long seconds, char *out, size_t most)
{
	if (seconds < 60)
		snprintf(out, most, "%llds", seconds);
	else if (seconds < 3600)
		snprintf(out, most, "%lldm", seconds / 60);
	else if (seconds < 86400)
		snprintf(out, most, "%lldh%lldm", seconds / 3600,
		    seconds / 60 % 60);
	else
		snprintf(out, most, "%lldd%lldh", seconds / 86400,
		    seconds / 3600 % 24);
	return out;
}

static long long
number(json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static void
print_processes(json_t *processes)
{
	char role[32], up[32];
	json_t *row;
	size_t i;

	printf("\n%-14s %8s %8s %10s\n", "PROCESS", "PID", "UP", "BEAT");
	json_array_foreach(processes, i, row) {
		listing_text(row, "role", role, sizeof(role));
		printf("%-10s %3lld %8lld %8s %8lldms\n", role,
		    number(row, "number"), number(row, "pid"),
		    age_text(number(row, "uptime_s"), up, sizeof(up)),
		    number(row, "beat_ms"));
	}
}

static void
print_queue(json_t *queue)
{
	const char *name;
	json_t *row;

	printf("\n%-14s %8s %8s %8s %8s\n", "CLASS", "READY", "FLYING",
	    "WAITING", "HELD");
	json_object_foreach(queue, name, row)
		printf("%-14s %8lld %8lld %8lld %8lld\n", name,
		    number(row, "ready"), number(row, "flying"),
		    number(row, "waiting"), number(row, "held"));
}

/* What only the operator can mend. */
static void
print_attention(json_t *row)
{
	json_t *list = json_object_get(row, "attention"), *one;
	long long count = number(row, "attention_count");
	char host[300], text[1024];
	size_t i;

	json_array_foreach(list, i, one)
		printf("needs attention: %s %s\n",
		    listing_text(one, "host", host, sizeof(host)),
		    listing_text(one, "text", text, sizeof(text)));
	if (count > (long long)json_array_size(list))
		printf("needs attention: %lld more\n",
		    count - (long long)json_array_size(list));
}

/* Why closed spool files do not give back the place of what is done in them;
 * nothing, where they do. */
static void
print_space(json_t *row)
{
	char why[1024];

	if (json_object_get(row, "space_kept") != NULL)
		printf("spool files keep their space until all in them is "
		    "done: %s\n", listing_text(row, "space_kept", why,
		    sizeof(why)));
}

/* Whose mail is not taken, and why. */
static void
print_disk(json_t *row)
{
	char text[256];

	if (json_object_get(row, "disk_short") != NULL)
		printf("the disk is short of room: %s\n", listing_text(row,
		    "disk_short", text, sizeof(text)));
}

/* What of the spool is not whole; nothing, where all is. */
static void
print_damage(json_t *row)
{
	json_t *corrupt = json_object_get(row, "corrupt");
	json_t *unreadable = json_object_get(row, "unreadable");
	char age[32];

	if (corrupt != NULL)
		printf("damaged mail: %lld in corrupt/, the oldest for %s; "
		    "see \"postrider spool corrupt list\"\n",
		    number(corrupt, "files"), age_text(number(corrupt,
		    "oldest_s"), age, sizeof(age)));
	if (unreadable != NULL)
		printf("unreadable: %lld part%s of the spool, %lld bytes, "
		    "tried again each hour; look at the disk\n",
		    number(unreadable, "parts"),
		    number(unreadable, "parts") == 1 ? "" : "s",
		    number(unreadable, "bytes"));
	if (number(row, "unkept") > 0)
		printf("damaged mail: %lld not in corrupt/ yet, where it "
		    "is told of; if this stays, see the log\n",
		    number(row, "unkept"));
	if (number(row, "newer") > 0)
		printf("mail of a later version of postrider: %lld, left "
		    "alone; that version will send it\n",
		    number(row, "newer"));
}

static void
print_status(void *owner, json_t *row)
{
	const bool *json = owner;
	char version[64], up[32];

	if (json_object_get(row, "version") == NULL)
		return;
	if (*json) {
		json_object_del(row, "end");
		json_dumpf(row, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		putchar('\n');
		return;
	}
	printf("postrider %s, up %s, %lld site%s, %lld segment%s\n",
	    listing_text(row, "version", version, sizeof(version)),
	    age_text(number(row, "uptime_s"), up, sizeof(up)),
	    number(row, "sites"), number(row, "sites") == 1 ? "" : "s",
	    number(row, "segments"), number(row, "segments") == 1 ? "" : "s");
	print_attention(row);
	print_disk(row);
	print_space(row);
	print_damage(row);
	print_queue(json_object_get(row, "queue"));
	print_processes(json_object_get(row, "processes"));
}

int
verb_status(const struct options *options, int count, char **argv)
{
	bool json = options->json;

	(void)count, (void)argv;
	return tool_finish(relay_ask(options->config,
	    json_pack("{s:s}", "verb", "status"), EX_UNAVAILABLE,
	    print_status, &json));
}
