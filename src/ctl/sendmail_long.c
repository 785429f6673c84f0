/* SPDX-License-Identifier: ISC
 *
 * sendmail_long.c - options of sendmail that have names.
 */
#include "ctl/sendmail_long.h"

#include "base/mem.h"
#include "base/span.h"
#include "smtp/command.h"

#include <stdlib.h>
#include <strings.h>

/*
 * -oex, -ex, -O ErrorMode=x.  A letter that nobody knows is no reason to lose
 * mail.
 */
bool
sendmail_errors(struct sendmail_options *out, const char *value,
    struct err *err)
{
	static const struct {
		char letter;
		enum sendmail_errors errors;
	} rows[] = {
		{ 'p', ERRORS_PRINT }, { 'q', ERRORS_QUIET },
		{ 'm', ERRORS_MAIL }, { 'w', ERRORS_MAIL },
		{ 'e', ERRORS_MAIL_ZERO },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (value[0] == rows[i].letter) {
			out->errors = rows[i].errors;
			return true;
		}
	(void)err;
	return true;
}

static bool
take_priority(struct sendmail_options *out, const char *value,
    struct err *err)
{
	char *end;
	long priority = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || priority < -9 || priority > 9)
		return err_set(err, ERR_FORMAT,
		    "-O: a priority is a number from -9 to 9, not %s", value);
	out->has_priority = true;
	out->priority = (int)priority;
	return true;
}

/* The relay's own parser says whether KEYWORD=VALUE may stand in MAIL. */
static bool
check_param(const char *keyword, const char *value, unsigned ext,
    struct err *err)
{
	char *argument = mem_printf("FROM:<> %s=%s", keyword, value);
	struct mail_params params = { 0 };
	struct path path;
	struct complaint complaint = mail_parse(span_of(argument), ext, &path,
	    &params);

	mem_free(argument);
	if (complaint.code == 0)
		return true;
	return err_set(err, ERR_FORMAT, "-O: %s: %s", value, complaint.text);
}

static bool
take_by(struct sendmail_options *out, const char *value, struct err *err)
{
	out->by = value;
	return check_param("BY", value, EXT_DELIVERBY, err);
}

static bool
take_hold_for(struct sendmail_options *out, const char *value,
    struct err *err)
{
	out->hold_for = value;
	return check_param("HOLDFOR", value, EXT_FUTURERELEASE, err);
}

static bool
take_hold_until(struct sendmail_options *out, const char *value,
    struct err *err)
{
	out->hold_until = value;
	return check_param("HOLDUNTIL", value, EXT_FUTURERELEASE, err);
}

static bool
take_all_or_any(struct sendmail_options *out, const char *value,
    struct err *err)
{
	if (strcasecmp(value, "all") != 0 && strcasecmp(value, "any") != 0)
		return err_set(err, ERR_FORMAT,
		    "-O: recipients is all or any, not %s", value);
	out->all = strcasecmp(value, "all") == 0;
	return true;
}

/* These have an effect, the rest were for Sendmail's inner works. */
static const struct {
	const char *name;
	bool (*take)(struct sendmail_options *out, const char *value,
	    struct err *err);
} long_options[] = {
	{ "priority", take_priority }, { "MtPriority", take_priority },
	{ "deliverby", take_by }, { "holdfor", take_hold_for },
	{ "holduntil", take_hold_until }, { "recipients", take_all_or_any },
	{ "ErrorMode", sendmail_errors },
};

bool
sendmail_long(struct sendmail_options *out, const char *value, struct err *err)
{
	struct span name = span_first(span_of(value),
	    span_find(span_of(value), '='));
	size_t i;

	value += name.length;
	value += *value == '=';
	for (i = 0; i < sizeof(long_options) / sizeof(long_options[0]); i++)
		if (span_is_nocase(name, long_options[i].name))
			return long_options[i].take(out, value, err);
	return true;
}
