/* SPDX-License-Identifier: ISC
 *
 * frames.h - what processes say to one another.
 *
 * A frame is one message over a socketpair that the master made.  Each kind
 * is one row of the table in frames.c: its name, who may say it to whom,
 * whether a descriptor comes with it, and its fields.  The fields are
 * encoded and decoded by that row, so nobody writes a codec twice.
 *
 * In a decoded frame every span points into the bytes it was decoded from.
 * Lists inside a span have their own pull functions below.
 */
#ifndef WIRE_FRAMES_H
#define WIRE_FRAMES_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

enum role {
	ROLE_MASTER, ROLE_RECEIVER, ROLE_SCHEDULER, ROLE_DELIVERER,
	ROLE_RESOLVER, ROLE_COUNT
};

/* The number of the deliverer that is there only while somebody wants it, and
 * has nothing but what others may have died of. */
enum { DELIVERER_APART = 127 };

/* "receiver", … */
const char *role_name(enum role role);

enum frame_kind {
	/* master to child, in this order, ending in GO */
	FRAME_CONF, FRAME_LOG, FRAME_BOARD, FRAME_LISTEN, FRAME_CONTROL,
	FRAME_SUBMIT, FRAME_SPOOL, FRAME_PEER, FRAME_GO,
	/* master to child, later */
	FRAME_DRAIN, FRAME_RELOADED,
	/* child to master */
	FRAME_READY, FRAME_LOG_LOST, FRAME_ASK_RELOAD, FRAME_ASK_LOG,
	FRAME_ASK_STOP, FRAME_ASK_APART,
	/* receiver to scheduler */
	FRAME_ARRIVED, FRAME_CLOSED, FRAME_BROKEN,
	/* scheduler to receiver */
	FRAME_PRESSURE, FRAME_KEPT,
	/* scheduler to resolver and back */
	FRAME_QUESTION, FRAME_ANSWER,
	/* scheduler to deliverer and back */
	FRAME_SITE, FRAME_SITE_GONE, FRAME_SEGMENT, FRAME_SEGMENT_GONE,
	FRAME_JOB, FRAME_RECALL, FRAME_RESULT, FRAME_HOST, FRAME_TALKS,
	FRAME_ATTENTION,
	FRAME_COUNT
};

/* The configuration as text, and TLS material as PEM (empty: none). */
struct frame_conf {
	uint32_t number;	/* which of its kind the child is, from 0 */
	struct span text;
	struct span certificate, key;
};

/* With a descriptor: where to log.  kind: enum log_kind. */
struct frame_log {
	uint8_t kind;
};

/* With a descriptor: the scoreboard (worker/board.h); place: the row. */
struct frame_board {
	uint32_t place;
};

/* With a descriptor: a listening socket; index into conf->listens. */
struct frame_listen {
	uint32_t index;
};

/* With a descriptor: the listening control (or submission) socket. */
struct frame_control {
	uint32_t unused;
};

/* With a descriptor: the spool directory, for those who may have it. */
struct frame_spool {
	uint32_t unused;
};

/* With a descriptor: one end of a socketpair to that process. */
struct frame_peer {
	uint8_t role;
	uint32_t number;
};

struct frame_go {
	uint32_t unused;
};

/* Finish what is under way, take nothing new, leave. */
struct frame_drain {
	uint32_t unused;
};

/* The outcome of the reload that TOKEN asked for (0: SIGHUP), or of the new
 * opening of the log.  On success the master restarts nothing: it sends
 * FRAME_CONF again to each child. */
struct frame_reloaded {
	uint32_t token;
	uint8_t ok;
	struct span text;	/* why not */
};

struct frame_ready {
	uint32_t unused;
};

/* What FRAME_LOG brought leads nowhere any more: another one is wanted. */
struct frame_log_lost {
	uint32_t unused;
};

/* TOKEN of ASK_APART: 1: a deliverer apart is wanted, 0: it is not. */
struct frame_ask {
	uint32_t token;
};

/*
 * Segment (klass, slot, sequence) is on stable storage up to byte `to`.
 * A hint: one frame covers all before it, and a lost one is made good by
 * the next.
 */
