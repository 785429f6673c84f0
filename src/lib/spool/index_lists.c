/* SPDX-License-Identifier: ISC
 *
 * index_lists.c - ids in the index by class, place and site.
 *
 * Only keys are read here: a list of any length is gone through without
 * touching the rows of it, or of others.
 */
#include "spool/index_inside.h"

#include "spool/bytes.h"

/* A place in one of the tables of lists. */
struct reader {
	struct index *index;
	enum index_table table;
	DBC *cursor;
	DBT key;
	size_t prefix;		/* bytes of a key before id and first */
};

/* A key that is none of this table says that the table is damaged. */
static int
check_key(const struct reader *reader)
{
	const uint8_t *at = reader->key.data;
	bool ready = reader->table == TABLE_READY;

	if (reader->key.size != reader->prefix + ROW_KEY_BYTES ||
	    at[ready ? 8 : 0] >= CLASS_COUNT)
		return DB_PAGE_NOTFOUND;
	return ready || at[1] == INDEX_DUE || at[1] == INDEX_HELD ? 0 :
	    DB_PAGE_NOTFOUND;
}

static struct msgid
key_id(const struct reader *reader)
{
	struct msgid id;

	memcpy(id.bytes, (const uint8_t *)reader->key.data + reader->prefix,
	    MSGID_BYTES);
	return id;
}

static void
key_list(const struct reader *reader, struct index_list *out)
{
	const uint8_t *at = reader->key.data;

	if (reader->table == TABLE_READY)
		*out = (struct index_list){ .place = INDEX_READY,
		    .site = get_be(at, 8), .klass = at[8],
		    .sender = get_be(at + 9, 8) };
	else
		*out = (struct index_list){ .klass = at[0], .place = at[1],
		    .site = get_be(at + 2, 8) };
}

/* To the first key from START on. */
static int
begin(struct reader *reader, const struct index_key *start)
{
	DB *db = reader->index->tables[reader->table];
	DBT value = dbt_of(NULL, 0);
	int error = db->cursor(db, reader->index->txn, &reader->cursor, 0);

	reader->prefix = start->length - ROW_KEY_BYTES;
	if (error != 0) {
		reader->cursor = NULL;
		return error;
	}
	reader->key = dbt_of(start->bytes, start->length);
	error = reader->cursor->get(reader->cursor, &reader->key, &value,
	    DB_SET_RANGE);
	return error == 0 ? check_key(reader) : error;
}

static int
go_on(struct reader *reader)
{
	DBT value = dbt_of(NULL, 0);
	int error = reader->cursor->get(reader->cursor, &reader->key, &value,
	    DB_NEXT);

	return error == 0 ? check_key(reader) : error;
}

static bool
end(struct reader *reader, int error, struct err *err)
{
	int closing = reader->cursor == NULL ? 0 :
	    reader->cursor->close(reader->cursor);

	if (error == 0 || error == DB_NOTFOUND)
		error = closing;
	return error == 0 ||
	    index_failed(reader->index, error, "list", err);
}

bool
index_next_list(struct index *index, struct index_list *list,
    struct msgid *id, bool *found, struct err *err)
{
	struct reader reader = { .index = index };
	struct index_key start = list_key(list, (struct msgid){ { 0 } }, 0,
	    &reader.table);
	int error;

	*found = false;
	if (index->broken)
		return err_set(err, ERR_LIBRARY, "index: a former call failed");
	error = begin(&reader, &start);
	if (error == 0) {
		*found = true;
		key_list(&reader, list);
		*id = key_id(&reader);
	}
	return end(&reader, error, err);
}

bool
index_list_ids(struct index *index, const struct index_list *list,
    struct msgid from, struct msgid *ids, size_t most, size_t *count,
    struct err *err)
{
	struct reader reader = { .index = index };
	struct index_key start = list_key(list, from, 0, &reader.table);
	int error;

	*count = 0;
	if (index->broken)
		return err_set(err, ERR_LIBRARY, "index: a former call failed");
	error = begin(&reader, &start);
	while (error == 0 && memcmp(reader.key.data, start.bytes,
	    reader.prefix) == 0) {
		struct msgid id = key_id(&reader);

		if (*count == 0 || msgid_compare(ids[*count - 1], id) != 0) {
			if (*count == most)
				break;
			ids[(*count)++] = id;
		}
		error = go_on(&reader);
	}
	return end(&reader, error, err);
}
