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

enum { PEM_MOST = 1 << 20 };

/* ---- users ----------------------------------------------------------------- */

bool
house_users(const struct conf *conf, const char *conf_path, struct err *err)
{
	const char *const users[] = { conf->user, conf->user_receiver,
	    conf->user_scheduler, conf->user_deliverer, conf->user_resolver };

	if (geteuid() != 0)
		return true;
	for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
		const struct passwd *pw = getpwnam(users[i]);

		if (pw == NULL)
			return err_set(err, ERR_CONFIG,
			    "%s: there is no user %s on this machine; make "
			    "it, or name another one with `user'", conf_path,
			    users[i]);
		if (pw->pw_uid == 0)
			return err_set(err, ERR_CONFIG,
			    "%s: user %s is root: children must not be",
			    conf_path, users[i]);
	}
	return true;
}

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

/* ---- TLS ------------------------------------------------------------------------ */

bool
house_tls(const struct conf *conf, struct buf *certificate, struct buf *key,
    struct err *err)
{
	struct tls_context *context;

	buf_init(certificate, PEM_MOST);
	buf_init(key, PEM_MOST);
	if (conf->tls_certificate == NULL)
		return true;
	if (!fsys_read_file(conf->tls_certificate, certificate, err) ||
	    !fsys_read_file(conf->tls_key, key, err)) {
		buf_fini(certificate);
		buf_fini(key);
		return err_prefix(err, "TLS");
	}
	context = tls_server_context(buf_peek(certificate), buf_peek(key),
	    "check", err);
	if (context == NULL) {
		buf_fini(certificate);
		buf_fini(key);
		return err_prefix(err, "TLS: %s and %s",
		    conf->tls_certificate, conf->tls_key);
	}
	tls_context_free(&context);
	return true;
}
