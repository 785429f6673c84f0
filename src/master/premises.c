/* SPDX-License-Identifier: ISC
 *
 * premises.c - a configuration, and whether this machine has what it wants.
 *
 * Who only asks, a start and a reload all go through here, so that none of
 * them takes what another one refuses.
 */
#include "master/premises.h"

#include "base/clock.h"
#include "base/fsys.h"
#include "base/log.h"
#include "io/tls.h"
#include "spool/layout.h"

#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PEM_MOST = 1 << 20 };

/* ---- users -----------------------------------------------------------------
 */

static bool
check_user(const char *name, struct err *err)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL)
		return err_set(err, ERR_CONFIG,
		    "there is no user %s on this "
		    "machine; make it, or name another one with `user'",
		    name);
	if (pw->pw_uid == 0)
		return err_set(err, ERR_CONFIG,
		    "user %s is root: children "
		    "must not be",
		    name);
	return true;
}

static void
check_users(const struct conf *conf, const char *path, struct conf_told *told)
{
	const struct {
		const char *option, *user;
	} users[] = {
		{ "user", conf->user },
		{ "user-receiver", conf->user_receiver },
		{ "user-scheduler", conf->user_scheduler },
		{ "user-deliverer", conf->user_deliverer },
		{ "user-resolver", conf->user_resolver },
	};
	struct err err;

	for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
		size_t same = 0;

		while (strcmp(users[same].user, users[i].user) != 0)
			same++;
		if (same == i && !check_user(users[i].user, &err))
			conf_told_option(told, "", users[i].option, path, &err);
	}
}

/* ---- TLS
 * ------------------------------------------------------------------------ */

static bool
read_tls(const struct conf *conf, struct buf *certificate, struct buf *key,
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
	context = tls_server_context(
	    buf_peek(certificate), buf_peek(key), "check", err);
	if (context == NULL) {
		buf_fini(certificate);
		buf_fini(key);
		return err_prefix(err, "TLS: %s and %s", conf->tls_certificate,
		    conf->tls_key);
	}
	tls_context_free(&context);
	return true;
}

enum premises_term
premises_certificate(const struct conf *conf, struct span certificate,
    char out[PREMISES_TEXT])
{
	enum { SOON_DAYS = 14, DAY = 86400 };
	int64_t end, left;
	char date[16] = "";
	struct tm tm;
	time_t t;

	if (!tls_certificate_ends(certificate, &end))
		return TERM_LONG;
	left = end - clock_wall() / 1000000;
	if (left > SOON_DAYS * DAY)
		return TERM_LONG;
	t = (time_t)end;
	(void)strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&t, &tm));
	if (left <= 0) {
		snprintf(out, PREMISES_TEXT, "TLS: %.400s has expired (on %s)",
		    conf->tls_certificate, date);
		return TERM_OVER;
	}
	snprintf(out, PREMISES_TEXT, "TLS: %.400s expires in %d day%s (on %s)",
	    conf->tls_certificate, (int)(left / DAY),
	    left / DAY == 1 ? "" : "s", date);
	return TERM_SOON;
}

/* ---- all together ------------------------------------------------------- */

struct conf *
premises_read(const char *path, struct buf *certificate, struct buf *key,
    struct conf_told *told)
{
	struct conf *conf = conf_read(path, told);
	char text[PREMISES_TEXT];
	struct err err;

	if (conf == NULL)
		return NULL;
	if (geteuid() == 0)
		check_users(conf, path, told);
	if (!read_tls(conf, certificate, key, &err))
		conf_told_option(told, "tls", "certificate", path, &err);
	else if (premises_certificate(conf, buf_peek(certificate), text) !=
	    TERM_LONG)
		conf_told_warn(told, "tls", "certificate", path, text);
	if (told->mistakes > 0)
		conf_free(&conf);
	return conf;
}

void
premises_check_spool(
    const struct conf *conf, const char *path, struct conf_told *told)
{
	const struct passwd *pw =
	    geteuid() == 0 ? getpwnam(conf->user_scheduler) : NULL;
	struct err err;

	if (!spool_look(conf->spool, pw == NULL ? (uid_t)-1 : pw->pw_uid,
		pw == NULL ? (gid_t)-1 : pw->pw_gid, &err))
		conf_told_option(told, "", "spool", path, &err);
}

void
premises_print(const struct conf_told *told, FILE *out)
{
	for (size_t i = 0; i < told->count; i++)
		fprintf(out, "%s%s%s%s\n",
		    told->rows[i].place == NULL ? "" : told->rows[i].place,
		    told->rows[i].place == NULL ? "" : ": ",
		    told->rows[i].warning ? "warning: " : "",
		    told->rows[i].text);
	if (told->more > 0)
		fprintf(out, "and %zu more\n", told->more);
}

void
premises_log(const struct conf_told *told)
{
	for (size_t i = 0; i < told->count; i++) {
		const char *place = told->rows[i].place;

		(told->rows[i].warning ? log_warn : log_error)("%s%s%s",
		    place == NULL ? "" : place, place == NULL ? "" : ": ",
		    told->rows[i].text);
	}
	if (told->more > 0)
		log_error("and %zu more", told->more);
}
