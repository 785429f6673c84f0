/* SPDX-License-Identifier: ISC
 *
 * fuzz_envelope.c - fuzzes envelopes as they are kept.
 *
 * What is taken is written again byte for byte: there is one spelling of
 * each envelope, and nothing in it was overlooked.
 */
#include "fuzz/fuzz.h"

#include "spool/envelope.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_make(data, size);
	struct err err = { ERR_NONE, 0, "" };
	struct envelope *envelope = envelope_decode(bytes, &err);
	struct buf again;

	if (envelope == NULL) {
		must(err.kind == ERR_FORMAT && err.text[0] != '\0');
		return 0;
	}
	must(envelope->rcpt_count > 0);
	must(envelope->rcpt_count == envelope_rcpt_count(bytes));
	must(envelope->reverse_path != NULL);
	for (uint32_t i = 0; i < envelope->rcpt_count; i++)
		must(envelope->rcpts[i].address[0] != '\0');
	buf_init(&again, size);
	envelope_encode(envelope, &again);
	must(!again.full && span_equal(buf_peek(&again), bytes));
	buf_fini(&again);
	envelope_free(&envelope);
	return 0;
}