struct frame_arrived {
	uint8_t klass;
	uint16_t slot;
	uint32_t sequence;
	uint64_t to;
};

/* Nothing will be appended to that segment any more; it ends at `to`.
 * BROKEN: a write or sync failed; what is beyond `to` must never be used.
 * Both are told to each new scheduler again, until one says KEPT. */
struct frame_closed {
	uint8_t klass;
	uint16_t slot;
	uint32_t sequence;
	uint64_t to;
};

/* Where that segment ends, as it was told, is on stable storage. */
struct frame_kept {
	uint8_t klass;
	uint16_t slot;
	uint32_t sequence;
};

/* The queue is long: a bit per class that is to be slowed, or not taken. */
struct frame_pressure {
	uint8_t slow;
	uint8_t refuse;
};

enum question_kind {
	QUESTION_MX,		/* the mail hosts of a domain, with addresses */
	QUESTION_HOST		/* the addresses of a host */
};

struct frame_question {
	uint32_t token;
	uint8_t kind;
	struct span name;
};

enum answer_status {
	ANSWER_OK,
	ANSWER_NONE,		/* the name does not exist: 5.1.2 */
	ANSWER_NULL_MX,		/* RFC 7505: 5.1.10 */
	ANSWER_NO_ADDRESS,	/* no mail host has an address: 5.4.4 */
	ANSWER_TEMPORARY	/* SERVFAIL, timeout, bogus: 4.4.3 */
};

struct frame_answer {
	uint32_t token;
	uint8_t status;
	uint8_t secure;		/* DNSSEC held all the way */
	uint32_t ttl;		/* seconds */
	struct span hosts;	/* host_list below, by preference */
	struct span text;	/* for people, when not ANSWER_OK */
};

/* A site, before its first job and when something of it changes. */
struct frame_site {
	uint32_t site;
	uint8_t anew;		/* what was learned of its hosts is void */
	uint8_t fixed;		/* a route names its hosts, not the DNS */
	struct span name;	/* for the log */
	struct span domain;	/* the only one it serves; empty: several */
	struct span policy;	/* pattern of the conf_site whose limits hold */
	struct span hosts;	/* host_list, by preference */
};

struct frame_site_gone {
	uint32_t site;
};

/* With a descriptor: the segment, read only. */
struct frame_segment {
	uint32_t segment;
};

struct frame_segment_gone {
	uint32_t segment;
};

/* One transaction to be made: recipients of one message at one site. */
struct frame_job {
	uint32_t job;
	uint32_t site;
	uint32_t segment;
	uint8_t klass;
	uint16_t attempt;	/* 1 at the first */
	uint64_t offset;	/* of the record in the segment */
	uint64_t size;		/* of the record */
	struct span id;		/* of the message: what is there must be it */
	uint64_t picked;	/* wall usec: taken up by the scheduler */
	int64_t deadline;	/* monotonic usec, 0 = none … */
	uint8_t returns;	/* … at which the mail is to go back */
	uint16_t window;	/* connections that the site may have now … */
	uint16_t beside;	/* … and that urgent mail may have besides */
	struct span rcpts;	/* u32 each, little-endian: rcpt_list */
};

/* Jobs of the site that have not begun come back untried, at once. */
struct frame_recall {
	uint32_t site;
};

enum outcome {
	OUTCOME_DELIVERED,
	OUTCOME_FAILED,		/* 5yz: for good */
	OUTCOME_DEFERRED,	/* 4yz, or the connection: later */
	OUTCOME_AGAIN		/* not tried yet: 452 too many, or drain; now */
};

enum scope {
	SCOPE_RECIPIENT,	/* that recipient only */
	SCOPE_MESSAGE,		/* this transaction */
	SCOPE_SITE,		/* no host of the site would talk to us */
	SCOPE_SPOOL		/* nothing was sent: the record is damaged */
};

enum {				/* `signs` of a result */
	SIGN_CUT = 1,		/* the connection ended within it */
	SIGN_SLOW = 2		/* the site wants less of us */
};

