/* SPDX-License-Identifier: ISC
 *
 * past.c - what a segment's journal says, while the segment is read again.
 */
#include "scheduler/past.h"

#include <stdlib.h>

static void
add_row(void *owner, const struct status *status)
{
	struct past *past = owner;

	if (status->action == STATUS_END) {
		past->end = status->offset;
		return;
	}
	if (past->count == past->room) {
		past->room = past->room == 0 ? 64 : past->room * 2;
		past->rows = mem_resize(past->rows, past->room,
		    sizeof *past->rows);
	}
	past->rows[past->count++] = *status;
}

/* Stable: held and released must stay in order, so the place decides. */
static void
merge_sort(struct status *rows, struct status *spare, size_t count)
{
	size_t half = count / 2, a = 0, b = half;

	if (count < 2)
		return;
	merge_sort(rows, spare, half);
	merge_sort(rows + half, spare, count - half);
	memcpy(spare, rows, count * sizeof *rows);
	for (size_t i = 0; i < count; i++) {
		if (b == count ||
		    (a < half && spare[a].offset <= spare[b].offset))
			rows[i] = spare[a++];
		else
			rows[i] = spare[b++];
	}
}

struct past *
past_read(const struct spool_dirs *dirs, struct segment_name name,
    struct err *err)
{
	struct past *past = mem_new(struct past);
	struct status *spare;

	past->end = UINT64_MAX;
	if (!journal_read(dirs, name, true, add_row, past, err)) {
		past_free(&past);
		return NULL;
	}
	spare = mem_array(past->count + 1, sizeof *spare);
	merge_sort(past->rows, spare, past->count);
	mem_free(spare);
	return past;
}

void
past_free(struct past **past)
{
	if (*past == NULL)
		return;
	mem_free((*past)->rows);
	mem_free(*past);
	*past = NULL;
}

void
past_note(struct past *past, const struct status *status)
{
	size_t i;

	if (past->asked && status->offset <= past->passed)
		return;
	add_row(past, status);
	if (status->action == STATUS_END)
		return;
	for (i = past->count - 1; i > past->at &&
	    past->rows[i - 1].offset > status->offset; i--)
		past->rows[i] = past->rows[i - 1];
	past->rows[i] = *status;
}

static void
apply(const struct status *row, struct rcpt_set *final, struct fate *fate)
{
	if (row->action <= STATUS_FINAL_LAST) {
		if (row->rcpt == STATUS_ALL_RCPTS)
			rcpt_set_add_all(final);
		else
			rcpt_set_add(final, row->rcpt);
	} else if (row->action == STATUS_WARNED) {
		fate->warned = true;
	} else if (row->action == STATUS_HELD) {
		fate->held = true;
	} else if (row->action == STATUS_RELEASED) {
		fate->held = false;
	}
}

struct fate
past_of(struct past *past, uint64_t offset, struct rcpt_set *final)
{
	struct fate fate = { false, false };

	past->asked = true;
	past->passed = offset;
	while (past->at < past->count &&
	    past->rows[past->at].offset < offset)
		past->at++;
	for (; past->at < past->count &&
	    past->rows[past->at].offset == offset; past->at++)
		apply(&past->rows[past->at], final, &fate);
	return fate;
}
