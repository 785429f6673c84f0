/* SPDX-License-Identifier: ISC
 *
 * msgid.c - the name of a message, for ever.
 */
#include "spool/msgid.h"

#include "base/must.h"
#include "base/rand.h"
#include "spool/bytes.h"

enum {
	TIME_BITS = 52, NODE_BITS = 12, SLOT_BITS = 6, CHANCE_BITS = 10
};

#define TIME_LAST (((usec_t)1 << TIME_BITS) - 1)

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
msgid_maker_init(struct msgid_maker *maker, unsigned node, unsigned slot)
{
	must(node < 1 << NODE_BITS && slot < 1 << SLOT_BITS);
	*maker = (struct msgid_maker){
		.node = (uint16_t)node,
		.maker = (uint16_t)(slot << CHANCE_BITS |
		    rand_below(1 << CHANCE_BITS)),
	};
}

struct msgid
msgid_next(struct msgid_maker *maker, usec_t now)
{
	struct msgid id;

	if (now <= maker->last || now > TIME_LAST)
		now = maker->last + 1;
	maker->last = now;
	put_be(id.bytes, (uint64_t)now << NODE_BITS | maker->node, 8);
	put_be(id.bytes + 8, maker->maker, 2);
	return id;
}

usec_t
msgid_time(struct msgid id)
{
	return (usec_t)(get_be(id.bytes, 8) >> NODE_BITS);
}

unsigned
msgid_node(struct msgid id)
{
	return get_be(id.bytes, 8) & ((1 << NODE_BITS) - 1);
}

/* Five bits a character, from the most significant on. */
const char *
msgid_text(struct msgid id, char out[MSGID_TEXT + 1])
{
	for (unsigned half = 0; half < 2; half++) {
		uint64_t bits = get_be(id.bytes + 5 * half, 5);

		for (unsigned i = 8; i-- > 0; bits >>= 5)
			out[8 * half + i] = alphabet[bits & 31];
	}
	out[MSGID_TEXT] = '\0';
	return out;
}

static int
value_of(uint8_t letter)
{
	const char *at;

	if (letter >= 'a' && letter <= 'z')
		letter = (uint8_t)(letter - 'a' + 'A');
	at = letter == '\0' ? NULL : strchr(alphabet, letter);
	return at == NULL ? -1 : (int)(at - alphabet);
}

bool
msgid_parse(struct span text, struct msgid *out)
{
	struct msgid id;

	if (text.length != MSGID_TEXT)
		return false;
	for (unsigned half = 0; half < 2; half++) {
		uint64_t bits = 0;

		for (unsigned i = 0; i < 8; i++) {
			int value = value_of(text.data[8 * half + i]);

			if (value == -1)
				return false;
			bits = bits << 5 | (unsigned)value;
		}
		put_be(id.bytes + 5 * half, bits, 5);
	}
	*out = id;
	return true;
}
