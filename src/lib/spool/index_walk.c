/* SPDX-License-Identifier: ISC
 *
 * index_walk.c - walks over the index.
 *
 * A batch of rows is copied out and the cursor closed before any of them is
 * shown, so whoever looks at rows may change the table.
 */
#include "spool/index_inside.h"

#include "base/mem.h"
#include "spool/bytes.h"

enum { BATCH = 256, BATCH_BYTES = 4 << 20 };

struct walk {
	struct index *index;
	enum index_table table;
	struct index_key at;	/* where the next batch begins */
	struct index_key prefix;	/* keys must begin so */
	struct span until;	/* and not be above this, if it has bytes */
	bool skip_first;	/* AT itself was seen */
	unsigned batch;		/* rows at once, 0: BATCH */
};

/* The rows of a batch: for each, lengths of key and value, and these. */
struct batch {
	struct buf bytes;
	unsigned count;
};

static bool
is_inside(const struct walk *walk, struct span key)
{
	size_t most = walk->until.length;

	if (key.length < walk->prefix.length || memcmp(key.data,
	    walk->prefix.bytes, walk->prefix.length) != 0)
		return false;
	return most == 0 || (key.length >= most &&
	    memcmp(key.data, walk->until.data, most) <= 0);
}

static void
keep_pair(struct batch *batch, struct span key, struct span value)
{
	uint8_t lengths[8];

	put_le(lengths, key.length, 4);
	put_le(lengths + 4, value.length, 4);
	buf_append(&batch->bytes, lengths, sizeof lengths);
	buf_append_span(&batch->bytes, key);
	buf_append_span(&batch->bytes, value);
	batch->count++;
}

/* Keep the row that KEY of the walk's table stands for; one that is gone
 * from the rows is passed over. */
static int
keep(struct walk *walk, struct batch *batch, struct span key,
    struct span value)
{
	DB *rows = walk->index->tables[TABLE_ROWS];
	struct index_key row;
	DBT k, v = dbt_of(NULL, 0);
	int error;

	if (!key_to_row_key(walk->table, key, &row))
		return DB_PAGE_NOTFOUND;
	if (walk->table == TABLE_ROWS) {
		keep_pair(batch, key, value);
		return 0;
	}
	k = dbt_of(row.bytes, row.length);
	error = rows->get(rows, walk->index->txn, &k, &v, 0);
	if (error == 0)
		keep_pair(batch, span_make(row.bytes, row.length),
		    span_make(v.data, v.size));
	return error == DB_NOTFOUND ? 0 : error;
}

/* Fill BATCH from where the walk is.  *END: there is no more. */
static int
fill(struct walk *walk, DBC *cursor, struct batch *batch, bool *end)
{
	DBT k = dbt_of(walk->at.bytes, walk->at.length);
	DBT v = dbt_of(NULL, 0);
	int error = cursor->get(cursor, &k, &v, DB_SET_RANGE);
	unsigned most = walk->batch > 0 ? walk->batch : BATCH;

	*end = false;
	while (error == 0 && batch->count < most &&
	    buf_length(&batch->bytes) < BATCH_BYTES) {
		struct span key = span_make(k.data, k.size);

		if (key.length > KEY_MOST)
			return DB_PAGE_NOTFOUND;
		if (!is_inside(walk, key))
			break;
		if (!walk->skip_first || key.length != walk->at.length ||
		    memcmp(key.data, walk->at.bytes, key.length) != 0) {
			error = keep(walk, batch, key,
			    span_make(v.data, v.size));
			memcpy(walk->at.bytes, key.data, key.length);
			walk->at.length = key.length;
			walk->skip_first = true;
		}
		if (error == 0)
			error = cursor->get(cursor, &k, &v, DB_NEXT);
	}
	*end = error != 0 || (batch->count < most &&
	    buf_length(&batch->bytes) < BATCH_BYTES);
	return error == DB_NOTFOUND ? 0 : error;
}

