/* SPDX-License-Identifier: ISC
 *
 * known.c - whether an address is among the recipients of an envelope.
 *
 * Open addressing; the table is at most half full and doubles beyond that.
 */
#include "receiver/known.h"

#include "base/buf.h"
#include "base/mem.h"

enum { FEW = 8, FIRST_ROOM = 32 };

/* Length of the local-part of ADDRESS; all of it when it has no domain. */
static size_t
local_length(struct span address)
{
	size_t length = address.length;

	while (length > 0 && address.data[length - 1] != '@')
		length--;
	return length > 0 ? length - 1 : address.length;
}

static bool
is_same(struct span a, struct span b)
{
	size_t local = local_length(a);

	return a.length == b.length && local == local_length(b) &&
	    span_equal(span_first(a, local), span_first(b, local)) &&
	    span_equal_nocase(span_skip(a, local), span_skip(b, local));
}

static uint64_t
hash_of(const struct known *known, struct span address)
{
	char *copy = span_copy(address);
	uint64_t hash;

	text_lower(copy + local_length(address));
	hash = hash_span(known->key, span_of(copy));
	mem_free(copy);
	return hash;
}

/* The slot that has ADDRESS, or the free one where it belongs. */
static uint32_t *
find(const struct known *known, const struct envelope *envelope,
    struct span address)
{
	uint32_t at = (uint32_t)hash_of(known, address);

	for (;; at++) {
		uint32_t *slot = &known->slots[at & (known->room - 1)];

		if (*slot == 0 || is_same(address,
		    span_of(envelope->rcpts[*slot - 1].address)))
			return slot;
	}
}

static void
note(struct known *known, const struct envelope *envelope, uint32_t index)
{
	*find(known, envelope, span_of(envelope->rcpts[index].address)) =
	    index + 1;
}

static void
grow(struct known *known, const struct envelope *envelope)
{
	if (known->room == 0)
		known->key = hash_key_new();
	known->room = known->room == 0 ? FIRST_ROOM : known->room * 2;
	mem_free(known->slots);
	known->slots = mem_array(known->room, sizeof *known->slots);
	for (uint32_t i = 0; i < envelope->rcpt_count; i++)
		note(known, envelope, i);
}

bool
known_has(const struct known *known, const struct envelope *envelope,
    struct span address)
{
	if (known->room > 0)
		return *find(known, envelope, address) != 0;
	for (uint32_t i = 0; i < envelope->rcpt_count; i++)
		if (is_same(address, span_of(envelope->rcpts[i].address)))
			return true;
	return false;
}

void
known_note_last(struct known *known, const struct envelope *envelope)
{
	uint32_t count = envelope->rcpt_count;

	if (count > FEW && count > known->room / 2)
		grow(known, envelope);
	else if (known->room > 0)
		note(known, envelope, count - 1);
}

size_t
known_bytes(const struct known *known)
{
	return known->room * sizeof *known->slots;
}

void
known_fini(struct known *known)
{
	mem_free(known->slots);
	*known = (struct known){ 0 };
}
