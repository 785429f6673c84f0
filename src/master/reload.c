/* SPDX-License-Identifier: ISC
 *
 * reload.c - a new configuration for running processes.
 *
 * Everything that can fail is done first, beside what is in use; then all
 * is put in place at once, and that cannot fail.
 */
#include "master/reload.h"
#include "master/children.h"
#include "master/house.h"
#include "master/listen.h"
#include "master/logbook.h"
#include "master/names.h"
#include "master/premises.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

/* What a reload would put in place. */
struct fresh {
	struct conf *conf;
	struct buf certificate, key;
	struct listeners listeners;
	int log_fd;
	enum log_kind log_kind;
};

/* ---- what may not change ----------------------------------------------------- */

static bool
stays(const char *name, const char *old, const char *new,
    const struct master *master, struct err *err)
{
	return strcmp(old, new) == 0 || err_set(err, ERR_CONFIG,
	    "%s: a change of `%s' (from %s to %s) needs a restart",
	    master->conf_path, name, old, new);
}

static bool
check_changes(const struct master *master, const struct conf *new,
    struct err *err)
{
	const struct conf *old = master->conf;
	const struct {
		const char *name, *old, *new;
	} rows[] = {
		{ "hostname", old->hostname, new->hostname },
		{ "spool", old->spool, new->spool },
		{ "control", old->control, new->control },
		{ "user-receiver", old->user_receiver, new->user_receiver },
		{ "user-scheduler", old->user_scheduler,
		    new->user_scheduler },
		{ "user-deliverer", old->user_deliverer,
		    new->user_deliverer },
		{ "user-resolver", old->user_resolver, new->user_resolver },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (!stays(rows[i].name, rows[i].old, rows[i].new, master,
		    err))
			return false;
	if (old->node != new->node)
		return err_set(err, ERR_CONFIG, "%s: a change of `node' "
		    "(from %u to %u) needs a restart", master->conf_path,
		    old->node, new->node);
	return true;
}

/* ---- beside what is in use ------------------------------------------------------ */

static void
forget(const struct master *master, struct fresh *fresh)
{
	conf_free(&fresh->conf);
	buf_fini(&fresh->certificate);
	buf_fini(&fresh->key);
	listeners_close(&fresh->listeners, &master->listeners);
	if (fresh->log_fd != -1)
		close(fresh->log_fd);
}

/* The log has all that is to be said of the file; ERR the first mistake. */
static bool
read_file(const struct master *master, struct fresh *fresh, struct err *err)
{
	struct conf_told told = CONF_TOLD_NOTHING;

	fresh->conf = premises_read(
	    master->conf_path, &fresh->certificate, &fresh->key, &told);
	premises_log(&told);
	if (fresh->conf == NULL)
		conf_told_err(&told, err);
	if (fresh->conf == NULL && told.mistakes > 1) {
		struct err first = *err;

		err_set(err, ERR_CONFIG, "%.440s (and %zu more)", first.text,
		    told.mistakes - 1);
	}
	conf_told_clear(&told);
	return fresh->conf != NULL;
}

static bool
gather(const struct master *master, struct fresh *fresh, struct err *err)
{
	*fresh = (struct fresh){ .log_fd = -1 };
	if (!read_file(master, fresh, err))
		return false;
	if (!check_changes(master, fresh->conf, err) ||
	    !listeners_open(
		fresh->conf, &master->listeners, &fresh->listeners, err))
		return false;
	fresh->log_fd = logbook_fresh(master, fresh->conf, &fresh->log_kind,
	    err);
	return fresh->log_fd != -1;
}

/* ---- in place ---------------------------------------------------------------------- */

/* New addresses come after the configuration that explains them. */
static void
tell_all(struct master *master, const struct listeners *former)
{
	struct link *link = list_first(&master->children);

	for (; link != NULL; link = list_next(&master->children, link)) {
		struct child *child = list_item(link, struct child, link);

		tell_conf(master, child);
		tell_log(master, child);
		if (child->role == ROLE_RECEIVER)
			tell_listeners(master, child, former);
	}
}

static void
put_in_place(struct master *master, struct fresh *fresh)
{
	struct listeners former = master->listeners;
	struct conf *old = master->conf;

	logbook_take(master, fresh->log_fd, fresh->log_kind);
	master->conf = fresh->conf;
	buf_take(&master->certificate, &fresh->certificate);
	buf_take(&master->key, &fresh->key);
	master->notice_due = 0;	/* what was told just now is not news */
	master->listeners = fresh->listeners;
	house_notice(master);
	tell_all(master, &former);
	listeners_close(&former, &master->listeners);
	children_balance(master);
	names_reload(master, old);
	conf_free(&old);
}

void
reload(struct master *master, struct child *asker, uint32_t token)
{
	struct fresh fresh;
	struct err err;

	if (master->stage != STAGE_NONE) {
		tell_outcome(asker, token, false, "postriderd is stopping");
		return;
	}
	if (!gather(master, &fresh, &err)) {
		forget(master, &fresh);
		log_error("the configuration stays as it was: %s", err.text);
		tell_outcome(asker, token, false, err.text);
		return;
	}
	put_in_place(master, &fresh);
	log_info("reloaded %s: %zu processes, %zu listening addresses",
	    master->conf_path, master->children.count,
	    master->listeners.count);
	tell_outcome(asker, token, true, "");
}
