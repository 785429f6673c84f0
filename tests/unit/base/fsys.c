/* SPDX-License-Identifier: ISC
 *
 * fsys.c - files, with every error seen.
 */
#include "tests.h"

#include "base/fsys.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
many_pieces_are_written_in_order_at_their_offset(void)
{
	enum { PIECES = 3000 };
	struct iovec *iov = mem_array(PIECES, sizeof *iov);
	char *out = mem_alloc(PIECES * 2 + 10);
	struct err err;
	int fd = scratch_file();

	for (int i = 0; i < PIECES; i++)
		iov[i] = (struct iovec){ (char *)(uintptr_t)(i % 2 == 0 ?
		    "ab" : ""), i % 2 == 0 ? 2 : 0 };
	CU_ASSERT_TRUE(fsys_write_at(fd, iov, PIECES, 5, "x", &err));
	CU_ASSERT_EQUAL(fsys_read_at(fd, out, PIECES * 2, 0, "x", &err),
	    5 + PIECES);
	CU_ASSERT_EQUAL(memcmp(out, "\0\0\0\0\0ababab", 11), 0);
	CU_ASSERT_EQUAL(memcmp(out + 5 + PIECES - 2, "ab", 2), 0);
	close(fd);
	mem_free(out);
	mem_free(iov);
}

/* A file size limit makes the kernel write less than was asked. */
static void
a_short_write_is_taken_up_again_and_the_error_seen(void)
{
	struct rlimit old, small;
	struct iovec iov = { (char[]){ "0123456789" }, 10 };
	struct err err = { 0 };
	int fd = scratch_file();
	char out[16];

	CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	CU_ASSERT_FALSE(fsys_write_at(fd, &iov, 1, 0, "name", &err));
	setrlimit(RLIMIT_FSIZE, &old);
	CU_ASSERT_EQUAL(err.kind, ERR_SYSTEM);
	CU_ASSERT_EQUAL(err.number, EFBIG);
	CU_ASSERT_STRING_EQUAL(err.text, "write name: File too large");
	CU_ASSERT_EQUAL(fsys_read_at(fd, out, sizeof out, 0, "x", &err), 4);
	close(fd);
}

static void
a_full_disk_is_told(void)
{
	struct iovec iov = { (char[]){ "x" }, 1 };
	struct err err = { 0 };
	int fd = open("/dev/full", O_WRONLY);

	CU_ASSERT_FATAL(fd != -1);
	CU_ASSERT_FALSE(fsys_write_at(fd, &iov, 1, 0, "full", &err));
	CU_ASSERT_EQUAL(err.number, ENOSPC);
	CU_ASSERT_FALSE(fsys_write(fd, span_of("x"), "full", &err));
	CU_ASSERT_EQUAL(err.number, ENOSPC);
	close(fd);
}

static void
reading_ends_where_the_file_does(void)
{
	struct err err = { 0 };
	int fd = scratch_file();
	char out[16];

	CU_ASSERT_TRUE(fsys_write(fd, span_of("hello"), "x", &err));
	CU_ASSERT_EQUAL(fsys_read_at(fd, out, 5, 0, "x", &err), 5);
	CU_ASSERT_EQUAL(fsys_read_at(fd, out, 16, 3, "x", &err), 2);
	CU_ASSERT_EQUAL(fsys_read_at(fd, out, 16, 9, "x", &err), 0);
	CU_ASSERT_TRUE(fsys_close(fd, "x", &err));
	CU_ASSERT_EQUAL(fsys_read_at(fd, out, 1, 0, "gone", &err), -1);
	CU_ASSERT_STRING_EQUAL(err.text, "read gone: Bad file descriptor");
	CU_ASSERT_FALSE(fsys_close(fd, "gone", &err));
}

static void
a_whole_file_is_read_and_one_over_the_most_is_not(void)
{
	struct err err = { 0 };
	struct buf out;

	buf_init(&out, 64);
	CU_ASSERT_FALSE(fsys_read_file("/dev/zero", &out, &err));
	CU_ASSERT_EQUAL(err.kind, ERR_LIMIT);
	buf_clear(&out);
	CU_ASSERT_TRUE(fsys_read_file("/dev/null", &out, &err));
	CU_ASSERT_EQUAL(buf_length(&out), 0);
	CU_ASSERT_FALSE(fsys_read_file("/nonexistent", &out, &err));
	CU_ASSERT_STRING_EQUAL(err.text,
	    "open /nonexistent: No such file or directory");
	buf_fini(&out);
}

