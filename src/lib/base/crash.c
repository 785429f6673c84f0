/* SPDX-License-Identifier: ISC
 *
 * crash.c - named places at which a test may pull the plug.
 */
#include "base/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
crash_point(const char *name)
{
	static atomic_long passed;
	const char *wish = getenv("POSTRIDER_CRASH");
	size_t length = strlen(name);
	long at = 1;

	if (wish == NULL || strncmp(wish, name, length) != 0)
		return;
	if (wish[length] == ':')
		at = strtol(wish + length + 1, NULL, 10);
	else if (wish[length] != '\0')
		return;
	if (atomic_fetch_add(&passed, 1) + 1 == at)
		kill(getpid(), SIGKILL);
}
