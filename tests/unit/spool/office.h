/* SPDX-License-Identifier: ISC
 *
 * office.h - a spool with a committer on a loop, and what it told.
 */
#ifndef TESTS_SPOOL_OFFICE_H
#define TESTS_SPOOL_OFFICE_H

#include "spool/commit.h"

enum { OFFICE_MOST = 512 };

struct office {
	struct spool_dirs dirs;
	struct loop *loop;
	struct timer *limit;
	struct committer *committer;
	struct msgid_maker maker;
	unsigned waiting;	/* messages handed over and not yet told */
	msec_t patience;	/* of its committer */
	bool forgetful;		/* nobody keeps where segments end */

	/* each message in the order of handing over */
	struct letter {
		struct office *office;
		struct msgid id;
		struct committed where;
		bool told, ok;
		enum commit_end end;
		unsigned order;	/* in which it was told, from 1 */
	} letters[OFFICE_MOST];
	unsigned letter_count, told_count;

	struct {
		enum commit_news news;
		struct segment_name segment;
		uint64_t to;
		unsigned told_before;	/* letters told so far */
	} news[OFFICE_MOST];
	unsigned news_count;
};

void office_open(struct office *office);
/* Another committer on the same spool. */
void office_reopen(struct office *office, uint64_t segment_bytes);
void office_close(struct office *office);

/* Commit a message with a body of BYTES. */
struct letter *office_send(struct office *office, enum mail_class klass,
    size_t bytes);
/* A letter for a message that is not made by office_send(). */
struct letter *office_letter(struct office *office);
/* Its commit_done_fn; COOKIE is the letter. */
void office_told(void *cookie, enum commit_end end,
    const struct committed *where, const struct err *err);
/* Run the loop until all messages are told. */
void office_wait(struct office *office);
/* Run the loop until LETTER is. */
void office_wait_for(struct office *office, const struct letter *letter);

/*
 * Read everything that the spool's files hold, each segment no further than
 * a BROKEN told.  Asserts that each letter told as ok is there once, whole
 * and where it was said to be, and that no other is.
 */
void office_check(const struct office *office);

#endif
