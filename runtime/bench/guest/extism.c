// The guest for Extism, with the loops of its C PDK, which moves bytes between
// the kernel's memory and its own eight at a time. next(0) runs the operation
// on the input, which the host has kept.
#include "work.h"

#define ENV(name) IMPORT("extism:host/env", name)

ENV("input_length") u64 input_length(void);
ENV("input_load_u64") u64 input_load_u64(u64 offset);
ENV("input_load_u8") u32 input_load_u8(u64 offset);
ENV("length") u64 length(u64 offset);
ENV("load_u64") u64 load_u64(u64 offset);
ENV("load_u8") u32 load_u8(u64 offset);
ENV("alloc") u64 alloc(u64 n);
ENV("store_u64") void store_u64(u64 offset, u64 x);
ENV("store_u8") void store_u8(u64 offset, u32 x);
ENV("output_set") void output_set(u64 offset, u64 n);
IMPORT("extism:host/user", "next") u64 user_next(u64 offset);

#ifdef PASS

EXPORT("wrap") u32 wrap(void) {
	user_next(0);
	return 0;
}

#else

static u8 data[CAPACITY];

EXPORT("wrap") u32 wrap(void) {
	u64 n = input_length(), i = 0, x;
	for (; i + 8 <= n; i += 8) {
		x = input_load_u64(i);
		__builtin_memcpy(data + i, &x, 8);
	}
	for (; i < n; i++)
		data[i] = input_load_u8(i);

	u64 result = user_next(0);
	n = length(result);
	for (i = 0; i + 8 <= n; i += 8) {
		x = load_u64(result + i);
		__builtin_memcpy(data + i, &x, 8);
	}
	for (; i < n; i++)
		data[i] = load_u8(result + i);

	work(data);
	u64 out = alloc(n);
	for (i = 0; i + 8 <= n; i += 8) {
		__builtin_memcpy(&x, data + i, 8);
		store_u64(out + i, x);
	}
	for (; i < n; i++)
		store_u8(out + i, data[i]);
	output_set(out, n);
	return 0;
}

#endif
