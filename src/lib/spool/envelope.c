/* SPDX-License-Identifier: ISC
 *
 * envelope.c - what SMTP says about a message beside its content.
 *
 * Encoded: fixed numbers first, then the strings, each with its length in
 * two bytes (NO_STRING: none was given), then the recipients.
 *
 *	0 version 1 | 1 ret 1 | 2 priority 1 | 3 by mode 1 | 4 flags 4 |
 *	8 arrived 8 | 16 body size 8 | 24 by 8 | 32 hold 8 | 40 hops 2 |
 *	42 recipients 4 | reverse-path | envid | client | sender |
 *	for each recipient: notify 1 | address | orcpt
 *
 * Version 2 is that of copies that former versions made.  Behind the number of recipients it has
 *
 *	46 class 1 | 47 held 1, warned 2 | 48 slot 2 | 50 sequence 4 |
 *	54 offset 8
 *
 * of the original, and SETTLED may be added to a recipient's notify.
 */
#include "spool/envelope.h"

#include "base/mem.h"
#include "spool/bytes.h"

enum {
	FORMAT = 1, FORMAT_COPY = 2,
	RCPTS_AT = 42,
	FIXED_BYTES = 46, ORIGIN_BYTES = 16,
	HELD = 1, WARNED = 2,
	SETTLED = 0x80,
	NO_STRING = 0xffff,
	LEAST_RCPT_BYTES = 1 + 2 + 1 + 2,
	PRIORITY_MOST = 9
};

struct envelope *
envelope_new(void)
{
	return mem_new(struct envelope);
}

void
envelope_free(struct envelope **envelope)
{
	struct envelope *e = *envelope;

	if (e == NULL)
		return;
	for (uint32_t i = 0; i < e->rcpt_count; i++) {
		mem_free(e->rcpts[i].address);
		mem_free(e->rcpts[i].orcpt);
	}
	mem_free(e->rcpts);
	mem_free(e->reverse_path);
	mem_free(e->envid);
	mem_free(e->client);
	mem_free(e->sender);
	mem_free(e);
	*envelope = NULL;
}

void
envelope_set_reverse_path(struct envelope *envelope, struct span path)
{
	mem_free(envelope->reverse_path);
	envelope->reverse_path = span_copy(path);
}

void
envelope_add_rcpt(struct envelope *envelope, struct span address,
    struct span orcpt, uint8_t notify)
{
	if (envelope->rcpt_count == envelope->rcpt_room) {
		envelope->rcpt_room = envelope->rcpt_room == 0 ? 1 :
		    envelope->rcpt_room * 2;
		envelope->rcpts = mem_resize(envelope->rcpts,
		    envelope->rcpt_room, sizeof *envelope->rcpts);
	}
	envelope->rcpts[envelope->rcpt_count++] = (struct envelope_rcpt){
		.address = span_copy(address),
		.orcpt = orcpt.length == 0 ? NULL : span_copy(orcpt),
		.notify = notify,
	};
}

struct span
address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return span_of(at == NULL ? NULL : at + 1);
}

/* ---- what both directions insist on ----------------------------------- */

static bool
is_clean(struct span s)
{
	for (size_t i = 0; i < s.length; i++)
		if (s.data[i] < 0x20 || s.data[i] == 0x7f)
			return false;
	return s.length <= ENVELOPE_STRING_MOST;
}

static bool
numbers_make_sense(const struct envelope *e)
{
	return e->ret <= RET_HDRS && e->by_return <= 1 &&
	    e->priority >= -PRIORITY_MOST && e->priority <= PRIORITY_MOST &&
	    (e->flags & ~(uint32_t)ENVELOPE_FLAGS_ALL) == 0 &&
	    e->rcpt_count > 0 && e->rcpt_count <= ENVELOPE_RCPTS_MOST && e->arrived >= 0 &&
	    e->by >= 0 && e->hold >= 0;
}

static bool
notify_makes_sense(uint8_t notify)
{
	return notify == NOTIFY_NEVER ||
	    (notify & ~(NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY)) == 0;
}

/* ---- to bytes --------------------------------------------------------- */

static void
put_string(struct buf *out, const char *text)
{
	struct span s = span_of(text);
	uint8_t length[2];

	if (!is_clean(s)) {
		out->full = true;
		return;
	}
	put_le(length, text == NULL ? NO_STRING : s.length, 2);
	buf_append(out, length, 2);
	buf_append_span(out, s);
}

static void
put_numbers(struct buf *out, const struct envelope *e)
{
	uint8_t fixed[FIXED_BYTES] = {
		FORMAT, e->ret, (uint8_t)e->priority, e->by_return
	};

	put_le(fixed + 4, e->flags, 4);
	put_le(fixed + 8, (uint64_t)e->arrived, 8);
	put_le(fixed + 16, e->body_size, 8);
	put_le(fixed + 24, (uint64_t)e->by, 8);
	put_le(fixed + 32, (uint64_t)e->hold, 8);
	put_le(fixed + 40, e->hops, 2);
	put_le(fixed + RCPTS_AT, e->rcpt_count, 4);
	buf_append(out, fixed, sizeof fixed);
}

static void
put_rcpt(struct buf *out, const struct envelope_rcpt *rcpt)
{
	if (!notify_makes_sense(rcpt->notify) || rcpt->address[0] == '\0')
		out->full = true;
	buf_append_byte(out, rcpt->notify);
	put_string(out, rcpt->address);
	put_string(out, rcpt->orcpt != NULL && rcpt->orcpt[0] == '\0' ?
	    NULL : rcpt->orcpt);
}

