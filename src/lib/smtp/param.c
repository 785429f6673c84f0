/* SPDX-License-Identifier: ISC
 *
 * param.c - the values of the parameters of MAIL and RCPT.
 *
 * A row per parameter, a small function per kind of value.  Values that
 * mean the same may look the same to us only after all their bytes were
 * understood: nothing is guessed, nothing is cut off.
 */
#include "smtp/param.h"

enum { ENVID_MOST = 100, ORCPT_MOST = 500, AUTH_MOST = 500 };

/* The values of spool/envelope.h, which stands above this room. */
enum { RET_IS_FULL = 1, RET_IS_HDRS = 2 };
enum { NOTIFY_IS_NEVER = 1, NOTIFY_IS_SUCCESS = 2, NOTIFY_IS_FAILURE = 4,
	NOTIFY_IS_DELAY = 8 };

static bool
set_size(struct span value, void *out)
{
	struct mail_params *params = out;

	params->has_size = value.length <= 20 &&
	    span_number(value, UINT64_MAX, &params->size);
	return params->has_size;
}

static bool
set_body(struct span value, void *out)
{
	struct mail_params *params = out;

	params->eight_bit = span_is_nocase(value, "8BITMIME");
	return params->eight_bit || span_is_nocase(value, "7BIT");
}

static bool
set_ret(struct span value, void *out)
{
	struct mail_params *params = out;

	if (span_is_nocase(value, "FULL"))
		params->ret = RET_IS_FULL;
	else if (span_is_nocase(value, "HDRS"))
		params->ret = RET_IS_HDRS;
	return params->ret != 0;
}

static bool
set_envid(struct span value, void *out)
{
	struct mail_params *params = out;

	params->envid = value;
	return value.length <= ENVID_MOST && xtext_is_valid(value);
}

static bool
set_auth(struct span value, void *out)
{
	struct mail_params *params = out;

	params->auth = value;
	return value.length <= AUTH_MOST && xtext_is_valid(value);
}

/* RFC 6710: 0, or a digit from 1 to 9 with or without a minus. */
static bool
set_priority(struct span value, void *out)
{
	struct mail_params *params = out;
	bool minus = value.length == 2 && value.data[0] == '-';
	uint64_t number;

	if (minus)
		value = span_skip(value, 1);
	if (value.length != 1 || !span_number(value, 9, &number) ||
	    (minus && number == 0))
		return false;
	params->has_priority = true;
	params->priority = (int8_t)(minus ? -(int)number : (int)number);
	return true;
}

/* RFC 2852: [+-]seconds;N|R[T].  What must be returned must have time. */
static bool
set_by(struct span value, void *out)
{
	struct mail_params *params = out;
	size_t semicolon = span_find(value, ';');
	struct span number = span_first(value, semicolon);
	struct span mode = span_skip(value, semicolon + 1);
	bool minus = number.length > 0 && number.data[0] == '-';
	uint64_t seconds;

	if (minus || (number.length > 0 && number.data[0] == '+'))
		number = span_skip(number, 1);
	if (number.length > 9 || !span_number(number, 999999999, &seconds))
		return false;
	if (mode.length == 2 && (mode.data[1] | 32) == 't') {
		params->by_trace = true;
		mode.length = 1;
	}
	params->by_return = span_is_nocase(mode, "R");
	if (!params->by_return && !span_is_nocase(mode, "N"))
		return false;
	params->has_by = true;
	params->by_seconds = minus ? -(int64_t)seconds : (int64_t)seconds;
	return !params->by_return || params->by_seconds > 0;
}

static bool
set_hold_for(struct span value, void *out)
{
	struct mail_params *params = out;
	uint64_t seconds;

	if (params->has_hold || value.length > 9 ||
	    !span_number(value, 999999999, &seconds) || seconds == 0)
		return false;
	params->has_hold = true;
	params->hold_seconds = (int64_t)seconds;
	return true;
}

/* ---- RFC 3339 date and time -------------------------------------------- */

/*
 * Pull COUNT digits from LEAST to MOST off S, and then the byte AFTER
 * unless that is 0.
 */
static bool
pull_digits(struct span *s, size_t count, uint64_t least, uint64_t most,
    uint8_t after, int64_t *out)
{
	uint64_t number;

	if (s->length < count ||
	    !span_number(span_first(*s, count), most, &number) ||
	    number < least)
		return false;
	*s = span_skip(*s, count);
	*out = (int64_t)number;
	if (after == 0)
		return true;
	if (s->length == 0 || (s->data[0] | 32) != (after | 32))
		return false;
	*s = span_skip(*s, 1);
	return true;
}

/* Days since 1970 in the Gregorian calendar, for years from 1 on. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	/* Years begin in March here, so that the leap day is the last. */
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 +
	    day - 1 - 719468;
}

static bool
month_has(int64_t year, int64_t month, int64_t day)
{
	int64_t next_year = month == 12 ? year + 1 : year;
	int64_t next_month = month == 12 ? 1 : month + 1;

	return day <= days_of(next_year, next_month, 1) -
	    days_of(year, month, 1);
}

