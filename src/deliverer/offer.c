/* SPDX-License-Identifier: ISC
 *
 * offer.c - what a server said it can do.
 *
 * A table of keywords.  Pure.
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

static size_t
word_length(struct span s)
{
	size_t i = 0;

	while (i < s.length && s.data[i] != ' ' && s.data[i] != '\t')
		i++;
	return i;
}

void
offer_take(void *owner, const struct reply *reply, struct span text)
{
	struct offer *offer = owner;
	struct span keyword;

	if (reply->lines == 1)
		return;
	text = span_trim(text);
	keyword = span_first(text, word_length(text));
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (!span_is_nocase(keyword, keywords[i].keyword))
			continue;
		offer->bits |= keywords[i].bit;
		read_number(keywords[i].bit,
		    span_skip(text, keyword.length), offer);
	}
}
