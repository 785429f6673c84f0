/* SPDX-License-Identifier: ISC
 *
 * signs.c - what a job tells of its site, beside what became of it.
 */
#include "scheduler/results.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/scheduler.h"

/* The text of the last recipient that was put off, or refused. */
static struct span
last_text(const struct frame_result *result)
{
	struct span list = result->rows, text = span_of("");
	struct result_row row;

	while (result_row_pull(&list, &row))
		if (row.outcome == OUTCOME_DEFERRED ||
		    row.outcome == OUTCOME_FAILED)
			text = row.text;
	return text;
}

static void
hold(struct scheduler *s, struct site *site, enum mail_class klass,
    msec_t pause)
{
	msec_t now = scheduler_now(s);

	site_hold(&s->queue, site, klass, now + pause, now);
	log_info("%s rests for %lld s, by a rule for replies: %s",
	    site->name, (long long)(pause / 1000),
	    site->reason != NULL ? site->reason : "");
}

void
results_signs(struct scheduler *s, struct site *site, enum mail_class klass,
    const struct frame_result *result, msec_t sent)
{
	msec_t now = scheduler_now(s);
	struct span text = last_text(result);

	if (result->room > 0)
		site_room(&s->queue, site, result->room, now, s->conf);
	if ((result->signs & SIGN_SLOW) != 0)
		site_strained(&s->queue, site, sent, now, s->conf);
	if (text.length > 0 && (site->failures > 0 || result->pause > 0))
		results_site_reason(site, text);
	if (result->pause > 0)
		hold(s, site, klass, result->pause);
	if (site_rests(site))
		dispatch_recall(s, site);
	if (site_is_down(site)) {
		results_age_site(s, site);
		window_shrink(s, site);
	}
}
