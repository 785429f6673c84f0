/* SPDX-License-Identifier: ISC
 *
 * main.c - unit tests of the receiver.
 */
#include "unit/receiver/suites.h"

#include "base/log.h"

#include <fcntl.h>

int
main(int argc, char **argv)
{
	static const struct unit_suite suites[] = {
		{ "session", session_tests },
		{ "states", states_tests },
		{ "message", message_tests },
		{ "relay", relay_tests },
		{ "smuggling", smuggling_tests },
		{ "limits", limits_tests },
		{ "classify", classify_tests },
		{ "starttls", starttls_tests },
		{ "clients", clients_tests },
		{ "habits", habit_tests },
		{ "times", times_tests },
		{ "slips", slips_tests },
		{ NULL, NULL }
	};

	log_open("test", "test", open("/dev/null", O_WRONLY | O_CLOEXEC),
	    false);
	return unit_run(argc, argv, suites);
}
