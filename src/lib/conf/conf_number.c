/* SPDX-License-Identifier: ISC
 *
 * conf_number.c - numbers with units.
 */
#include "conf/conf_type.h"

#include "base/mem.h"

static const struct suffix {
	enum conf_unit unit;
	const char *text;
	uint64_t factor;
	bool written;		/* by conf_number_write */
} suffixes[] = {		/* the largest of a unit first */
	{ UNIT_NONE, "", 1, true },
	{ UNIT_PERCENT, "%", 1, false },
	{ UNIT_PERCENT, "", 1, true },
	{ UNIT_TIME, "d", MSEC_DAY, true },
	{ UNIT_TIME, "h", MSEC_HOUR, true },
	{ UNIT_TIME, "m", MSEC_MINUTE, true },
	{ UNIT_TIME, "s", MSEC_SECOND, true },
	{ UNIT_TIME, "", MSEC_SECOND, false },
	{ UNIT_TIME, "ms", 1, true },
	{ UNIT_SIZE, "G", 1 << 30, true },
	{ UNIT_SIZE, "M", 1 << 20, true },
	{ UNIT_SIZE, "k", 1 << 10, true },
	{ UNIT_SIZE, "K", 1 << 10, false },
	{ UNIT_SIZE, "", 1, true },
};

enum { SUFFIX_COUNT = sizeof suffixes / sizeof suffixes[0] };

static const char *const wanted[] = {
	[UNIT_NONE]    = "a whole number is wanted",
	[UNIT_TIME]    = "a time is wanted: a number and ms, s, m, h or d, "
	    "as in 30s or 5m",
	[UNIT_SIZE]    = "a size is wanted: a number of bytes, or one and k, "
	    "M or G, as in 64k",
	[UNIT_PERCENT] = "a percentage is wanted, as in 20",
};

static const struct suffix *
find_suffix(enum conf_unit unit, struct span text)
{
	for (size_t i = 0; i < SUFFIX_COUNT; i++)
		if (suffixes[i].unit == unit &&
		    span_is(text, suffixes[i].text))
			return &suffixes[i];
	return NULL;
}

static size_t
count_digits(struct span s)
{
	size_t n = 0;

	while (n < s.length && s.data[n] >= '0' && s.data[n] <= '9')
		n++;
	return n;
}

static bool
out_of_range(const struct conf_option *option, const char *word,
    struct err *err)
{
	struct buf range;

	buf_init(&range, 256);
	buf_append_text(&range, "out of range: least ");
	conf_number_write(option->unit, option->least, &range);
	buf_append_text(&range, ", most ");
	conf_number_write(option->unit, option->most, &range);
	if (option->zero != NULL)
		buf_printf(&range, ", or %s", option->zero);
	conf_wrong(option, word, err, "%.*s", (int)buf_length(&range),
	    (const char *)buf_peek(&range).data);
	buf_fini(&range);
	return false;
}

bool
conf_number_read(const struct conf_option *option, const char *word,
    uint64_t *out, struct err *err)
{
	struct span s = span_of(word);
	size_t digits = count_digits(s);
	const struct suffix *suffix;
	uint64_t value;

	if (option->zero != NULL && strcmp(word, option->zero) == 0) {
		*out = 0;
		return true;
	}
	suffix = find_suffix(option->unit, span_skip(s, digits));
	if (digits == 0 || suffix == NULL)
		return conf_wrong(option, word, err, "%s%s%s",
		    wanted[option->unit], option->zero == NULL ? "" : ", or ",
		    option->zero == NULL ? "" : option->zero);
	if (!span_number(span_first(s, digits), UINT64_MAX, &value) ||
	    __builtin_mul_overflow(value, suffix->factor, &value))
		return out_of_range(option, word, err);
	if (value == 0 && option->zero != NULL) {
		*out = 0;
		return true;
	}
	if (value < option->least || value > option->most)
		return out_of_range(option, word, err);
	*out = value;
	return true;
}

void
conf_number_write(enum conf_unit unit, uint64_t value, struct buf *out)
{
	const struct suffix *s = NULL;

	for (size_t i = 0; value > 0 && i < SUFFIX_COUNT && s == NULL; i++)
		if (suffixes[i].unit == unit && suffixes[i].written &&
		    value % suffixes[i].factor == 0)
			s = &suffixes[i];
	if (s == NULL)
		buf_append_text(out, "0");
	else
		buf_printf(out, "%llu%s",
		    (unsigned long long)(value / s->factor), s->text);
}

void
conf_number_store(enum conf_kind kind, void *field, uint64_t value)
{
	switch (kind) {
	case KIND_UNSIGNED:
		*(unsigned *)field = (unsigned)value;
		break;
	case KIND_SIZE:
		*(size_t *)field = (size_t)value;
		break;
	case KIND_TIME:
		*(msec_t *)field = (msec_t)value;
		break;
	default:
		*(uint64_t *)field = value;
		break;
	}
}

uint64_t
conf_number_fetch(enum conf_kind kind, const void *field)
{
	switch (kind) {
	case KIND_UNSIGNED:
		return *(const unsigned *)field;
	case KIND_SIZE:
		return *(const size_t *)field;
	case KIND_TIME:
		return (uint64_t)*(const msec_t *)field;
	default:
		return *(const uint64_t *)field;
	}
}
