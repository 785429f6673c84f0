/* SPDX-License-Identifier: ISC
 *
 * load.c - files and their includes.
 */
#include "tests.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/postrider-conf-XXXXXX";

static void
remove_dir(void)
{
	rmdir(dir);
}

static char *
path_of(const char *name)
{
	static bool made;

	if (!made) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
		atexit(remove_dir);
		made = true;
	}
	return mem_printf("%s/%s", dir, name);
}

static void
put(const char *name, const char *text)
{
	char *path = path_of(name);
	FILE *f = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	CU_ASSERT_EQUAL(fclose(f), 0);
	mem_free(path);
}

static void
drop(const char *name)
{
	char *path = path_of(name);

	if (unlink(path) == -1)
		rmdir(path);
	mem_free(path);
}

/* Files of one test; those a row does not have are empty names. */
static const struct {
	const char *name[3], *text[3];
	const char *message;	/* DIR stands for the directory */
} rows[] = {
	{ { "main", "inc", "" }, { "listen [::1]:25\ninclude inc\n",
	    "hostname a\nhostname b\n", "" },
	    "DIR/inc:2: hostname is already set at DIR/inc:1: keep one of "
	    "them" },
	{ { "main", "inc", "" }, { "hostname a\ninclude inc\n", "hostname b\n",
	    "" },
	    "DIR/inc:1: hostname is already set at DIR/main:1: keep one of "
	    "them" },
	{ { "main", "", "" }, { "\ninclude gone\n", "", "" },
	    "DIR/main:2: DIR/gone: No such file or directory" },
	{ { "main", "inc", "" }, { "\ninclude inc\n", "\n\ninclude main\n",
	    "" },
	    "DIR/inc:3: DIR/main includes itself: take one include out" },
	{ { "main", "", "" }, { "include main\n", "", "" },
	    "DIR/main:1: DIR/main includes itself: take one include out" },
	{ { "main", "inc", "" }, { "limits {\ninclude inc\n}", "}\n", "" },
	    "DIR/inc:1: a } that closes nothing: take it out" },
	{ { "main", "inc", "" }, { "include inc\n}", "limits {\n", "" },
	    "DIR/inc:1: this { is never closed: add a }" },
	{ { "main", "inc", "" }, { "include inc\n\n", "hostname a\n", "" },
	    "DIR/main:3: no listen: add one, as in listen 127.0.0.1:25 "
	    "{ trust 127.0.0.0/8 }" },
	{ { "main", "inc", "" }, { "listen [::1]:25 {\ntls implicit\n}\n"
	    "include inc\nspol x", "hostname a\n", "" },
	    "DIR/main:5: spol is unknown here; did you mean spool?" },
};

/* TEXT with DIR replaced; the caller frees it. */
static char *
with_dir(const char *text)
{
	struct buf out;
	char *copy;

	buf_init(&out, 4096);
	for (; *text != '\0'; text++)
		if (strncmp(text, "DIR", 3) == 0) {
			buf_append_text(&out, dir);
			text += 2;
		} else
			buf_append_byte(&out, (uint8_t)*text);
	copy = span_copy(buf_peek(&out));
	buf_fini(&out);
	return copy;
}

static void
mistakes_name_the_file_in_which_they_are(void)
{
	char *main_path = path_of("main");

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *want = with_dir(rows[i].message);
		struct err err = { 0 };

		for (int j = 0; j < 3; j++)
			if (rows[i].name[j][0] != '\0')
				put(rows[i].name[j], rows[i].text[j]);
		CU_ASSERT_PTR_NULL(conf_load(main_path, &err));
		CU_ASSERT_EQUAL(err.kind, ERR_CONFIG);
		CU_ASSERT_STRING_EQUAL(err.text, want);
		if (strcmp(err.text, want) != 0)
			printf("want %s\ngot  %s\n", want, err.text);
		for (int j = 0; j < 3; j++)
			if (rows[i].name[j][0] != '\0')
				drop(rows[i].name[j]);
		mem_free(want);
	}
	mem_free(main_path);
}

