/* SPDX-License-Identifier: ISC
 *
 * discover.c - segments that nobody told of.
 */
#include "scheduler/discover.h"

#include "base/log.h"
#include "base/mem.h"
#include "scheduler/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_A_TURN = 256 };

/* ---- the start ------------------------------------------------------------------------ */

struct found {
	struct segment_name *names;
	size_t count, room;
};

static int
by_age(const void *a, const void *b)
{
	const struct segment_name *x = a, *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return (int)x->slot - (int)y->slot;
}

static void
add_name(struct found *found, struct segment_name name)
{
	if (found->count == found->room) {
		found->room = found->room * 2 + 64;
		found->names = mem_resize(found->names, found->room,
		    sizeof *found->names);
	}
	found->names[found->count++] = name;
}

/* The segments that have a file with SUFFIX in their directory. */
static bool
list_files(const struct spool_dirs *dirs, uint8_t klass, const char *suffix,
    struct found *found, struct err *err)
{
	struct fsys_names names;
	const char *file = NULL;
	bool done;

	if (!fsys_names_open(&names, dirs->classes[klass], class_name(klass),
	    err))
		return false;
	while ((done = fsys_names_next(&names, &file, err)) && file != NULL) {
		struct segment_name name = { .klass = klass };

		if (segment_file_parse(file, suffix, &name))
			add_name(found, name);
	}
	fsys_names_close(&names);
	return done;
}

/* The end of a removal that was cut short: a journal without messages, which
 * cannot come back since the directory was synced. */
static void
sweep_journal(struct scheduler *s, struct segment_name name)
{
	int dirfd = s->dirs.classes[name.klass];
	char file[SEGMENT_FILE_SIZE];
	struct stat st;

	if (fstatat(dirfd, segment_file(name, "messages", file), &st,
	    AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return;
	if (unlinkat(dirfd, segment_file(name, "status", file), 0) == -1 &&
	    errno != ENOENT)
		log_warn("cannot remove %s/%s: %s", class_name(name.klass),
		    file, strerror(errno));
}

static bool
sweep_journals(struct scheduler *s, uint8_t klass, struct err *err)
{
	struct found found = { 0 };
	bool done = list_files(&s->dirs, klass, "status", &found, err);
	bool synced = false;

	for (size_t i = 0; done && i < found.count; i++) {
		if (segment_find(s, found.names[i]) != NULL)
			continue;
		done = synced || fsys_sync_dir(s->dirs.classes[klass],
		    class_name(klass), err);
		synced = true;
		if (done)
			sweep_journal(s, found.names[i]);
	}
	mem_free(found.names);
	return done;
}

/* One that is still written to is read when its writer tells how far. */
static bool
find_segments(struct scheduler *s, uint8_t klass, struct err *err)
{
	struct found found = { 0 };
	bool done = list_files(&s->dirs, klass, "messages", &found, err);

	if (found.count > 0)
		qsort(found.names, found.count, sizeof *found.names, by_age);
	for (size_t i = 0; done && i < found.count; i++)
		intake_look_at(s, intake_add(s, found.names[i]));
	mem_free(found.names);
	return done;
}

bool
discover_start(struct scheduler *s, struct err *err)
{
	for (uint8_t klass = 0; klass < CLASS_COUNT; klass++)
		if (!find_segments(s, klass, err) ||
		    !sweep_journals(s, klass, err))
			return err_prefix(err, "spool %s", s->dirs.path);
	scheduler_ask(s);
	return true;
}

/* ---- later ---------------------------------------------------------------------------- */

/* A living writer tells of its segments, those it has locked; and of those
 * that it is about to lock. */
static bool
has_writer(int fd)
{
	struct stat st;

	return segment_in_use(fd) || fstat(fd, &st) == -1 ||
	    intake_is_newborn(&st);
}

static void
look_at(struct scheduler *s, struct segment_name name)
{
	struct err err;
	bool ours;
	int fd;

	if (segment_find(s, name) != NULL)
		return;
	fd = segment_open(&s->dirs, name, &err);
	if (fd == -1) {
		if (err.kind != ERR_SYSTEM || err.number != ENOENT)
			log_warn("%s", err.text);
		return;
	}
	ours = !has_writer(fd);
	close(fd);
	if (ours)
		intake_look_at(s, intake_add(s, name));
}

static void
end_pass(struct scheduler *s)
{
	fsys_names_close(&s->discover.names);
	s->discover.running = false;
}

/* The next directory.  False: there is none, or it cannot be read. */
static bool
begin_directory(struct scheduler *s, unsigned klass, struct err *err)
{
	struct discover *d = &s->discover;

	fsys_names_close(&d->names);
	d->klass = klass;
	return klass < CLASS_COUNT && fsys_names_open(&d->names,
	    s->dirs.classes[klass], class_name(klass), err);
}

/* One name.  False: the pass is over. */
static bool
step(struct scheduler *s)
{
	struct discover *d = &s->discover;
	struct segment_name name = { .klass = (uint8_t)d->klass };
	struct err err = { .kind = ERR_NONE };
	const char *file;

	if (fsys_names_next(&d->names, &file, &err)) {
		if (file == NULL)
			return begin_directory(s, d->klass + 1, &err);
		if (segment_file_parse(file, "messages", &name))
			look_at(s, name);
		return true;
	}
	log_error("spool %s: %s; it is looked at again in a minute",
	    s->dirs.path, err.text);
	return false;
}

void
discover_want(struct scheduler *s)
{
	s->discover.wanted = true;
	scheduler_ask(s);
}

bool
discover_work(struct scheduler *s)
{
	struct discover *d = &s->discover;
	struct err err;

	if (!d->running && d->wanted) {
		d->wanted = false;
		d->running = begin_directory(s, 0, &err);
		if (!d->running)
			log_error("spool %s: %s", s->dirs.path, err.text);
	}
	for (unsigned i = 0; d->running && i < NAMES_A_TURN; i++)
		if (!step(s))
			end_pass(s);
	return d->running || d->wanted;
}

void
discover_fini(struct scheduler *s)
{
	end_pass(s);
}
