/* SPDX-License-Identifier: ISC
 *
 * disk.c - says when there is too little room for mail of a class.
 */
#include "scheduler/disk.h"

#include "base/log.h"
#include "scheduler/scheduler.h"
#include "spool/room.h"

#include <stdio.h>
#include <string.h>

enum { SIZE_TEXT = 32 };

/* "32M", or "7k"; what is WANTED is rounded up. */
static const char *
size_text(uint64_t bytes, bool wanted, char out[SIZE_TEXT])
{
	uint64_t unit = bytes < 1 << 20 ? 1 << 10 : 1 << 20;

	snprintf(out, SIZE_TEXT, "%llu%c", (unsigned long long)
	    ((bytes + (wanted ? unit - 1 : 0)) / unit),
	    unit == 1 << 10 ? 'k' : 'M');
	return out;
}

static bool
is_hit(const struct scheduler *s, unsigned klass, enum mark mark)
{
	return s->disk.level[klass] == mark;
}

/* "normal and bulk"; FIRST is the most pressing one of them. */
static void
name_classes(const struct scheduler *s, enum mark mark, char *out,
    size_t size, enum mail_class *first)
{
	size_t used = 0;

	*first = CLASS_COUNT;
	out[0] = '\0';
	for (unsigned c = 0; c < CLASS_COUNT; c++) {
		if (!is_hit(s, c, mark))
			continue;
		if (*first == CLASS_COUNT)
			*first = (enum mail_class)c;
		used += (size_t)snprintf(out + used, size - used, "%s%s",
		    used == 0 ? "" : " and ", class_name((enum mail_class)c));
	}
}

const char *
disk_text(const struct scheduler *s)
{
	static char text[200];
	char names[64], free[SIZE_TEXT], wanted[SIZE_TEXT];
	enum mark mark = MARK_REFUSE;
	enum mail_class first;

	name_classes(s, mark, names, sizeof names, &first);
	if (first == CLASS_COUNT) {
		mark = MARK_SLOW;
		name_classes(s, mark, names, sizeof names, &first);
	}
	if (first == CLASS_COUNT)
		return NULL;
	snprintf(text, sizeof text, "%s mail is %s: %s free, %s wanted", names,
	    mark == MARK_REFUSE ? "refused" : "slowed down",
	    size_text(s->disk.free, false, free),
	    size_text(room_wanted(s->conf, first, mark), true, wanted));
	return text;
}

void
disk_care(struct scheduler *s)
{
	uint8_t before[CLASS_COUNT];
	const char *text;

	memcpy(before, s->disk.level, sizeof before);
	if (!room_left(s->dirs.root, &s->disk.free))
		s->disk.free = 0;	/* as the receivers take it */
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		s->disk.level[c] = (uint8_t)room_mark(
		    (enum mark)before[c], s->conf, (enum mail_class)c,
		    s->disk.free);
	if (memcmp(before, s->disk.level, sizeof before) == 0)
		return;
	text = disk_text(s);
	if (text != NULL)
		log_warn("the disk is short of room: %s", text);
	else
		log_info("the disk has room again: all mail is taken");
}