static void
includes_are_found_beside_the_file_that_names_them(void)
{
	char *path = path_of("main"), *sub = path_of("sub");
	struct err err = { 0 };
	struct conf *conf;

	CU_ASSERT_EQUAL_FATAL(mkdir(sub, 0700), 0);
	put("main", "include sub/a\nlisten [::1]:25 {\n include sub/t\n}\n");
	put("sub/a", "include b\nlimits { include b2 }");
	put("sub/b", "hostname deep.test");
	put("sub/b2", "errors 7");
	put("sub/t", "trust ::1\n");
	conf = conf_load(path, &err);
	CU_ASSERT_PTR_NOT_NULL(conf);
	if (conf != NULL) {
		CU_ASSERT_STRING_EQUAL(conf->hostname, "deep.test");
		CU_ASSERT_EQUAL(conf->errors, 7);
		CU_ASSERT_EQUAL(conf->listens[0].trust_count, 1);
	} else
		printf("%s\n", err.text);
	conf_free(&conf);
	drop("main");
	drop("sub/a");
	drop("sub/b");
	drop("sub/b2");
	drop("sub/t");
	drop("sub");
	mem_free(path);
	mem_free(sub);
}

static void
a_file_may_be_included_twice_when_it_does_not_include_itself(void)
{
	char *path = path_of("main");
	struct err err = { 0 };
	struct conf *conf;

	put("main", "listen [::1]:25 { include t }\nlisten [::1]:26 { include "
	    "t }\n");
	put("t", "trust ::1\n");
	conf = conf_load(path, &err);
	CU_ASSERT_PTR_NOT_NULL(conf);
	conf_free(&conf);
	drop("main");
	drop("t");
	mem_free(path);
}

static void
includes_are_not_nested_without_end(void)
{
	char *path = path_of("0"), name[16], text[64];
	struct err err = { 0 };

	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "%d", i);
		snprintf(text, sizeof text, "include %d\n", i + 1);
		put(name, text);
	}
	CU_ASSERT_PTR_NULL(conf_load(path, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text,
	    "/7:1: includes are nested over 8 deep"));
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "%d", i);
		drop(name);
	}
	mem_free(path);
}

/* Two includes a file, eight deep, would be 2^8 files; more is refused. */
static void
the_number_of_files_is_bounded(void)
{
	char *path = path_of("0"), name[16], text[64];
	struct err err = { 0 };

	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "%d", i);
		snprintf(text, sizeof text, "include %d;include %d;include "
		    "%d\n", i + 1, i + 1, i + 1);
		put(name, i == 7 ? "\n" : text);
	}
	CU_ASSERT_PTR_NULL(conf_load(path, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, ": over 256 files"));
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof name, "%d", i);
		drop(name);
	}
	mem_free(path);
}

static void
an_unreadable_file_is_told_by_its_name(void)
{
	char *path = path_of("gone"), *want;
	struct err err = { 0 };

	CU_ASSERT_PTR_NULL(conf_load(path, &err));
	want = mem_printf("%s: No such file or directory", path);
	CU_ASSERT_STRING_EQUAL(err.text, want);
	CU_ASSERT_EQUAL(err.kind, ERR_CONFIG);
	mem_free(want);
	CU_ASSERT_PTR_NULL(conf_load(dir, &err));
	want = mem_printf("%s: Is a directory", dir);
	CU_ASSERT_STRING_EQUAL(err.text, want);
	mem_free(want);
	mem_free(path);
}

static void
a_huge_file_is_no_configuration(void)
{
	char *path = path_of("big");
	struct err err = { 0 };

	put("big", "");
	CU_ASSERT_EQUAL(truncate(path, (1 << 20) + 1), 0);
	CU_ASSERT_PTR_NULL(conf_load(path, &err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/big: over 1048576 bytes"));
	drop("big");
	mem_free(path);
}

const struct unit_test load_tests[] = {
	UNIT(mistakes_name_the_file_in_which_they_are),
	UNIT(includes_are_found_beside_the_file_that_names_them),
	UNIT(a_file_may_be_included_twice_when_it_does_not_include_itself),
	UNIT(includes_are_not_nested_without_end),
	UNIT(the_number_of_files_is_bounded),
	UNIT(an_unreadable_file_is_told_by_its_name),
	UNIT(a_huge_file_is_no_configuration),
	UNIT_END
};
