/* SPDX-License-Identifier: ISC
 *
 * index.c - changes to the index, in transactions.
 *
 * A row and where it stands in "ready", or "lists" and "due", change
 * together.  Up to 512 changes share a transaction; nothing of it is synced.
 * One process, one thread: there are no locks to wait for.
 */
#include "spool/index_inside.h"

#include "base/must.h"
#include "spool/bytes.h"

enum {
	CHANGES_MOST = 512,
	NUMBER_FORMAT = 1,
	FRESH_MOST = 512	/* changes between steps of a checkpoint */
};

bool
index_failed(struct index *index, int error, const char *what,
    struct err *err)
{
	index->broken = true;
	err_set(err, ERR_LIBRARY, "index: %s: %s", what, db_strerror(error));
	err->number = error;
	return false;
}

static bool
still_works(const struct index *index, struct err *err)
{
	return !index->broken ||
	    err_set(err, ERR_LIBRARY, "index: a former call failed");
}

bool
index_begin(struct index *index, struct err *err)
{
	int error;

	if (!still_works(index, err))
		return false;
	if (index->txn != NULL)
		return true;
	error = index->env->txn_begin(index->env, NULL, &index->txn, 0);
	if (error == 0)
		return true;
	index->txn = NULL;
	return index_failed(index, error, "begin", err);
}

bool
index_flush(struct index *index, struct err *err)
{
	DB_TXN *txn;
	int error;

	if (!still_works(index, err))
		return false;
	if (index->txn == NULL)
		return true;
	if (index->changes > 0 && !index_store_count(index, err))
		return false;
	txn = index->txn;
	index->txn = NULL;
	index->fresh += index->changes;
	index->changes = 0;
	error = txn->commit(txn, 0);
	return error == 0 || index_failed(index, error, "commit", err);
}

/* A change was made: end the batch if it is one. */
static bool
changed(struct index *index, struct err *err)
{
	return ++index->changes < CHANGES_MOST || index_flush(index, err);
}

/* ---- single entries of tables ----------------------------------------- */

/* The value at KEY, valid until the next call on TABLE. */
static bool
get(struct index *index, enum index_table table, const struct index_key *key,
    struct span *out, bool *found, struct err *err)
{
	DB *db = index->tables[table];
	DBT k = dbt_of(key->bytes, key->length), v = dbt_of(NULL, 0);
	int error = db->get(db, index->txn, &k, &v, 0);

	*found = error == 0;
	if (error == DB_NOTFOUND)
		return true;
	if (error != 0)
		return index_failed(index, error, "get", err);
	*out = span_make(v.data, v.size);
	return true;
}

static bool
put(struct index *index, enum index_table table, const struct index_key *key,
    struct span value, struct err *err)
{
	DB *db = index->tables[table];
	DBT k = dbt_of(key->bytes, key->length);
	DBT v = dbt_of(value.data, value.length);
	int error = db->put(db, index->txn, &k, &v, 0);

	return error == 0 || index_failed(index, error, "put", err);
}

/* An entry that is not there is none of our worries. */
static bool
delete(struct index *index, enum index_table table,
    const struct index_key *key, struct err *err)
{
	DB *db = index->tables[table];
	DBT k = dbt_of(key->bytes, key->length);
	int error = db->del(db, index->txn, &k, 0);

	return error == 0 || error == DB_NOTFOUND ||
	    index_failed(index, error, "delete", err);
}

/* ---- rows ------------------------------------------------------------- */

/* Where the stored row at KEY stands, if there is one. */
static bool
get_stand(struct index *index, const struct index_key *key, bool *found,
    struct index_stand *out, struct err *err)
{
	struct index_row row;
	struct span value;

	if (!get(index, TABLE_ROWS, key, &value, found, err))
		return false;
	if (!*found)
		return true;
	if (!row_decode(span_make(key->bytes, key->length), value, &row)) {
		index->broken = true;
		return err_set(err, ERR_LIBRARY, "index: a row is damaged");
	}
	*out = row_stand(&row);
	return true;
}

/* From key OLD of a table to key NEW of one; without length: none. */
static bool
change_key(struct index *index, enum index_table old_table,
    const struct index_key *old, enum index_table new_table,
    const struct index_key *new, struct err *err)
{
	if (old_table == new_table && old->length == new->length &&
	    memcmp(old->bytes, new->bytes, old->length) == 0)
		return true;
	return (old->length == 0 || delete(index, old_table, old, err)) &&
	    (new->length == 0 || put(index, new_table, new,
	    span_make("", 0), err));
}

static bool
change_stand(struct index *index, const struct index_stand *old,
    const struct index_stand *new, struct err *err)
{
	return change_key(index, old->table, &old->list, new->table,
	    &new->list, err) &&
	    change_key(index, TABLE_DUE, &old->due, TABLE_DUE, &new->due,
	    err);
}

bool
index_put(struct index *index, const struct index_row *row, struct err *err)
{
	static const struct index_stand nowhere;
	struct index_key key = row_key(row->id, row->first_rcpt);
	struct index_stand old = nowhere, new = row_stand(row);
	bool found;

	if (!index_begin(index, err))
		return false;
	buf_clear(&index->value);
	row_encode(row, &index->value);
	must(!index->value.full);	/* recipients are bounded */
	if (!get_stand(index, &key, &found, &old, err) ||
	    !put(index, TABLE_ROWS, &key, buf_peek(&index->value), err))
		return false;
	if (!change_stand(index, &old, &new, err))
		return false;
	index->count += !found;
	return changed(index, err);
}

bool
index_delete(struct index *index, struct msgid id, uint32_t first_rcpt,
    bool *found, struct err *err)
{
	static const struct index_stand nowhere;
	struct index_key key = row_key(id, first_rcpt);
	struct index_stand old;

	if (!index_begin(index, err) ||
	    !get_stand(index, &key, found, &old, err))
		return false;
	if (!*found)
		return true;
	if (!delete(index, TABLE_ROWS, &key, err) ||
	    !change_stand(index, &old, &nowhere, err))
		return false;
	if (index->count > 0)
		index->count--;
	return changed(index, err);
}

uint64_t
index_count(const struct index *index)
{
	return index->count;
}

/* ---- numbers ---------------------------------------------------------- */

static struct index_key
count_key(void)
{
	struct index_key key = { .bytes = "count", .length = 5 };

	return key;
}

bool
index_is_behind(const struct index *index)
{
	return index->fresh >= FRESH_MOST;
}

bool
index_load_count(struct index *index, struct err *err)
{
	struct index_key key = count_key();
	struct span value;
	bool found;

	index->count = 0;
	if (!get(index, TABLE_NUMBERS, &key, &value, &found, err))
		return false;
	if (!found)
		return true;
	if (value.length != NUMBER_BYTES || value.data[0] != NUMBER_FORMAT) {
		index->broken = true;
		return err_set(err, ERR_LIBRARY,
		    "index: the number of rows is damaged");
	}
	index->count = get_le(value.data + 1, 8);
	return true;
}

bool
index_store_count(struct index *index, struct err *err)
{
	struct index_key key = count_key();
	uint8_t value[NUMBER_BYTES] = { NUMBER_FORMAT };

	put_le(value + 1, index->count, 8);
	return put(index, TABLE_NUMBERS, &key,
	    span_make(value, sizeof value), err);
}
