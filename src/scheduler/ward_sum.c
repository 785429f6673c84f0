/* SPDX-License-Identifier: ISC
 *
 * ward_sum.c - how much is damaged, cannot be read, or was set aside.
 */
#include "scheduler/ward.h"

#include "scheduler/quarantine.h"
#include "scheduler/scheduler.h"
#include "spool/corrupt.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { COUNT_MOST = 10000 };	/* files that are counted, in one look */

static void
add_range(struct ward_sum *sum, const struct spoilt *range)
{
	switch (range->kind) {
	case SPOILT_DAMAGED:
		sum->unkept++;
		break;
	case SPOILT_UNREADABLE:
		sum->unreadable++;
		sum->unreadable_bytes += range->to - range->from;
		break;
	case SPOILT_NEWER:
		sum->newer++;
		break;
	default:
		break;
	}
}

static void
add_segment(struct ward_sum *sum, const struct segment *segment)
{
	if (segment->alone && segment->ward_due == MSEC_NEVER)
		sum->newer++;
	else if (segment->alone)
		sum->unreadable++;
	for (size_t i = 0; i < segment->spoilt_count; i++)
		add_range(sum, &segment->spoilt[i]);
}

static void
sum_segments(struct scheduler *s)
{
	struct ward *w = &s->ward;
	struct ward_sum *sum = &w->sum;

	if (!w->changed)
		return;
	w->changed = false;
	sum->unreadable = sum->unreadable_bytes = sum->unkept = sum->newer = 0;
	for (const struct link *link = list_first(&w->segments); link != NULL;
	    link = list_next(&w->segments, link))
		add_segment(sum, list_item(link, struct segment, ward));
}

static usec_t
changed_at(const struct stat *st)
{
	return (usec_t)st->st_mtim.tv_sec * 1000000 +
	    st->st_mtim.tv_nsec / 1000;
}

static void
count_file(struct scheduler *s, int dirfd, const char *name)
{
	struct ward_sum *sum = &s->ward.sum;
	struct stat st;

	if (!corrupt_is_name(name) ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	if (sum->corrupt++ == 0 || changed_at(&st) < sum->oldest)
		sum->oldest = changed_at(&st);
}

/* Tools remove files there, so it is looked at, not kept account of: when the
 * directory has changed. */
static void
count_corrupt(struct scheduler *s)
{
	struct fsys_names names;
	const char *name = NULL;
	struct err ignored;
	struct stat st;
	bool done;

	if (fstat(s->dirs.corrupt, &st) == -1 ||
	    changed_at(&st) == s->ward.counted ||
	    !fsys_names_open(&names, s->dirs.corrupt, "corrupt", &ignored))
		return;		/* or in the next second */
	s->ward.sum.corrupt = 0;
	s->ward.sum.oldest = 0;
	while ((done = fsys_names_next(&names, &name, &ignored)) &&
	    name != NULL && s->ward.sum.corrupt < COUNT_MOST)
		count_file(s, s->dirs.corrupt, name);
	fsys_names_close(&names);
	if (done)
		s->ward.counted = changed_at(&st);
}

const struct ward_sum *
ward_sum(struct scheduler *s)
{
	sum_segments(s);
	count_corrupt(s);
	return &s->ward.sum;
}
