/* SPDX-License-Identifier: ISC
 *
 * main.c - the unit tests of the spool.
 */
#include "unit/unit.h"

#include "room.h"

#include "base/log.h"

#include <fcntl.h>

/* Berkeley DB gives up what it holds when it panics, on purpose of some of
 * these tests. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:__os_malloc\nleak:__os_realloc\nleak:__os_calloc\n";
}

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "msgid", msgid_tests },
		{ "envelope", envelope_tests },
		{ "record", record_tests },
		{ "ranges", ranges_tests },
		{ "layout", layout_tests },
		{ "reader", reader_tests },
		{ "segment", segment_tests },
		{ "sequence", sequence_tests },
		{ "commit", commit_tests },
		{ "corrupt", corrupt_tests },
		{ "durable", durable_tests },
		{ "ends", ends_tests },
		{ "way", way_tests },
		{ "stream", stream_tests },
		{ "status", status_tests },
		{ "index", index_tests },
		{ "lists", list_tests },
		{ "check", check_tests },
		{ NULL, NULL }
	};
	int status;

	/* what is broken on purpose is told at length */
	log_open("test", "localhost", open("/dev/null", O_WRONLY), false);
	status = unit_run(argc, argv, suites);
	room_clean();
	return status;
}
