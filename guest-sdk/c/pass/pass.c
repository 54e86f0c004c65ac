// The smallest pass-through: runs the rest once and lets its outcome stand.
#define ARIL_IMPLEMENTATION
#include "../aril.h"

static aril_outcome wrap(aril_activation *a) {
	aril_next(a);
	return ARIL_PASS;
}
ARIL_WRAP(wrap);
