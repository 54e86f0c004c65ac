// The part of ABI v1 that these guests use; abi/ABI.md has the whole.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ARIL_IMPORT(name) __attribute__((import_module("aril_v1"), import_name(#name)))
#define ARIL_EXPORT(name) __attribute__((export_name(#name)))

// Each returns status << 32 | n.
ARIL_IMPORT(next) uint64_t aril_next(const void *ptr, uint32_t len, uint32_t flags);
ARIL_IMPORT(read) uint64_t aril_read(uint32_t slot, uint32_t offset, void *buf, uint32_t limit);
ARIL_IMPORT(outcome) uint64_t aril_outcome(uint32_t kind, const void *ptr, uint32_t len);

enum { PASS = 1, DONE = 2 };
enum { NEXT_READ = 2, SLOT_INPUT = 1, OUTCOME_VALUE = 0 };

static inline uint32_t status(uint64_t r) { return (uint32_t)(r >> 32); }

static inline uint64_t mailbox_at(void *ptr, uint32_t cap) {
	return (uint64_t)(uintptr_t)ptr << 32 | cap;
}

#ifdef __cplusplus
}
#endif
