/* SPDX-License-Identifier: ISC
 *
 * fuzz_addrlist.c - fuzzes lists of addresses.
 *
 * What is found is a mailbox with a domain; what is none was in the list, and
 * is not without bound; and a list without such pieces means the same to who
 * takes nothing else.
 */
#include "fuzz/fuzz.h"

#include "ctl/addrlist.h"
#include "smtp/path.h"

struct seen {
	struct span list;
	size_t found, none, bytes;
};

static void
take(void *owner, struct span mailbox)
{
	struct seen *seen = owner;
	struct path path;

	must(mailbox_parse(mailbox, &path) == PATH_OK);
	must(path.domain.length > 0);
	must(span_equal(path.mailbox, mailbox));
	seen->found++;
}

static void
take_none(void *owner, struct span text)
{
	struct seen *seen = owner;

	must(fuzz_is_within(text, seen->list));
	must(text.length > 0);
	seen->none++;
	seen->bytes += text.length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen all = { .list = span_make(data, size) };
	struct seen strict = all;
	struct err err = { 0 };
	bool ok;

	addrlist_gather(all.list, "here.test", take, take_none, &all);
	must(all.none <= ADDRLIST_BAD_MOST + 1 && all.bytes <= size);
	ok = addrlist_parse(strict.list, "here.test", take, &strict, &err);
	must(ok == (all.none == 0));
	must(ok ? strict.found == all.found : strict.found <= all.found);
	return 0;
}