void
envelope_encode(const struct envelope *envelope, struct buf *out)
{
	if (!numbers_make_sense(envelope)) {
		out->full = true;
		return;
	}
	put_numbers(out, envelope);
	put_string(out, envelope->reverse_path == NULL ? "" :
	    envelope->reverse_path);
	put_string(out, envelope->envid);
	put_string(out, envelope->client);
	put_string(out, envelope->sender);
	for (uint32_t i = 0; i < envelope->rcpt_count && !out->full; i++)
		put_rcpt(out, &envelope->rcpts[i]);
}

/* ---- from bytes ------------------------------------------------------- */

/* The next string; false: garbage.  *OUT has null data when none was given. */
static bool
take_string(struct span *in, struct span *out)
{
	size_t length;

	if (in->length < 2)
		return false;
	length = get_le(in->data, 2);
	*in = span_skip(*in, 2);
	*out = span_make(NULL, 0);
	if (length == NO_STRING)
		return true;
	if (length > in->length)
		return false;
	*out = span_first(*in, length);
	*in = span_skip(*in, length);
	return is_clean(*out);
}

/* The same into a new string, null when none was given. */
static bool
take_copy(struct span *in, char **out)
{
	struct span s;

	if (!take_string(in, &s))
		return false;
	*out = s.data == NULL ? NULL : span_copy(s);
	return true;
}

static bool
take_numbers(struct span *in, struct envelope *e, uint32_t *rcpts)
{
	const uint8_t *at = in->data;
	bool sound;

	if (in->length < FIXED_BYTES ||
	    (at[0] != FORMAT && at[0] != FORMAT_COPY))
		return false;
	e->copied = at[0] == FORMAT_COPY;
	e->ret = at[1];
	e->priority = (int8_t)at[2];
	e->by_return = at[3];
	e->flags = (uint32_t)get_le(at + 4, 4);
	e->arrived = (usec_t)get_le(at + 8, 8);
	e->body_size = get_le(at + 16, 8);
	e->by = (usec_t)get_le(at + 24, 8);
	e->hold = (usec_t)get_le(at + 32, 8);
	e->hops = (uint16_t)get_le(at + 40, 2);
	e->rcpt_count = *rcpts = (uint32_t)get_le(at + RCPTS_AT, 4);
	sound = numbers_make_sense(e);
	e->rcpt_count = 0;	/* none of them is here yet */
	*in = span_skip(*in, FIXED_BYTES);
	return sound;
}

static bool
take_origin(struct span *in, struct envelope_origin *origin)
{
	const uint8_t *at = in->data;

	if (in->length < ORIGIN_BYTES || at[0] >= CLASS_COUNT ||
	    (at[1] & ~(HELD | WARNED)) != 0)
		return false;
	*origin = (struct envelope_origin){
		.segment = {
			.klass = at[0],
			.slot = (uint16_t)get_le(at + 2, 2),
			.sequence = (uint32_t)get_le(at + 4, 4),
		},
		.offset = get_le(at + 8, 8),
		.held = (at[1] & HELD) != 0,
		.warned = (at[1] & WARNED) != 0,
	};
	*in = span_skip(*in, ORIGIN_BYTES);
	return true;
}

static bool
take_rcpt(struct span *in, struct envelope *e)
{
	struct span address, orcpt;
	bool settled;
	uint8_t notify;

	if (in->length < LEAST_RCPT_BYTES)
		return false;
	settled = e->copied && (in->data[0] & SETTLED) != 0;
	notify = settled ? in->data[0] & ~SETTLED : in->data[0];
	*in = span_skip(*in, 1);
	if (!take_string(in, &address) || !take_string(in, &orcpt) ||
	    address.length == 0 || !notify_makes_sense(notify) ||
	    (orcpt.data != NULL && orcpt.length == 0))
		return false;
	envelope_add_rcpt(e, address, orcpt, notify);
	e->rcpts[e->rcpt_count - 1].settled = settled;
	return true;
}

static bool
take_all(struct span in, struct envelope *e)
{
	uint32_t rcpts;

	if (!take_numbers(&in, e, &rcpts) ||
	    (e->copied && !take_origin(&in, &e->origin)) ||
	    !take_copy(&in, &e->reverse_path) ||
	    !take_copy(&in, &e->envid) || !take_copy(&in, &e->client) ||
	    !take_copy(&in, &e->sender) || e->reverse_path == NULL ||
	    rcpts > in.length / LEAST_RCPT_BYTES)
		return false;
	e->rcpts = mem_array(rcpts, sizeof *e->rcpts);
	e->rcpt_room = rcpts;
	for (uint32_t i = 0; i < rcpts; i++)
		if (!take_rcpt(&in, e))
			return false;
	return in.length == 0;
}

uint32_t
envelope_rcpt_count(struct span bytes)
{
	if (bytes.length < FIXED_BYTES || (bytes.data[0] != FORMAT &&
	    bytes.data[0] != FORMAT_COPY))
		return 0;
	return (uint32_t)get_le(bytes.data + RCPTS_AT, 4);
}

bool
envelope_is_newer(struct span bytes)
{
	return bytes.length >= FIXED_BYTES &&
	    (bytes.data[0] > FORMAT_COPY || (get_le(bytes.data + 4, 4) &
	    ~(uint64_t)ENVELOPE_FLAGS_ALL) != 0);
}

struct envelope *
envelope_decode(struct span bytes, struct err *err)
{
	struct envelope *envelope = envelope_new();

	if (take_all(bytes, envelope))
		return envelope;
	if (bytes.length > 0 && bytes.data[0] > FORMAT_COPY)
		err_set(err, ERR_FORMAT, "envelope of version %u, "
		    "made by a newer postrider", bytes.data[0]);
	else
		err_set(err, ERR_FORMAT, "envelope damaged");
	envelope_free(&envelope);
	return NULL;
}
