/* SPDX-License-Identifier: ISC
 *
 * lists.c - tests of the index's keys: rows by class, place and site.
 */
#include "room.h"

#include "base/fsys.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"
#include "spool/bytes.h"
#include "spool/index.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { IDS = 40, FIRSTS = 3, SITES = 3, SENDERS = 2, PLACES = 3,
	LISTS = CLASS_COUNT * PLACES * SITES * SENDERS };

static struct index *
open_in(char **path)
{
	struct err err;
	bool fresh;
	struct index *index;

	*path = mem_printf("%s/index", room_dir());
	index = index_open(*path, &fresh, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	CU_ASSERT_TRUE(fresh);
	return index;
}

static struct msgid
id_of(uint32_t number)
{
	struct msgid id = { { 0 } };

	put_be(id.bytes, number, 8);
	return id;
}

static uint32_t
number_of(struct msgid id)
{
	return (uint32_t)get_be(id.bytes, 8);
}

/* ---- a model of the index ---------------------------------------------- */

struct model {
	struct index *index;
	struct index_row rows[IDS][FIRSTS];
	bool is[IDS][FIRSTS];
};

/* The site and the sender of a list may be the greatest there are. */
static struct index_row
some_row(uint32_t number, uint32_t first)
{
	return (struct index_row){
		.id = id_of(number), .first_rcpt = first,
		.place = (uint8_t)rand_below(PLACES),
		.klass = (uint8_t)rand_below(CLASS_COUNT),
		.site = UINT64_MAX - rand_below(SITES),
		.sender = UINT64_MAX - rand_below(SENDERS),
		.due = (usec_t)rand_below(5),
		.rcpts = span_make("\0\0\0\0", 4),
		.domain = span_of("a.test"), .reason = span_of("")
	};
}

static void
change_one(struct model *model)
{
	uint32_t number = (uint32_t)rand_below(IDS);
	uint32_t first = (uint32_t)rand_below(FIRSTS);
	bool *is = &model->is[number][first], found;
	struct err err;

	if (rand_below(3) > 0) {
		model->rows[number][first] = some_row(number, first);
		CU_ASSERT_TRUE(index_put(model->index,
		    &model->rows[number][first], &err));
		*is = true;
		return;
	}
	CU_ASSERT_TRUE(index_delete(model->index, id_of(number), first,
	    &found, &err));
	CU_ASSERT_EQUAL(found, *is);
	*is = false;
}

static bool
stands_in(const struct index_row *row, const struct index_list *list)
{
	return row->place == list->place && row->klass == list->klass &&
	    row->site == list->site && (row->place != INDEX_READY ||
	    row->sender == list->sender);
}

/* Ids of LIST's rows by the model, in order. */
static size_t
ids_in(const struct model *model, const struct index_list *list,
    uint32_t out[IDS])
{
	size_t count = 0;

	for (uint32_t i = 0; i < IDS; i++) {
		bool any = false;

		for (uint32_t f = 0; f < FIRSTS; f++)
			any |= model->is[i][f] &&
			    stands_in(&model->rows[i][f], list);
		if (any)
			out[count++] = i;
	}
	return count;
}

/* From the middle too, and with room for only some. */
static void
check_list(const struct model *model, const struct index_list *list,
    struct msgid first)
{
	uint32_t want[IDS];
	size_t count, wanted = ids_in(model, list, want);
	struct msgid ids[IDS + 1];
	struct err err;

	CU_ASSERT_TRUE_FATAL(wanted > 0);
	CU_ASSERT_EQUAL(number_of(first), want[0]);
	for (size_t from = 0; from < wanted; from++) {
		size_t most = rand_below(2) ? IDS + 1 : 1 + rand_below(IDS);
		size_t some = wanted - from < most ? wanted - from : most;

		CU_ASSERT_TRUE(index_list_ids(model->index, list,
		    id_of(want[from]), ids, most, &count, &err));
		CU_ASSERT_EQUAL_FATAL(count, some);
		for (size_t i = 0; i < some; i++)
			CU_ASSERT_EQUAL(number_of(ids[i]), want[from + i]);
	}
	CU_ASSERT_TRUE(index_list_ids(model->index, list,
	    id_of(want[wanted - 1] + 1), ids, IDS, &count, &err));
	CU_ASSERT_EQUAL(count, 0);
}

/* How many lists with rows there are by the model. */
static unsigned
count_lists(const struct model *model, bool ready)
{
	unsigned count = 0;

	for (unsigned i = 0; i < LISTS; i++) {
		struct index_list list = {
			.klass = (uint8_t)(i % CLASS_COUNT),
			.place = i / CLASS_COUNT % PLACES,
			.site = UINT64_MAX - i / CLASS_COUNT / PLACES % SITES,
			.sender = UINT64_MAX -
			    i / CLASS_COUNT / PLACES / SITES,
		};
		uint32_t ids[IDS];

		if ((list.place == INDEX_READY) != ready ||
		    (!ready && list.sender != UINT64_MAX))
			continue;
		count += ids_in(model, &list, ids) > 0;
	}
	return count;
}

/* The list behind LIST in its order.  False: there can be none. */
static bool
step(struct index_list *list)
{
	if (list->place == INDEX_READY)
		return ++list->sender != 0 || ++list->klass < CLASS_COUNT ||
		    ++list->site != 0;
	if (++list->site == 0)
		list->place++;
	return true;
}

static void
check_lists(const struct model *model, bool ready)
{
	struct index_list list = { .place = ready ? INDEX_READY : INDEX_DUE };
	unsigned count = 0;
	struct msgid first;
	struct err err;
	bool found;

	for (;; count++) {
		if (list.place == INDEX_READY && !ready)
			list.place++;
		CU_ASSERT_TRUE(index_next_list(model->index, &list, &first,
		    &found, &err));
		if (!found)
			break;
		CU_ASSERT_EQUAL_FATAL(list.place == INDEX_READY, ready);
		check_list(model, &list, first);
		if (!step(&list)) {
			count++;
			break;
		}
		if (list.klass == CLASS_COUNT && ready)
			list = (struct index_list){ .place = INDEX_READY,
			    .site = list.site };
	}
	CU_ASSERT_EQUAL(count, count_lists(model, ready));
}

static bool
note_due(void *owner, const struct index_row *row)
{
	const struct model *model = owner;
	uint32_t number = number_of(row->id);

	CU_ASSERT_TRUE(model->is[number][row->first_rcpt]);
	CU_ASSERT_EQUAL(row->due, model->rows[number][row->first_rcpt].due);
	CU_ASSERT_EQUAL(row->place, INDEX_DUE);
	return true;
}

static unsigned
count_rows(const struct model *model)
{
	unsigned count = 0;

	for (unsigned i = 0; i < IDS * FIRSTS; i++)
		count += model->is[i / FIRSTS][i % FIRSTS];
	return count;
}

static void
lists_say_what_rows_say_whatever_is_put_and_deleted(void)
{
	struct model *model = mem_new(struct model);
	char *path;
	struct err err;

	rand_seed(20);
	model->index = open_in(&path);
	for (int round = 0; round < 300; round++) {
		for (size_t n = rand_below(40); n > 0; n--)
			change_one(model);
		check_lists(model, true);
		check_lists(model, false);
		CU_ASSERT_TRUE(index_each_due(model->index, 100, note_due,
		    model, &err));
		CU_ASSERT_EQUAL(index_count(model->index),
		    count_rows(model));
	}
	index_close(&model->index);
	mem_free(model);
	mem_free(path);
}

/* ---- another version ----------------------------------------------------- */

/* The state file says that it is of VERSION; all else of it stays. */
static void
set_version(const char *path, char version)
{
	static const char word[] = "postrider-index ";
	char *state = mem_printf("%s/state", path), was;
	int fd = open(state, O_RDWR | O_CLOEXEC);

	must(fd != -1 && pread(fd, &was, 1, sizeof word - 1) == 1);
	CU_ASSERT_NOT_EQUAL(was, version);
	must(pwrite(fd, &version, 1, sizeof word - 1) == 1);
	close(fd);
	mem_free(state);
}

/* Tables of the former version have no lists: what they hold must not be
 * believed in part. */
static void
an_index_of_a_former_version_is_made_anew(void)
{
	struct index_row row = some_row(1, 0);
	char *path;
	struct index *index = open_in(&path);
	struct err err;
	bool fresh;

	CU_ASSERT_TRUE(index_put(index, &row, &err));
	index_close(&index);
	index = index_open(path, &fresh, &err);
	CU_ASSERT_FALSE(fresh);
	index_close(&index);
	set_version(path, '1');
	index = index_open(path, &fresh, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(index);
	CU_ASSERT_TRUE(fresh);
	CU_ASSERT_EQUAL(index_count(index), 0);
	CU_ASSERT_TRUE(index_put(index, &row, &err));
	index_close(&index);
	index = index_open(path, &fresh, &err);
	CU_ASSERT_FALSE(fresh);
	CU_ASSERT_EQUAL(index_count(index), 1);
	index_close(&index);
	mem_free(path);
}

const struct unit_test list_tests[] = {
	UNIT(lists_say_what_rows_say_whatever_is_put_and_deleted),
	UNIT(an_index_of_a_former_version_is_made_anew),
	UNIT_END
};
