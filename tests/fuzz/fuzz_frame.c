/* SPDX-License-Identifier: ISC
 *
 * fuzz_frame.c - what a child says is frames or is found out.
 *
 * What is taken is encoded again: it must be the same bytes.  Every list
 * that may be in a frame is pulled to its end.
 */
#include "base/must.h"
#include "wire/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
pull_lists(const struct frame *frame)
{
	struct host_row host;
	struct result_row result;
	struct span list;
	uint32_t rcpt;

	switch (frame->kind) {
	case FRAME_ANSWER:
	case FRAME_SITE:
		list = frame->kind == FRAME_SITE ? frame->site.hosts :
		    frame->answer.hosts;
		while (host_row_pull(&list, &host))
			must(host.addresses.length % 16 == 0);
		must(list.length == 0);
		break;
	case FRAME_RESULT:
		list = frame->result.rows;
		while (result_row_pull(&list, &result))
			must(result.outcome <= OUTCOME_AGAIN);
		must(list.length == 0);
		break;
	case FRAME_JOB:
		list = frame->job.rcpts;
		while (rcpt_pull(&list, &rcpt))
			;
		must(list.length == 0);
		break;
	default:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_make(data, size), before = in;
	struct frame frame;
	struct err err;

	while (frame_decode(&in, &frame, &err) == FRAME_DONE) {
		struct buf again;

		buf_init(&again, SIZE_MAX);
		frame_encode(&frame, &again);
		must(span_equal(buf_peek(&again),
		    span_first(before, before.length - in.length)));
		buf_fini(&again);
		must(frame.fd == -1);
		pull_lists(&frame);
		before = in;
	}
	must(span_equal(in, before));	/* what is not taken is not touched */
	return 0;
}
