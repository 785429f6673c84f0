/* SPDX-License-Identifier: ISC
 *
 * conf_load.c - files in, a configuration out.
 *
 * An included file is named relative to the one that includes it.  Depth,
 * number and size of files are bounded.
 */
#include "conf/conf_parser.h"

#include "base/fsys.h"
#include "base/mem.h"

#include <string.h>
#include <sys/stat.h>

enum {
	FILE_BYTES_MOST = 1 << 20,
	DEPTH_MOST = 8,
	FILES_MOST = 256
};

/* Every file that was read, for the names in places. */
struct files {
	char *name[FILES_MOST];
	size_t count;
	struct {
		dev_t device;
		ino_t inode;
	} open[DEPTH_MOST];	/* those being read now */
	size_t depth;
};

static bool
unreadable(struct err *err, const char *path)
{
	if (err->kind == ERR_SYSTEM)
		return err_set(err, ERR_CONFIG, "%.200s: %s", path,
		    strerror(err->number));
	return err_set(err, ERR_CONFIG, "%.200s: over %d bytes, which is no "
	    "configuration", path, FILE_BYTES_MOST);
}

static bool
push_file(struct files *files, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		err_sys(err, "stat", path);
		return unreadable(err, path);
	}
	for (size_t i = 0; i < files->depth; i++)
		if (files->open[i].device == st.st_dev &&
		    files->open[i].inode == st.st_ino)
			return err_set(err, ERR_CONFIG, "%.200s includes "
			    "itself: take one include out", path);
	if (files->depth == DEPTH_MOST)
		return err_set(err, ERR_CONFIG, "includes are nested over %d "
		    "deep", DEPTH_MOST);
	if (files->count == FILES_MOST)
		return err_set(err, ERR_CONFIG, "over %d files", FILES_MOST);
	files->open[files->depth].device = st.st_dev;
	files->open[files->depth++].inode = st.st_ino;
	files->name[files->count++] = mem_strdup(path);
	return true;
}

/* Read PATH in SCOPE.  *PLACED: the error has its place already. */
static bool
read_file(struct conf_parser *parser, const char *path,
    const struct conf_scope *scope, bool *placed)
{
	struct files *files = parser->files;
	struct buf text;
	bool good;

	*placed = false;
	if (!push_file(files, path, parser->err))
		return false;
	path = files->name[files->count - 1];
	buf_init(&text, FILE_BYTES_MOST);
	good = fsys_read_file(path, &text, parser->err);
	if (!good)
		unreadable(parser->err, path);
	else {
		*placed = true;
		good = conf_parser_run(parser, buf_peek(&text), path, scope);
	}
	buf_fini(&text);
	files->depth--;
	return good;
}

static bool
include(struct conf_parser *parser, const char *path,
    const struct conf_scope *scope)
{
	struct conf_place here = parser->here;
	const char *slash = strrchr(here.file, '/');
	char *full;
	bool good, placed;

	if (path[0] == '/' || slash == NULL)
		full = mem_strdup(path);
	else
		full = mem_printf("%.*s%s", (int)(slash + 1 - here.file),
		    here.file, path);
	good = read_file(parser, full, scope, &placed);
	mem_free(full);
	if (!good && !placed)
		return conf_error_at(parser, here);
	return good;
}

static void
note_places(struct conf_parser *parser)
{
	char **places = mem_array(conf_option_count, sizeof places[0]);

	for (size_t i = 0; i < conf_option_count; i++)
		if (parser->seen[i].file != NULL)
			places[i] = mem_printf("%s:%u", parser->seen[i].file,
			    parser->seen[i].line);
	parser->told->places = places;
}

/* All was read as far as it could be: what is left to be said. */
static void
finish(struct conf_parser *parser, struct conf **conf)
{
	if (!parser->stuck)
		conf_check_all(parser);
	if (parser->told->mistakes == 0)
		conf_warn_all(parser);
	else
		conf_free(conf);
	note_places(parser);
	conf_parser_fini(parser);
}

struct conf *
conf_read(const char *path, struct conf_told *told)
{
	struct files *files = mem_new(struct files);
	struct conf *conf = conf_new();
	struct conf_parser parser;
	struct err err;
	bool placed;

	conf_parser_init(&parser, conf, told, &err);
	parser.include = include;
	parser.files = files;
	if (!read_file(&parser, path, NULL, &placed) && !placed) {
		conf_told_add(told, false, NULL, err.text);
		parser.stuck = true;
	}
	finish(&parser, &conf);
	while (files->count > 0)
		mem_free(files->name[--files->count]);
	mem_free(files);
	return conf;
}

struct conf *
conf_load(const char *path, struct err *err)
{
	struct conf_told told = CONF_TOLD_NOTHING;
	struct conf *conf = conf_read(path, &told);

	if (conf == NULL)
		conf_told_err(&told, err);
	conf_told_clear(&told);
	return conf;
}

struct conf *
conf_parse(struct span text, const char *name, struct err *err)
{
	struct conf_told told = CONF_TOLD_NOTHING;
	struct conf *conf = conf_new();
	struct conf_parser parser;

	conf_parser_init(&parser, conf, &told, err);
	(void)conf_parser_run(&parser, text, name, NULL);
	finish(&parser, &conf);
	if (conf == NULL)
		conf_told_err(&told, err);
	conf_told_clear(&told);
	return conf;
}
