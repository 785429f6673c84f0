/* SPDX-License-Identifier: ISC
 *
 * index_row.c - rows and keys of the index as bytes.
 *
 *	0 version 1 (2) | 1 place 1 | 2 class 1 | 3 warned 1 | 4 attempts 2 |
 *	6 zero 2 | 8 site 8 | 16 due 8 | 24 segment: class 1, zero 1,
 *	slot 2, sequence 4 | 32 offset 8 | 40 size 8 | 48 arrived 8 |
 *	56 bytes of rcpts 4 | 60 of domain 2 | 62 of reason 2 |
 *	64 sender 8 | rcpts, domain, reason
 *
 * What is read is checked: every length against what is there, every number
 * that something else is chosen by.
 */
#include "spool/index_inside.h"

#include "spool/bytes.h"
#include "spool/envelope.h"

enum { ROW_FORMAT = 2, ROW_FIXED_BYTES = 72, TEXT_MOST = 0xffff };

static void
add(struct index_key *key, uint64_t number, size_t bytes)
{
	put_be(key->bytes + key->length, number, bytes);
	key->length += bytes;
}

static void
add_row(struct index_key *key, struct msgid id, uint32_t first_rcpt)
{
	memcpy(key->bytes + key->length, id.bytes, MSGID_BYTES);
	key->length += MSGID_BYTES;
	add(key, first_rcpt, 4);
}

struct index_key
row_key(struct msgid id, uint32_t first_rcpt)
{
	struct index_key key = { .length = 0 };

	add_row(&key, id, first_rcpt);
	return key;
}

struct index_key
list_key(const struct index_list *list, struct msgid id, uint32_t first_rcpt,
    enum index_table *table)
{
	struct index_key key = { .length = 0 };

	if (list->place == INDEX_READY) {
		*table = TABLE_READY;
		add(&key, list->site, 8);
		add(&key, list->klass, 1);
		add(&key, list->sender, 8);
	} else {
		*table = TABLE_LISTS;
		add(&key, list->klass, 1);
		add(&key, list->place, 1);
		add(&key, list->site, 8);
	}
	add_row(&key, id, first_rcpt);
	return key;
}

struct index_stand
row_stand(const struct index_row *row)
{
	struct index_list list = { row->klass, row->place, row->site,
	    row->sender };
	struct index_stand stand = { .due = { .length = 0 } };

	stand.list = list_key(&list, row->id, row->first_rcpt, &stand.table);
	if (row->place == INDEX_DUE) {
		add(&stand.due, row->klass, 1);
		add(&stand.due, (uint64_t)(row->due < 0 ? 0 : row->due), 8);
		add_row(&stand.due, row->id, row->first_rcpt);
	}
	return stand;
}

bool
key_to_row_key(enum index_table table, struct span key, struct index_key *out)
{
	size_t want = table == TABLE_DUE ? DUE_KEY_BYTES :
	    table == TABLE_READY ? READY_KEY_BYTES : ROW_KEY_BYTES;

	if (key.length != want)
		return false;
	out->length = ROW_KEY_BYTES;
	memcpy(out->bytes, key.data + want - ROW_KEY_BYTES, ROW_KEY_BYTES);
	return true;
}

void
row_encode(const struct index_row *row, struct buf *out)
{
	uint8_t fixed[ROW_FIXED_BYTES] = {
		ROW_FORMAT, row->place, row->klass, row->warned
	};
	struct span domain = span_first(row->domain, TEXT_MOST);
	struct span reason = span_first(row->reason, TEXT_MOST);

	put_le(fixed + 4, row->attempts, 2);
	put_le(fixed + 8, row->site, 8);
	put_le(fixed + 16, (uint64_t)row->due, 8);
	fixed[24] = row->segment.klass;
	put_le(fixed + 26, row->segment.slot, 2);
	put_le(fixed + 28, row->segment.sequence, 4);
	put_le(fixed + 32, row->offset, 8);
	put_le(fixed + 40, row->size, 8);
	put_le(fixed + 48, (uint64_t)row->arrived, 8);
	put_le(fixed + 56, row->rcpts.length, 4);
	put_le(fixed + 60, domain.length, 2);
	put_le(fixed + 62, reason.length, 2);
	put_le(fixed + 64, row->sender, 8);
	buf_append(out, fixed, sizeof fixed);
	buf_append_span(out, row->rcpts);
	buf_append_span(out, domain);
	buf_append_span(out, reason);
}

/* The three lists behind the fixed part must fill VALUE exactly. */
static bool
take_lists(struct span value, struct index_row *out)
{
	const uint8_t *at = value.data;
	uint64_t rcpts = get_le(at + 56, 4);
	uint64_t domain = get_le(at + 60, 2), reason = get_le(at + 62, 2);

	if (rcpts % 4 != 0 || rcpts > 4 * (uint64_t)ENVELOPE_RCPTS_MOST ||
	    value.length != ROW_FIXED_BYTES + rcpts + domain + reason)
		return false;
	out->rcpts = span_make(at + ROW_FIXED_BYTES, rcpts);
	out->domain = span_make(at + ROW_FIXED_BYTES + rcpts, domain);
	out->reason = span_make(at + ROW_FIXED_BYTES + rcpts + domain,
	    reason);
	return true;
}

bool
row_decode(struct span key, struct span value, struct index_row *out)
{
	const uint8_t *at = value.data;

	if (key.length != ROW_KEY_BYTES || value.length < ROW_FIXED_BYTES ||
	    at[0] != ROW_FORMAT || at[1] > INDEX_HELD ||
	    at[2] >= CLASS_COUNT || at[24] >= CLASS_COUNT)
		return false;
	*out = (struct index_row){
		.first_rcpt = (uint32_t)get_be(key.data + MSGID_BYTES, 4),
		.place = at[1], .klass = at[2], .warned = at[3],
		.attempts = (uint16_t)get_le(at + 4, 2),
		.site = get_le(at + 8, 8),
		.due = (usec_t)get_le(at + 16, 8),
		.segment = {
			.klass = at[24],
			.slot = (uint16_t)get_le(at + 26, 2),
			.sequence = (uint32_t)get_le(at + 28, 4),
		},
		.offset = get_le(at + 32, 8),
		.size = get_le(at + 40, 8),
		.arrived = (usec_t)get_le(at + 48, 8),
		.sender = get_le(at + 64, 8),
	};
	memcpy(out->id.bytes, key.data, MSGID_BYTES);
	return take_lists(value, out);
}
