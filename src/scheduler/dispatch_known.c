/* SPDX-License-Identifier: ISC
 *
 * dispatch_known.c - what deliverers know: sites and segments.
 */
#include "scheduler/dispatch.h"

#include "base/must.h"
#include "scheduler/scheduler.h"

/* ---- sites ------------------------------------------------------------------------- */

/* There is one, though it may not read now. */
static unsigned
any_deliverer(const struct dispatch *d)
{
	unsigned i = 0;

	while (d->deliverers[i].channel == NULL)
		must(++i < DELIVERER_APART);
	return i;
}

/* DELIVERER is told about SITE; TOLD is what it knows. */
static void
tell_site(struct site *site, const struct deliverer *deliverer,
    uint64_t *told)
{
	struct frame frame = { .kind = FRAME_SITE, .fd = -1 };

	if (site->changed) {
		site->told = 0;
		if (site->apart != NULL)
			site->apart->told = 0;
		site->changed = false;
	}
	if (*told == deliverer->birth)
		return;
	frame.site.site = site->number;
	frame.site.anew = site->anew;
	frame.site.fixed = site->fixed;
	frame.site.name = span_of(site->name);
	frame.site.domain = span_of(site->domains.count == 1 ?
	    list_item(list_first(&site->domains), struct domain,
	    at_site)->name : "");
	frame.site.policy = span_of(site->pattern);
	frame.site.hosts = span_make(site->hosts, site->host_bytes);
	channel_send(deliverer->channel, &frame);
	*told = deliverer->birth;
}

unsigned
dispatch_find(struct scheduler *s, const struct entry *entry)
{
	struct dispatch *d = &s->dispatch;
	struct site *site = entry->site;

	if (entry->suspect) {
		tell_site(site, &d->deliverers[DELIVERER_APART],
		    &site->apart->told);
		return DELIVERER_APART;
	}
	if (site->deliverer == -1 ||
	    d->deliverers[site->deliverer].channel == NULL) {
		unsigned least = dispatch_least_loaded(s);

		site->deliverer = (int)(least != DELIVERERS_MOST ? least :
		    any_deliverer(d));
		site->told = 0;
	}
	tell_site(site, &d->deliverers[site->deliverer], &site->told);
	site->anew = false;
	return (unsigned)site->deliverer;
}

/* Send FRAME, which is about SITE, to those that know the site. */
static void
send_about(struct scheduler *s, const struct site *site,
    const struct frame *frame)
{
	const struct deliverer *all = s->dispatch.deliverers;
	const struct deliverer *apart = &all[DELIVERER_APART];

	if (site->deliverer != -1 && all[site->deliverer].channel != NULL &&
	    site->told == all[site->deliverer].birth)
		channel_send(all[site->deliverer].channel, frame);
	if (site->apart != NULL && apart->channel != NULL &&
	    site->apart->told == apart->birth)
		channel_send(apart->channel, frame);
}

void
dispatch_forget_site(struct scheduler *s, struct site *site)
{
	struct frame frame = { .kind = FRAME_SITE_GONE, .fd = -1 };

	must(site->flying == 0);
	if (link_on_list(&site->unheard))
		list_remove(&s->dispatch.deliverers[site->deliverer].unheard,
		    &site->unheard);
	frame.site_gone.site = site->number;
	send_about(s, site, &frame);
	site->told = 0;
	if (site->apart != NULL)
		site->apart->told = 0;
}

void
dispatch_recall(struct scheduler *s, const struct site *site)
{
	struct frame frame = { .kind = FRAME_RECALL, .fd = -1 };

	frame.recall.site = site->number;
	if (site->flying > 0)
		send_about(s, site, &frame);
}

/* ---- segments ---------------------------------------------------------------------- */

bool
dispatch_hand(struct scheduler *s, struct segment *segment,
    unsigned deliverer, struct err *err)
{
	uint64_t bit = (uint64_t)1 << deliverer % 64;
	struct frame frame = { .kind = FRAME_SEGMENT };
	int fd = segment_fd(s, segment, err);

	if (fd == -1)
		return false;
	if ((segment->known[deliverer / 64] & bit) != 0)
		return true;
	frame.fd = fd;
	frame.segment.segment = segment->number;
	channel_send(s->dispatch.deliverers[deliverer].channel, &frame);
	segment->known[deliverer / 64] |= bit;
	return true;
}

void
dispatch_forgets(struct scheduler *s, unsigned deliverer)
{
	struct segment *segment;
	size_t at = 0;

	while ((segment = map_each(&s->segments.by_name, &at)) != NULL)
		segment->known[deliverer / 64] &=
		    ~((uint64_t)1 << deliverer % 64);
}

void
dispatch_forget_segment(struct scheduler *s, struct segment *segment)
{
	struct frame frame = { .kind = FRAME_SEGMENT_GONE, .fd = -1 };

	frame.segment_gone.segment = segment->number;
	for (unsigned i = 0; i < DELIVERERS_MOST; i++) {
		uint64_t bit = (uint64_t)1 << i % 64;

		if ((segment->known[i / 64] & bit) == 0)
			continue;
		segment->known[i / 64] &= ~bit;
		if (s->dispatch.deliverers[i].channel != NULL)
			channel_send(s->dispatch.deliverers[i].channel,
			    &frame);
	}
}
