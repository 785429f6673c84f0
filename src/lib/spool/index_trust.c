/* SPDX-License-Identifier: ISC
 *
 * index_trust.c - whether what is in the index may be believed.
 *
 * Berkeley DB survives the death of its process: what was written stays in
 * the kernel's page cache.  It would survive a power cut only with a sync
 * before each page that it writes, which would hold up the scheduler; since
 * the index can be rebuilt from the spool, it is never synced while in use,
 * and not believed after the machine went down.  So a file "state" says
 *
 *	postrider-index 4 STATE INODE BOOT
 *
 * where INODE is that of the file itself (a copied directory is not
 * believed), BOOT the kernel's boot id, and STATE
 *
 *	closed    all of it was synced
 *	open-N    in use; durable before the first change.  N processes
 *	          before died soon after opening it: perhaps of it
 *	proven    in use, and for a while
 *	broken    a call failed
 */
#include "spool/index_inside.h"

#include "base/fsys.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATE_BYTES = 128, BOOT_BYTES = 64, DEATHS_MOST = 3 };

#define STATE_FILE "state"

#define BOOT_UNKNOWN "unknown"

struct state {
	char word[16];
	uint64_t inode;
	char boot[BOOT_BYTES];
};

static void
read_boot(char out[BOOT_BYTES])
{
	struct buf text;
	struct err ignored;
	struct span line;

	buf_init(&text, BOOT_BYTES - 1);
	snprintf(out, BOOT_BYTES, BOOT_UNKNOWN);
	if (fsys_read_file("/proc/sys/kernel/random/boot_id", &text,
	    &ignored)) {
		line = buf_peek(&text);
		line = span_first(line, span_find(line, '\n'));
		if (line.length > 0)
			snprintf(out, BOOT_BYTES, "%.*s", (int)line.length,
			    (const char *)line.data);
	}
	buf_fini(&text);
}

static bool
read_state(int dirfd, struct state *out)
{
	char text[STATE_BYTES + 1] = "";
	struct stat st;
	struct err ignored;
	int fd = openat(dirfd, STATE_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool done;

	if (fd == -1)
		return false;
	done = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fsys_read_at(fd, text, STATE_BYTES, 0, STATE_FILE, &ignored) > 0 &&
	    sscanf(text, "postrider-index 4 %15s %" SCNu64 " %63s ",
	    out->word, &out->inode, out->boot) == 3 &&
	    out->inode == (uint64_t)st.st_ino;
	close(fd);
	return done;
}

static bool
write_state(int dirfd, const char *word, bool durable, struct err *err)
{
	char text[STATE_BYTES], boot[BOOT_BYTES];
	struct iovec iov = { text, sizeof text };
	struct stat st;
	bool done = false;
	int fd = openat(dirfd, STATE_FILE,
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(err, "open", STATE_FILE);
	read_boot(boot);
	if (fstat(fd, &st) == -1) {
		err_sys(err, "stat", STATE_FILE);
		goto out;
	}
	memset(text, ' ', sizeof text);
	text[snprintf(text, sizeof text, "postrider-index 4 %s %" PRIu64
	    " %s\n", word, (uint64_t)st.st_ino, boot)] = ' ';
	text[sizeof text - 1] = '\n';
	if (!fsys_write_at(fd, &iov, 1, 0, STATE_FILE, err))
		goto out;
	if (durable && fdatasync(fd) == -1)
		err_sys(err, "sync", STATE_FILE);
	else
		done = !durable || fsys_sync_dir(dirfd, "index", err);
out:
	close(fd);
	return done;
}

/* Whether the directory has a file NAME, or (null) any that shows; if it
 * cannot be read it may well have. */
static bool
has_file(int dirfd, const char *name)
{
	struct fsys_names names;
	const char *file = NULL;
	bool found = false, readable;
	struct err ignored;

	if (!fsys_names_open(&names, dirfd, "index", &ignored))
		return true;
	while ((readable = fsys_names_next(&names, &file, &ignored)) &&
	    file != NULL && !found)
		found = name == NULL ? *file != '.' : strcmp(file, name) == 0;
	fsys_names_close(&names);
	return found || !readable;
}

/* How often a process died after opening; WORD is "open-N". */
static unsigned
deaths_of(const char *word)
{
	uint64_t deaths = DEATHS_MOST;

	if (strncmp(word, "open-", 5) == 0)
		(void)span_number(span_of(word + 5), DEATHS_MOST, &deaths);
	return (unsigned)deaths;
}

enum trust
trust_find(int dirfd)
{
	char boot[BOOT_BYTES];
	struct state state;

	/* Berkeley DB obeys a DB_CONFIG in its home; nobody else shall. */
	if (has_file(dirfd, "DB_CONFIG"))
		return TRUST_BROKEN;
	if (!read_state(dirfd, &state))
		return has_file(dirfd, NULL) ? TRUST_BROKEN : TRUST_EMPTY;
	if (strcmp(state.word, "closed") == 0)
		return TRUST_GOOD;
	if (strcmp(state.word, "broken") == 0)
		return TRUST_BROKEN;
	read_boot(boot);
	if (strcmp(boot, state.boot) != 0 || strcmp(boot, BOOT_UNKNOWN) == 0)
		return TRUST_STALE;
	if (strcmp(state.word, "proven") == 0)
		return TRUST_GOOD;
	return deaths_of(state.word) + 1 < DEATHS_MOST ? TRUST_GOOD :
	    TRUST_BROKEN;
}

bool
trust_open(int dirfd, struct err *err)
{
	struct state state = { .word = "closed" };
	char word[sizeof state.word];
	unsigned deaths = 0;

	if (read_state(dirfd, &state) && strncmp(state.word, "open-", 5) == 0)
		deaths = deaths_of(state.word) + 1;
	snprintf(word, sizeof word, "open-%u", deaths);
	return write_state(dirfd, word, true, err);
}

bool
trust_proven(int dirfd, struct err *err)
{
	return write_state(dirfd, "proven", false, err);
}

bool
trust_closed(int dirfd, struct err *err)
{
	return write_state(dirfd, "closed", true, err);
}

void
trust_broken(int dirfd)
{
	struct err ignored;

	(void)write_state(dirfd, "broken", false, &ignored);
}
