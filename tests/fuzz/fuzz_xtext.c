/* SPDX-License-Identifier: ISC
 *
 * fuzz_xtext.c - fuzzes xtext.
 *
 * Decoded text is clean; encoded text decodes to itself or not at all.
 */
#include "fuzz/fuzz.h"

#include "base/mem.h"
#include "smtp/command.h"

static void
check_encoded(struct span text)
{
	char *xtext = xtext_encode(text);
	uint8_t *out = mem_array(strlen(xtext) + 1, 1);
	long length = xtext_decode(span_of(xtext), out);

	if (fuzz_is_clean(text))
		must(length >= 0 &&
		    span_equal(span_make(out, (size_t)length), text));
	else
		must(length == -1);
	mem_free(xtext);
	mem_free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make(data, size);
	uint8_t *out = mem_array(size + 1, 1);
	long length = xtext_decode(s, out);

	must((length != -1) == xtext_is_valid(s));
	if (length != -1) {
		must((size_t)length <= size);
		must(fuzz_is_clean(span_make(out, (size_t)length)));
		check_encoded(span_make(out, (size_t)length));
	}
	check_encoded(s);
	mem_free(out);
	return 0;
}
