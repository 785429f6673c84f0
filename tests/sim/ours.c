/* SPDX-License-Identifier: ISC
 *
 * ours.c - postrider's own way: the scheduler's core and a deliverer's lines,
 * as they are, with arrays in place of the index.
 *
 * What stays in memory follows the rules of scheduler/window.c, and rows come
 * back by turns as in scheduler/refill.c.
 */
#include "sim.h"

#include "base/mem.h"
#include "base/must.h"
#include "deliverer/pool.h"
#include "scheduler/site.h"

#include <stdio.h>
#include <string.h>

enum {
	WINDOW = 50000,
	SENDER_LEAST = 16,
	DOWN_LEAST = 16,
	LINE_LOW = 32,
	BATCH = 128,
	TIGHT = 8,
	EACH = 16,
	NONE = UINT32_MAX
};

struct rows {			/* of one sender, class and site: a chain */
	uint32_t first, last;
	uint32_t count;
};

struct spot {			/* a site, as we see it */
	struct ours *ours;
	struct site *site;
	struct pool pool;
	struct heap_node wake;	/* on ours->paces */
	struct rows *rows[CLASS_COUNT];	/* by sender */
	size_t row_count[CLASS_COUNT];
	size_t wanted[CLASS_COUNT];	/* of these: of who has no rate */
	unsigned turn[CLASS_COUNT];	/* sender whose rows are next */
};

struct ours {
	struct sim *sim;
	struct queue queue;
	struct conf *conf;
	struct spot *spots;
	struct heap paces;
	uint32_t *next;		/* of rows */
	struct job **jobs;	/* of mail in the hands of a deliverer */
	struct job **ahead;	/* sent behind the body of that mail */
	struct entry **entries;	/* of the same */
	msec_t *sent;
	size_t most;
};

static struct conf *
conf_for(const struct world *world)
{
	char *text = mem_printf("hostname sim.test\nspool /nowhere\n"
	    "listen 127.0.0.1:2525 { trust 127.0.0.0/8 }\n%s",
	    world->limited == 0 ? "" : "sender limited { rate ");
	char *more = world->limited == 0 ? mem_strdup(text) :
	    mem_printf("%s%.3f/s }\n", text, world->rate);
	struct err err;
	struct conf *conf = conf_parse(span_of(more), "sim", &err);

	must(conf != NULL);
	mem_free(text);
	mem_free(more);
	return conf;
}

static void
open_spot(struct ours *ours, unsigned number)
{
	const struct world *world = ours->sim->world;
	const struct place *place = &world->places[number];
	unsigned connections = place->connections;
	struct spot *spot = &ours->spots[number];
	char name[32];

	snprintf(name, sizeof name, "site%u", number);
	*spot = (struct spot){ .ours = ours };
	spot->site = site_new(&ours->queue, name, name, name);
	site_limit(&ours->queue, spot->site, connections, 100);
	spot->site->deliverer = (int)number;	/* the way back */
	pool_init(&spot->pool, connections);
	pool_set_reserve(&spot->pool, place->reserved ?
	    (struct conf_part){ place->reserve, false } :
	    conf_site_for(ours->conf, span_of(name), NULL, 0)->reserve,
	    ours->conf->large_bytes);
	spot->pool.connecting = connections;
	while (spot->pool.connecting > 0)
		pool_ready(&spot->pool);
	for (int c = 0; c < CLASS_COUNT; c++) {
		size_t bytes = world->sender_count * sizeof(struct rows);

		spot->rows[c] = mem_alloc(bytes);
		for (unsigned i = 0; i < world->sender_count; i++)
			spot->rows[c][i] = (struct rows){ NONE, NONE, 0 };
	}
}

