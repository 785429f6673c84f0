/* SPDX-License-Identifier: ISC
 *
 * fuzz.h - what a fuzzer of ours consists of.
 *
 * libFuzzer calls the function with bytes of its own invention; a must()
 * that does not hold is a finding.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "base/must.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Printable US-ASCII and the space, all of it. */
static inline bool
fuzz_is_clean(struct span s)
{
	for (size_t i = 0; i < s.length; i++)
		if (s.data[i] < ' ' || s.data[i] > '~')
			return false;
	return true;
}

/* PART lies inside of WHOLE. */
static inline bool
fuzz_is_within(struct span part, struct span whole)
{
	return part.length == 0 || (part.data >= whole.data &&
	    part.data + part.length <= whole.data + whole.length);
}

#endif
