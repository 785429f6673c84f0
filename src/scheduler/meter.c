/* SPDX-License-Identifier: ISC
 *
 * meter.c - rates: a token for each message, and when the next one comes.
 */
#include "scheduler/meter.h"

#include "base/mem.h"
#include "base/must.h"
#include "scheduler/site.h"

enum {
	MILLION = 1000000,	/* ns of a ms */
	FRESH = -2 * METER_LATE * MILLION	/* longer ago than any token */
};

/* ---- one meter ---------------------------------------------------------------- */

/* The first millisecond at which the token is there. */
static msec_t
due(const struct meter *meter)
{
	return meter->next / MILLION + (meter->next % MILLION > 0);
}

void
meter_set(struct heap *tokens, struct meter *meter, struct conf_rate rate)
{
	int64_t step = conf_rate_interval(rate);

	meter->next = meter->step == 0 ? FRESH :
	    meter->next + step - meter->step;
	meter->step = step;
	if (step == 0)
		heap_remove(tokens, &meter->wake);
	else if (meter_dry(meter))
		heap_put(tokens, &meter->wake, due(meter));
}

void
meter_fini(struct heap *tokens, struct meter *meter)
{
	heap_remove(tokens, &meter->wake);
}

void
meter_take(struct heap *tokens, struct meter *meter, msec_t now)
{
	if (meter->step == 0)
		return;
	must(!meter_dry(meter));
	if (meter->next < (now - METER_LATE) * MILLION)
		meter->next = now * MILLION;
	meter->next += meter->step;
	if (due(meter) > now)
		heap_put(tokens, &meter->wake, due(meter));
}

void
meter_return(struct heap *tokens, struct meter *meter)
{
	meter->next -= meter->step;
	if (meter_dry(meter))
		heap_put(tokens, &meter->wake, due(meter));
}

/* ---- the limits of a site ----------------------------------------------------- */

static bool
any_rate(const struct conf_site *policy)
{
	bool any = conf_rate_interval(policy->rate) > 0;

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		any |= conf_rate_interval(policy->class_rate[c]) > 0;
	return any;
}

void
rates_set(struct queue *queue, struct site *site,
    const struct conf_site *policy)
{
	struct rates *rates = site->rates;

	if (rates == NULL && !any_rate(policy))
		return;
	if (rates == NULL)
		rates = site->rates = mem_new(struct rates);
	rates->all.site = site;
	meter_set(&queue->tokens, &rates->all, policy->rate);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		rates->classes[c].site = site;
		meter_set(&queue->tokens, &rates->classes[c],
		    policy->class_rate[c]);
	}
	if (!any_rate(policy))
		rates_fini(queue, site);
}

void
rates_fini(struct queue *queue, struct site *site)
{
	struct rates *rates = site->rates;

	if (rates == NULL)
		return;
	meter_fini(&queue->tokens, &rates->all);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		meter_fini(&queue->tokens, &rates->classes[c]);
	mem_free(rates);
	site->rates = NULL;
}

bool
rates_dry(const struct site *site, unsigned klass)
{
	const struct rates *rates = site->rates;

	return rates != NULL && (meter_dry(&rates->all) ||
	    meter_dry(&rates->classes[klass]));
}

void
rates_take(struct queue *queue, struct site *site, unsigned klass,
    msec_t now)
{
	if (site->rates == NULL)
		return;
	meter_take(&queue->tokens, &site->rates->all, now);
	meter_take(&queue->tokens, &site->rates->classes[klass], now);
}

void
rates_return(struct queue *queue, struct site *site, unsigned klass)
{
	if (site->rates == NULL)
		return;
	meter_return(&queue->tokens, &site->rates->all);
	meter_return(&queue->tokens, &site->rates->classes[klass]);
}
