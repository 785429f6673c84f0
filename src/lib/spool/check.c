/* SPDX-License-Identifier: ISC
 *
 * check.c - a whole spool looked at: which files there are, and whose.
 */
#include "spool/check_inside.h"

#include "base/fsys.h"
#include "base/mem.h"
#include "spool/edition.h"
#include "spool/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void
check_tell(struct check *check, enum spool_finding finding, const char *fmt,
    ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (finding == SPOOL_FAULT)
		check->sum->faults++;
	else
		check->sum->notes++;
	check->report(check->owner, finding, check->where, text);
}

/* ---- names ------------------------------------------------------------ */

struct names {
	char **names;
	size_t count, room;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add_name(struct names *names, const char *name)
{
	if (names->count == names->room) {
		names->room = names->room == 0 ? 64 : names->room * 2;
		names->names = mem_resize(names->names, names->room,
		    sizeof *names->names);
	}
	names->names[names->count++] = mem_strdup(name);
}

static void
names_fini(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		mem_free(names->names[i]);
	mem_free(names->names);
	*names = (struct names){ .count = 0 };
}

static bool
read_names(int dirfd, struct names *out, const char *which, struct err *err)
{
	struct fsys_names names;
	const char *name = NULL;
	bool done;

	*out = (struct names){ .count = 0 };
	if (!fsys_names_open(&names, dirfd, which, err))
		return false;
	while ((done = fsys_names_next(&names, &name, err)) && name != NULL)
		add_name(out, name);
	fsys_names_close(&names);
	if (out->count > 0)
		qsort(out->names, out->count, sizeof *out->names, by_name);
	if (!done)
		names_fini(out);
	return done;
}

/* ---- one file --------------------------------------------------------- */

/* Whether NAME of DIRFD is a plain file that only we may write; told if not. */
static bool
check_file(struct check *check, int dirfd, const char *name)
{
	struct stat dir, st;

	if (fstat(dirfd, &dir) == -1 ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)	/* the relay may have removed it */
			check_tell(check, SPOOL_FAULT, "cannot be looked at: "
			    "%s", strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) || st.st_nlink > 1) {
		check_tell(check, SPOOL_FAULT, !S_ISREG(st.st_mode) ?
		    "is not a file" : "has a second name");
		return false;
	}
	if ((st.st_mode & S_IWOTH) != 0)
		check_tell(check, SPOOL_FAULT,
		    "may be written by everybody (mode %03o)",
		    (unsigned)st.st_mode & 07777);
	if (st.st_uid != dir.st_uid && st.st_gid != dir.st_gid)
		check_tell(check, SPOOL_FAULT,
		    "belongs to user %u and group %u, its directory to %u "
		    "and %u", (unsigned)st.st_uid, (unsigned)st.st_gid,
		    (unsigned)dir.st_uid, (unsigned)dir.st_gid);
	return true;
}

static bool
is_sequence(const char *name)
{
	char again[SEGMENT_FILE_SIZE];
	unsigned long slot = strtoul(name, NULL, 10);

	snprintf(again, sizeof again, "%02lu.sequence", slot);
	return slot <= UINT16_MAX && strcmp(name, again) == 0;
}

static void
on_nothing(void *owner, const struct status *status)
{
	(void)owner;
	(void)status;
}

