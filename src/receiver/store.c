/* SPDX-License-Identifier: ISC
 *
 * store.c - the way into the spool: committer, large messages, free space,
 * and the news for the scheduler.
 */
#include "receiver/store.h"

#include "receiver/intake.h"
#include "receiver/say.h"

#include "base/log.h"
#include "spool/room.h"

enum {
	PIECE_BYTES = 256 << 10,	/* of a large message at once */
	WAITING_MOST = 1 << 20,		/* not written yet: slow the client */
	LOOK_AGAIN = 4,			/* ms until its disk is asked again */
	LOOK_EVERY = 250,		/* ms between looks at disk and commits */
	PATIENCE = 10 * 1000,		/* ms, for a disk that failed */
	SLOW_REPLY = 250		/* ms that a slowed reply is late */
};

/* Urgent mail may fill a write; bulk is kept short, so that no sync of it
 * holds up the disk for long. */
static const size_t batch_bytes[CLASS_COUNT] = {
	[CLASS_URGENT] = 8 << 20, [CLASS_NORMAL] = 4 << 20,
	[CLASS_BULK] = 1 << 20
};

/* ---- news for the scheduler ---------------------------------------------- */

static void
send_ended(struct receiver *receiver, enum commit_news news,
    struct segment_name segment, uint64_t to)
{
	struct frame frame = {
		.kind = news == COMMIT_CLOSED ? FRAME_CLOSED : FRAME_BROKEN,
		.fd = -1, .closed = { .klass = segment.klass,
		    .slot = segment.slot, .sequence = segment.sequence,
		    .to = to } };

	if (receiver->scheduler != NULL)
		channel_send(receiver->scheduler, &frame);
}

static void
send_arrived(struct receiver *receiver, struct segment_name segment,
    uint64_t to)
{
	struct frame frame = { .kind = FRAME_ARRIVED, .fd = -1,
		.arrived = { .klass = segment.klass, .slot = segment.slot,
		    .sequence = segment.sequence, .to = to } };

	board_add(receiver->worker->board, METRIC_COMMITS, 1);
	if (receiver->scheduler != NULL)
		channel_send(receiver->scheduler, &frame);
}

/* What nobody hears is told again: store_announce(). */
static void
on_news(void *owner, enum commit_news news, struct segment_name segment,
    uint64_t to)
{
	if (news == COMMIT_GREW)
		send_arrived(owner, segment, to);
	else
		send_ended(owner, news, segment, to);
}

void
store_announce(struct receiver *receiver)
{
	if (receiver->committer != NULL)
		commit_announce(receiver->committer);
}

void
store_kept(struct receiver *receiver, const struct frame_kept *kept)
{
	struct segment_name segment = { kept->klass, kept->slot,
		kept->sequence };

	if (receiver->committer != NULL)
		commit_kept(receiver->committer, segment);
}

/* ---- disk ---------------------------------------------------------------- */

/* The slowest lane speaks for the disk. */
static msec_t
slowest_commit(const struct receiver *receiver)
{
	msec_t slowest = 0;

	for (int c = 0; c < CLASS_COUNT && receiver->committer != NULL; c++) {
		msec_t delay = commit_delay(receiver->committer, c);

		if (delay > slowest)
			slowest = delay;
	}
	return slowest;
}

static void
take_away(struct rules *rules, uint64_t size)
{
	rules->disk_free -= size < rules->disk_free ? size : rules->disk_free;
}

static void
look_at_room(struct receiver *receiver)
{
	if (!room_left(receiver->dirs.root, &receiver->rules.disk_free)) {
		receiver->rules.disk_free = 0;
		log_error("the free space of %s cannot be known: %m",
		    receiver->dirs.path);
		return;
	}
	if (receiver->committer != NULL)
		take_away(&receiver->rules,
		    commit_unwritten(receiver->committer));
}

/* Much can be handed over before the disk is looked at again. */
static void
spend(struct receiver *receiver, uint64_t size)
{
	struct rules *rules = &receiver->rules;

	take_away(rules, size);
	pressure_disk(&rules->pressure, rules->conf, rules->disk_free);
}

