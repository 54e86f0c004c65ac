// The guest for bare engines: the host writes the input to buffer() and calls
// wrap(len), which returns address << 32 | length of its answer, or ~0 for
// what next gave. next runs the operation on the input, which the host has
// kept, and writes at most limit bytes of the result to buf.
#include "work.h"

IMPORT("host", "next") u32 host_next(void *buf, u32 limit);

#ifdef PASS

EXPORT("buffer") void *buffer(void) { return 0; }

EXPORT("wrap") u64 wrap(u32 len) {
	host_next(0, 0);
	return ~0ull;
}

#else

static u8 input[CAPACITY], data[CAPACITY];

EXPORT("buffer") void *buffer(void) { return input; }

EXPORT("wrap") u64 wrap(u32 len) {
	u32 n = host_next(data, sizeof data);
	work(data);
	return (u64)(u32)data << 32 | n;
}

#endif
