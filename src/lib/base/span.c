/* SPDX-License-Identifier: ISC
 *
 * span.c - borrowed bytes.
 */
#include "base/span.h"

#include "base/mem.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool
span_equal(struct span a, struct span b)
{
	return a.length == b.length &&
	    (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

bool
span_equal_nocase(struct span a, struct span b)
{
	if (a.length != b.length)
		return false;
	for (size_t i = 0; i < a.length; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool
span_is(struct span s, const char *text)
{
	return span_equal(s, span_of(text));
}

bool
span_is_nocase(struct span s, const char *text)
{
	return span_equal_nocase(s, span_of(text));
}

bool
span_starts_nocase(struct span s, const char *prefix)
{
	struct span p = span_of(prefix);

	return s.length >= p.length &&
	    span_equal_nocase(span_first(s, p.length), p);
}

size_t
span_find(struct span s, uint8_t byte)
{
	const uint8_t *at;

	at = s.length == 0 ? NULL : memchr(s.data, byte, s.length);
	return at == NULL ? s.length : (size_t)(at - s.data);
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct span
span_trim(struct span s)
{
	while (s.length > 0 && is_blank(s.data[0]))
		s = span_skip(s, 1);
	while (s.length > 0 && is_blank(s.data[s.length - 1]))
		s.length--;
	return s;
}

bool
span_number(struct span s, uint64_t most, uint64_t *out)
{
	uint64_t value = 0;

	if (s.length == 0)
		return false;
	for (size_t i = 0; i < s.length; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, s.data[i] - '0', &value))
			return false;
	}
	if (value > most)
		return false;
	*out = value;
	return true;
}

char *
span_copy(struct span s)
{
	return mem_strndup(s.data, s.length);
}

char *
text_lower(char *text)
{
	for (char *at = text; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return text;
}