void
store_look_at_disk(struct receiver *receiver)
{
	struct rules *rules = &receiver->rules;
	msec_t now = loop_now(receiver->worker->loop);

	if (receiver->disk_looked != 0 &&
	    now - receiver->disk_looked < LOOK_EVERY)
		return;
	receiver->disk_looked = now;
	look_at_room(receiver);
	pressure_disk(&rules->pressure, rules->conf, rules->disk_free);
	pressure_commit(&rules->pressure, rules->conf,
	    slowest_commit(receiver));
}

/* ---- large messages ------------------------------------------------------ */

void
store_forget(struct front *front)
{
	if (front->stream != NULL)
		commit_stream_abort(&front->stream);
	if (link_on_list(&front->throttled))
		list_remove(&front->receiver->throttled, &front->throttled);
}

/* The message cannot be stored; its client hears it after the dot. */
static void
give_up(struct front *front, const struct err *err)
{
	log_error("a large message could not be stored: %s", err->text);
	store_forget(front);
	transaction_refuse(front->session.txn, front->session.rules, 451,
	    "4.3.0", "The message could not be stored; try again later");
}

static void
throttle(struct front *front)
{
	struct receiver *receiver = front->receiver;

	if (commit_stream_waiting(front->stream) <= WAITING_MOST ||
	    link_on_list(&front->throttled))
		return;
	conn_pause(front->conn);
	list_append(&receiver->throttled, &front->throttled);
	if (!timer_is_set(receiver->unthrottle))
		timer_set(receiver->unthrottle, LOOK_AGAIN);
}

static void
on_unthrottle(void *owner)
{
	struct receiver *receiver = owner;
	struct link *link = list_first(&receiver->throttled), *next;

	for (; link != NULL; link = next) {
		struct front *front = list_item(link, struct front, throttled);

		next = list_next(&receiver->throttled, link);
		if (commit_stream_waiting(front->stream) > WAITING_MOST / 2)
			continue;
		list_remove(&receiver->throttled, link);
		front_read_on(front);
	}
	if (!list_empty(&receiver->throttled))
		timer_set(receiver->unthrottle, LOOK_AGAIN);
}

/* Hand over what there is of the body.  False: given up. */
static bool
pass_on(struct front *front)
{
	struct transaction *txn = front->session.txn;
	struct err err;

	if (buf_length(&txn->body) == 0)
		return true;
	spend(front->receiver, buf_length(&txn->body));
	if (!commit_stream_write(front->stream, &txn->body, &err)) {
		give_up(front, &err);
		return false;
	}
	transaction_charge(txn, front->session.rules);
	return true;
}

static bool
begin_stream(struct front *front)
{
	struct transaction *txn = front->session.txn;
	struct err err;

	front->stream = commit_stream_open(front->receiver->committer,
	    txn->klass, txn->id, txn->envelope, &err);
	front->stream_id = txn->id;
	if (front->stream == NULL)
		give_up(front, &err);
	return front->stream != NULL;
}

static bool
takes_body(const struct session *session)
{
	return (session->state == SESSION_BODY ||
	    session->state == SESSION_COMMIT) &&
	    session->txn->refused.code == 0;
}

void
store_follow(struct front *front)
{
	const struct session *session = &front->session;
	const struct transaction *txn = session->txn;

	if (!takes_body(session)) {
		if (front->stream != NULL)
			store_forget(front);
		return;
	}
	if (front->stream != NULL &&
	    msgid_compare(front->stream_id, txn->id) != 0)
		store_forget(front);
	if (front->stream == NULL && (!txn->header_done ||
	    buf_length(&txn->body) <= session->rules->conf->large_bytes ||
	    !begin_stream(front)))
		return;
	if (session->state == SESSION_BODY &&
	    buf_length(&txn->body) >= PIECE_BYTES && pass_on(front))
		throttle(front);
}

/* ---- late replies --------------------------------------------------------- */

/*
 * Under pressure the client of mail that is not urgent hears of its success
 * a little later than it could, and sends less.  All wait equally long: the
 * first of the list is the next.
 */
