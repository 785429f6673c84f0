/* SPDX-License-Identifier: ISC
 *
 * fuzz_status.c - fuzzes records of journals.
 *
 * Each 48 bytes are read as they are and with their CRC put right; what is
 * taken means the same when it is written and read once more.
 */
#include "fuzz/fuzz.h"

#include "base/crc32c.h"
#include "spool/bytes.h"
#include "spool/status.h"

static void
check(const uint8_t bytes[STATUS_RECORD_BYTES])
{
	uint8_t again[STATUS_RECORD_BYTES];
	struct status status, same;

	if (!status_decode(bytes, &status))
		return;
	must(status.action >= STATUS_DELIVERED && status.action <= STATUS_END);
	status_encode(&status, again);
	must(status_decode(again, &same));
	must(same.offset == status.offset && same.rcpt == status.rcpt &&
	    same.action == status.action && same.code == status.code &&
	    same.at == status.at &&
	    same.to.klass == status.to.klass &&
	    same.to.slot == status.to.slot &&
	    same.to.sequence == status.to.sequence &&
	    memcmp(same.enhanced, status.enhanced, 3) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (; size >= STATUS_RECORD_BYTES; size -= STATUS_RECORD_BYTES,
	    data += STATUS_RECORD_BYTES) {
		uint8_t bytes[STATUS_RECORD_BYTES];

		memcpy(bytes, data, sizeof bytes);
		check(bytes);
		memcpy(bytes, "PRst", 4);
		put_le(bytes + 44, crc32c(0, bytes, 44), 4);
		check(bytes);
	}
	return 0;
}
