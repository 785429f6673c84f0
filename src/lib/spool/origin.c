/* SPDX-License-Identifier: ISC
 *
 * origin.c - which of a message's two records counts.
 */
#include "spool/origin.h"

#include "spool/segment.h"

bool
segment_name_is(struct segment_name a, struct segment_name b)
{
	return a.klass == b.klass && a.slot == b.slot &&
	    a.sequence == b.sequence;
}

void
origin_note(const struct envelope_origin *origin, struct segment_name copy,
    const struct status *status, struct origin_fate *fate)
{
	if (status->action != STATUS_MOVED ||
	    status->offset != origin->offset)
		return;
	if (segment_name_is(status->to, copy))
		fate->here = true;
	else
		fate->elsewhere = true;
}

bool
origin_copy_counts(const struct origin_fate *fate, enum origin_state original)
{
	if (original == ORIGINAL_GONE || fate->here)
		return true;
	return original == ORIGINAL_DAMAGED && !fate->elsewhere;
}

enum origin_state
origin_look_at(int fd, const struct envelope_origin *origin,
    struct msgid id, uint64_t most)
{
	struct record_header header;
	struct envelope *envelope = NULL;
	struct record record;
	struct err err;

	if (!record_peek(fd, origin->offset, NULL, &header, &envelope, &err))
		return err.kind == ERR_FORMAT ? ORIGINAL_DAMAGED :
		    ORIGINAL_WHOLE;
	envelope_free(&envelope);
	if (msgid_compare(header.id, id) != 0)
		return ORIGINAL_DAMAGED;
	if (record_size(&header) > most)
		return ORIGINAL_WHOLE;
	if (!record_read(fd, origin->offset, NULL, record_size(&header),
	    &record, &err))
		return err.kind == ERR_FORMAT ? ORIGINAL_DAMAGED :
		    ORIGINAL_WHOLE;
	record_fini(&record);
	return ORIGINAL_WHOLE;
}
