/* SPDX-License-Identifier: ISC
 *
 * author.c - who hands a message over: names that the caller did not give.
 */
#include "ctl/author.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rand.h"
#include "ctl/addrlist.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct one {
	char *mailbox;
	unsigned count;
};

static void
take_one(void *owner, struct span mailbox)
{
	struct one *one = owner;

	mem_free(one->mailbox);
	one->mailbox = span_copy(mailbox);
	one->count++;
}

/* -f: one address, or none ("" and "<>"): the null reverse-path. */
static int
choose_sender(struct author *author, const struct author_wish *wish, const struct passwd *user,
    struct err *err)
{
	const char *from = wish->from;
	struct one one = { 0 };

	if (from != NULL && (*from == '\0' || strcmp(from, "<>") == 0)) {
		author->sender = mem_strdup("");
		return EX_OK;
	}
	if (from == NULL && user == NULL)
		author->sender = mem_printf("uid%u@%s", (unsigned)getuid(),
		    wish->hostname);
	if (from == NULL && user != NULL)
		from = user->pw_name;
	if (from == NULL)
		return EX_OK;
	if (!addrlist_parse(span_of(from), wish->hostname, take_one,
	    &one, err) || one.count != 1) {
		if (err->kind == ERR_NONE)
			err_set(err, ERR_FORMAT, "%s: one address, please",
			    from);
		mem_free(one.mailbox);
		err_prefix(err, "-f");
		return EX_USAGE;
	}
	author->sender = one.mailbox;
	return EX_OK;
}

/* -F, the environment's NAME, or the first part of what passwd(5) has. */
static void
choose_full_name(struct author *author, const struct author_wish *wish, const struct passwd *user)
{
	const char *name = wish->full_name;
	size_t length;
	char *at;

	if (name == NULL)
		name = getenv("NAME");
	if (name != NULL) {
		length = strlen(name);
	} else if (user != NULL) {
		name = user->pw_gecos;
		length = strcspn(name, ",");
	} else {
		return;
	}
	author->full_name = mem_strndup(name, length);
	for (at = author->full_name; *at != '\0'; at++)
		if ((uint8_t)*at < ' ' || *at == 0x7f)
			*at = ' ';
}

static void
choose_unique(struct author *author)
{
	uint64_t chance;

	rand_bytes(&chance, sizeof(chance));
	author->unique = mem_printf("%llx.%016llx",
	    (unsigned long long)clock_wall(), (unsigned long long)chance);
}

int
author_choose(struct author *author, const struct author_wish *wish,
    struct err *err)
{
	const struct passwd *user = getpwuid(getuid());

	*author = (struct author){ 0 };
	choose_full_name(author, wish, user);
	choose_unique(author);
	return choose_sender(author, wish, user, err);
}

void
author_fini(struct author *author)
{
	mem_free(author->sender);
	mem_free(author->full_name);
	mem_free(author->unique);
}
