// An extension that tries an operation again when trying again may help.
//
//	{"attempts": 3, "pause_ms": 10}
#define ARIL_IMPLEMENTATION
#include "aril.h"

static aril_outcome wrap(aril_activation *a) {
	int64_t attempts = aril_int_or(aril_get(aril_config(a), "attempts"), 3);
	int64_t pause = aril_int_or(aril_get(aril_config(a), "pause_ms"), 10) * ARIL_MILLISECOND;
	for (int64_t i = 1; aril_next(a) == ARIL_FAILED && i < attempts; i++) {
		aril_error e = aril_last_error(a);
		if (!e.retryable)
			break;
		ARIL_LOG(ARIL_WARN, "trying again", {"operation", aril_of_str(aril_name(a))}, {"attempt", aril_of_int(i)},
		         {"error", aril_of_str(e.message)});
		if (aril_sleep(pause) != ARIL_OK)
			break;
	}
	return ARIL_PASS; // what the last next ended with
}
ARIL_WRAP(wrap);
