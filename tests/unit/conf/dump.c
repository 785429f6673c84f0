/* SPDX-License-Identifier: ISC
 *
 * dump.c - what is written out reads back to the same.
 */
#include "tests.h"

#include "base/mem.h"

#include <stdio.h>

static const char contract[] =
    "hostname relay.bench.test\n"
    "spool    /path/spool\n"
    "control  /path/control\n"
    "log      file /path/log        # or: stderr, syslog\n"
    "user     nobody                # started as root: the children\n"
    "listen   127.0.0.1:2500 {\n"
    "    trust 127.0.0.0/8          # may relay\n"
    "}\n"
    "tls { certificate /path/cert.pem; key /path/key.pem }   # then\n"
    "resolver { server 127.0.0.1@5353 }  # default: the system's\n"
    "limits { connections 20000; connections-per-client 20000 }\n"
    "route dead.test { to 127.0.0.1:9 }\n"
    "route * { to 127.0.0.1:2600 }  # \"to mx\" = by MX; first wins\n"
    "site  * { connections 50 }     # limits per site\n";

static const char *const files[] = {
	contract,
	"listen 127.0.0.1:25\n",
	"listen [::1]:25 { ceiling bulk; trust ::1 10.0.0.0/8; tls none }\n"
	"listen 0.0.0.0:25 { trust ::2; trust 0.0.0.0/0 ::/0 ceiling normal }",
	"listen [::1]:25 { bare-lf reject; trust ::1 ceiling bulk bare-lf "
	"normalize; trust ::2 bare-lf reject }",
	"listen [::1]:25; classify { }",
	"listen [::1]:25; log stderr; time-scale 0.0001",
	"listen [::1]:25; route *.a.test { to [::1]:26 b }; route [::1] "
	"{ to mx }; site [192.0.2.1] { messages unlimited; tls encrypt }",
	"listen [::1]:25; limits { connections 5; message-size 1k; "
	"session 100ms; memory 1M }",
	"listen [::1]:25; class urgent { lifetime 1s }; class normal "
	"{ retry 1s; lifetime 1h }",
	"listen [::1]:25; spool \"/a b\\\"\\\\;{}#\"; log file \"/\\n\\t\"",
	"listen [::1]:25; user u; user-receiver v; user-resolver u; "
	"bounce { postmaster \"a;b@x\"; }",
};

static void
check_fixpoint(const struct conf *conf, bool only_changed)
{
	char *full = dump_of(conf, false), *text = dump_of(conf, only_changed);
	struct conf *again = conf_of(text);

	if (again != NULL) {
		char *full_again = dump_of(again, false);

		CU_ASSERT_STRING_EQUAL(full, full_again);
		if (strcmp(full, full_again) != 0)
			printf("%s\n---\n%s", full, full_again);
		mem_free(full_again);
	}
	conf_free(&again);
	mem_free(text);
	mem_free(full);
}

static void
a_dump_reads_back_to_the_same_whole_or_only_changed(void)
{
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct conf *conf = conf_of(files[i]);

		if (conf == NULL)
			continue;
		check_fixpoint(conf, false);
		check_fixpoint(conf, true);
		conf_free(&conf);
	}
}

static void
only_what_was_changed_is_written_when_asked_for(void)
{
	struct conf *conf = conf_of("listen 127.0.0.1:25\nhostname a\n"
	    "limits { errors 20; hops 9 }\nlog syslog");
	char *dump = dump_of(conf, true);

	CU_ASSERT_STRING_EQUAL(dump, "hostname a\nlisten 127.0.0.1:25 {\n}\n"
	    "limits {\n\thops 9\n}\nroute * {\n\tto mx\n}\nsite * {\n}\n");
	mem_free(dump);
	conf_free(&conf);
}

static void
every_option_of_every_block_is_written_in_a_whole_dump(void)
{
	struct conf *conf = conf_of(contract);
	char *dump = dump_of(conf, false);
	size_t lines = 0;

	for (const char *c = dump; *c != '\0'; c++)
		lines += *c == '\n';
	CU_ASSERT_TRUE(lines > 80);
	CU_ASSERT_PTR_NOT_NULL(strstr(dump, "\nuser-resolver nobody\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(dump, "\tserver 127.0.0.1@5353\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(dump, "\tidle 5m\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(dump, "route dead.test {\n\tto "
	    "127.0.0.1:9\n}\nroute * {\n\tto 127.0.0.1:2600\n}\n"));
	mem_free(dump);
	conf_free(&conf);
}

const struct unit_test dump_tests[] = {
	UNIT(a_dump_reads_back_to_the_same_whole_or_only_changed),
	UNIT(only_what_was_changed_is_written_when_asked_for),
	UNIT(every_option_of_every_block_is_written_in_a_whole_dump),
	UNIT_END
};
