/* SPDX-License-Identifier: ISC
 *
 * check_copy.c - whether a copy that the check meets counts.
 */
#include "spool/check_inside.h"

#include "spool/origin.h"
#include "spool/segment.h"

#include <errno.h>
#include <unistd.h>

enum { LARGE = 16 << 20 };	/* a copy's body of this size was verified */

struct look {
	const struct envelope_origin *origin;
	struct segment_name copy;
	struct origin_fate fate;
	bool done;		/* all of the original is final */
};

static void
on_status(void *owner, const struct status *status)
{
	struct look *look = owner;

	origin_note(look->origin, look->copy, status, &look->fate);
	look->done |= status->offset == look->origin->offset &&
	    status->rcpt == STATUS_ALL_RCPTS &&
	    status->action <= STATUS_FINAL_LAST;
}

static enum origin_state
look_at(struct check *check, struct look *look, struct msgid id)
{
	struct segment_name name = look->origin->segment;
	enum origin_state state;
	struct err err;
	int fd = segment_open(check->dirs, name, &err);

	if (fd == -1 && err.kind == ERR_SYSTEM && err.number == ENOENT)
		return ORIGINAL_GONE;
	if (!journal_read(check->dirs, name, false, on_status, look, &err))
		check_tell(check, SPOOL_FAULT, "%s", err.text);
	if (fd == -1)
		return err.kind == ERR_FORMAT ? ORIGINAL_DAMAGED :
		    ORIGINAL_WHOLE;
	state = origin_look_at(fd, look->origin, id, LARGE);
	close(fd);
	return state;
}

bool
check_copy(struct check *check, struct segment_name name, struct msgid id,
    uint64_t offset, const struct envelope *envelope)
{
	struct look look = { .origin = &envelope->origin, .copy = name };
	char file[SEGMENT_FILE_SIZE];
	enum origin_state state = look_at(check, &look, id);

	if (origin_copy_counts(&look.fate, state) &&
	    (look.fate.here || state == ORIGINAL_GONE || !look.done))
		return true;
	check_tell(check, SPOOL_NOTE, "record at byte %llu: a copy that does "
	    "not count; its original in %s/%s does",
	    (unsigned long long)offset,
	    class_name(envelope->origin.segment.klass),
	    segment_file(envelope->origin.segment, "messages", file));
	return false;
}
