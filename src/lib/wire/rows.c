/* SPDX-License-Identifier: ISC
 *
 * rows.c - lists inside the spans of frames.
 */
#include "wire/frames.h"
#include "wire/bytes.h"

enum { ADDRESS_BYTES = 16 };

/* What is there makes no sense: there is no next row. */
static bool
garbage(struct span *list)
{
	*list = span_make(NULL, 0);
	return false;
}

void
host_row_put(const struct host_row *row, struct buf *out)
{
	size_t size = 2 + 2 + 4 + row->name.length + 4 +
	    row->addresses.length;
	uint8_t *to = buf_reserve(out, size);

	if (to == NULL)
		return;
	to = bytes_put(to, row->preference, 2);
	to = bytes_put(to, row->port, 2);
	to = bytes_put_span(to, row->name);
	bytes_put_span(to, row->addresses);
	buf_added(out, size);
}

bool
host_row_pull(struct span *list, struct host_row *out)
{
	uint64_t preference, port;

	if (!bytes_pull(list, 2, &preference) || !bytes_pull(list, 2, &port) ||
	    !bytes_pull_span(list, &out->name) ||
	    !bytes_pull_span(list, &out->addresses) ||
	    out->addresses.length % ADDRESS_BYTES != 0)
		return garbage(list);
	out->preference = (uint16_t)preference;
	out->port = (uint16_t)port;
	return true;
}

void
result_row_put(const struct result_row *row, struct buf *out)
{
	size_t size = 4 + 1 + 2 + 1 + 4 + row->status.length + 4 +
	    row->text.length;
	uint8_t *to = buf_reserve(out, size);

	if (to == NULL)
		return;
	to = bytes_put(to, row->rcpt, 4);
	to = bytes_put(to, row->outcome, 1);
	to = bytes_put(to, row->code, 2);
	to = bytes_put(to, row->content, 1);
	to = bytes_put_span(to, row->status);
	bytes_put_span(to, row->text);
	buf_added(out, size);
}

bool
result_row_pull(struct span *list, struct result_row *out)
{
	uint64_t rcpt, outcome, code, content;

	if (!bytes_pull(list, 4, &rcpt) || !bytes_pull(list, 1, &outcome) ||
	    !bytes_pull(list, 2, &code) || !bytes_pull(list, 1, &content) ||
	    !bytes_pull_span(list, &out->status) ||
	    !bytes_pull_span(list, &out->text) || outcome > OUTCOME_AGAIN ||
	    content > 1)
		return garbage(list);
	out->rcpt = (uint32_t)rcpt;
	out->outcome = (uint8_t)outcome;
	out->code = (uint16_t)code;
	out->content = content != 0;
	return true;
}

void
rcpt_put(uint32_t rcpt, struct buf *out)
{
	uint8_t bytes[4];

	bytes_put(bytes, rcpt, sizeof bytes);
	buf_append(out, bytes, sizeof bytes);
}

bool
rcpt_pull(struct span *list, uint32_t *out)
{
	uint64_t rcpt;

	if (!bytes_pull(list, 4, &rcpt))
		return garbage(list);
	*out = (uint32_t)rcpt;
	return true;
}
