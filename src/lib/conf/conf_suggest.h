/* SPDX-License-Identifier: ISC
 *
 * conf_suggest.h - what an operator may have meant.
 */
#ifndef CONF_CONF_SUGGEST_H
#define CONF_CONF_SUGGEST_H

#include "conf/conf_table.h"

/* NAME is unknown in BLOCK: say so in ERR, with the name that is nearest,
 * or the block where it belongs, or all that there are.  Always false. */
bool conf_unknown(enum conf_block_id block, const char *name,
    struct err *err);

#endif
