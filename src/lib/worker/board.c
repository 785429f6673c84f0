/* SPDX-License-Identifier: ISC
 *
 * board.c - the scoreboard: numbers each process writes and all may read.
 *
 * The memory is sealed at its size: a child that was taken over can write
 * wrong numbers, and can make nobody trip over missing pages.
 */
#include "worker/board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name, *text;
} metrics[METRIC_COUNT] = {
	[METRIC_CONNECTIONS] = { "connections", "connections open now" },
	[METRIC_CONNECTIONS_TOTAL] = { "connections-total",
	    "connections since the process was born" },
	[METRIC_ACCEPTED] = { "accepted", "messages answered with 250" },
	[METRIC_ACCEPTED_BYTES] = { "accepted-bytes", "bytes of these" },
	[METRIC_REFUSED] = { "refused",
	    "commands and messages answered with 4yz or 5yz" },
	[METRIC_COMMITS] = { "commits", "syncs of the spool" },
	[METRIC_QUEUED_URGENT] = { "queued-urgent",
	    "urgent recipients that wait" },
	[METRIC_QUEUED_NORMAL] = { "queued-normal",
	    "normal recipients that wait" },
	[METRIC_QUEUED_BULK] = { "queued-bulk", "bulk recipients that wait" },
	[METRIC_IN_MEMORY] = { "in-memory", "entries held in memory" },
	[METRIC_IN_INDEX] = { "in-index", "entries held in the index" },
	[METRIC_IN_FLIGHT] = { "in-flight", "entries being delivered" },
	[METRIC_SITES] = { "sites", "sites with mail waiting" },
	[METRIC_SEGMENTS] = { "segments", "segments in the spool" },
	[METRIC_CORRUPT] = { "corrupt", "files in corrupt/" },
	[METRIC_UNREADABLE] = { "unreadable",
	    "parts of segments that cannot be read now" },
	[METRIC_UNKEPT] = { "unkept",
	    "damaged parts that are not in corrupt/ yet" },
	[METRIC_NEWER] = { "newer",
	    "messages of a later version, left alone" },
	[METRIC_DELIVERED] = { "delivered", "recipients delivered" },
	[METRIC_FAILED] = { "failed", "recipients failed for good" },
	[METRIC_DEFERRED] = { "deferred", "recipients put off" },
	[METRIC_EXPIRED] = { "expired", "recipients given up" },
	[METRIC_BOUNCES] = { "bounces", "reports made" },
	[METRIC_MOVED] = { "moved", "messages moved to another class" },
	[METRIC_COMPACTED] = { "compacted",
	    "segments that gave back the place of what is done in them" },
	[METRIC_COMPACTED_BYTES] = { "compacted-bytes",
	    "bytes of disk that these gave back" },
	[METRIC_QUESTIONS] = { "questions", "questions to the DNS" },
};

const char *
metric_name(enum metric metric)
{
	return metrics[metric].name;
}

const char *
metric_text(enum metric metric)
{
	return metrics[metric].text;
}

uint64_t
board_sum(const struct board *board, enum metric metric)
{
	uint64_t sum = 0;

	for (int i = 0; i < BOARD_ROWS; i++)
		sum += atomic_load_explicit(&board->rows[i].metrics[metric],
		    memory_order_relaxed);
	return sum;
}

void
board_clear(struct board *board, uint32_t place)
{
	struct board_row *row = &board->rows[place];

	atomic_store(&row->pid, 0);
	for (int i = 0; i < METRIC_COUNT; i++)
		board_set(row, (enum metric)i, 0);
	crowd_clear(&board->crowds[place]);
}

static struct board *
map(int fd, struct err *err)
{
	void *at = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	if (at == MAP_FAILED) {
		err_sys(err, "map", "the scoreboard");
		return NULL;
	}
	return at;
}

struct board *
board_make(int *fd, struct err *err)
{
	int made = memfd_create("postrider-board",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct board *board = NULL;

	if (made == -1) {
		err_sys(err, "make", "the scoreboard");
		return NULL;
	}
	if (ftruncate(made, sizeof(struct board)) == -1 ||
	    fcntl(made, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == -1)
		err_sys(err, "size", "the scoreboard");
	else
		board = map(made, err);
	if (board == NULL) {
		close(made);
		return NULL;
	}
	board->key = hash_key_new();
	board->urgent = INT64_MIN / 2;
	*fd = made;
	return board;
}

struct board *
board_map(int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1) {
		err_sys(err, "stat", "the scoreboard");
		return NULL;
	}
	if (st.st_size != (off_t)sizeof(struct board)) {
		err_set(err, ERR_FORMAT, "the scoreboard has %lld bytes, not "
		    "%zu: another version is installed", (long long)st.st_size,
		    sizeof(struct board));
		return NULL;
	}
	return map(fd, err);
}
