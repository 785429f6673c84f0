/* SPDX-License-Identifier: ISC
 *
 * conf_type.c - how the values of options are read, written and freed.
 *
 * Here are the values that are one word; the others are in conf_list.c and
 * conf_net.c.
 */
#include "conf/conf_type.h"

#include "base/mem.h"
#include "base/must.h"
#include "conf/conf_lexer.h"
#include "conf/conf_net.h"

#include <stdio.h>
#include <stdlib.h>

bool
conf_wrong(const struct conf_option *option, const char *word,
    struct err *err, const char *fmt, ...)
{
	char why[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return err_set(err, ERR_CONFIG, "%s %.60s: %s", option->name, word,
	    why);
}

bool
conf_one_word(const struct conf_option *option,
    const struct conf_words *words, const char *wanted, struct err *err)
{
	if (words->count == 0)
		return err_set(err, ERR_CONFIG, "%s has no value: %s",
		    option->name, wanted);
	if (words->count > 1)
		return err_set(err, ERR_CONFIG,
		    "%s has %zu values: %s, and only one", option->name,
		    words->count, wanted);
	if (words->word[0][0] == '\0')
		return err_set(err, ERR_CONFIG, "%s \"\": %s", option->name,
		    wanted);
	return true;
}

void
conf_line_start(const struct conf_option *option, const char *indent,
    struct buf *out)
{
	buf_printf(out, "%s%s", indent, option->name);
}

/* ---- text ---------------------------------------------------------------- */

bool
conf_is_hostname(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");

	return text[length] == '\0' && length <= 255 && text[0] != '.' &&
	    text[0] != '-' && strstr(text, "..") == NULL;
}

static bool
is_path(const char *text)
{
	return text[0] == '/' && strlen(text) < 4000;
}

static bool
is_user(const char *text)
{
	return strpbrk(text, " \t\n:/") == NULL;
}

static bool
is_mailbox(const char *text)
{
	const char *at = strrchr(text, '@');

	return at != NULL && at != text && conf_is_hostname(at + 1) &&
	    at[1] != '\0' && strpbrk(text, " \t\n<>") == NULL;
}

static const struct {
	bool (*is)(const char *text);
	const char *wanted;
} texts[KIND_COUNT] = {
	[KIND_HOSTNAME] = { conf_is_hostname, "a domain name is wanted, as in "
	    "relay.example.org" },
	[KIND_PATH] = { is_path, "a path from / on is wanted" },
	[KIND_USER] = { is_user, "the name of a user is wanted" },
	[KIND_MAILBOX] = { is_mailbox, "a mail address is wanted, as in "
	    "postmaster@example.org" },
	[KIND_PATTERN] = { conf_pattern_good, "a domain, *.DOMAIN or * is "
	    "wanted" },
};

static bool
text_read(const struct conf_option *option, const struct conf_words *words,
    void *field, struct err *err)
{
	char **text = field;

	if (!conf_one_word(option, words, texts[option->kind].wanted, err))
		return false;
	if (!texts[option->kind].is(words->word[0]))
		return conf_wrong(option, words->word[0], err, "%s",
		    texts[option->kind].wanted);
	mem_free(*text);
	*text = mem_strdup(words->word[0]);
	return true;
}

static void
text_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	char *const *text = field;

	if (*text == NULL)
		return;
	conf_line_start(option, indent, out);
	buf_append_byte(out, ' ');
	conf_quote(*text, out);
	buf_append_byte(out, '\n');
}

static void
text_clear(void *field)
{
	char **text = field;

	mem_free(*text);
	*text = NULL;
}

/* ---- numbers ------------------------------------------------------------- */

static bool
number_read(const struct conf_option *option, const struct conf_words *words,
    void *field, struct err *err)
{
	uint64_t value;

	if (!conf_one_word(option, words, "a number is wanted", err) ||
	    !conf_number_read(option, words->word[0], &value, err))
		return false;
	conf_number_store(option->kind, field, value);
	return true;
}

static void
number_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	uint64_t value = conf_number_fetch(option->kind, field);

	conf_line_start(option, indent, out);
	buf_append_byte(out, ' ');
	if (value == 0 && option->zero != NULL)
		buf_append_text(out, option->zero);
	else
		conf_number_write(option->unit, value, out);
	buf_append_byte(out, '\n');
}

enum { MILLION = 1000000 };

static bool
double_read(const struct conf_option *option, const struct conf_words *words,
    void *field, struct err *err)
{
	const char *wanted = "a number is wanted, as in 1 or 0.01";
	double value;
	char *end;

	if (!conf_one_word(option, words, wanted, err))
		return false;
	value = strtod(words->word[0], &end);
	if (words->word[0][strspn(words->word[0], "0123456789.")] != '\0' ||
	    *end != '\0' || end == words->word[0])
		return conf_wrong(option, words->word[0], err, "%s", wanted);
	if (value * MILLION < (double)option->least ||
	    value * MILLION > (double)option->most)
		return conf_wrong(option, words->word[0], err,
		    "out of range: least %g, most %g",
		    (double)option->least / MILLION,
		    (double)option->most / MILLION);
	*(double *)field = value;
	return true;
}

static void
double_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	double value = *(const double *)field;
	char text[64];

	snprintf(text, sizeof text, "%.6g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof text, "%.17g", value);
	conf_line_start(option, indent, out);
	buf_printf(out, " %s\n", text);
}

/* ---- one of a few words -------------------------------------------------- */