static void
a_file_is_replaced_whole_or_not_at_all(void)
{
	char top[] = "/tmp/postrider-base-XXXXXX", out[8] = "";
	struct err err = { 0 };
	int at, fd;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
	at = open(top, O_RDONLY | O_DIRECTORY);
	CU_ASSERT_FATAL(at != -1);
	CU_ASSERT_TRUE(fsys_replace(at, "f", "f.new", span_of("long"), true,
	    &err));
	CU_ASSERT_TRUE(fsys_replace(at, "f", "f.new", span_of("new"), false,
	    &err));
	CU_ASSERT_EQUAL(faccessat(at, "f.new", F_OK, 0), -1);
	CU_ASSERT_EQUAL(symlinkat("/dev/full", at, "f.new"), 0);
	CU_ASSERT_FALSE(fsys_replace(at, "f", "f.new", span_of("x"), true,
	    &err));
	CU_ASSERT_EQUAL(err.number, ELOOP);
	fd = openat(at, "f", O_RDONLY);
	CU_ASSERT_EQUAL(read(fd, out, sizeof out), 3);
	CU_ASSERT_STRING_EQUAL(out, "new");
	close(fd);
	CU_ASSERT_FALSE(fsys_replace(at, "a/b", "b.new", span_of("x"), true,
	    &err));
	unlinkat(at, "b.new", 0);
	unlinkat(at, "f.new", 0);
	unlinkat(at, "f", 0);
	close(at);
	CU_ASSERT_EQUAL(rmdir(top), 0);
}

static void
a_directory_is_made_once_and_nothing_else_is_taken_for_one(void)
{
	char top[] = "/tmp/postrider-base-XXXXXX";
	struct err err = { 0 };
	struct stat st;
	int at, sub;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
	at = open(top, O_RDONLY | O_DIRECTORY);
	CU_ASSERT_FATAL(at != -1);
	sub = fsys_open_dir(at, "sub", 0700, &err);
	CU_ASSERT_NOT_EQUAL(sub, -1);
	CU_ASSERT_EQUAL(fstat(sub, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0700);
	CU_ASSERT_TRUE(fsys_sync_dir(sub, "sub", &err));
	close(sub);
	sub = fsys_open_dir(at, "sub", 0700, &err);
	CU_ASSERT_NOT_EQUAL(sub, -1);
	close(sub);
	CU_ASSERT_EQUAL(symlinkat("sub", at, "link"), 0);
	CU_ASSERT_EQUAL(fsys_open_dir(at, "link", 0700, &err), -1);
	CU_ASSERT_EQUAL(mknodat(at, "file", S_IFREG | 0600, 0), 0);
	CU_ASSERT_EQUAL(fsys_open_dir(at, "file", 0700, &err), -1);
	CU_ASSERT_STRING_EQUAL(err.text,
	    "open directory file: Not a directory");
	CU_ASSERT_EQUAL(fsys_open_dir(at, "a/b", 0700, &err), -1);
	CU_ASSERT_STRING_EQUAL(err.text,
	    "make directory a/b: No such file or directory");
	CU_ASSERT_FALSE(fsys_sync_dir(-1, "none", &err));
	unlinkat(at, "file", 0);
	unlinkat(at, "link", 0);
	unlinkat(at, "sub", AT_REMOVEDIR);
	close(at);
	CU_ASSERT_EQUAL(rmdir(top), 0);
}

const struct unit_test fsys_tests[] = {
	UNIT(many_pieces_are_written_in_order_at_their_offset),
	UNIT(a_short_write_is_taken_up_again_and_the_error_seen),
	UNIT(a_full_disk_is_told),
	UNIT(reading_ends_where_the_file_does),
	UNIT(a_whole_file_is_read_and_one_over_the_most_is_not),
	UNIT(a_file_is_replaced_whole_or_not_at_all),
	UNIT(a_directory_is_made_once_and_nothing_else_is_taken_for_one),
	UNIT_END
};
