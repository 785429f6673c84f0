/* SPDX-License-Identifier: ISC
 *
 * fuzz_reply.c - fuzzes replies.
 *
 * Whole or byte by byte: the same reply.  Its text is clean, and what we
 * write of it is a reply again.
 */
#include "fuzz/fuzz.h"

#include "smtp/reply.h"

#include <stdlib.h>

static enum reply_step
pull_bytewise(struct reply *reply, struct span s, size_t *used)
{
	enum reply_step step = REPLY_MORE;
	size_t start = 0, end = 0;

	while (step == REPLY_MORE && end < s.length) {
		struct span in = span_make(s.data + start, ++end - start);

		step = reply_pull(reply, &in);
		start = end - in.length;
	}
	*used = start;
	return step;
}

static void
check_line(const struct reply *reply)
{
	char line[300];

	reply_line(reply, line, sizeof line);
	must(strlen(line) < sizeof line);
	must(fuzz_is_clean(span_of(line)));
}

/* Lines that are cut when written are not the same; others are. */
static void
check_same_again(const struct reply *reply)
{
	struct span text = buf_peek(&reply->text);
	char *copy = span_copy(text);
	struct buf wire;
	struct reply again;
	struct span in;

	buf_init(&wire, 128 * 1024);
	reply_init(&again);
	reply_put(&wire, reply->code,
	    reply->status[0] == '\0' ? NULL : reply->status, copy);
	must(!wire.full);
	in = buf_peek(&wire);
	must(reply_pull(&again, &in) == REPLY_DONE && in.length == 0);
	must(again.code == reply->code);
	if (text.length < 400 && reply->status[0] != '\0') {
		must(strcmp(again.status, reply->status) == 0);
		must(again.lines == reply->lines);
	}
	reply_fini(&again);
	buf_fini(&wire);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make(data, size), in = s;
	struct reply whole, slow;
	enum reply_step step;
	size_t used;

	reply_init(&whole);
	reply_init(&slow);
	step = reply_pull(&whole, &in);
	must(pull_bytewise(&slow, s, &used) == step);
	if (step != REPLY_BAD) {
		must(used == size - in.length);
		must(whole.code == slow.code && whole.lines == slow.lines);
		must(strcmp(whole.status, slow.status) == 0);
		must(span_equal(buf_peek(&whole.text), buf_peek(&slow.text)));
	}
	must(buf_length(&whole.text) <= REPLY_TEXT_MOST);
	must(whole.bytes <= REPLY_BYTES_MOST);
	if (step == REPLY_DONE || step == REPLY_ENDLESS) {
		must(whole.code >= 200 && whole.code <= 599);
		check_line(&whole);
		check_same_again(&whole);
	}
	reply_fini(&whole);
	reply_fini(&slow);
	return 0;
}
