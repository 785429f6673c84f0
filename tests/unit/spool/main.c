/* SPDX-License-Identifier: ISC
 *
 * main.c - the unit tests of the spool.
 */
#include "unit/unit.h"

#include "room.h"

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "msgid", msgid_tests },
		{ "envelope", envelope_tests },
		{ "record", record_tests },
		{ "layout", layout_tests },
		{ "segment", segment_tests },
		{ "sequence", sequence_tests },
		{ "commit", commit_tests },
		{ "stream", stream_tests },
		{ "status", status_tests },
		{ NULL, NULL }
	};
	int status = unit_run(argc, argv, suites);

	room_clean();
	return status;
}
