/* SPDX-License-Identifier: ISC
 *
 * session_state.c - what the states of a session are called, and how long
 * each may last.
 */
#include "deliverer/session.h"

const char *
session_state_name(enum session_state state)
{
	static const char *const names[] = {
		[SESSION_GREETING] = "greeting", [SESSION_EHLO] = "EHLO",
		[SESSION_HELO] = "HELO", [SESSION_STARTTLS] = "STARTTLS",
		[SESSION_HANDSHAKE] = "TLS handshake",
		[SESSION_IDLE] = "idle", [SESSION_TRANSACTION] = "transaction",
		[SESSION_BODY] = "message body",
		[SESSION_BETWEEN] = "end of DATA", [SESSION_RESET] = "RSET",
		[SESSION_PROVING] = "MAIL FROM",
		[SESSION_MISORDERED] = "end of DATA",
		[SESSION_CHECKING] = "EHLO", [SESSION_LEAVING] = "QUIT",
		[SESSION_QUIT] = "QUIT", [SESSION_OVER] = "over",
	};

	return names[state];
}

uint64_t
session_awaits(const struct session *s)
{
	return (uint64_t)s->replies << 16 | (uint64_t)s->state << 8 |
	    (uint64_t)s->transaction.stage;
}

/* What the message before has to wait for its verdict. */
enum { PROOF_MOST = 10 * 1000 };

msec_t
session_patience(const struct session *s, const struct conf_site *site)
{
	switch (s->state) {
	case SESSION_GREETING:
		return site->greeting;
	case SESSION_IDLE:
		return site->idle;
	case SESSION_BODY:
		return site->block;
	case SESSION_QUIT:
	case SESSION_LEAVING:
		return site->quit;
	case SESSION_PROVING:
		return site->mail < PROOF_MOST ? site->mail : PROOF_MOST;
	case SESSION_MISORDERED:
		return site->dot;
	case SESSION_TRANSACTION:
		break;
	default:
		return site->helo;
	}
	switch (s->transaction.stage) {
	case STAGE_MAIL:
		return site->mail;
	case STAGE_RCPT:
		return site->rcpt;
	case STAGE_DATA:
		return site->data;
	default:
		return site->dot;
	}
}
