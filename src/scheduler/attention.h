/* SPDX-License-Identifier: ISC
 *
 * attention.h - hosts that wait for our operator.
 *
 * A deliverer tells of a host that a route names and that asks for a login,
 * or the like.  That is one warning in the log, and a line of `postrider
 * status` until the host takes mail; or until a reload, which may have mended
 * it: if it has not, the next message tells so again.
 */
#ifndef SCHEDULER_ATTENTION_H
#define SCHEDULER_ATTENTION_H

#include "base/list.h"
#include "wire/frames.h"

#include <jansson.h>

struct scheduler;
struct site;

/* Of a site: one host at a time. */
struct attention {
	struct link link;	/* in scheduler->attentions */
	char *host;		/* "smtp.example", "2001:db8::1" */
	uint16_t port;
	char *text;		/* "asks for a login (530 5.7.0 …)" */
	usec_t since;		/* wall */
};

/* TOLD is of a host of SITE. */
void attention_told(struct scheduler *s, struct site *site,
    const struct frame_attention *told);

/* RESULT is of SITE: if the host in question took mail, it is well. */
void attention_result(struct scheduler *s, struct site *site,
    const struct frame_result *result);

/* It is not known any more whether SITE, or any, needs attention. */
void attention_forget(struct scheduler *s, struct site *site);
void attention_forget_all(struct scheduler *s);

/* {"host": "smtp.example:25", "text": "asks for …", "since": seconds}; null:
 * SITE needs none. */
json_t *attention_object(const struct site *site);
/* Of all sites, oldest first, as many as a screen takes. */
json_t *attention_list(const struct scheduler *s);

#endif
