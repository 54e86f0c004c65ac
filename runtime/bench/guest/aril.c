// The guest for Aril, by abi/ABI.md.
#include "work.h"

IMPORT("aril_v1", "next") u64 aril_next(const void *ptr, u32 len, u32 flags);
IMPORT("aril_v1", "read") u64 aril_read(u32 slot, u32 offset, void *buf, u32 limit);
IMPORT("aril_v1", "outcome") u64 aril_outcome(u32 kind, const void *ptr, u32 len);

// A message is the payload with a msgpack header of 2 to 5 bytes.
static u8 mailbox[CAPACITY + 16];

EXPORT("aril_abi_v1") u64 aril_abi(void) { return (u64)(u32)mailbox << 32 | sizeof mailbox; }

#ifdef PASS

EXPORT("aril_wrap") u32 aril_wrap(u32 len) {
	aril_next(0, 0, 0);
	return 1;
}

#else

static u8 data[CAPACITY + 16];

EXPORT("aril_wrap") u32 aril_wrap(u32 len) {
	aril_read(1, 0, data, sizeof data);
	u64 answer = aril_next(0, 0, 2);
	u32 n = (u32)answer;
	if (answer >> 32 != 0 || n > sizeof mailbox)
		__builtin_trap();
	__builtin_memcpy(data, mailbox, n);
	work(data + (data[0] == 0xc4 ? 2 : data[0] == 0xc5 ? 3 : 5));
	aril_outcome(0, data, n);
	return 2;
}

#endif

#ifdef TOUCH
// Writes to every page of a memory of TOUCH bytes, so that all of it is part of
// the template.
EXPORT("_initialize") void initialize(void) {
	for (volatile u8 *p = data + sizeof data; p < (u8 *)TOUCH; p += 4096)
		*p = 1;
}
#endif
