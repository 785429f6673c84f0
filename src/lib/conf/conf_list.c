/* SPDX-License-Identifier: ISC
 *
 * conf_list.c - values that are more than one word: log, retry, server,
 * header.
 */
#include "conf/conf_type.h"

#include "base/mem.h"
#include "conf/conf_lexer.h"

#include <arpa/inet.h>

/* ---- log file PATH | stderr | syslog ------------------------------------- */

static bool
log_set(struct conf *conf, enum log_kind kind, const char *path)
{
	conf_log_clear(conf);
	conf->log = kind;
	conf->log_path = mem_strdup(path);
	return true;
}

bool
conf_log_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	const char *const *w = (const char *const *)words->word;

	if (words->count == 1 && strcmp(w[0], "stderr") == 0)
		return log_set(field, LOG_KIND_STDERR, NULL);
	if (words->count == 1 && strcmp(w[0], "syslog") == 0)
		return log_set(field, LOG_KIND_SYSLOG, NULL);
	if (words->count == 2 && strcmp(w[0], "file") == 0) {
		if (w[1][0] != '/')
			return conf_wrong(option, w[1], err,
			    "a path from / on is wanted");
		return log_set(field, LOG_KIND_FILE, w[1]);
	}
	return conf_wrong(option, words->count == 0 ? "" : w[0], err,
	    "file PATH, stderr or syslog is wanted");
}

void
conf_log_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	const struct conf *conf = field;

	conf_line_start(option, indent, out);
	if (conf->log == LOG_KIND_FILE) {
		buf_append_text(out, " file ");
		conf_quote(conf->log_path, out);
	} else
		buf_append_text(out, conf->log == LOG_KIND_STDERR ?
		    " stderr" : " syslog");
	buf_append_byte(out, '\n');
}

void
conf_log_clear(void *field)
{
	struct conf *conf = field;

	mem_free(conf->log_path);
	conf->log_path = NULL;
	conf->log = LOG_KIND_STDERR;
}

/* ---- retry TIME ... ------------------------------------------------------ */

bool
conf_retry_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	struct conf_class *klass = field;
	uint64_t step;

	if (words->count == 0 || words->count > RETRY_STEPS_MOST)
		return err_set(err, ERR_CONFIG,
		    "%s has %zu pauses: least 1, most %d", option->name,
		    words->count, RETRY_STEPS_MOST);
	for (size_t i = 0; i < words->count; i++) {
		if (!conf_number_read(option, words->word[i], &step, err))
			return false;
		klass->retry[i] = (msec_t)step;
	}
	for (size_t i = words->count; i < RETRY_STEPS_MOST; i++)
		klass->retry[i] = 0;
	klass->retry_count = (unsigned)words->count;
	return true;
}

void
conf_retry_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	const struct conf_class *klass = field;

	conf_line_start(option, indent, out);
	for (unsigned i = 0; i < klass->retry_count; i++) {
		buf_append_byte(out, ' ');
		conf_number_write(UNIT_TIME, (uint64_t)klass->retry[i], out);
	}
	buf_append_byte(out, '\n');
}

/* ---- server ADDRESS[@PORT] ----------------------------------------------- */

static bool
is_address(const char *text)
{
	struct in6_addr ignored;

	return inet_pton(AF_INET, text, &ignored) == 1 ||
	    inet_pton(AF_INET6, text, &ignored) == 1;
}

bool
conf_server_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	const char *wanted = "an address is wanted, as in 192.0.2.53 or "
	    "192.0.2.53@5353";
	struct conf *conf = field;
	uint64_t port = 53;
	char *address, *at;
	bool good;

	if (!conf_one_word(option, words, wanted, err))
		return false;
	if (conf->resolver_server_count == RESOLVER_SERVERS_MOST)
		return err_set(err, ERR_CONFIG, "%s: most %d of them",
		    option->name, RESOLVER_SERVERS_MOST);
	address = mem_strdup(words->word[0]);
	at = strchr(address, '@');
	if (at != NULL)
		*at = '\0';
	good = is_address(address) && (at == NULL ||
	    span_number(span_of(at + 1), UINT16_MAX, &port)) && port > 0;
	if (good)
		conf->resolver_servers[conf->resolver_server_count++] =
		    mem_printf("%s@%u", address, (unsigned)port);
	mem_free(address);
	return good || conf_wrong(option, words->word[0], err, "%s", wanted);
}