static void *
ours_new(struct sim *sim)
{
	struct ours *ours = mem_new(struct ours);
	const struct world *world = sim->world;

	ours->sim = sim;
	ours->conf = conf_for(world);
	queue_init(&ours->queue);
	senders_apply(&ours->queue, ours->conf, 0);
	heap_init(&ours->paces);
	ours->next = mem_array(world->count, sizeof *ours->next);
	ours->jobs = mem_array(world->count, sizeof *ours->jobs);
	ours->entries = mem_array(world->count, sizeof *ours->entries);
	ours->sent = mem_array(world->count, sizeof *ours->sent);
	ours->spots = mem_array(world->place_count, sizeof *ours->spots);
	memset(ours->jobs, 0, world->count * sizeof *ours->jobs);
	ours->ahead = mem_array(world->count, sizeof *ours->ahead);
	memset(ours->ahead, 0, world->count * sizeof *ours->ahead);
	for (unsigned i = 0; i < world->place_count; i++)
		open_spot(ours, i);
	return ours;
}

static void
ours_free(void *state)
{
	struct ours *ours = state;

	for (size_t i = 0; i < ours->sim->world->count; i++)
		mem_free(ours->jobs[i]);
	for (unsigned i = 0; i < ours->sim->world->place_count; i++)
		for (int c = 0; c < CLASS_COUNT; c++)
			mem_free(ours->spots[i].rows[c]);
	queue_fini(&ours->queue);
	heap_fini(&ours->paces);
	conf_free(&ours->conf);
	mem_free(ours->next);
	mem_free(ours->jobs);
	mem_free(ours->ahead);
	mem_free(ours->entries);
	mem_free(ours->sent);
	mem_free(ours->spots);
	mem_free(ours);
}

/* ---- memory and index ---------------------------------------------------- */

static uint32_t
mail_of(const struct entry *entry)
{
	uint32_t mail;

	memcpy(&mail, entry->message->id.bytes, sizeof mail);
	return mail;
}

static void
load(struct ours *ours, uint32_t mail)
{
	const struct mail *m = &ours->sim->world->mails[mail];
	struct msgid id = { { 0 } };
	struct message *message;
	struct entry *entry;

	memcpy(id.bytes, &mail, sizeof mail);
	message = message_new(&ours->queue, id);
	message->klass = m->klass;
	message->sender = m->sender;
	sender_learn(&ours->queue, m->sender, span_of(world_limits(
	    ours->sim->world, m->sender) ? "limited" : "free"),
	    ours->sim->now);
	message->size = 4096;
	message->deadline = m->deadline * 1000;
	entry = entry_new(&ours->queue, message);
	entry_add_rcpt(entry, 0);
	entry->site = ours->spots[m->site].site;
	queue_ready(&ours->queue, entry, false);
	if (ours->queue.entries > ours->most)
		ours->most = ours->queue.entries;
}

static void
drop(struct ours *ours, struct entry *entry)
{
	struct message *message = entry->message;

	entry_free(&ours->queue, entry);
	message_release(&ours->queue, message);
}

static void
spill(struct ours *ours, uint32_t mail, bool front)
{
	const struct mail *m = &ours->sim->world->mails[mail];
	struct spot *spot = &ours->spots[m->site];
	struct rows *rows = &spot->rows[m->klass][m->sender];

	spot->row_count[m->klass]++;
	spot->wanted[m->klass] += !world_limits(ours->sim->world, m->sender);
	rows->count++;
	ours->next[mail] = front ? rows->first : NONE;
	if (rows->first == NONE)
		rows->last = mail;
	else if (!front)
		ours->next[rows->last] = mail;
	if (front || rows->first == NONE)
		rows->first = mail;
	if (!front)
		rows->last = mail;
}

static bool
fits(const struct ours *ours, const struct mail *m)
{
	const struct spot *spot = &ours->spots[m->site];
	const struct line *line = &spot->site->ready[m->klass];
	size_t used = ours->queue.entries;
	size_t room = used < WINDOW ? WINDOW - used : 0;

	if (spot->rows[m->klass][m->sender].first != NONE)
		return false;
	if (site_is_down(spot->site) && line->count >= DOWN_LEAST)
		return false;
	if (sender_has_enough(&ours->queue, line, m->sender, false))
		return false;
	if (used < WINDOW + WINDOW / 4 && line_share(&ours->queue.shares,
	    line, m->sender) < SENDER_LEAST)
		return true;
	return spot->wanted[m->klass] == 0 && spot->site->entries <
	    (m->klass == CLASS_URGENT ? 4 * room : room);
}

