/* SPDX-License-Identifier: ISC
 *
 * notice.c - what a running relay lets its tools know.
 */
#include "tests.h"

#include "base/mem.h"
#include "conf/conf_notice.h"

#include <stdlib.h>
#include <unistd.h>

static const char text[] = "hostname relay.test\n"
			   "spool \"/a spool\"\n"
			   "control /c\n"
			   "log file \"/l \\\"og\"\n"
			   "listen 127.0.0.1:2500 { trust 10.0.0.0/8 }\n"
			   "route * { to secret.test }\n"
			   "limits { recipients 7; header 9k }\n"
			   "bounce { return-size 5k }\n";

static void
a_notice_says_what_tools_need_and_no_more(void)
{
	struct conf *conf = conf_of(text), *seen;
	struct buf out;

	buf_init(&out, 1 << 16);
	conf_notice_write(conf, &out);
	buf_append_byte(&out, '\0');
	CU_ASSERT_PTR_NULL(strstr((const char *)out.data, "secret"));
	CU_ASSERT_PTR_NULL(strstr((const char *)out.data, "10.0.0.0"));
	seen = conf_notice_parse(span_of((const char *)out.data));
	CU_ASSERT_PTR_NOT_NULL_FATAL(seen);
	CU_ASSERT_STRING_EQUAL(seen->hostname, "relay.test");
	CU_ASSERT_STRING_EQUAL(seen->spool, "/a spool");
	CU_ASSERT_STRING_EQUAL(seen->control, "/c");
	CU_ASSERT_EQUAL(seen->log, LOG_KIND_FILE);
	CU_ASSERT_STRING_EQUAL(seen->log_path, "/l \"og");
	CU_ASSERT_EQUAL(seen->recipients, 7);
	CU_ASSERT_EQUAL(seen->header_bytes, 9 << 10);
	CU_ASSERT_EQUAL(seen->bounce_bytes, 5 << 10);
	conf_free(&seen);
	conf_free(&conf);
	buf_fini(&out);
}

static void
half_a_notice_says_nothing(void)
{
	static const char *const rows[] = {
		"",
		"control /c\n",
		"hostname a.test\n",
		"hostname a.te",
		"hostname a.test\ncontrol",
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		CU_ASSERT_PTR_NULL(conf_notice_parse(span_of(rows[i])));
}

static void
a_notice_holds_as_long_as_its_master_lives(void)
{
	struct conf *conf = conf_of(text), *seen;
	char dir[] = "/tmp/postrider-notice-XXXXXX";
	char *names[CONF_NOTICE_NAMES], *path, *by_dots;
	struct err err = { 0 };
	int fd, again;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	path = mem_printf("%s/gone.conf", dir);
	by_dots = mem_printf("%s/../%s/./gone.conf", dir, dir + 5);
	conf_notice_names(by_dots, names);
	CU_ASSERT_STRING_EQUAL(names[0], path);
	CU_ASSERT_PTR_NULL(names[1]);
	CU_ASSERT_PTR_NULL(conf_notice_get(path));
	fd = conf_notice_put(names, conf, &err);
	CU_ASSERT_NOT_EQUAL_FATAL(fd, -1);
	/* another one takes its place, whoever closes first */
	again = conf_notice_put(names, conf, &err);
	CU_ASSERT_NOT_EQUAL_FATAL(again, -1);
	close(fd);
	seen = conf_notice_get(path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(seen);
	CU_ASSERT_STRING_EQUAL(seen->control, "/c");
	conf_free(&seen);
	close(again);
	CU_ASSERT_PTR_NULL(conf_notice_get(path));
	conf_notice_remove(names);
	CU_ASSERT_PTR_NULL(conf_notice_get(path));
	rmdir(dir);
	mem_free(names[0]);
	mem_free(by_dots);
	mem_free(path);
	conf_free(&conf);
}

const struct unit_test notice_tests[] = {
	UNIT(a_notice_says_what_tools_need_and_no_more),
	UNIT(half_a_notice_says_nothing),
	UNIT(a_notice_holds_as_long_as_its_master_lives), UNIT_END
};