/* What became of a job; one row per recipient of it in `rows`. */
struct frame_result {
	uint32_t job;
	uint32_t site;
	uint8_t scope;		/* of what went wrong, if anything did */
	uint8_t dsn_passed;	/* the peer took the DSN parameters on */
	uint8_t by_passed;	/* and BY */
	uint8_t signs;
	uint16_t room;		/* connections that the site takes while it
				 * refuses more; 0: it took all */
	uint32_t pause;		/* ms to send it nothing; 0: go on */
	uint32_t took;		/* ms from MAIL to the reply to the dot */
	struct span mta;	/* name of the host that answered; may be empty … */
	uint16_t port;		/* … and its port; 0 = none */
	struct span rows;	/* result_row below */
};

/* A host of a site that has others is left alone, or is well again. */
struct frame_host {
	struct span address;	/* 16 bytes */
	uint16_t port;
	uint16_t failures;	/* in a row */
	int64_t until;		/* monotonic ms; 0: it is well */
	struct span why;
};

/* A host of the site of JOB, which waits, is ready for mail.  Told of a site
 * that may have but one connection: it may be one that is being probed. */
struct frame_talks {
	uint32_t job;
};

/* A host that our operator named wants what only our operator can give it, or
 * cannot do what is demanded there; seen with the site of JOB, which is not
 * over. */
struct frame_attention {
	uint32_t job;
	struct span host;
	uint16_t port;
	struct span text;	/* goes behind its name: "asks for a login" */
};

/* A decoded frame. */
struct frame {
	enum frame_kind kind;
	int fd;			/* -1: none; the handler owns it */
	union {
		struct frame_conf conf;
		struct frame_log log;
		struct frame_board board;
		struct frame_listen listen;
		struct frame_control control;
		struct frame_control submit;
		struct frame_spool spool;
		struct frame_peer peer;
		struct frame_go go;
		struct frame_drain drain;
		struct frame_reloaded reloaded;
		struct frame_ready ready;
		struct frame_log_lost log_lost;
		struct frame_ask ask;
		struct frame_arrived arrived;
		struct frame_closed closed;
		struct frame_pressure pressure;
		struct frame_kept kept;
		struct frame_question question;
		struct frame_answer answer;
		struct frame_site site;
		struct frame_site_gone site_gone;
		struct frame_segment segment;
		struct frame_segment_gone segment_gone;
		struct frame_job job;
		struct frame_recall recall;
		struct frame_result result;
		struct frame_host host;
		struct frame_talks talks;
		struct frame_attention attention;
	};
};

/* What FRAME's row says. */
const char *frame_name(enum frame_kind kind);
bool frame_has_fd(enum frame_kind kind);
bool frame_may(enum frame_kind kind, enum role from, enum role to);

/* Append FRAME (length, kind, fields; not its fd) to OUT. */
void frame_encode(const struct frame *frame, struct buf *out);

enum frame_step { FRAME_DONE, FRAME_MORE, FRAME_BAD };

/*
 * Pull one frame off the front of IN.  DONE: IN is behind it, OUT lends
 * IN's bytes.  MORE: IN does not hold a whole one yet.  BAD: the peer is
 * broken, ERR tells.  out->fd is left at -1.
 */
enum frame_step frame_decode(struct span *in, struct frame *out,
    struct err *err);

/* ---- lists inside spans: write one after the other, pull the same way -- */

enum { HOST_ADDRESSES_MOST = 32 };

/* A mail host.  An address is 16 bytes (IPv4 mapped). */
struct host_row {
	uint16_t preference;
	uint16_t port;
	struct span name;
	struct span addresses;	/* 16 bytes each */
};

void host_row_put(const struct host_row *row, struct buf *out);
/* False: the end, or garbage (then LIST is emptied). */
bool host_row_pull(struct span *list, struct host_row *out);

struct result_row {
	uint32_t rcpt;		/* index in the envelope */
	uint8_t outcome;
	uint16_t code;		/* SMTP reply code, 0 = none was given */
	bool content;		/* refused for what the message is, and not
				 * for whom */
	struct span status;	/* "5.1.1" */
	struct span text;	/* the reply, or what happened */
};

void result_row_put(const struct result_row *row, struct buf *out);
bool result_row_pull(struct span *list, struct result_row *out);

void rcpt_put(uint32_t rcpt, struct buf *out);
bool rcpt_pull(struct span *list, uint32_t *out);

#endif