/* Rows that may come back at once: a line that is empty has some, however
 * full memory is. */
static unsigned
room_for(const struct ours *ours, const struct spot *spot, unsigned klass)
{
	const struct line *line = &spot->site->ready[klass];
	size_t most = klass == CLASS_URGENT ? WINDOW + WINDOW / 2 : WINDOW;

	if (site_is_down(spot->site))
		return 1;
	if (ours->queue.entries < most)
		return BATCH;
	return line_length(line) == 0 ? TIGHT : 0;
}

static void
refill(struct ours *ours, struct spot *spot, unsigned klass)
{
	unsigned senders = ours->sim->world->sender_count;
	size_t low = LINE_LOW > 2 * spot->pool.limit ? LINE_LOW :
	    2 * spot->pool.limit;
	const struct line *line = &spot->site->ready[klass];
	unsigned room = room_for(ours, spot, klass);
	unsigned loaded = 0, around = senders * BATCH;

	if (site_is_down(spot->site))
		low = 1;
	if (line_length(line) >= low)
		return;
	while (spot->row_count[klass] > 0 && loaded < room && around-- > 0) {
		unsigned sender = spot->turn[klass]++ % senders;
		struct rows *rows = &spot->rows[klass][sender];

		for (int i = 0; i < EACH && rows->first != NONE &&
		    !sender_has_enough(&ours->queue, line, sender, true);
		    i++) {
			uint32_t mail = rows->first;

			rows->first = ours->next[mail];
			rows->count--;
			spot->row_count[klass]--;
			spot->wanted[klass] -= !world_limits(
			    ours->sim->world, sender);
			load(ours, mail);
			loaded++;
		}
	}
}

static void
shrink(struct ours *ours, struct spot *spot)
{
	for (int c = 0; c < CLASS_COUNT; c++)
		while (spot->site->ready[c].count > DOWN_LEAST) {
			struct entry *entry =
			    line_last(&spot->site->ready[c]);

			spill(ours, mail_of(entry), true);
			entry_pull(&ours->queue, entry);
			drop(ours, entry);
		}
}

static void
ours_arrived(void *state, uint32_t mail)
{
	struct ours *ours = state;
	const struct mail *m = &ours->sim->world->mails[mail];

	if (fits(ours, m)) {
		load(ours, mail);
		return;
	}
	spill(ours, mail, false);
	refill(ours, &ours->spots[m->site], m->klass);
}

/* ---- the deliverer --------------------------------------------------------- */

/* Whatever may go behind JOB over its connection is sent at once, which is
 * sooner than a deliverer would. */
static void
begin(struct ours *ours, struct spot *spot, struct job *job)
{
	pool_began(&spot->pool, job);
	sim_start(ours->sim, job->number);
	ours->ahead[job->number] = pool_take_ahead(&spot->pool, job,
	    UINT64_MAX);
}

static void
serve(struct ours *ours, struct spot *spot)
{
	usec_t now = ours->sim->now * 1000;

	while (spot->pool.idle > 0) {
		usec_t wait = pool_pace(&spot->pool, now);
		struct job *job = pool_take(&spot->pool);

		if (job == NULL && wait > 0 && pool_waiting(&spot->pool) > 0)
			heap_put(&ours->paces, &spot->wake,
			    ours->sim->now + wait / 1000 + 1);
		if (job == NULL)
			return;
		begin(ours, spot, job);
	}
}

