/* SPDX-License-Identifier: ISC
 *
 * client.h - one connection to the control socket, and the verbs it may use.
 */
#ifndef SCHEDULER_CLIENT_H
#define SCHEDULER_CLIENT_H

#include "io/conn.h"
#include "io/door.h"
#include "scheduler/control.h"
#include "scheduler/listing.h"
#include "scheduler/walk.h"

#include <sysexits.h>

struct show;
struct client;

/*
 * A long answer: ON sends a piece of it and says how it goes on.  Whoever
 * lets one wait wakes it with control_wake().  The first member of what a
 * verb keeps.
 */
enum task_step { TASK_MORE, TASK_WAITS, TASK_DONE };
struct task {
	enum task_step (*on)(struct task *task, struct client *client);
	void (*free)(struct task *task, struct scheduler *s);
};

struct client {
	struct link link;
	struct control *control;
	struct conn *conn;
	bool privileged;	/* may change things */
	bool over;		/* the end line was sent */
	/* what is going on: at most one of these */
	struct walk *walk;
	walk_fn *visit;
	struct show *show;
	struct task *task;
	uint32_t token;		/* of what the master was asked, 0 = none … */
	int fails;		/* … and the status if it says no */
};

struct control {
	struct scheduler *s;
	struct worker *worker;	/* null in tests */
	struct door *door;
	struct timer *more;	/* answers that go on in the next turn */
	int fd;
	usec_t born;
	bool owned;		/* `owner` is known */
	unsigned owner;		/* uid of the socket's file */
	struct list clients;
	uint32_t next_token;
};

/* Send ROW (taken over; null: nothing) as a line. */
void client_row(struct client *client, json_t *row);
/* The last line.  WHY is null when END is EX_OK. */
void client_end(struct client *client, int end, const char *why);

/* CLIENT is busy with TASK (taken over) until that is done. */
void client_start(struct client *client, struct task *task);

/* The filter JSON of a request; an empty one only if ANY.  False: the end
 * line was sent. */
bool client_filter(struct client *client, const json_t *json, bool any,
    struct filter *out) MUST_CHECK;

/* A row that says how far a start has come, if it is not over: what is not
 * read yet is neither found nor changed. */
void client_loading(struct client *client);

/* A text of REQUEST, null: it has none. */
const char *request_text(const json_t *request, const char *key);

/* The verbs that have files of their own. */
typedef void request_fn(struct client *client, const json_t *request);
request_fn request_route;
request_fn request_site_list, request_site_show, request_site_pause;
request_fn request_site_resume, request_site_reset;
request_fn request_class_show, request_shape, request_move;
request_fn request_corrupt_requeue;

/* Handle one REQUEST. */
void client_request(struct client *client, const json_t *request);

/* Go on with a long answer.  False: it is done, or waits. */
bool client_go_on(struct client *client);

/* show.c: the content of a message.  Null: the end line was sent. */
struct show *show_new(struct client *client, const struct item *item,
    const char *part);
void show_free(struct show **show, struct scheduler *s);
/* Send the next piece.  False: there is none. */
bool show_on(struct show *show, struct client *client);

#endif
