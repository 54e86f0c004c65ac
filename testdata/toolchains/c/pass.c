// The smallest wrap: runs the rest once and lets its outcome stand.
#include "aril.h"

static uint8_t mailbox[4096];

ARIL_EXPORT(aril_abi_v1) uint64_t abi(void) { return mailbox_at(mailbox, sizeof mailbox); }

ARIL_EXPORT(aril_wrap) int32_t wrap(uint32_t len) {
	aril_next(0, 0, 0);
	return PASS;
}
