/* SPDX-License-Identifier: ISC
 *
 * offer.c - what a server said it can do.
 *
 * A table of keywords over the lines of a reply.  Pure.
 */
#include "deliverer/offer.h"

static const struct {
	const char *keyword;
	unsigned bit;
} keywords[] = {
	{ "PIPELINING", OFFER_PIPELINING },
	{ "SIZE", OFFER_SIZE },
	{ "8BITMIME", OFFER_8BITMIME },
	{ "DSN", OFFER_DSN },
	{ "STARTTLS", OFFER_STARTTLS },
	{ "ENHANCEDSTATUSCODES", OFFER_STATUS },
	{ "MT-PRIORITY", OFFER_PRIORITY },
	{ "DELIVERBY", OFFER_DELIVERBY },
};

/* Take what stands before BYTE off the front of REST, and BYTE with it. */
static struct span
pull_until(struct span *rest, uint8_t byte)
{
	size_t length = span_find(*rest, byte);
	struct span out = span_first(*rest, length);

	*rest = span_skip(*rest, length + 1);
	return out;
}

/* The number that may follow KEYWORD; what is none is passed over. */
static void
read_number(unsigned bit, struct span text, struct offer *offer)
{
	uint64_t number;

	if (!span_number(span_trim(text), UINT64_MAX, &number))
		return;
	if (bit == OFFER_SIZE)
		offer->size = number;
	else if (bit == OFFER_DELIVERBY)
		offer->by_least = number;
}

static void
read_line(struct span line, struct offer *offer)
{
	struct span keyword = pull_until(&line, ' ');

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!span_is_nocase(keyword, keywords[i].keyword))
			continue;
		offer->bits |= keywords[i].bit;
		read_number(keywords[i].bit, line, offer);
	}
}

struct offer
offer_read(const struct reply *reply)
{
	struct offer offer = { 0 };
	struct span rest = buf_peek(&reply->text);

	pull_until(&rest, '\n');	/* the server's name and greeting */
	while (rest.length > 0)
		read_line(span_trim(pull_until(&rest, '\n')), &offer);
	return offer;
}
