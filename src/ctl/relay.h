/* SPDX-License-Identifier: ISC
 *
 * relay.h - one question to the running relay, from where it is on.
 */
#ifndef CTL_RELAY_H
#define CTL_RELAY_H

#include "ctl/client.h"

/*
 * Find the relay (GIVEN as for tool_relay()), connect, ask, close.
 * Takes REQUEST's reference.  DOWN is the exit code when the relay cannot
 * be reached.  Every failure was printed when it returns.
 */
int relay_ask(const char *given, json_t *request, int down,
    client_row_fn *fn, void *owner);

/* List what FILTER (taken) selects on standard output, as JSON lines or in
 * the form of mailq. */
int relay_list(const char *given, json_t *filter, bool json, int down);

#endif
