/* SPDX-License-Identifier: ISC
 *
 * queue_show.c - one message of the queue, for people.
 *
 * The envelope is a block of lines "Name: value"; the content follows after
 * an empty line, as text with the line ends of this system: byte for byte
 * into a file or a pipe, but a terminal is spared what would steer it.
 */
#include "ctl/verbs.h"

#include "base/plain.h"
#include "ctl/base64.h"
#include "ctl/listing.h"
#include "ctl/relay.h"
#include "ctl/tool.h"

#include <stdio.h>
#include <unistd.h>

enum { PIECE_MOST = 64 << 20, TEXT_MOST = 1024 };

struct show {
	bool envelope, content;
	bool found;		/* its row came */
	bool started;		/* some content came */
	bool after_cr;
	bool broken;		/* a piece was not base64 */
	bool terminal;
	uint8_t held[4];	/* the beginning of a character, for it */
	size_t held_count;
};

static void
put_line(json_t *row, const char *key, const char *name)
{
	char text[TEXT_MOST];

	if (json_object_get(row, key) == NULL)
		return;
	listing_text(row, key, text, sizeof(text));
	printf("%-12s %s\n", name, text);
}

static void
put_number(json_t *row, const char *key, const char *name)
{
	json_t *number = json_object_get(row, key);

	if (json_is_integer(number))
		printf("%-12s %lld\n", name,
		    (long long)json_integer_value(number));
}

static void
put_time(json_t *row, const char *key, const char *name)
{
	long long when = json_integer_value(json_object_get(row, key));
	char text[32];

	if (when != 0)
		printf("%-12s %s\n", name,
		    listing_time(when, text, sizeof(text)));
}

static void
put_recipients(json_t *row)
{
	json_t *recipient;
	size_t i;

	json_array_foreach(json_object_get(row, "recipients"), i, recipient) {
		put_line(recipient, "address", "To:");
		put_line(recipient, "orig_address", "  was:");
		put_line(recipient, "delay_reason", "  waits for:");
	}
}

static void
put_envelope(json_t *row)
{
	put_line(row, "queue_id", "Id:");
	put_line(row, "queue_name", "Queue:");
	put_line(row, "class", "Class:");
	put_number(row, "priority", "Priority:");
	put_time(row, "arrival_time", "Arrived:");
	put_line(row, "client", "Client:");
	put_line(row, "envid", "Envelope-Id:");
	put_number(row, "message_size", "Size:");
	put_line(row, "site", "Site:");
	put_number(row, "attempts", "Attempts:");
	put_time(row, "next_attempt", "Next:");
	put_line(row, "segment", "Segment:");
	put_number(row, "offset", "Offset:");
	put_line(row, "sender", "From:");
	put_recipients(row);
}

/* ---- content ---------------------------------------------------------------------------- */

/* Whether what is held may yet become a character. */
static bool
may_go_on(const struct show *show)
{
	uint8_t first = show->held[0];
	size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	return first >= 0xc2 && show->held_count < length &&
	    (show->held_count == 1 ||
	    (show->held[show->held_count - 1] & 0xc0) == 0x80);
}

/* Give out what is held: whole characters, and "?" for what is not plain. */
static void
put_held(struct show *show, bool all)
{
	while (show->held_count > 0 && (all || !may_go_on(show))) {
		size_t length = plain_length(span_make(show->held,
		    show->held_count)), takes = length > 0 ? length : 1;

		if (length > 0)
			fwrite(show->held, 1, length, stdout);
		else
			putchar('?');
		show->held_count -= takes;
		memmove(show->held, show->held + takes, show->held_count);
	}
}

static void
put_byte(struct show *show, uint8_t byte)
{
	bool as_it_is = !show->terminal || byte == '\n' || byte == '\t';

	if (as_it_is) {
		put_held(show, true);
		putchar(byte);
		return;
	}
	show->held[show->held_count++] = byte;
	put_held(show, false);
}

/* CRLF becomes LF; a CR may be the last byte of one piece and its LF the
 * first of the next. */
static void
put_content(struct show *show, struct span bytes)
{
	size_t i;

	if (!show->started && show->envelope)
		putchar('\n');
	show->started = true;
	for (i = 0; i < bytes.length; i++) {
		uint8_t byte = bytes.data[i];

		if (show->after_cr && byte != '\n')
			put_byte(show, '\r');
		show->after_cr = byte == '\r';
		if (!show->after_cr)
			put_byte(show, byte);
	}
}

static void
show_row(void *owner, json_t *row)
{
	struct show *show = owner;
	const char *text = json_string_value(json_object_get(row, "bytes"));
	struct buf bytes;

	if (json_object_get(row, "queue_id") != NULL) {
		show->found = true;
		if (show->envelope)
			put_envelope(row);
	}
	if (text == NULL || !show->content)
		return;
	buf_init(&bytes, PIECE_MOST);
	show->broken |= !base64_decode(span_of(text), &bytes);
	put_content(show, buf_peek(&bytes));
	buf_fini(&bytes);
}

int
verb_queue_show(const struct options *options, int count, char **argv)
{
	struct show show = {
		.envelope = !options->headers || options->envelope,
		.content = !options->envelope || options->headers,
		.terminal = isatty(STDOUT_FILENO) == 1,
	};
	const char *part = "all";
	int status;

	(void)count;
	if (options->headers)
		part = "headers";
	else if (options->envelope)
		part = "envelope";
	status = relay_ask(options->config, json_pack("{s:s, s:s, s:s}",
	    "verb", "queue.show", "id", argv[0], "part", part),
	    EX_UNAVAILABLE, show_row, &show);
	put_held(&show, true);
	if (status == EX_OK && !show.found)
		status = tool_fail(EX_NOINPUT, "%s: not in the queue",
		    argv[0]);
	if (status == EX_OK && show.broken)
		status = tool_fail(EX_PROTOCOL, "%s: the relay sent content "
		    "that is not base64", argv[0]);
	return tool_finish(status);
}
