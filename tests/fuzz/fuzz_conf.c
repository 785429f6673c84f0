/* SPDX-License-Identifier: ISC
 *
 * fuzz_conf.c - any text is a configuration or a told mistake.
 *
 * What is taken is written out, read back and written out again: both dumps
 * must be the same bytes.
 */
#include "base/mem.h"
#include "base/must.h"
#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_way_back(const struct conf *conf)
{
	struct buf first, second;
	struct conf *again;
	struct err err;

	buf_init(&first, SIZE_MAX / 2);
	buf_init(&second, SIZE_MAX / 2);
	conf_dump(conf, false, &first);
	again = conf_parse(buf_peek(&first), "dump", &err);
	must(again != NULL);
	conf_dump(again, false, &second);
	must(span_equal(buf_peek(&first), buf_peek(&second)));
	conf_free(&again);
	buf_fini(&first);
	buf_fini(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	struct conf *conf;

	conf = conf_parse(span_make(data, size), "fuzz", &err);
	if (conf != NULL)
		check_way_back(conf);
	else
		must(err.kind == ERR_CONFIG &&
		    strncmp(err.text, "fuzz:", 5) == 0);
	conf_free(&conf);
	return 0;
}