static bool
read_batch(struct walk *walk, struct batch *batch, bool *end,
    struct err *err)
{
	DB *db = walk->index->tables[walk->table];
	DBC *cursor;
	int error, closing;

	error = db->cursor(db, walk->index->txn, &cursor, 0);
	if (error != 0)
		return index_failed(walk->index, error, "cursor", err);
	error = fill(walk, cursor, batch, end);
	closing = cursor->close(cursor);
	if (error == 0)
		error = closing;
	return error == 0 || index_failed(walk->index, error, "walk", err);
}

/* Show the rows of BATCH; *STOP: FN has seen enough. */
static bool
show_batch(struct walk *walk, const struct batch *batch, index_row_fn *fn,
    void *owner, bool *stop, struct err *err)
{
	struct span rest = buf_peek(&batch->bytes);

	while (rest.length > 0 && !*stop) {
		size_t k = get_le(rest.data, 4), v = get_le(rest.data + 4, 4);
		struct index_row row;

		rest = span_skip(rest, 8);
		if (!row_decode(span_first(rest, k),
		    span_first(span_skip(rest, k), v), &row)) {
			walk->index->broken = true;
			return err_set(err, ERR_LIBRARY,
			    "index: a row is damaged");
		}
		*stop = !fn(owner, &row);
		rest = span_skip(rest, k + v);
	}
	return true;
}

static bool
walk_all(struct walk *walk, index_row_fn *fn, void *owner, struct err *err)
{
	bool end = false, stop = false, done = true;

	if (walk->index->broken)
		return err_set(err, ERR_LIBRARY,
		    "index: a former call failed");
	while (done && !end && !stop) {
		struct batch batch = { .count = 0 };

		buf_init(&batch.bytes, SIZE_MAX / 4);
		done = read_batch(walk, &batch, &end, err) &&
		    show_batch(walk, &batch, fn, owner, &stop, err);
		buf_fini(&batch.bytes);
	}
	return done;
}

bool
index_each_of(struct index *index, struct msgid id, index_row_fn *fn,
    void *owner, struct err *err)
{
	struct walk walk = {
		.index = index, .table = TABLE_ROWS, .at = row_key(id, 0)
	};

	walk.prefix = walk.at;
	walk.prefix.length = MSGID_BYTES;
	return walk_all(&walk, fn, owner, err);
}

struct due {
	index_row_fn *fn;
	void *owner;
	bool stop;		/* FN has seen enough */
};

static bool
on_due_row(void *owner, const struct index_row *row)
{
	struct due *due = owner;

	due->stop = !due->fn(due->owner, row);
	return !due->stop;
}

bool
index_each_due(struct index *index, usec_t until, index_row_fn *fn,
    void *owner, struct err *err)
{
	struct due due = { .fn = fn, .owner = owner, .stop = until < 0 };
	uint8_t most[1 + 8];

	for (uint8_t klass = 0; klass < CLASS_COUNT && !due.stop; klass++) {
		struct walk walk = { .index = index, .table = TABLE_DUE,
		    .prefix = { .bytes = { klass }, .length = 1 } };

		walk.at = walk.prefix;
		most[0] = klass;
		put_be(most + 1, (uint64_t)until, 8);
		walk.until = span_make(most, sizeof most);
		if (!walk_all(&walk, on_due_row, &due, err))
			return false;
	}
	return true;
}

bool
index_each_ready(struct index *index, uint64_t site, uint8_t klass,
    index_row_fn *fn, void *owner, struct err *err)
{
	struct walk walk = { .index = index, .table = TABLE_READY };

	put_be(walk.at.bytes, site, 8);
	walk.at.bytes[8] = klass;
	walk.at.length = 9;
	walk.prefix = walk.at;
	return walk_all(&walk, fn, owner, err);
}

struct turn {
	index_row_fn *fn;
	void *owner;
	uint64_t sender;	/* whose turn it is, once COUNT > 0 */
	uint64_t until;		/* the turn of this one and later was before */
	bool bounded;		/* … if there is such a one */
	unsigned count, each;
	bool stop;		/* FN has seen enough */
};

