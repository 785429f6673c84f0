/* SPDX-License-Identifier: ISC
 *
 * mem.h - memory that never returns null.
 *
 * Running out of memory ends the process; the master starts a new one and
 * the spool still holds the mail.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SIZE zeroed bytes.  The caller frees them with mem_free(). */
void *mem_alloc(size_t size);

/* COUNT zeroed items of SIZE bytes; an overflow of the product aborts. */
void *mem_array(size_t count, size_t size);

/* Resize PTR (may be null) to COUNT items of SIZE; new bytes are undefined. */
void *mem_resize(void *ptr, size_t count, size_t size);

void mem_free(void *ptr);

/* Give the system back what is free: some milliseconds after a crowd has
 * left, for nothing otherwise. */
void mem_trim(void);

/* Copies that end in NUL.  mem_strdup(NULL) is NULL. */
char *mem_strdup(const char *text);
char *mem_strndup(const void *bytes, size_t length);

/* printf into a new string. */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A new T, zeroed. */
#define mem_new(T) ((T *)mem_alloc(sizeof(T)))

#endif
