/* SPDX-License-Identifier: ISC
 *
 * listing.c - the queue as text.
 */
#include "ctl/listing.h"

#include "ctl/tool.h"

#include <stdio.h>
#include <time.h>

#define ROW_FORMAT "%-17s %8s %-19s %s\n"

enum { REASON_MOST = 1024, ADDRESS_MOST = 1024, REASON_COLUMN = 76 };

const char *
listing_text(json_t *row, const char *key, char *out, size_t most)
{
	return tool_plain(json_string_value(json_object_get(row, key)), out,
	    most);
}

const char *
listing_time(long long seconds, char *out, size_t most)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL ||
	    strftime(out, most, "%a %b %e %H:%M:%S", &tm) == 0)
		snprintf(out, most, "-");
	return out;
}

/* The id with its mark: active "*", held "!", expiry forced "#". */
static void
put_id(json_t *row, char *out, size_t most)
{
	char id[32], queue[16];
	const char *mark = "";

	listing_text(row, "queue_id", id, sizeof(id));
	listing_text(row, "queue_name", queue, sizeof(queue));
	if (strcmp(queue, "active") == 0)
		mark = "*";
	else if (strcmp(queue, "hold") == 0)
		mark = "!";
	snprintf(out, most, "%s%s%s", id, mark,
	    json_is_true(json_object_get(row, "forced_expire")) ? "#" : "");
}

static void
put_message(json_t *row, struct buf *out)
{
	char id[40], size[24], when[24], sender[ADDRESS_MOST];

	put_id(row, id, sizeof(id));
	snprintf(size, sizeof(size), "%lld", (long long)
	    json_integer_value(json_object_get(row, "message_size")));
	listing_time(json_integer_value(json_object_get(row, "arrival_time")),
	    when, sizeof(when));
	listing_text(row, "sender", sender, sizeof(sender));
	buf_printf(out, ROW_FORMAT, id, size, when,
	    *sender == '\0' ? "MAILER-DAEMON" : sender);
}

/* A reason stands above the recipients it is for, at the right. */
static void
put_recipients(json_t *row, struct buf *out)
{
	char last[REASON_MOST] = "", why[REASON_MOST], address[ADDRESS_MOST];
	json_t *recipient;
	size_t i;

	json_array_foreach(json_object_get(row, "recipients"), i, recipient) {
		listing_text(recipient, "delay_reason", why, sizeof(why));
		if (strcmp(why, last) != 0) {
			const char *text =
			    *why == '\0' ? "reason unavailable" : why;
			int pad = REASON_COLUMN - (int)strlen(text);

			buf_printf(out, "%*s(%s)\n", pad > 0 ? pad : 0, "",
			    text);
			memcpy(last, why, sizeof(last));
		}
		listing_text(recipient, "address", address, sizeof(address));
		buf_printf(out, ROW_FORMAT, "", "", "", address);
	}
}

void
listing_row(struct listing *listing, json_t *row, struct buf *out)
{
	if (json_object_get(row, "loading") != NULL)
		listing->loading = true;
	if (json_object_get(row, "queue_id") == NULL)
		return;
	if (listing->messages == 0)
		buf_printf(out, ROW_FORMAT, "----Queue ID-----", "--Size--",
		    "---Arrival Time----", "--Sender/Recipient------");
	else
		buf_append_byte(out, '\n');
	put_message(row, out);
	put_recipients(row, out);
	listing->messages++;
	listing->bytes += (unsigned long long)
	    json_integer_value(json_object_get(row, "message_size"));
}

void
listing_end(const struct listing *listing, struct buf *out)
{
	if (listing->messages == 0)
		buf_append_text(out, listing->loading ?
		    "Mail queue is being read\n" : listing->filtered ?
		    "No message matches\n" : "Mail queue is empty\n");
	else
		buf_printf(out, "\n-- %llu Kbytes in %lu Request%s.\n",
		    listing->bytes / 1024, listing->messages,
		    listing->messages == 1 ? "" : "s");
}
