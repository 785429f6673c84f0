/* SPDX-License-Identifier: ISC
 *
 * filter.c - which messages an operator means.
 */
#include "scheduler/filter.h"

#include "base/mem.h"

#include <stdlib.h>

static int
by_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct msgid));
}

static bool
take_ids(const json_t *json, struct filter *filter, struct err *err)
{
	const json_t *value;
	size_t i;

	if (!json_is_array(json))
		return err_set(err, ERR_FORMAT, "ids: a list is expected");
	filter->by_id = true;
	filter->ids = mem_array(json_array_size(json) + 1,
	    sizeof *filter->ids);
	json_array_foreach(json, i, value) {
		const char *text = json_string_value(value);

		if (text == NULL || !msgid_parse(span_of(text),
		    &filter->ids[filter->id_count]))
			return err_set(err, ERR_FORMAT, "%s is no id",
			    text != NULL ? text : "something");
		filter->id_count++;
	}
	qsort(filter->ids, filter->id_count, sizeof *filter->ids, by_order);
	return true;
}

static bool
take_text(const json_t *json, const char *name, char **out,
    struct err *err)
{
	if (!json_is_string(json))
		return err_set(err, ERR_FORMAT, "%s: a text is expected",
		    name);
	if (json_string_length(json) > GLOB_MOST)
		return err_set(err, ERR_FORMAT, "%s: a text of at most %d "
		    "bytes is expected", name, GLOB_MOST);
	*out = mem_strdup(json_string_value(json));
	return true;
}

static bool
take_class(const json_t *json, struct filter *filter, struct err *err)
{
	const char *name = json_string_value(json);

	filter->by_class = true;
	if (name != NULL && class_of_name(span_of(name), &filter->klass))
		return true;
	return err_set(err, ERR_FORMAT, "%s is no class",
	    name != NULL ? name : "something");
}

static bool
take(const char *name, const json_t *json, struct filter *filter,
    struct err *err)
{
	if (strcmp(name, "ids") == 0)
		return take_ids(json, filter, err);
	if (strcmp(name, "sender") == 0)
		return take_text(json, name, &filter->sender, err);
	if (strcmp(name, "recipient") == 0)
		return take_text(json, name, &filter->recipient, err);
	if (strcmp(name, "site") == 0)
		return take_text(json, name, &filter->site, err);
	if (strcmp(name, "class") == 0)
		return take_class(json, filter, err);
	if (strcmp(name, "older") == 0) {
		double seconds = json_number_value(json);

		if (!json_is_number(json) || seconds < 0 || seconds > 1e10)
			return err_set(err, ERR_FORMAT,
			    "older: seconds are expected");
		filter->older = (usec_t)(seconds * 1e6);
		return true;
	}
	if (strcmp(name, "all") == 0) {
		filter->all = json_is_true(json);
		return true;
	}
	if (strcmp(name, "verb") == 0)
		return true;
	return err_set(err, ERR_FORMAT, "a filter has no %s", name);
}

bool
filter_parse(const json_t *json, struct filter *out, struct err *err)
{
	const char *name;
	json_t *value;

	*out = (struct filter){ 0 };
	if (json == NULL || json_is_null(json))
		return true;
	if (!json_is_object(json))
		return err_set(err, ERR_FORMAT, "a filter is an object");
	json_object_foreach((json_t *)json, name, value)
		if (!take(name, value, out, err)) {
			filter_fini(out);
			return false;
		}
	return true;
}

void
filter_fini(struct filter *filter)
{
	mem_free(filter->ids);
	mem_free(filter->sender);
	mem_free(filter->recipient);
	mem_free(filter->site);
	*filter = (struct filter){ 0 };
}

bool
filter_is_empty(const struct filter *filter)
{
	return !filter->by_id && filter->sender == NULL &&
	    filter->recipient == NULL && filter->site == NULL &&
	    !filter->by_class && filter->older == 0 && !filter->all;
}

bool
filter_needs_envelope(const struct filter *filter)
{
	return filter->sender != NULL || filter->recipient != NULL;
}