/* "Z" or "+hh:mm", to the end, as seconds east. */
static bool
parse_zone(struct span s, int64_t *east)
{
	int64_t hours, minutes;
	bool minus;

	*east = 0;
	if (span_is_nocase(s, "Z"))
		return true;
	if (s.length != 6 || (s.data[0] != '+' && s.data[0] != '-'))
		return false;
	minus = s.data[0] == '-';
	s = span_skip(s, 1);
	if (!pull_digits(&s, 2, 0, 23, ':', &hours) ||
	    !pull_digits(&s, 2, 0, 59, 0, &minutes))
		return false;
	*east = (hours * 60 + minutes) * (minus ? -60 : 60);
	return true;
}

/* A fraction of a second is understood and left out. */
static bool
skip_fraction(struct span *s)
{
	size_t i = 1;

	if (s->length == 0 || s->data[0] != '.')
		return true;
	while (i < s->length && s->data[i] >= '0' && s->data[i] <= '9')
		i++;
	*s = span_skip(*s, i);
	return i > 1;
}

static bool
parse_date_time(struct span s, int64_t *out)
{
	int64_t year, month, day, hour, minute, second, east;

	if (!pull_digits(&s, 4, 1, 9999, '-', &year) ||
	    !pull_digits(&s, 2, 1, 12, '-', &month) ||
	    !pull_digits(&s, 2, 1, 31, 'T', &day) ||
	    !pull_digits(&s, 2, 0, 23, ':', &hour) ||
	    !pull_digits(&s, 2, 0, 59, ':', &minute) ||
	    !pull_digits(&s, 2, 0, 60, 0, &second) ||
	    !skip_fraction(&s) || !parse_zone(s, &east) ||
	    !month_has(year, month, day))
		return false;
	*out = days_of(year, month, day) * 86400 + hour * 3600 +
	    minute * 60 + second - east;
	return true;
}

static bool
set_hold_until(struct span value, void *out)
{
	struct mail_params *params = out;

	if (params->has_hold || !parse_date_time(value, &params->hold_until))
		return false;
	params->has_hold = true;
	return params->hold_until > 0;
}

/* ---- RCPT -------------------------------------------------------------- */

static uint8_t
notify_word(struct span word)
{
	if (span_is_nocase(word, "SUCCESS"))
		return NOTIFY_IS_SUCCESS;
	if (span_is_nocase(word, "FAILURE"))
		return NOTIFY_IS_FAILURE;
	if (span_is_nocase(word, "DELAY"))
		return NOTIFY_IS_DELAY;
	return 0;
}

static bool
set_notify(struct span value, void *out)
{
	struct rcpt_params *params = out;
	bool last;

	if (span_is_nocase(value, "NEVER")) {
		params->notify = NOTIFY_IS_NEVER;
		return true;
	}
	do {
		size_t comma = span_find(value, ',');
		uint8_t word = notify_word(span_first(value, comma));

		if (word == 0)
			return false;
		params->notify |= word;
		last = comma == value.length;
		value = span_skip(value, comma + 1);
	} while (!last);
	return true;
}

static bool
set_orcpt(struct span value, void *out)
{
	struct rcpt_params *params = out;
	size_t semicolon = span_find(value, ';');
	struct span text = span_skip(value, semicolon + 1);

	params->orcpt = value;
	if (value.length > ORCPT_MOST || semicolon == 0 || text.length == 0)
		return false;
	for (size_t i = 0; i < semicolon; i++) {
		uint8_t c = value.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return xtext_is_valid(text);
}

/* ---- the rows ---------------------------------------------------------- */

const struct param_row mail_param_rows[] = {
	{ "SIZE", EXT_SIZE, set_size, "SIZE is not a number of bytes" },
	{ "BODY", EXT_8BITMIME, set_body, "BODY is neither 7BIT nor 8BITMIME" },
	{ "RET", EXT_DSN, set_ret, "RET is neither FULL nor HDRS" },
	{ "ENVID", EXT_DSN, set_envid,
	    "ENVID is not xtext of printable ASCII, or is over 100 bytes" },
	{ "MT-PRIORITY", EXT_MT_PRIORITY, set_priority,
	    "MT-PRIORITY is not from -9 to 9" },
	{ "BY", EXT_DELIVERBY, set_by,
	    "BY is not seconds;N or seconds;R, or has no time left" },
	{ "HOLDFOR", EXT_FUTURERELEASE, set_hold_for,
	    "HOLDFOR is not from 1 to 999999999, or stands beside HOLDUNTIL" },
	{ "HOLDUNTIL", EXT_FUTURERELEASE, set_hold_until,
	    "HOLDUNTIL is not an RFC 3339 time, or stands beside HOLDFOR" },
	{ "AUTH", EXT_AUTH, set_auth,
	    "AUTH is not xtext of printable ASCII, or is over 500 bytes" },
	{ NULL, 0, NULL, NULL }
};

const struct param_row rcpt_param_rows[] = {
	{ "NOTIFY", EXT_DSN, set_notify,
	    "NOTIFY is not NEVER, nor of SUCCESS, FAILURE and DELAY" },
	{ "ORCPT", EXT_DSN, set_orcpt,
	    "ORCPT is not type;xtext of printable ASCII, or is over 500 bytes" },
	{ NULL, 0, NULL, NULL }
};
