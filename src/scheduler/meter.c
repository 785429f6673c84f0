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

static void
dry(struct queue *queue, struct meter *meter)
{
	heap_put(&queue->tokens, &meter->wake, due(meter));
}

/* As it was when it was last there, if that was short ago. */
static void
begin(struct queue *queue, struct meter *meter, int64_t step)
{
	if (spent_take(&queue->spent, meter->key, &meter->step,
	    &meter->next)) {
		dry(queue, meter);
		return;
	}
	meter->step = step;
	meter->next = FRESH;
}

void
meter_set(struct queue *queue, struct meter *meter, struct conf_rate rate)
{
	int64_t step = conf_rate_interval(rate);

	if (meter->step == 0 && step > 0)
		begin(queue, meter, step);
	meter->next += step - meter->step;
	meter->step = step;
	if (step == 0)
		heap_remove(&queue->tokens, &meter->wake);
	else if (meter_dry(meter))
		dry(queue, meter);
}

void
meter_fini(struct queue *queue, struct meter *meter)
{
	if (meter_dry(meter))
		spent_keep(&queue->spent, meter->key, meter->step,
		    meter->next);
	heap_remove(&queue->tokens, &meter->wake);
}

void
meter_take(struct queue *queue, struct meter *meter, msec_t now)
{
	if (meter->step == 0)
		return;
	must(!meter_dry(meter));
	if (meter->next < (now - METER_LATE) * MILLION)
		meter->next = now * MILLION;
	meter->next += meter->step;
	queue->spent.changed |= meter->step >= SPENT_SLOW;
	if (due(meter) > now)
		dry(queue, meter);
}

void
meter_return(struct queue *queue, struct meter *meter)
{
	meter->next -= meter->step;
	queue->spent.changed |= meter->step >= SPENT_SLOW;
	if (meter_dry(meter))
		dry(queue, meter);
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

static struct rates *
new_rates(struct site *site)
{
	struct rates *rates = mem_new(struct rates);
	struct span name = span_of(site->key);

	rates->all.site = site;
	rates->all.key = spent_key(name, CLASS_COUNT);
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		rates->classes[c].site = site;
		rates->classes[c].key = spent_key(name, c);
	}
	return rates;
}

void
rates_set(struct queue *queue, struct site *site,
    const struct conf_site *policy)
{
	struct rates *rates = site->rates;

	if (rates == NULL && !any_rate(policy))
		return;
	if (rates == NULL)
		rates = site->rates = new_rates(site);
	meter_set(queue, &rates->all, policy->rate);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		meter_set(queue, &rates->classes[c],
		    policy->class_rate[c]);
	if (!any_rate(policy))
		rates_fini(queue, site);
}

void
rates_fini(struct queue *queue, struct site *site)
{
	struct rates *rates = site->rates;

	if (rates == NULL)
		return;
	meter_fini(queue, &rates->all);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		meter_fini(queue, &rates->classes[c]);
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
	meter_take(queue, &site->rates->all, now);
	meter_take(queue, &site->rates->classes[klass], now);
}

void
rates_return(struct queue *queue, struct site *site, unsigned klass)
{
	if (site->rates == NULL)
		return;
	meter_return(queue, &site->rates->all);
	meter_return(queue, &site->rates->classes[klass]);
}
