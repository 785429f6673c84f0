/* SPDX-License-Identifier: ISC
 *
 * conf_type.h - how the values of options are read, written and freed.
 */
#ifndef CONF_CONF_TYPE_H
#define CONF_CONF_TYPE_H

#include "conf/conf_table.h"

enum { CONF_WORDS_MOST = 512 };

/* The words of a line behind the name. */
struct conf_words {
	char *word[CONF_WORDS_MOST];
	size_t count;
};

struct conf_type {
	/* Read WORDS into FIELD, which is ITEM + option->offset.  False:
	 * ERR tells what is wrong and what would be right, without the place;
	 * FIELD may hold a part, and is still to be cleared. */
	bool (*read)(const struct conf_option *option,
	    const struct conf_words *words, void *field, struct err *err);
	/* Append lines that read back to FIELD; none when it is not set. */
	void (*write)(const struct conf_option *option, const void *field,
	    const char *indent, struct buf *out);
	/* Free what FIELD holds, and make it empty; null: nothing to free. */
	void (*clear)(void *field);
	bool repeats;		/* each line adds */
};

extern const struct conf_type conf_types[KIND_COUNT];

/*
 * Put the reason why WORD cannot be the value of OPTION into ERR.
 * Always false.
 */
bool conf_wrong(const struct conf_option *option, const char *word,
    struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Letters, digits, dots, hyphens; no empty label. */
bool conf_is_hostname(const char *text);

/* Exactly one word, not empty; else ERR says what was wanted. */
bool conf_one_word(const struct conf_option *option,
    const struct conf_words *words, const char *wanted, struct err *err);

/* "5m", "64k", "12" into ms, bytes or a count; checked against the row. */
bool conf_number_read(const struct conf_option *option, const char *word,
    uint64_t *out, struct err *err);
uint64_t conf_number_fetch(enum conf_kind kind, const void *field);
void conf_number_store(enum conf_kind kind, void *field, uint64_t value);

/* The shortest exact form: 300000 is "5m", 65536 is "64k". */
void conf_number_write(enum conf_unit unit, uint64_t value, struct buf *out);

/* "INDENT name" */
void conf_line_start(const struct conf_option *option, const char *indent,
    struct buf *out);

/* Put all defaults, one line's words at a time, through the reader. */
void conf_fallback_read(const struct conf_option *option, void *field);

/* conf_part.c: parts of a whole. */
bool conf_part_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_part_write(const struct conf_option *, const void *, const char *,
    struct buf *);

/* conf_rate.c: so many in a time. */
bool conf_rate_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_rate_write(const struct conf_option *, const void *, const char *,
    struct buf *);

/* conf_reply.c: options that are a name alone. */
bool conf_flag_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_flag_write(const struct conf_option *, const void *, const char *,
    struct buf *);

/* conf_list.c: the values that are more than one word. */
bool conf_log_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_log_write(const struct conf_option *, const void *, const char *,
    struct buf *);
void conf_log_clear(void *);
bool conf_retry_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_retry_write(const struct conf_option *, const void *, const char *,
    struct buf *);
bool conf_server_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_server_write(const struct conf_option *, const void *,
    const char *, struct buf *);
void conf_server_clear(void *);
bool conf_header_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_header_write(const struct conf_option *, const void *,
    const char *, struct buf *);
void conf_header_clear(void *);

/* conf_net.c: those that are addresses. */
bool conf_trust_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_trust_write(const struct conf_option *, const void *, const char *,
    struct buf *);
void conf_trust_clear(void *);
bool conf_to_read(const struct conf_option *, const struct conf_words *,
    void *, struct err *);
void conf_to_write(const struct conf_option *, const void *, const char *,
    struct buf *);
void conf_to_clear(void *);

#endif
