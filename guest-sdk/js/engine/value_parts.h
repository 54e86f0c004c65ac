// What value_decode.c and value_encode.c share.
#ifndef ARIL_VALUE_PARTS_H
#define ARIL_VALUE_PARTS_H

#include "internal.h"

enum item_kind { ITEM_NIL, ITEM_BOOL, ITEM_INT, ITEM_UINT, ITEM_FLOAT, ITEM_STR, ITEM_BIN, ITEM_EXT, ITEM_ARRAY, ITEM_MAP, ITEM_BAD };

// An item is one value of a message, without the elements of it.
struct item {
	uint8_t kind;
	int8_t type;         // of ITEM_EXT
	uint32_t n;          // bytes, elements or pairs
	int64_t i;           // ITEM_INT; of ITEM_BOOL 0 or 1
	uint64_t u;          // ITEM_UINT: what does not fit i
	double f;            // ITEM_FLOAT
	const uint8_t *data; // of ITEM_STR, ITEM_BIN, ITEM_EXT
};

// Where in a message something is.
struct item_reader {
	const uint8_t *p, *end;
};

// Takes the next item, or steps over a whole value. -1 where it is malformed.
int item_next(const uint8_t **at, const uint8_t *end, struct item *item);
int item_skip(const uint8_t **at, const uint8_t *end);

// What an ext holds that is no time: opaque values, for the most part.
struct opaque {
	int16_t type; // of the ext, or RAW for bytes that stand for themselves
	uint32_t len;
	uint8_t data[];
};

// An ext of type -1. read answers -1 where it is none; ms is NaN where a Date
// cannot hold it.
int timestamp_read(const struct item *item, int64_t *seconds, uint32_t *ns);
double timestamp_ms(int64_t seconds, uint32_t ns);

// The time of a Date with the nanoseconds that came with it, as long as its
// milliseconds are still those. -1 for an invalid date.
int date_time(JSContext *ctx, JSValueConst date, int64_t *seconds, uint32_t *ns);

// exact_atom is the property of a Date that holds [seconds, nanoseconds].
extern JSAtom exact_atom;

enum { DEPTH_MAX = 64, NO_ATOM = 0, RAW = 0x100 };
#define MAX_SAFE_INTEGER ((1LL << 53) - 1)

#endif
