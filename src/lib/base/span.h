/* SPDX-License-Identifier: ISC
 *
 * span.h - borrowed bytes.
 *
 * A span lends bytes that somebody else owns.  It is passed by value and
 * never stored past the call it was given to.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *data;
	size_t length;
};

static inline struct span
span_make(const void *data, size_t length)
{
	return (struct span){ data, length };
}

/* A span over TEXT without its NUL; over nothing when TEXT is null. */
static inline struct span
span_of(const char *text)
{
	return span_make(text, text == NULL ? 0 : strlen(text));
}

/* What remains after COUNT bytes; COUNT beyond the end leaves nothing. */
static inline struct span
span_skip(struct span s, size_t count)
{
	if (count > s.length)
		count = s.length;
	return span_make(s.data + count, s.length - count);
}

/* The first COUNT bytes, or all when there are fewer. */
static inline struct span
span_first(struct span s, size_t count)
{
	return span_make(s.data, count < s.length ? count : s.length);
}

/* Byte for byte, and without regard to the case of ASCII letters. */
bool span_equal(struct span a, struct span b);
bool span_equal_nocase(struct span a, struct span b);
bool span_is(struct span s, const char *text);
bool span_is_nocase(struct span s, const char *text);
bool span_starts_nocase(struct span s, const char *prefix);

/* Offset of the first BYTE, or s.length. */
size_t span_find(struct span s, uint8_t byte);

/* Without spaces and tabs at both ends. */
struct span span_trim(struct span s);

/*
 * Decimal digits only, the whole span, no sign, at least one.
 * False: not a number or over MOST; *OUT is untouched.
 */
bool span_number(struct span s, uint64_t most, uint64_t *out);

/* A new string; the caller frees it.  Bytes are copied as they are. */
char *span_copy(struct span s);

/* TEXT itself, its ASCII letters in lower case. */
char *text_lower(char *text);

#endif
