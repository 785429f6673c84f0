/* SPDX-License-Identifier: ISC
 *
 * house.c - what must be in order before the first child is born.
 */
#include "master/house.h"

#include "base/fsys.h"
#include "base/log.h"
#include "io/tls.h"

#include <pwd.h>
#include <unistd.h>

/* ---- notice ---------------------------------------------------------------- */

void
house_notice(struct master *master)
{
	struct err err;
	int fd = conf_notice_put(master->conf_names, master->conf, &err);

	if (fd == -1) {
		log_warn("the tools have to read %s to find the relay: %s",
		    master->conf_path, err.text);
		return;
	}
	if (master->notice_fd != -1)
		close(master->notice_fd);
	master->notice_fd = fd;
}