static void
hand_out(struct ours *ours, struct entry *entry)
{
	struct spot *spot = &ours->spots[entry->site->deliverer];
	struct job *job = mem_new(struct job);
	uint32_t mail = mail_of(entry);

	job->number = mail;
	job->klass = entry->message->klass;
	job->size = entry->message->size;
	job->deadline = entry->message->deadline;
	ours->jobs[mail] = job;
	ours->entries[mail] = entry;
	ours->sent[mail] = ours->sim->now;
	if (ours->sim->on_handed != NULL)
		ours->sim->on_handed(ours->sim->owner, ours->sim, mail);
	pool_put(&spot->pool, job);
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		refill(ours, spot, c);
	serve(ours, spot);
}

static void
ours_work(void *state)
{
	struct ours *ours = state;
	struct heap_node *first;
	struct entry *entry;
	struct link *thin;

	queue_wake(&ours->queue, ours->sim->now);
	while ((thin = list_take(&ours->queue.senders.thinned)) != NULL)
		for (unsigned c = 0; c < CLASS_COUNT; c++)
			refill(ours, &ours->spots[list_item(thin, struct site,
			    thinned)->deliverer], c);
	while ((first = heap_first(&ours->paces)) != NULL &&
	    first->key <= ours->sim->now) {
		heap_remove(&ours->paces, first);
		serve(ours, heap_item(first, struct spot, wake));
	}
	while ((entry = queue_pick(&ours->queue, ours->sim->now)) != NULL)
		hand_out(ours, entry);
}

/* The entry of a job that is back, idle. */
static struct entry *
landed(struct ours *ours, struct spot *spot, struct job *job,
    enum site_news news)
{
	uint32_t mail = job->number;
	struct entry *entry = ours->entries[mail];
	msec_t took = ours->sim->world->places[spot->site->deliverer].took;

	site_landed(&ours->queue, spot->site, entry, news, (unsigned)took,
	    ours->sent[mail], ours->sim->now, ours->conf);
	ours->jobs[mail] = NULL;
	mem_free(job);
	return entry;
}

static void
ours_ended(void *state, uint32_t mail, bool delivered)
{
	struct ours *ours = state;
	struct spot *spot =
	    &ours->spots[ours->sim->world->mails[mail].site];
	struct job *job = ours->jobs[mail], *ahead = ours->ahead[mail];

	ours->ahead[mail] = NULL;
	pool_took(&spot->pool, 1000 * (delivered ?
	    ours->sim->world->places[spot->site->deliverer].took :
	    SIM_TIMEOUT));
	pool_ended(&spot->pool, job);
	if (ahead != NULL && delivered)
		begin(ours, spot, ahead);
	else if (ahead != NULL)
		pool_put_back(&spot->pool, ahead);
	if (delivered) {
		drop(ours, landed(ours, spot, job, SITE_ANSWERED));
		serve(ours, spot);
		for (unsigned c = 0; c < CLASS_COUNT; c++)
			refill(ours, spot, c);
		return;
	}
	do
		queue_ready(&ours->queue, landed(ours, spot, job,
		    SITE_FAILED), true);
	while ((job = pool_drain(&spot->pool)) != NULL);
	shrink(ours, spot);
}

static msec_t
ours_wake(void *state)
{
	const struct ours *ours = state;
	const struct heap_node *first = heap_first(&ours->paces);
	msec_t wake = queue_next_wake(&ours->queue);

	return first != NULL && first->key < wake ? first->key : wake;
}

static size_t
ours_memory(void *state)
{
	const struct ours *ours = state;

	return ours->most * (sizeof(struct entry) + sizeof(struct message) +
	    64) + ours->sim->world->place_count * sizeof(struct site);
}

size_t
ours_waiting(const void *state, unsigned place, unsigned klass,
    unsigned sender)
{
	const struct ours *ours = state;
	const struct spot *spot = &ours->spots[place];

	return line_share(&ours->queue.shares, &spot->site->ready[klass],
	    sender) + spot->rows[klass][sender].count;
}

size_t
ours_handed(const void *state, unsigned place, unsigned klass)
{
	const struct ours *ours = state;

	return ours->spots[place].pool.waiting[klass].count;
}

const struct plan plan_ours = {
	"ours", ours_new, ours_free, ours_arrived, ours_work, ours_ended,
	ours_wake, ours_memory
};
