/* SPDX-License-Identifier: ISC
 *
 * site.h - one destination: its addresses, its jobs, its connections.
 */
#ifndef DELIVERER_SITE_H
#define DELIVERER_SITE_H

#include "deliverer/deliverer.h"
#include "deliverer/pool.h"
#include "deliverer/target.h"
#include "deliverer/verdict.h"

/* Why no connection to any host of the site could be had. */
struct site_failure {
	enum outcome outcome;
	uint16_t code;		/* of the last host's reply; 0 = none */
	char status[STATUS_SIZE];
	char text[400];
	char host[256];		/* the last one */
	char relay[340];	/* "host[addr]:port" */
	bool ours;		/* what is missing is on our side */
};

/* What the scheduler is to hear of the site with the next result. */
struct signs {
	bool slow;		/* it wants less of us */
	unsigned room;		/* connections it takes, and no more; 0: all */
	msec_t pause;		/* it wants nothing for so long */
};

struct site {
	struct link link;	/* in deliverer->leaving */
	struct deliverer *deliverer;
	uint32_t number;
	char *name;
	char *domain;		/* the only one it serves; "": several */
	char *pattern;		/* of `policy` */
	struct targets targets;
	const struct conf_site *policy;
	struct pool pool;
	unsigned window;	/* connections, as the scheduler lets us … */
	unsigned beside;	/* … and besides, for urgent mail */
	struct signs signs;
	struct list couriers;	/* all */
	struct list idle;	/* those without a job, last used first */
	struct timer *pace;	/* the next start of normal and bulk */
	struct timer *rest;	/* after want of something of ours */
	unsigned rests;		/* in a row */
	struct link service;	/* in deliverer->service … */
	bool serve_first;	/* … among those with urgent mail */
	struct link wanting;	/* in deliverer->places … */
	enum place_for wants;	/* … for this */
	bool fixed;		/* a route names its hosts */
	bool answers;		/* it took part in the last transaction */
	bool gone;		/* nothing new will come */
	msec_t narrow_said;	/* it had enough; not to be said before */
	unsigned vain;		/* connections in a row that took no mail */
	unsigned detours;	/* couriers for mail that avoids a host */
	msec_t detour_at;	/* no other detour before: monotonic */
	bool one_by_one;	/* nothing goes ahead: a server of it loses
				 * that, or answers it first */
	bool orphan;		/* nobody wants to hear of it any more */
};

/* FRAME_SITE: a new site, or other addresses for the one that is there. */
void site_set(struct deliverer *deliverer, const struct frame_site *frame);
struct site *site_find(struct deliverer *deliverer, uint32_t number);

/* Nothing new will come for it.  True: it has couriers still, and the last
 * of them will free it.  False: it is freed. */
bool site_gone(struct site *site);
/* The limits of the configuration that is valid now. */
void site_reload(struct site *site);

/* The site may have WINDOW connections now, and urgent mail BESIDE more; idle
 * ones beyond that end. */
void site_set_window(struct site *site, unsigned window, unsigned beside);

/* The only connection of the site is ready. */
void site_talks(struct site *site);

/* Give waiting jobs to free connections, and open what is missing. */
void site_serve(struct site *site);

/* A connection was ready, took no mail, and left, though mail waits.  Where
 * that goes on, the next ones are made one by one, and later each time, until one is useful. */
void site_in_vain(struct site *site);
void site_useful(struct site *site);

/* JOB, which waits no more, is put off because of FAILURE. */
void site_put_off(struct site *site, struct job *job,
    const struct site_failure *failure);

/* No host would talk to us, says a courier that tried them all. */
void site_failed(struct site *site, const struct site_failure *failure);

/* A server of the site (RELAY, for people) cannot take what goes ahead. */
void site_one_by_one(struct site *site, const char *relay);

/* Answer all jobs that wait: not tried. */
void site_return_jobs(struct site *site);

/* A courier has left. */
void site_lost_courier(struct site *site);

void site_free(struct site **site);

void job_free(struct job **job);

#endif
