/* SPDX-License-Identifier: ISC
 *
 * conf_told.c - all that is to be said of a configuration.
 */
#include "conf/conf_told.h"

#include "base/mem.h"
#include "conf/conf_table.h"

#include <string.h>

void
conf_told_add(
    struct conf_told *told, bool warning, const char *place, const char *text)
{
	told->mistakes += !warning;
	if (told->count == CONF_TOLD_MOST) {
		told->more++;
		return;
	}
	told->rows[told->count].place = mem_strdup(place);
	told->rows[told->count].text = mem_strdup(text);
	told->rows[told->count++].warning = warning;
}

/* Where the option was set; null: nowhere. */
static const char *
place_of(const struct conf_told *told, const char *block, const char *name)
{
	for (size_t i = 0; told->places != NULL && i < conf_option_count; i++)
		if (strcmp(conf_options[i].name, name) == 0 &&
		    strcmp(conf_blocks[conf_options[i].block].name, block) == 0)
			return told->places[i];
	return NULL;
}

void
conf_told_option(struct conf_told *told, const char *block, const char *name,
    const char *file, const struct err *err)
{
	const char *place = place_of(told, block, name);

	conf_told_add(told, false, place == NULL ? file : place, err->text);
}

void
conf_told_warn(struct conf_told *told, const char *block, const char *name,
    const char *file, const char *text)
{
	const char *place = place_of(told, block, name);

	conf_told_add(told, true, place == NULL ? file : place, text);
}

bool
conf_told_err(const struct conf_told *told, struct err *err)
{
	size_t at = 0;

	while (at < told->count && told->rows[at].warning)
		at++;
	if (at == told->count) /* all that found room were warnings */
		return err_set(err, ERR_CONFIG, "%zu mistakes", told->mistakes);
	err_set(err, ERR_CONFIG, "%s", told->rows[at].text);
	if (told->rows[at].place != NULL)
		err_prefix(err, "%s", told->rows[at].place);
	return false;
}

void
conf_told_clear(struct conf_told *told)
{
	while (told->count > 0) {
		mem_free(told->rows[--told->count].place);
		mem_free(told->rows[told->count].text);
	}
	for (size_t i = 0; told->places != NULL && i < conf_option_count; i++)
		mem_free(told->places[i]);
	mem_free(told->places);
	*told = CONF_TOLD_NOTHING;
}
