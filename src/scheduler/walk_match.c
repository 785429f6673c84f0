/* SPDX-License-Identifier: ISC
 *
 * walk_match.c - whether a message is one that the operator means.
 *
 * Cheap questions first; the envelope is read last.
 */
#include "scheduler/walk.h"

#include "scheduler/scheduler.h"

static bool
is_of_class_and_age(const struct walk *walk, uint8_t klass, usec_t arrived)
{
	const struct filter *f = &walk->filter;

	return (!f->by_class || f->klass == klass) &&
	    (f->older == 0 || scheduler_wall(walk->s) - arrived >= f->older);
}

static bool
any_entry_matches(const struct walk *walk, const struct message *message)
{
	const char *glob = walk->filter.site;
	const struct link *link;

	for (link = list_first(&message->entries); link != NULL;
	    link = list_next(&message->entries, link)) {
		const struct domain *domain = list_item(link, struct entry,
		    sibling)->domain;

		if (conf_glob_matches(glob, span_of(domain->name)) ||
		    (domain->site != NULL && conf_glob_matches(glob,
		    span_of(domain->site->name))))
			return true;
	}
	return false;
}

static bool
any_row_matches(const struct walk *walk, const struct item *item)
{
	for (size_t i = 0; i < item->row_count; i++)
		if (search_site_matches(walk->s, walk->filter.site,
		    item->rows[i].row.domain))
			return true;
	return false;
}

bool
walk_may_match(const struct walk *walk, const struct message *message)
{
	return is_of_class_and_age(walk, message->klass, message->arrived) &&
	    (walk->filter.site == NULL || any_entry_matches(walk, message));
}

bool
walk_may_mean(const struct walk *walk, const struct index_row *row)
{
	return (walk->wants & WALK_DUE) == 0 &&
	    is_of_class_and_age(walk, row->klass, row->arrived) &&
	    (walk->filter.site == NULL || search_site_matches(walk->s,
	    walk->filter.site, row->domain));
}

static bool
rcpt_matches(const char *glob, const struct envelope *envelope,
    uint32_t rcpt)
{
	return rcpt < envelope->rcpt_count && conf_glob_matches(glob,
	    span_of(envelope->rcpts[rcpt].address));
}

static bool
row_rcpts_match(const char *glob, const struct envelope *envelope,
    const struct row *row)
{
	for (uint32_t i = 0; i < row_rcpt_count(row); i++)
		if (rcpt_matches(glob, envelope, row_rcpt(row, i)))
			return true;
	return false;
}

static bool
entry_rcpts_match(const char *glob, const struct envelope *envelope,
    const struct entry *entry)
{
	for (uint32_t i = 0; i < entry->rcpt_count; i++)
		if (rcpt_matches(glob, envelope, entry->rcpts[i]))
			return true;
	return false;
}

/* Of those that still wait: the message is no concern of the others. */
static bool
any_rcpt_matches(const char *glob, const struct item *item)
{
	const struct link *link;

	for (size_t i = 0; i < item->row_count; i++)
		if (row_rcpts_match(glob, item->envelope, &item->rows[i]))
			return true;
	if (item->message == NULL)
		return false;
	for (link = list_first(&item->message->entries); link != NULL;
	    link = list_next(&item->message->entries, link))
		if (entry_rcpts_match(glob, item->envelope, list_item(link,
		    struct entry, sibling)))
			return true;
	return false;
}

static bool
read_envelope(struct scheduler *s, struct item *item)
{
	struct record_header header;
	struct err err;
	int fd = segment_fd(s, item->segment, &err);

	return fd != -1 && record_peek(fd, item->offset, &item->id,
	    &header, &item->envelope, &err);
}

bool
walk_matches(const struct walk *walk, struct item *item)
{
	const struct filter *f = &walk->filter;

	if (!is_of_class_and_age(walk, item->klass, item->arrived))
		return false;
	if (f->site != NULL && !any_row_matches(walk, item) &&
	    (item->message == NULL ||
	    !any_entry_matches(walk, item->message)))
		return false;
	if (((walk->wants & WALK_ENVELOPE) != 0 ||
	    filter_needs_envelope(f)) && !read_envelope(walk->s, item))
		return false;
	if (f->sender != NULL && !conf_glob_matches(f->sender,
	    span_of(item->envelope->reverse_path)))
		return false;
	return f->recipient == NULL || any_rcpt_matches(f->recipient, item);
}
