/* SPDX-License-Identifier: ISC
 *
 * route_text.h - routes, sites and schedules for people.
 */
#ifndef CTL_ROUTE_TEXT_H
#define CTL_ROUTE_TEXT_H

#include <jansson.h>

#include <stddef.h>

/* A row of the control verb "route"; what it does not have is left out. */
void route_text_print(json_t *row);

/* The state of a site, one fact on a line, behind INDENT. */
void route_text_site(json_t *site, const char *indent);

/* The senders whose rate keeps mail of ROW, a site or a class, back. */
void route_text_senders(json_t *row, const char *indent);

/* "retry 5s 15s; lifetime 4h; …" on a line. */
void route_text_schedule(json_t *schedule);

/* "3.2s", "5m", "4h10m": MS for people. */
const char *route_text_ms(long long ms, char *out, size_t most);

#endif
