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
		past->end = past->promised = status->offset;
		return;
	}
	if (status->action == STATUS_ERASED) {
		ranges_add(&past->erased, status->offset, status->until);
		if (status->until > past->promised)
			past->promised = status->until;
		return;
	}
	if (status->offset >= past->promised)
		past->promised = status->offset + 1;
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
	ranges_fini(&(*past)->erased);
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
	if (status->action == STATUS_END || status->action == STATUS_ERASED)
		return;
	for (i = past->count - 1; i > past->at &&
	    past->rows[i - 1].offset > status->offset; i--)
		past->rows[i] = past->rows[i - 1];
	past->rows[i] = *status;
}

static void
add_final(const struct status *row, struct rcpt_set *final)
{
	if (row->rcpt == STATUS_ALL_RCPTS)
		rcpt_set_add_all(final);
	else
		rcpt_set_add(final, row->rcpt);
}

static void
apply(const struct status *row, struct rcpt_set *final, struct fate *fate)
{
	if (row->action <= STATUS_FINAL_LAST) {
		add_final(row, final);
		fate->taken_away |= row->action == STATUS_MOVED ||
		    row->action == STATUS_DELETED;
	} else if (row->action == STATUS_WARNED) {
		fate->warned = true;
	} else if (row->action == STATUS_HELD) {
		fate->held = true;
		fate->released = false;
	} else if (row->action == STATUS_RELEASED) {
		fate->held = false;
		fate->released = true;
	} else if (row->action == STATUS_CLASS) {
		fate->klass = row->klass;
	}
}

struct fate
past_of(struct past *past, uint64_t offset, struct rcpt_set *final)
{
	struct fate fate = { .klass = CLASS_COUNT };

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

/* The place of the first row about OFFSET, or behind it. */
static size_t
first_of(const struct past *past, uint64_t offset)
{
	size_t low = 0, high = past->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (past->rows[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
past_final(const struct past *past, uint64_t offset, struct rcpt_set *final)
{
	for (size_t i = first_of(past, offset); i < past->count &&
	    past->rows[i].offset == offset; i++)
		if (past->rows[i].action <= STATUS_FINAL_LAST)
			add_final(&past->rows[i], final);
}

bool
past_settled(const struct past *past, uint64_t offset)
{
	for (size_t i = first_of(past, offset); i < past->count &&
	    past->rows[i].offset == offset; i++)
		if (past->rows[i].action <= STATUS_FINAL_LAST &&
		    past->rows[i].rcpt == STATUS_ALL_RCPTS)
			return true;
	return false;
}
