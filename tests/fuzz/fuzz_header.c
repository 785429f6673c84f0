/* SPDX-License-Identifier: ISC
 *
 * fuzz_header.c - fuzzes header blocks.
 *
 * Fields follow each other without a gap, and never run over the empty line
 * that ends the block.
 */
#include "fuzz/fuzz.h"

#include "mail/header.h"

/* The block's length, said otherwise: the first line that is empty. */
static size_t
reference_length(struct span s)
{
	for (size_t i = 0; i < s.length; i++) {
		bool start = i == 0 || s.data[i - 1] == '\n';

		if (start && s.data[i] == '\n')
			return i + 1;
		if (start && s.length - i > 1 && s.data[i] == '\r' &&
		    s.data[i + 1] == '\n')
			return i + 2;
	}
	return 0;
}

static void
check_field(const struct header_field *field, const uint8_t *at)
{
	char value[64];

	must(field->whole.data == at && field->whole.length > 0);
	must(field->name.data == at && field->name.length > 0);
	must(fuzz_is_within(field->value, field->whole));
	must(span_find(field->name, ':') == field->name.length);
	must(span_find(field->name, ' ') == field->name.length);
	must(fuzz_is_clean(field->name) && field->name.data[0] != '.');
	header_value(field->value, value, sizeof value);
	for (const char *p = value; *p != '\0'; p++)
		must((uint8_t)*p >= ' ' && *p != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make(data, size), in = s;
	struct header_field field;
	size_t length = header_block_length(s);
	const uint8_t *at = in.data;

	must(length == reference_length(s));
	while (header_pull(&in, &field)) {
		check_field(&field, at);
		at += field.whole.length;
		must(in.data == at);
		must(length == 0 || (size_t)(at - data) < length);
	}
	must(in.data == at || size == 0);
	return 0;
}