static const char *const class_words[] = {
	[CLASS_URGENT] = "urgent", [CLASS_NORMAL] = "normal",
	[CLASS_BULK] = "bulk", NULL
};
static const char *const listen_tls_words[] = {
	[LISTEN_TLS_OFFER] = "offer", [LISTEN_TLS_IMPLICIT] = "implicit",
	[LISTEN_TLS_NONE] = "none", NULL
};
static const char *const bare_lf_words[] = { [BARE_LF_BY_TRUST] = "by-trust",
	[BARE_LF_REJECT] = "reject",
	[BARE_LF_NORMALIZE] = "normalize",
	NULL };
static const char *const site_tls_words[] = {
	[SITE_TLS_OPPORTUNISTIC] = "opportunistic", [SITE_TLS_NONE] = "none",
	[SITE_TLS_ENCRYPT] = "encrypt", NULL
};
static const char *const fair_by_words[] = {
	[FAIR_BY_SENDER] = "sender", [FAIR_BY_DOMAIN] = "domain",
	[FAIR_BY_CLIENT] = "client", NULL
};

static const struct {
	const char *const *words;
	const char *wanted;
} choices[KIND_COUNT] = {
	[KIND_CLASS] = { class_words, "urgent, normal or bulk is wanted" },
	[KIND_LISTEN_TLS] = { listen_tls_words,
	    "offer, implicit or none is wanted" },
	[KIND_BARE_LF] = { bare_lf_words,
	    "reject, normalize or by-trust is wanted" },
	[KIND_SITE_TLS] = { site_tls_words,
	    "opportunistic, none or encrypt is wanted" },
	[KIND_FAIR_BY] = { fair_by_words,
	    "sender, domain or client is wanted" },
};

static bool
choice_read(const struct conf_option *option, const struct conf_words *words,
    void *field, struct err *err)
{
	const char *wanted = choices[option->kind].wanted;
	const char *const *known = choices[option->kind].words;

	if (!conf_one_word(option, words, wanted, err))
		return false;
	for (unsigned i = 0; known[i] != NULL; i++)
		if (strcmp(words->word[0], known[i]) == 0) {
			*(unsigned *)field = i;
			return true;
		}
	return conf_wrong(option, words->word[0], err, "%s", wanted);
}

static void
choice_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	unsigned value = *(const unsigned *)field;

	conf_line_start(option, indent, out);
	buf_printf(out, " %s\n", choices[option->kind].words[value]);
}

_Static_assert(sizeof(enum mail_class) == sizeof(unsigned) &&
	sizeof(enum listen_tls) == sizeof(unsigned) &&
	sizeof(enum bare_lf) == sizeof(unsigned) &&
	sizeof(enum fair_by) == sizeof(unsigned) &&
	sizeof(enum site_tls) == sizeof(unsigned),
    "choices are kept as unsigned");

const struct conf_type conf_types[KIND_COUNT] = {
	[KIND_HOSTNAME] = { text_read, text_write, text_clear, false },
	[KIND_PATH] = { text_read, text_write, text_clear, false },
	[KIND_USER] = { text_read, text_write, text_clear, false },
	[KIND_MAILBOX] = { text_read, text_write, text_clear, false },
	[KIND_PATTERN] = { text_read, text_write, text_clear, false },
	[KIND_FLAG] = { conf_flag_read, conf_flag_write, NULL, false },
	[KIND_UNSIGNED] = { number_read, number_write, NULL, false },
	[KIND_SIZE] = { number_read, number_write, NULL, false },
	[KIND_BYTES] = { number_read, number_write, NULL, false },
	[KIND_TIME] = { number_read, number_write, NULL, false },
	[KIND_DOUBLE] = { double_read, double_write, NULL, false },
	[KIND_CLASS] = { choice_read, choice_write, NULL, false },
	[KIND_LISTEN_TLS] = { choice_read, choice_write, NULL, false },
	[KIND_BARE_LF] = { choice_read, choice_write, NULL, false },
	[KIND_SITE_TLS] = { choice_read, choice_write, NULL, false },
	[KIND_FAIR_BY] = { choice_read, choice_write, NULL, false },
	[KIND_PART] = { conf_part_read, conf_part_write, NULL, false },
	[KIND_RATE] = { conf_rate_read, conf_rate_write, NULL, false },
	[KIND_LOG] = { conf_log_read, conf_log_write, conf_log_clear, false },
	[KIND_RETRY] = { conf_retry_read, conf_retry_write, NULL, false },
	[KIND_TRUST] = { conf_trust_read, conf_trust_write, conf_trust_clear,
	    true },
	[KIND_SERVER] = { conf_server_read, conf_server_write,
	    conf_server_clear, true },
	[KIND_HEADER] = { conf_header_read, conf_header_write,
	    conf_header_clear, true },
	[KIND_TO] = { conf_to_read, conf_to_write, conf_to_clear, false },
};

/* ---- defaults ------------------------------------------------------------ */

static void
words_clear(struct conf_words *words)
{
	while (words->count > 0)
		mem_free(words->word[--words->count]);
}

void
conf_fallback_read(const struct conf_option *option, void *field)
{
	struct conf_words words;
	struct conf_lexer lexer;
	enum conf_token token;
	struct err err;

	if (option->fallback == NULL)
		return;
	words.count = 0;
	conf_lexer_init(&lexer, span_of(option->fallback));
	do {
		token = conf_lexer_next(&lexer, &err);
		if (token == TOKEN_WORD) {
			must(words.count < CONF_WORDS_MOST);
			words.word[words.count++] =
			    span_copy(buf_peek(&lexer.word));
			continue;
		}
		must(conf_types[option->kind].read(option, &words, field,
		    &err));
		words_clear(&words);
	} while (token != TOKEN_END);
	conf_lexer_fini(&lexer);
}
