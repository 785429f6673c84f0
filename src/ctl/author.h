/* SPDX-License-Identifier: ISC
 *
 * author.h - who hands a message over: names that the caller did not give.
 */
#ifndef CTL_AUTHOR_H
#define CTL_AUTHOR_H

#include "base/err.h"

/* What the command line says; null: nothing. */
struct author_wish {
	const char *from;	/* -f; "" and "<>": the null reverse-path */
	const char *full_name;	/* -F */
	const char *hostname;	/* for addresses without a domain */
};

struct author {
	char *sender;		/* the reverse-path; null: there is none */
	char *full_name;	/* for From; null: none */
	char *unique;		/* left side of a Message-ID */
};

/* EX_OK, or the exit code that says why not, with ERR filled.  In both cases
 * author_fini() is to follow. */
int author_choose(struct author *author, const struct author_wish *wish,
    struct err *err);
void author_fini(struct author *author);

#endif
