/* SPDX-License-Identifier: ISC
 *
 * fuzz_path.c - fuzzes paths and mailboxes.
 *
 * What was pulled is clean and within its limits, and means the same when it
 * is written and pulled once more: nobody behind us reads another address.
 */
#include "fuzz/fuzz.h"

#include "smtp/path.h"

static void
check_same_again(const struct path *path)
{
	uint8_t text[PATH_MOST];
	struct span in;
	struct path again;

	must(path->mailbox.length + 2 <= sizeof text);
	text[0] = '<';
	if (path->mailbox.length > 0)
		memcpy(text + 1, path->mailbox.data, path->mailbox.length);
	text[path->mailbox.length + 1] = '>';
	in = span_make(text, path->mailbox.length + 2);
	must(path_pull(&in, &again) == PATH_OK && in.length == 0);
	must(!again.routed && span_equal(again.mailbox, path->mailbox));
	must(span_equal(again.local, path->local));
	must(span_equal(again.domain, path->domain));
	if (path->mailbox.length > 0)
		must(mailbox_parse(path->mailbox, &again) == PATH_OK);
}

static void
check(const struct path *path, struct span s)
{
	must(fuzz_is_within(path->mailbox, s));
	must(fuzz_is_clean(path->mailbox));
	must(path->domain.length <= DOMAIN_MOST);
	must(path->mailbox.length == path->local.length +
	    path->domain.length + (path->domain.length > 0));
	if (path->domain.length > 0)
		must(helo_is_valid(path->domain));
	if (path->domain.length > 0 && path->domain.data[0] != '[')
		must(domain_is_valid(path->domain));
	check_same_again(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span s = span_make(data, size), in = s;
	struct path path;

	if (path_pull(&in, &path) == PATH_OK) {
		must(size - in.length >= path.mailbox.length + 2);
		must(data[size - in.length - 1] == '>');
		check(&path, s);
	} else {
		must(in.data == s.data && in.length == s.length);
	}
	if (mailbox_parse(s, &path) == PATH_OK)
		check(&path, s);
	if (domain_is_valid(s))
		must(helo_is_valid(s) && fuzz_is_clean(s));
	local_part_routes(s);
	return 0;
}
