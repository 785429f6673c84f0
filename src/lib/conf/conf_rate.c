/* SPDX-License-Identifier: ISC
 *
 * conf_rate.c - so many in a time: "100/s", "20/m", "2.5/s", "500/h".
 */
#include "conf/conf_type.h"

#include <stdio.h>

enum { DECIMALS = 3, THOUSAND = 1000 };

static const struct unit {
	char letter;
	uint32_t seconds;
	uint32_t most;		/* of a whole: one each microsecond */
} units[] = {
	{ 's', 1, 1000000 },
	{ 'm', 60, 60000000 },
	{ 'h', 3600, 1000000000 },
	{ 'd', 86400, 1000000000 },
};

enum { UNIT_ROWS = sizeof units / sizeof units[0] };

static const struct unit *
find_unit(struct span text)
{
	for (size_t i = 0; i < UNIT_ROWS; i++)
		if (text.length == 1 && text.data[0] == units[i].letter)
			return &units[i];
	return NULL;
}

/* "2.5" is 2500 thousandths. */
static bool
read_thousandths(struct span text, uint64_t *out)
{
	size_t point = span_find(text, '.');
	struct span fraction = span_skip(text, point + 1);
	uint64_t whole, part = 0;

	if (!span_number(span_first(text, point), UINT32_MAX, &whole) ||
	    fraction.length > DECIMALS ||
	    (point < text.length &&
	    !span_number(fraction, UINT32_MAX, &part)))
		return false;
	for (size_t i = fraction.length; i < DECIMALS; i++)
		part *= 10;
	*out = whole * THOUSAND + part;
	return true;
}

bool
conf_rate_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	static const char wanted[] = "a rate is wanted: a number and /s, /m, "
	    "/h or /d, as in 100/s, 2.5/s or 20/m, or unlimited";
	struct conf_rate *rate = field;
	const struct unit *unit;
	struct span text;
	size_t slash;
	uint64_t n;

	if (!conf_one_word(option, words, wanted, err))
		return false;
	text = span_of(words->word[0]);
	if (span_is(text, "unlimited")) {
		*rate = (struct conf_rate){ 0 };
		return true;
	}
	slash = span_find(text, '/');
	unit = find_unit(span_skip(text, slash + 1));
	if (unit == NULL || !read_thousandths(span_first(text, slash), &n))
		return conf_wrong(option, words->word[0], err, "%s", wanted);
	if (n == 0 || n > (uint64_t)unit->most * THOUSAND)
		return conf_wrong(option, words->word[0], err, "out of "
		    "range: least 0.001/%c, most %u/%c", unit->letter,
		    unit->most, unit->letter);
	rate->thousandths = n;
	rate->seconds = unit->seconds;
	return true;
}

void
conf_rate_text(struct conf_rate rate, char out[CONF_RATE_TEXT])
{
	unsigned long long whole = rate.thousandths / THOUSAND;
	unsigned part = (unsigned)(rate.thousandths % THOUSAND);
	size_t length;
	char letter = '?';

	if (rate.thousandths == 0) {
		snprintf(out, CONF_RATE_TEXT, "unlimited");
		return;
	}
	for (size_t i = 0; i < UNIT_ROWS; i++)
		if (units[i].seconds == rate.seconds)
			letter = units[i].letter;
	snprintf(out, CONF_RATE_TEXT, "%llu.%03u", whole, part);
	length = strlen(out);
	while (out[length - 1] == '0')
		length--;
	if (out[length - 1] == '.')
		length--;
	snprintf(out + length, CONF_RATE_TEXT - length, "/%c", letter);
}

void
conf_rate_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	char text[CONF_RATE_TEXT];

	conf_rate_text(*(const struct conf_rate *)field, text);
	conf_line_start(option, indent, out);
	buf_printf(out, " %s\n", text);
}

int64_t
conf_rate_interval(struct conf_rate rate)
{
	if (rate.thousandths == 0)
		return 0;
	return (int64_t)((uint64_t)rate.seconds * 1000000000 * THOUSAND /
	    rate.thousandths);
}