static void
answer_late(struct front *front)
{
	struct receiver *receiver = front->receiver;

	front->answer_at = loop_now(receiver->worker->loop) + SLOW_REPLY;
	list_append(&receiver->slowed, &front->late);
	if (!timer_is_set(receiver->unslow))
		timer_set(receiver->unslow, SLOW_REPLY);
}

static void
on_unslow(void *owner)
{
	struct receiver *receiver = owner;
	msec_t now = loop_now(receiver->worker->loop);
	struct link *link;

	while ((link = list_first(&receiver->slowed)) != NULL) {
		struct front *front = list_item(link, struct front, late);

		if (front->answer_at > now && !receiver->rules.draining) {
			timer_set(receiver->unslow, front->answer_at - now);
			return;
		}
		list_remove(&receiver->slowed, link);
		front_committed(front, COMMIT_DONE);
	}
}

/* ---- commit -------------------------------------------------------------- */

static void
on_committed(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err)
{
	struct front *front = cookie;
	const struct transaction *txn = front->session.txn;
	struct board_row *board = front->receiver->worker->board;
	bool ok = end == COMMIT_DONE;
	char id[MSGID_TEXT + 1];

	if (ok) {
		board_add(board, METRIC_ACCEPTED, 1);
		board_add(board, METRIC_ACCEPTED_BYTES, (int64_t)where->size);
	} else {
		log_error("%s: %s: %s", msgid_text(txn->id, id),
		    end == COMMIT_REFUSED ? "not taken" : "nobody knows "
		    "whether it was taken, so its client gets no answer",
		    err->text);
		front->receiver->disk_looked = 0;	/* look at once */
	}
	if (ok && !front->receiver->rules.draining &&
	    pressure_slows(&front->receiver->rules.pressure, txn->klass))
		answer_late(front);
	else
		front_committed(front, end);
}

void
store_commit(struct front *front)
{
	struct transaction *txn = front->session.txn;
	struct dot seen = dot_join(&txn->trace_dot, intake_kept(txn));

	say_message(&front->session);
	if (front->stream == NULL) {
		spend(front->receiver, buf_length(&txn->body));
		commit_message(front->receiver->committer, txn->klass,
		    txn->id, txn->envelope, &txn->body, &seen, on_committed,
		    front);
	} else if (pass_on(front))
		commit_stream_finish(&front->stream, txn->envelope, &seen,
		    on_committed, front);
	else
		front_committed(front, COMMIT_REFUSED);
}

/* ---- open and close ------------------------------------------------------ */

bool
store_open(struct receiver *receiver, struct err *err)
{
	const struct conf *conf = receiver->worker->conf;
	struct commit_options options = {
		.slot = (uint16_t)receiver->worker->number,
		.node = (uint16_t)conf->node,
		.segment_bytes = conf->segment_bytes,
		.mode = 0660,	/* and the umask of the worker */
		.urgent = receiver->worker->urgent,
		.patience = conf_time(conf, PATIENCE),
	};

	if (receiver->spool_fd == -1)
		return err_set(err, ERR_SYSTEM, "no spool was handed over");
	if (!spool_dirs_open_at(&receiver->dirs, receiver->spool_fd,
	    conf->spool, err))
		return false;
	receiver->spool_fd = -1;
	memcpy(options.batch_bytes, batch_bytes, sizeof batch_bytes);
	receiver->committer = committer_new(receiver->worker->loop,
	    &receiver->dirs, &options, on_news, receiver, err);
	if (receiver->committer == NULL)
		return false;
	msgid_maker_init(&receiver->rules.ids, conf->node,
	    receiver->worker->number);
	receiver->unthrottle = timer_new(receiver->worker->loop,
	    on_unthrottle, receiver);
	receiver->unslow = timer_new(receiver->worker->loop, on_unslow,
	    receiver);
	store_look_at_disk(receiver);
	return true;
}

void
store_close(struct receiver *receiver)
{
	timer_free(&receiver->unthrottle);
	timer_free(&receiver->unslow);
	committer_free(&receiver->committer);
	spool_dirs_close(&receiver->dirs);
}
