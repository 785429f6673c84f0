/* SPDX-License-Identifier: ISC
 *
 * date.c - dates as mail writes them (RFC 5322, section 3.3).
 *
 * Every message needs one, and thousands fall into the same second: the last
 * text is kept, each thread its own.
 */
#include "mail/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct date_cache {
	time_t second;
	char text[DATE_TEXT];	/* "" at first */
};

static void
write_date(time_t second, char out[DATE_TEXT])
{
	static const char days[7][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char months[12][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
	};
	struct tm tm;
	int east;		/* minutes */

	/* A year that does not fit in an int: no clock shows it. */
	if (localtime_r(&second, &tm) == NULL)
		tm = (struct tm){ .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
	east = (int)(tm.tm_gmtoff / 60);
	snprintf(out, DATE_TEXT, "%s, %d %s %d %02d:%02d:%02d %c%02d%02d",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    east < 0 ? '-' : '+', abs(east) / 60 % 100, abs(east) % 60);
}

const char *
date_text(usec_t when, char out[DATE_TEXT])
{
	static _Thread_local struct date_cache cache;
	time_t second = (time_t)(when / 1000000);

	if (cache.text[0] == '\0' || cache.second != second) {
		write_date(second, cache.text);
		cache.second = second;
	}
	memcpy(out, cache.text, DATE_TEXT);
	return out;
}