void
conf_server_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	const struct conf *conf = field;

	for (size_t i = 0; i < conf->resolver_server_count; i++) {
		conf_line_start(option, indent, out);
		buf_printf(out, " %s\n", conf->resolver_servers[i]);
	}
}

void
conf_server_clear(void *field)
{
	struct conf *conf = field;

	while (conf->resolver_server_count > 0) {
		char **last = &conf->resolver_servers[
		    --conf->resolver_server_count];

		mem_free(*last);
		*last = NULL;
	}
}

/* ---- header NAME GLOB CLASS [GLOB CLASS ...] ----------------------------- */

static void
header_add(struct conf *conf, const char *name, const char *pattern,
    enum mail_class klass)
{
	conf->headers = mem_resize(conf->headers, conf->header_count + 1,
	    sizeof conf->headers[0]);
	conf->headers[conf->header_count++] = (struct conf_header){
		.name = mem_strdup(name), .pattern = mem_strdup(pattern),
		.klass = klass
	};
}

/* RFC 5322, section 3.6.8: printable, but no colon. */
static bool
is_field_name(const char *text)
{
	const char *c;

	for (c = text; *c > 0x20 && *c < 0x7f && *c != ':'; c++)
		;
	return *c == '\0' && c != text;
}

/* The rows are tried in order: one before it that says otherwise of all that
 * PATTERN matches. */
static const struct conf_header *
header_before(const struct conf *conf, const char *name, const char *pattern,
    enum mail_class klass)
{
	for (size_t i = 0; i < conf->header_count; i++) {
		const struct conf_header *row = &conf->headers[i];

		if (row->klass != klass && conf_glob_covers(row->pattern,
		    pattern) && span_equal_nocase(span_of(row->name),
		    span_of(name)))
			return row;
	}
	return NULL;
}

bool
conf_header_read(const struct conf_option *option,
    const struct conf_words *words, void *field, struct err *err)
{
	enum { HEADERS_MOST = 256 };
	const struct conf_header *first;
	struct conf *conf = field;
	enum mail_class klass;

	if (words->count < 3 || words->count % 2 == 0)
		return err_set(err, ERR_CONFIG, "%s: NAME GLOB CLASS is "
		    "wanted, and further pairs of GLOB CLASS", option->name);
	if (!is_field_name(words->word[0]))
		return conf_wrong(option, words->word[0], err,
		    "the name of a header field is wanted, without its colon");
	for (size_t i = 1; i < words->count; i += 2) {
		if (words->word[i][0] == '\0')
			return err_set(err, ERR_CONFIG, "%s \"\": a pattern is "
			    "wanted, * for any value", option->name);
		if (!class_of_name(span_of(words->word[i + 1]), &klass))
			return conf_wrong(option, words->word[i + 1], err,
			    "urgent, normal or bulk is wanted after %s",
			    words->word[i]);
		first = header_before(conf, words->word[0], words->word[i],
		    klass);
		if (first != NULL)
			return err_set(err, ERR_CONFIG, "%s %s %s: never %s, "
			    "for %s stands before it and makes that %s",
			    option->name, words->word[0], words->word[i],
			    class_name(klass), first->pattern,
			    class_name(first->klass));
		if (conf->header_count == HEADERS_MOST)
			return err_set(err, ERR_CONFIG, "%s: most %d of them",
			    option->name, HEADERS_MOST);
		header_add(conf, words->word[0], words->word[i], klass);
	}
	return true;
}

void
conf_header_write(const struct conf_option *option, const void *field,
    const char *indent, struct buf *out)
{
	const struct conf *conf = field;

	for (size_t i = 0; i < conf->header_count; i++) {
		const struct conf_header *header = &conf->headers[i];

		conf_line_start(option, indent, out);
		buf_append_byte(out, ' ');
		conf_quote(header->name, out);
		buf_append_byte(out, ' ');
		conf_quote(header->pattern, out);
		buf_printf(out, " %s\n", class_name(header->klass));
	}
}

void
conf_header_clear(void *field)
{
	struct conf *conf = field;

	for (size_t i = 0; i < conf->header_count; i++) {
		mem_free(conf->headers[i].name);
		mem_free(conf->headers[i].pattern);
	}
	mem_free(conf->headers);
	conf->headers = NULL;
	conf->header_count = 0;
}
