/* SPDX-License-Identifier: ISC
 *
 * dsn_fields.c - the header of a message, as far as a report may carry it.
 *
 * Field by field, so that nothing is cut within a line, a line end or a
 * stuffed dot.  What is left out was no field, or would have the report
 * refused.
 */
#include "mail/dsn.h"

#include "mail/header.h"

static bool
lines_are_short(struct span field)
{
	while (field.length > 0) {
		size_t lf = span_find(field, '\n');

		if (lf > DSN_LINE_MOST + 1)	/* with its CR */
			return false;
		field = span_skip(field, lf + 1);
	}
	return true;
}

static void
put_field(struct span field, bool seven_bit, struct buf *out)
{
	uint8_t *to = buf_reserve(out, field.length);

	if (to == NULL)
		return;
	for (size_t i = 0; i < field.length; i++)
		to[i] = seven_bit && field.data[i] > 0x7f ? '?' :
		    field.data[i];
	buf_added(out, field.length);
}

void
dsn_fields_put(struct span message, bool ends, bool seven_bit,
    struct buf *out)
{
	struct span rest = message;
	struct header_field field;

	while (header_next(&rest, &field))
		if ((rest.length > 0 || ends) && lines_are_short(field.whole))
			put_field(field.whole, seven_bit, out);
}
