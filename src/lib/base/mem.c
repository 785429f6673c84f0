/* SPDX-License-Identifier: ISC
 *
 * mem.c - memory that never returns null.
 */
#include "base/mem.h"

#include "base/must.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
not_null(void *ptr)
{
	if (ptr == NULL) {
		fputs("postrider: out of memory\n", stderr);
		abort();
	}
	return ptr;
}

void *
mem_alloc(size_t size)
{
	return not_null(calloc(1, size == 0 ? 1 : size));
}

void *
mem_array(size_t count, size_t size)
{
	return not_null(calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

void *
mem_resize(void *ptr, size_t count, size_t size)
{
	size_t bytes;

	must(!__builtin_mul_overflow(count, size, &bytes));
	return not_null(realloc(ptr, bytes == 0 ? 1 : bytes));
}

void
mem_free(void *ptr)
{
	free(ptr);
}

void
mem_trim(void)
{
	malloc_trim(0);
}

char *
mem_strdup(const char *text)
{
	return text == NULL ? NULL : mem_strndup(text, strlen(text));
}

char *
mem_strndup(const void *bytes, size_t length)
{
	char *copy;

	must(length < SIZE_MAX);
	copy = mem_alloc(length + 1);
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

char *
mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	must(vasprintf(&text, fmt, ap) >= 0);
	va_end(ap);
	return text;
}