static bool
on_turn_row(void *owner, const struct index_row *row)
{
	struct turn *turn = owner;

	if (turn->count == 0)
		turn->sender = row->sender;
	if (turn->sender != row->sender || (turn->bounded && row->sender >= turn->until))
		return false;
	turn->count++;
	turn->stop = !turn->fn(turn->owner, row);
	return !turn->stop && turn->count < turn->each;
}

/* From sender *FROM on to the last, or to where a bounded TURN ends. */
static bool
each_turn_from(const struct walk *start, uint64_t *from, struct turn *turn,
    struct err *err)
{
	do {
		struct walk walk = *start;

		turn->count = 0;
		put_be(walk.at.bytes + walk.prefix.length, *from, 8);
		walk.at.length = walk.prefix.length + 8;
		if (!walk_all(&walk, on_turn_row, turn, err))
			return false;
		if (turn->count > 0)
			*from = turn->sender + 1;
	} while (turn->count > 0 && !turn->stop && *from != 0);
	return true;
}

bool
index_each_turn(struct index *index, uint64_t site, uint8_t klass,
    uint64_t *from, unsigned each, bool *around, index_row_fn *fn,
    void *owner, struct err *err)
{
	struct walk walk = { .index = index, .table = TABLE_READY,
	    .batch = each };
	struct turn turn = { .fn = fn, .owner = owner, .each = each,
	    .until = *from };

	put_be(walk.prefix.bytes, site, 8);
	walk.prefix.bytes[8] = klass;
	walk.prefix.length = 9;
	walk.at = walk.prefix;
	if (!each_turn_from(&walk, from, &turn, err))
		return false;
	if (!turn.stop && turn.until != 0) {
		*from = 0;
		turn.bounded = true;
		if (!each_turn_from(&walk, from, &turn, err))
			return false;
	}
	*around = !turn.stop;
	return true;
}

bool
index_each(struct index *index, struct msgid from, index_row_fn *fn,
    void *owner, struct err *err)
{
	struct walk walk = {
		.index = index, .table = TABLE_ROWS, .at = row_key(from, 0)
	};

	return walk_all(&walk, fn, owner, err);
}

/* The first time at which a row of KLASS is due; DB_NOTFOUND: none is. */
static int
first_due(DBC *cursor, uint8_t klass, usec_t *due)
{
	DBT k = dbt_of(&klass, 1), v = dbt_of(NULL, 0);
	int error = cursor->get(cursor, &k, &v, DB_SET_RANGE);
	const uint8_t *key = k.data;

	if (error != 0)
		return error;
	if (k.size != DUE_KEY_BYTES)
		return DB_PAGE_NOTFOUND;
	if (key[0] != klass)
		return DB_NOTFOUND;
	*due = (usec_t)get_be(key + 1, 8);
	return 0;
}

/* The first of all classes. */
static int
earliest(DBC *cursor, usec_t *due, bool *found)
{
	usec_t first;

	*found = false;
	for (uint8_t klass = 0; klass < CLASS_COUNT; klass++) {
		int error = first_due(cursor, klass, &first);

		if (error == DB_NOTFOUND)
			continue;
		if (error != 0)
			return error;
		if (!*found || first < *due)
			*due = first;
		*found = true;
	}
	return 0;
}

bool
index_next_due(struct index *index, usec_t *due)
{
	DB *db = index->tables[TABLE_DUE];
	struct err ignored;
	bool found = false;
	DBC *cursor;
	int error;

	*due = 0;
	if (index->broken)
		return false;
	error = db->cursor(db, index->txn, &cursor, 0);
	if (error == 0) {
		error = earliest(cursor, due, &found);
		cursor->close(cursor);
	}
	if (error != 0)
		index_failed(index, error, "first due", &ignored);
	return error == 0 && found;
}
