// The host's functions, as in abi/ABI.md, and what is made of them.
#ifndef ARIL_HOST_H
#define ARIL_HOST_H

#include <stddef.h>
#include <stdint.h>

#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

IMPORT("aril_v1", "next") int64_t aril_next(const void *ptr, uint32_t len, uint32_t flags);
IMPORT("aril_v1", "read") int64_t aril_read(uint32_t slot, uint32_t offset, void *buf, uint32_t limit);
IMPORT("aril_v1", "outcome") int64_t aril_outcome(uint32_t kind, const void *ptr, uint32_t len);
IMPORT("aril_v1", "context_get") int64_t aril_context_get(uint32_t level, const void *key, uint32_t klen, void *buf, uint32_t limit);
IMPORT("aril_v1", "context_set") int64_t aril_context_set(uint32_t level, const void *key, uint32_t klen, const void *val, uint32_t vlen);
IMPORT("aril_v1", "context_append") int64_t aril_context_append(uint32_t level, const void *key, uint32_t klen, const void *val, uint32_t vlen);
IMPORT("aril_v1", "context_swap") int64_t aril_context_swap(uint32_t level, const void *key, uint32_t klen, const void *val, uint32_t vlen, void *buf, uint32_t limit);
IMPORT("aril_log_v1", "write") int64_t aril_log(int32_t level, const void *msg, uint32_t mlen, const void *attrs, uint32_t alen);
IMPORT("aril_clock_v1", "now") int64_t aril_now(uint32_t clock, int64_t *ns);
IMPORT("aril_clock_v1", "sleep") int64_t aril_sleep(int64_t ns);
IMPORT("aril_random_v1", "fill") int64_t aril_fill(void *buf, uint32_t len);
IMPORT("aril_state_v1", "get") int64_t aril_state_get(const void *key, uint32_t klen, void *buf, uint32_t limit);
IMPORT("aril_state_v1", "put") int64_t aril_state_put(const void *key, uint32_t klen, const void *val, uint32_t vlen);
IMPORT("aril_state_v1", "delete") int64_t aril_state_delete(const void *key, uint32_t klen);
IMPORT("aril_state_v1", "list") int64_t aril_state_list(const void *prefix, uint32_t plen, const void *after, uint32_t alen, void *buf, uint32_t limit);
IMPORT("aril_state_v1", "add") int64_t aril_state_add(const void *key, uint32_t klen, int64_t delta, int64_t *sum);
IMPORT("aril_state_v1", "append") int64_t aril_state_append(const void *key, uint32_t klen, const void *val, uint32_t vlen);
IMPORT("aril_state_v1", "compare_and_swap") int64_t aril_state_swap(const void *key, uint32_t klen, const void *old, uint32_t olen, const void *now, uint32_t nlen);
IMPORT("aril_dynamic_v1", "call") int64_t aril_dynamic(const void *module, uint32_t mlen, const void *name, uint32_t nlen, const void *ptr, uint32_t len);
IMPORT("env", "abort") void aril_abort(const uint16_t *message, const uint16_t *file, uint32_t line, uint32_t column);
IMPORT("wasi_snapshot_preview1", "clock_time_get") int32_t wasi_clock_time_get(int32_t clock, int64_t precision, int64_t *ns);

static inline uint32_t status_of(int64_t answer) { return (uint64_t)answer >> 32; }
static inline uint32_t count_of(int64_t answer) { return (uint32_t)answer; }

// Statuses, slots, levels and flags of abi/names.
enum { OK, FAILED, NOT_FOUND, DENIED, PHASE, LIMIT, TOO_LARGE, INVALID, CANCELED, STALE, CONFLICT, UNAVAILABLE, BUSY };
enum { SLOT_MESSAGE, SLOT_INPUT, SLOT_RESULT, SLOT_ERROR, SLOT_PARAMS, SLOT_CONFIG, SLOT_SCRIPT };
enum { OUTCOME_VALUE, OUTCOME_ERROR, OUTCOME_NEXT };
enum { LOG_DEBUG = -4, LOG_INFO = 0, LOG_WARN = 4, LOG_ERROR = 8 };
enum { PASS = 1, DONE = 2 };
enum { NEXT_REPLACE = 1 };
enum { HOST_MONOTONIC, HOST_WALL };

// Nanoseconds since 1970; while the extension is loaded, those of the load.
int64_t host_wall_ns(void);

// Ends the activation: message, and where in the script, become its trap's.
_Noreturn void engine_panic(const char *message, size_t len, const char *file, uint32_t line);
_Noreturn void engine_fault(const char *message);

#endif
