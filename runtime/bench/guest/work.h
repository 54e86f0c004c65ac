// What every guest here does to the bytes that next gave it. A build sets
// COMPUTE for 10,000 rounds of a linear congruential generator, PASS for a
// guest that looks at nothing, CAPACITY for the largest payload in bytes.
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifndef CAPACITY
#define CAPACITY 4096
#endif

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

static inline void work(u8 *data) {
#ifdef COMPUTE
	u32 x;
	__builtin_memcpy(&x, data, 4);
	// Unrolled, several rounds would fold into one.
#pragma clang loop unroll(disable)
	for (int i = 0; i < 10000; i++)
		x = x * 1664525u + 1013904223u;
	__builtin_memcpy(data, &x, 4);
#else
	data[0]++;
#endif
}