static void
check_journal(struct check *check, struct segment_name name)
{
	int dirfd = check->dirs->classes[name.klass];
	char file[SEGMENT_FILE_SIZE];
	struct stat st;
	struct err err;

	check->sum->classes[name.klass].journals++;
	if (fstatat(dirfd, segment_file(name, "messages", file), &st,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return;		/* read with the segment */
	if (!journal_read(check->dirs, name, false, on_nothing, NULL, &err))
		check_tell(check, SPOOL_FAULT, "%s", err.text);
	else
		check_tell(check, SPOOL_NOTE, "journal of a segment that was "
		    "removed");
}

static void
check_entry(struct check *check, enum mail_class klass, const char *name)
{
	struct segment_name segment = { .klass = (uint8_t)klass };

	if (!check_file(check, check->dirs->classes[klass], name))
		return;
	if (segment_file_parse(name, "messages", &segment))
		check_segment(check, segment);
	else if (segment_file_parse(name, "status", &segment))
		check_journal(check, segment);
	else if (!is_sequence(name))
		check_tell(check, SPOOL_FAULT, "does not belong here");
}

/* ---- directories ------------------------------------------------------ */

static bool
check_class(struct check *check, enum mail_class klass, struct err *err)
{
	struct names names;

	if (!read_names(check->dirs->classes[klass], &names,
	    class_name(klass), err))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		char *where = mem_printf("%s/%s", class_name(klass),
		    names.names[i]);

		check->where = where;
		check_entry(check, klass, names.names[i]);
		mem_free(where);
	}
	names_fini(&names);
	return true;
}

static bool
check_corrupt(struct check *check, struct err *err)
{
	struct names names;

	if (!read_names(check->dirs->corrupt, &names, "corrupt", err))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		char *where = mem_printf("corrupt/%s", names.names[i]);

		check->where = where;
		check_tell(check, SPOOL_NOTE, "is damaged mail that was set "
		    "aside");
		mem_free(where);
	}
	names_fini(&names);
	return true;
}

static bool
belongs_to_root(const char *name)
{
	static const char *const known[] = { "index", "corrupt", "jail", "paused",
	    "paused.new", "clock", "clock.new", "rates",
	    "rates.new", "writable", "edition", "edition.new" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if (strcmp(name, class_name(c)) == 0)
			return true;
	return false;
}

static bool
check_root(struct check *check, struct err *err)
{
	struct names names;

	if (!read_names(check->dirs->root, &names, check->dirs->path, err))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		check->where = names.names[i];
		if (strncmp(names.names[i], "index.broken-", 13) == 0)
			check_tell(check, SPOOL_NOTE,
			    "an index that was not usable");
		else if (!belongs_to_root(names.names[i]))
			check_tell(check, SPOOL_FAULT, "does not belong here");
	}
	names_fini(&names);
	return true;
}

bool
spool_check(const char *path, spool_report_fn *report, void *owner,
    struct spool_sum *out, struct err *err)
{
	struct check check = {
		.report = report, .owner = owner, .sum = out, .where = path
	};
	struct spool_dirs dirs;
	bool done;

	*out = (struct spool_sum){ .faults = 0 };
	if (!spool_dirs_open(&dirs, path, err))
		return false;
	check.dirs = &dirs;
	done = edition_read(dirs.root, &check.edition, err) &&
	    check_root(&check, err);
	for (unsigned c = 0; done && c < CLASS_COUNT; c++)
		done = check_class(&check, c, err);
	done = done && check_corrupt(&check, err);
	spool_dirs_close(&dirs);
	return done;
}

/* ---- the index -------------------------------------------------------- */

static bool
empty_index(const struct spool_dirs *dirs, struct err *err)
{
	struct names names;
	bool done;
	int fd = openat(dirs->root, "index",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return errno == ENOENT || err_sys(err, "open", "index");
	done = read_names(fd, &names, "index", err);
	for (size_t i = 0; done && i < names.count; i++)
		if (unlinkat(fd, names.names[i], 0) == -1 && errno != ENOENT)
			done = err_sys(err, "remove", names.names[i]);
	names_fini(&names);
	close(fd);
	return done;
}

bool
spool_rebuild(const char *path, struct err *err)
{
	struct spool_dirs dirs;
	unsigned edition;
	bool done;
	int lock;

	if (!spool_dirs_open(&dirs, path, err))
		return false;
	lock = spool_lock(&dirs, err);
	done = lock != -1 && edition_read(dirs.root, &edition, err) &&
	    empty_index(&dirs, err);
	if (lock != -1)
		close(lock);
	spool_dirs_close(&dirs);
	return done;
}
