/* SPDX-License-Identifier: ISC
 *
 * plain.h - which characters only show, and do nothing to a terminal.
 *
 * Control characters do (those above 0x7f, U+009B for one, like the others),
 * and so do the invisible ones that change the order in which text is shown.
 * What strangers said goes through here on its way to the log and to people.
 */
#ifndef BASE_PLAIN_H
#define BASE_PLAIN_H

#include "base/span.h"

/* Where TEXT does not begin with a plain byte of ASCII. */
size_t plain_length_beyond(struct span text);

/* The bytes of the UTF-8 character that TEXT begins with; 0: it is not plain,
 * or no character at all, and its first byte is to be replaced. */
static inline size_t
plain_length(struct span text)
{
	return text.length > 0 && text.data[0] >= ' ' && text.data[0] <= '~' ?
	    1 : plain_length_beyond(text);
}

#endif
