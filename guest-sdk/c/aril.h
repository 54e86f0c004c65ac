/*
aril.h: extensions for Aril in C and C++. One file, no dependencies.

    #define ARIL_IMPLEMENTATION
    #include "aril.h"

    static aril_outcome wrap(aril_activation *a) {
        for (int i = 1; aril_next(a) == ARIL_FAILED && i < 3; i++)
            if (!aril_last_error(a).retryable)
                break;
        return ARIL_PASS;
    }
    ARIL_WRAP(wrap);

Define ARIL_IMPLEMENTATION in exactly one source file of the extension, before
the #include; other files include it without. The functions have external
linkage there and nothing is exported but the hooks, so the linker drops what
the extension does not call, its imports included. That matters: imports are
permissions.

C99, or C++11. It builds without a C library (clang --target=wasm32 -nostdlib),
where it brings memcpy, memmove, memset, memcmp and strlen of its own (weak:
another definition wins) and an arena over memory.grow; with wasi-libc, where
the arena takes its memory from malloc; and for the author's own machine, where
aril_test.h supplies the host functions.

Before the #include, an extension may define
    ARIL_MAILBOX_SIZE   bytes of the mailbox, at least 4096. Default 16384.
                        What is longer costs one call into the host more.
    ARIL_HEADER_SIZE    bytes on the stack for the header of a hook; a longer
                        one goes to the arena. Default 512.
    ARIL_ARENA_MALLOC   take the arena from malloc, for a freestanding build
                        that has another allocator.

Normative: abi/ABI.md. How to build, and what to know: README.md.
*/
#ifndef ARIL_H
#define ARIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__GNUC__)
#error "aril.h needs clang, or gcc for tests"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef ARIL_MAILBOX_SIZE
#define ARIL_MAILBOX_SIZE 16384
#endif
#ifndef ARIL_HEADER_SIZE
#define ARIL_HEADER_SIZE 512
#endif

/* ---- Statuses ---------------------------------------------------------- */

/* Why the host did, or did not do, what it was asked. A number that this
   version does not know is given as ARIL_FAILED. */
typedef int32_t aril_status;
enum {
	ARIL_OK = 0,
	ARIL_FAILED = 1,      /* it ended with an error */
	ARIL_NOT_FOUND = 2,   /* no such key, part or value */
	ARIL_DENIED = 3,      /* the extension lacks a power or a grant */
	ARIL_PHASE = 4,       /* not to be called from this hook */
	ARIL_LIMIT = 5,       /* a count or a sum is used up */
	ARIL_TOO_LARGE = 6,   /* one value is larger than its limit, or than memory */
	ARIL_INVALID = 7,     /* a number or a message is malformed */
	ARIL_CANCELED = 8,    /* the caller has given up; finish soon */
	ARIL_STALE = 9,       /* of an activation that is over */
	ARIL_CONFLICT = 10,   /* the state holds another value */
	ARIL_UNAVAILABLE = 11, /* a back end did not answer */
	ARIL_BUSY = 12        /* would have to wait for itself */
};

/* The status in lower case, such as "too_large". */
const char *aril_status_code(aril_status status);

/* ---- Text and values --------------------------------------------------- */

/* A piece of text, UTF-8, not terminated. */
typedef struct aril_str {
	const char *p;
	size_t n;
} aril_str;

/* Text of a C string, which must live as long as what is given. */
static inline aril_str aril_text(const char *s) {
	aril_str t;
	t.p = s;
	t.n = __builtin_strlen(s);
	return t;
}

/* Whether s is the text of the C string. */
bool aril_is(aril_str s, const char *text);
/* Whether two texts are the same bytes. */
bool aril_str_equal(aril_str a, aril_str b);
/* a and then b, in the arena. */
aril_str aril_cat(aril_str a, aril_str b);

/* A value: the bytes of one msgpack message, or why there are none. It is a
   view and owns nothing. What functions of this header give lives in the
   arena until the hook returns, or until aril_release. Functions that take a
   value with a status other than ARIL_OK give that status on, so a chain of
   them needs one check at its end. With ARIL_FAILED, bytes may hold an Error
   message: see aril_error_of. */
typedef struct aril_value {
	const uint8_t *bytes;
	size_t size;
	aril_status status;
} aril_value;

/* What a value is. */
typedef enum aril_type {
	ARIL_TYPE_NONE, /* there is none, or it is malformed */
	ARIL_TYPE_NIL,
	ARIL_TYPE_BOOL,
	ARIL_TYPE_INT, /* of either sign, 64 bits */
	ARIL_TYPE_FLOAT,
	ARIL_TYPE_STR,
	ARIL_TYPE_BIN,
	ARIL_TYPE_ARRAY,
	ARIL_TYPE_MAP,
	ARIL_TYPE_TIME,
	ARIL_TYPE_EXT /* ARIL_EXT_OPAQUE among them */
} aril_type;

/* A time: seconds since 1970-01-01 UTC, and nanoseconds below 1e9. */
typedef struct aril_time {
	int64_t seconds;
	uint32_t nanoseconds;
} aril_time;

/* A msgpack extension value. Opaque values of the host, such as a connection,
   are of type ARIL_EXT_OPAQUE: they can be held, compared and given back
   within the activation, by their bytes. */
typedef struct aril_ext {
	int8_t type;
	const uint8_t *data;
	size_t size;
} aril_ext;
enum { ARIL_EXT_OPAQUE = 0x41, ARIL_HANDLE_SIZE = 16 };

/* Raw bytes as a value. They are not looked at. */
aril_value aril_raw(const void *bytes, size_t size);
/* No value, for a reason. */
aril_value aril_none(aril_status status);

aril_type aril_type_of(aril_value v);
/* Whether v is one whole, well-formed message, at most 64 deep, and nothing
   after it. Messages from the host are; bytes from elsewhere may not be. */
bool aril_valid(aril_value v);

/* The part of a map at a key; status ARIL_NOT_FOUND where v is a map without
   it, or no map. */
aril_value aril_get(aril_value v, const char *key);
aril_value aril_get_str(aril_value v, aril_str key);
/* The i-th element of an array, from 0; ARIL_NOT_FOUND likewise. */
aril_value aril_at(aril_value v, size_t i);
/* Elements of an array, pairs of a map; 0 for anything else. */
size_t aril_count(aril_value v);

/* Read v into *out and tell whether it is one that fits; else *out is as it
   was. Integers read floats that are whole; floats read integers that a double
   holds exactly. Text and bytes are views of v. */
bool aril_as_bool(aril_value v, bool *out);
bool aril_as_int(aril_value v, int64_t *out);
bool aril_as_uint(aril_value v, uint64_t *out);
bool aril_as_float(aril_value v, double *out);
bool aril_as_str(aril_value v, aril_str *out);
bool aril_as_bin(aril_value v, const uint8_t **out, size_t *size);
bool aril_as_time(aril_value v, aril_time *out);
bool aril_as_ext(aril_value v, aril_ext *out);

/* The same, with something to use otherwise. */
bool aril_bool_or(aril_value v, bool otherwise);
int64_t aril_int_or(aril_value v, int64_t otherwise);
uint64_t aril_uint_or(aril_value v, uint64_t otherwise);
double aril_float_or(aril_value v, double otherwise);
aril_str aril_str_or(aril_value v, const char *otherwise);

/* Values of one's own, in the arena. */
aril_value aril_of_nil(void);
aril_value aril_of_bool(bool x);
aril_value aril_of_int(int64_t x);
aril_value aril_of_uint(uint64_t x);
aril_value aril_of_float(double x);
aril_value aril_of_text(const char *x);
aril_value aril_of_str(aril_str x);
aril_value aril_of_bin(const void *bytes, size_t size);
aril_value aril_of_time(aril_time x);

/* A key and its value, of maps and of log lines. A value with the status
   ARIL_NOT_FOUND is written as nil. */
typedef struct aril_field {
	const char *key;
	aril_value value;
} aril_field;

aril_value aril_map_of(const aril_field *fields, size_t n);
aril_value aril_list_of(const aril_value *values, size_t n);
/* A map or a list in the arena: ARIL_MAP({"id", aril_of_int(7)}, {"in", in}),
   ARIL_LIST(aril_of_int(1), in). At least one element. C only: in C++, see
   guest-sdk/cpp, or name the array and call aril_map_of. */
#define ARIL_MAP(...)                                                                                                  \
	aril_map_of((const aril_field[]){__VA_ARGS__}, sizeof((const aril_field[]){__VA_ARGS__}) / sizeof(aril_field))
#define ARIL_LIST(...)                                                                                                 \
	aril_list_of((const aril_value[]){__VA_ARGS__}, sizeof((const aril_value[]){__VA_ARGS__}) / sizeof(aril_value))

/* A copy of the map v with x at a key, in the place of what was there or at
   the end. Every other byte is as it was. ARIL_INVALID where v is no map. */
aril_value aril_set(aril_value v, const char *key, aril_value x);

/* ---- Reading messages -------------------------------------------------- */

/* Reads one value after another from bytes that must stay as they are. Never
   past their end. After the first thing that does not fit, failed is set, and
   everything reads as zero, empty or false. No function allocates. */
typedef struct aril_reader {
	const uint8_t *at, *end;
	bool failed;
} aril_reader;

aril_reader aril_reader_on(aril_value v);
/* What comes next, without reading it. */
aril_type aril_peek(const aril_reader *r);
/* Reads a nil if there is one, and tells whether there was. */
bool aril_read_nil(aril_reader *r);
bool aril_read_bool(aril_reader *r);
int64_t aril_read_int(aril_reader *r);   /* or a float that is whole */
uint64_t aril_read_uint(aril_reader *r); /* likewise */
double aril_read_float(aril_reader *r);  /* or an integer that fits exactly */
aril_str aril_read_str(aril_reader *r);
const uint8_t *aril_read_bin(aril_reader *r, size_t *size);
aril_time aril_read_time(aril_reader *r);
aril_ext aril_read_ext(aril_reader *r);
/* How many values follow: never more than the bytes that are left. */
size_t aril_read_array(aril_reader *r);
/* How many pairs follow: never more than half the bytes that are left. */
size_t aril_read_map(aril_reader *r);
/* One whole value, whatever it is, as a view. */
aril_value aril_read_value(aril_reader *r);
/* Whether everything was read and nothing failed. */
bool aril_read_end(const aril_reader *r);

/* ---- Writing messages -------------------------------------------------- */

/* Writes one value after another into a buffer of the caller's. What does not
   fit is counted and not written: when size is over cap the buffer holds
   nothing of use, and size is what would be needed. */
typedef struct aril_writer {
	uint8_t *buf;
	size_t cap, size;
	bool spill; /* into the arena, instead of overflowing */
} aril_writer;

/* A writer that overflows. */
aril_writer aril_writer_on(void *buf, size_t cap);
/* A writer that goes on in the arena when buf is full; buf may be NULL. */
aril_writer aril_writer_spilling(void *buf, size_t cap);
/* What was written, a view of the buffer; ARIL_TOO_LARGE when it overflowed. */
aril_value aril_written(const aril_writer *w);

void aril_write_nil(aril_writer *w);
void aril_write_bool(aril_writer *w, bool x);
void aril_write_int(aril_writer *w, int64_t x);
void aril_write_uint(aril_writer *w, uint64_t x);
void aril_write_float(aril_writer *w, double x);
void aril_write_float32(aril_writer *w, float x);
void aril_write_text(aril_writer *w, const char *x);
void aril_write_str(aril_writer *w, aril_str x);
void aril_write_bin(aril_writer *w, const void *bytes, size_t size);
void aril_write_time(aril_writer *w, aril_time x);
void aril_write_ext(aril_writer *w, int8_t type, const void *data, size_t size);
/* The header of an array; n values must follow. */
void aril_write_array(aril_writer *w, size_t n);
/* The header of a map; n keys, each with its value, must follow. */
void aril_write_map(aril_writer *w, size_t n);
/* A whole value as it is; nil where its status is not ARIL_OK. */
void aril_write_value(aril_writer *w, aril_value v);

/* Reads one value and writes it, each part in its shortest form, floats in
   the size they have. False, with the reader failed, when it is malformed. */
bool aril_transcode(aril_reader *r, aril_writer *w);

/* ---- Memory ------------------------------------------------------------ */

/* Memory that is freed as a whole when the hook returns; what aril_init
   allocates stays. aril_alloc panics where there is no more, aril_try_alloc
   gives NULL. Aligned to 16 bytes, not cleared. */
void *aril_alloc(size_t size);
void *aril_try_alloc(size_t size);
/* Free what was allocated since the mark, values included. */
typedef uintptr_t aril_arena_mark;
aril_arena_mark aril_mark(void);
void aril_release(aril_arena_mark mark);

/* ---- Hooks ------------------------------------------------------------- */

/* One call of one hook. It lives until the hook returns. In mode Single the
   host may enter the extension again from within aril_next: so what must
   survive aril_next belongs on the stack or in the arena, never in a static
   variable. */
typedef struct aril_activation {
	aril_value header;   /* the message that the hook was called with */
	uint32_t next_calls; /* how many aril_next ran */
	aril_value input, config;
	uint64_t random[4];
	bool input_read, config_read, seeded;
} aril_activation;

/* What a hook returns: ARIL_PASS, or what aril_answer, aril_fail, aril_fail_as
   or aril_give gave. */
typedef int32_t aril_outcome;
enum {
	ARIL_PASS = 1, /* wrap: the outcome of the last next stands; without one,
	                  the host runs the rest. Other hooks: nothing to say */
	ARIL_DONE = 2  /* the outcome that was last told to the host */
};

typedef aril_outcome (*aril_hook)(aril_activation *a);

/* Export a hook. Each at most once in an extension, at file scope, followed by
   a semicolon. Only hooks that are written down here exist. */
#define ARIL_INIT(hook) ARIL__HOOK("aril_init", aril_init, aril__run_init, hook)
#define ARIL_WRAP(hook) ARIL__HOOK("aril_wrap", aril_wrap, aril__run, hook)
#define ARIL_EVENT(hook) ARIL__HOOK("aril_event", aril_event, aril__run, hook)
#define ARIL_CALL(hook) ARIL__HOOK("aril_call", aril_call, aril__run, hook)
/* hook is void (*)(aril_activation *); it runs once, at the very end. */
#define ARIL_DISPOSE(hook)                                                                                             \
	ARIL__EXPORT("aril_dispose") int32_t aril_dispose(void) {                                                      \
		aril__run_dispose(hook);                                                                               \
		return ARIL_PASS;                                                                                      \
	}                                                                                                              \
	int32_t aril_dispose(void)
/* hook is void (*)(uint64_t seed); it runs after memory was set back. */
#define ARIL_RESUME(hook)                                                                                              \
	ARIL__EXPORT("aril_resume") void aril_resume(uint64_t seed) { hook(seed); }                                    \
	void aril_resume(uint64_t seed)

/* The methods that the host may call, as a table in the place of ARIL_CALL:
       ARIL_METHODS({"input_handler", map_input}, {"output_handler", map_output});
   Another name is no method. ARIL_EVENTS is the same for events. */
typedef struct aril_entry {
	const char *name;
	aril_hook hook;
} aril_entry;
#define ARIL_METHODS(...) ARIL__TABLE("aril_call", aril_call, "method", aril__methods, __VA_ARGS__)
#define ARIL_EVENTS(...) ARIL__TABLE("aril_event", aril_event, "event", aril__events, __VA_ARGS__)

/* What the header says; "", 0 and ARIL_NOT_FOUND where it does not. Views that
   live until the hook returns. */
aril_str aril_kind(const aril_activation *a);       /* wrap: "execution", "resolve", … */
aril_str aril_name(const aril_activation *a);       /* wrap: of the operation; event: of what; init: of the extension */
aril_str aril_key(const aril_activation *a);        /* wrap: journal or cache key */
aril_value aril_meta(const aril_activation *a);     /* wrap: a map of tags */
uint64_t aril_id(const aril_activation *a);         /* unique in the host's Runtime */
uint64_t aril_root(const aril_activation *a);       /* wrap: id of the chain's first operation */
uint32_t aril_depth(const aril_activation *a);      /* wrap: 0 at the root */
uint32_t aril_max_next(const aril_activation *a);   /* wrap: how often next may be called */
uint32_t aril_powers(const aril_activation *a);     /* wrap, init: bits below */
aril_str aril_method(const aril_activation *a);     /* call */
aril_str aril_event_type(const aril_activation *a); /* event: "attach", "tick", … */
uint64_t aril_scope_id(const aril_activation *a);   /* event: 0 for none */
enum {
	ARIL_READ_INPUT = 1,
	ARIL_READ_RESULT = 2,
	ARIL_READ_ERROR_TEXT = 4,
	ARIL_CHANGE_INPUT = 8,
	ARIL_CHANGE_RESULT = 16,
	ARIL_SKIP = 32,
	ARIL_REPEAT = 64
};

/* The operation's input, an event's data, a method's arguments. It crosses
   when it is first asked for. Needs the power ReadInput in wrap and event. */
aril_value aril_input(aril_activation *a);
/* What the host attached to the operation besides its input. */
aril_value aril_params(aril_activation *a);
/* The configuration given at load; ARIL_NOT_FOUND where there is none. */
aril_value aril_config(aril_activation *a);
/* The same into a buffer of the caller's, for hot paths that allocate nothing;
   into the arena if it does not fit. */
typedef enum aril_slot {
	ARIL_SLOT_MESSAGE = 0,
	ARIL_SLOT_INPUT = 1,
	ARIL_SLOT_RESULT = 2,
	ARIL_SLOT_ERROR = 3,
	ARIL_SLOT_PARAMS = 4,
	ARIL_SLOT_CONFIG = 5,
	ARIL_SLOT_SCRIPT = 6
} aril_slot;
aril_value aril_read_slot(aril_slot slot, void *buf, size_t cap);

/* Runs the rest of the pipeline, in the end the operation itself. ARIL_OK: it
   ended with a value. ARIL_FAILED: with an error. Anything else: it did not
   run. Neither value nor error crosses: read them with aril_result and
   aril_last_error, or return ARIL_PASS to let them stand. */
aril_status aril_next(aril_activation *a);
/* With another input, this once. ARIL_INVALID when it does not fit. */
aril_status aril_next_with(aril_activation *a, aril_value input);
/* The same, with the outcome brought along: the value, or with status
   ARIL_FAILED the Error. One call into the host less than aril_next and
   aril_result. An input with the status ARIL_NOT_FOUND is none. */
aril_value aril_next_fetch(aril_activation *a, aril_value input);
/* The value that the last next ended with. Needs the power ReadResult. */
aril_value aril_result(aril_activation *a);
/* The error that the last next ended with: status ARIL_FAILED and the bytes of
   its message. ARIL_NOT_FOUND where it ended with a value. */
aril_value aril_failure(aril_activation *a);

/* Answers with a value; with the error that v carries, if its status is not
   ARIL_OK. Give on what a next ended with by ARIL_PASS instead: then nothing
   crosses, and the host gets its own value or error. */
aril_outcome aril_answer(aril_value v);
/* The outcome of the i-th next of this activation, from 0, as it was. */
aril_outcome aril_give(aril_activation *a, uint32_t i);
/* Ends with an error. */
aril_outcome aril_fail(const char *code, const char *message);

/* An operation error. Zero a new one and set at least code and message. */
typedef struct aril_error {
	aril_str code;    /* for programs, at most 256 bytes; "" is "error" */
	aril_str message; /* for people, at most 64 KiB */
	aril_str kind;    /* whose: host, extension, broken, canceled. Set by the host */
	aril_value data;  /* details; no bytes for none */
	aril_value cause; /* an Error message, such as aril_failure gave; no bytes for none */
	bool retryable;   /* trying again may help */
	const uint8_t *handle; /* names the host's error, or NULL. Kept, the new
	                          error wraps that one: errors.Is works in the host */
} aril_error;

/* What an Error message says: v is aril_failure's, the cause of an error, or
   any value with a status, which is told in the same way: code "denied", …
   Views of v. */
aril_error aril_error_of(aril_value v);
/* aril_error_of(aril_failure(a)). */
aril_error aril_last_error(aril_activation *a);
/* Ends with that error. What is too long is cut. */
aril_outcome aril_fail_as(const aril_error *e);
/* The Error as a message in the arena, for the cause of another. */
aril_value aril_of_error(const aril_error *e);

/* ---- What the host offers ---------------------------------------------- */

/* Logs a line. ARIL_LIMIT: the host wants no more in this activation. */
enum { ARIL_DEBUG = -4, ARIL_INFO = 0, ARIL_WARN = 4, ARIL_ERROR = 8 };
aril_status aril_log(int32_t level, const char *text);
aril_status aril_log_fields(int32_t level, aril_str text, const aril_field *fields, size_t n);
/* ARIL_LOG(ARIL_WARN, "trying again", {"attempt", aril_of_int(i)}); C only. */
#define ARIL_LOG(level, text, ...)                                                                                     \
	aril_log_fields(level, aril_text(text), (const aril_field[]){__VA_ARGS__},                                     \
	                sizeof((const aril_field[]){__VA_ARGS__}) / sizeof(aril_field))

/* Ends the activation with ErrTrap and this text, a C string. The instance is
   not used again. */
#define aril_panic(text) aril_panic_at((text), __FILE_NAME__, __LINE__)
#define aril_assert(condition) ((condition) ? (void)0 : aril_panic("assertion failed: " #condition))
__attribute__((noreturn)) void aril_panic_at(const char *text, const char *file, uint32_t line);

/* Time in nanoseconds, to 1 µs. Not in aril_init: ARIL_PHASE. */
#define ARIL_MICROSECOND INT64_C(1000)
#define ARIL_MILLISECOND INT64_C(1000000)
#define ARIL_SECOND INT64_C(1000000000)
aril_status aril_now(int64_t *since_1970);
aril_status aril_monotonic(int64_t *since_some_point);
aril_time aril_time_of(int64_t since_1970);
/* Billed as waiting. ARIL_CANCELED when the caller gave up meanwhile. */
aril_status aril_sleep(int64_t nanoseconds);

/* A number from a generator that each activation seeds anew from its header.
   Not for keys. */
uint64_t aril_rand(aril_activation *a);
/* Bytes that cannot be predicted, of any count. Not in aril_init. */
aril_status aril_random(void *buf, size_t size);

/* State: bytes that outlive activations, kept by the host for this extension;
   a key is 1 to 512 bytes. Each function is atomic. The bytes are of any kind:
   the value that aril_state_get gives is a message only if one was put. */
aril_value aril_state_get(aril_str key);
aril_status aril_state_put(aril_str key, aril_value x);
aril_status aril_state_delete(aril_str key);
/* The keys that begin with prefix, in byte order: an array of bin. */
aril_value aril_state_list(aril_str prefix);
/* Adds to the number kept at a key, from 0 on. sum may be NULL. */
aril_status aril_state_add(aril_str key, int64_t delta, int64_t *sum);
/* Appends bytes; *size is what there is then. size may be NULL. */
aril_status aril_state_append(aril_str key, aril_value x, size_t *size);
/* Puts x if what is there is old, else ARIL_CONFLICT. Status ARIL_NOT_FOUND
   stands for no value: as old the key must be absent, as x it is removed. */
aril_status aril_state_swap(aril_str key, aril_value old, aril_value x);

/* Values along the call chain: of this operation, inherited by those below; of
   the root operation; of the scope, or the pipeline. */
typedef enum aril_level { ARIL_OWN = 0, ARIL_ROOT = 1, ARIL_SCOPE = 2 } aril_level;
aril_value aril_context_get(aril_level level, const char *key);
/* Status ARIL_NOT_FOUND as x removes what is there. */
aril_status aril_context_set(aril_level level, const char *key, aril_value x);
/* Appends to the array at a key; *count is its new count. May be NULL. */
aril_status aril_context_append(aril_level level, const char *key, aril_value x, size_t *count);
/* Sets x and gives what was there, ARIL_NOT_FOUND for nothing. */
aril_value aril_context_swap(aril_level level, const char *key, aril_value x);

/* A function of the host program: a message in, a message out. Declare it at
   file scope with ARIL_IMPORT(stock_reserve, "acme_stock_v1", "reserve"); and
   call it with aril_invoke(stock_reserve, request). With ARIL_FAILED, the
   bytes are the Error that it ended with. */
typedef uint64_t (*aril_function)(const void *message, size_t size);
#define ARIL_IMPORT(function, module, name)                                                                            \
	ARIL__IMPORT(module, name) uint64_t function(const void *message, size_t size)
aril_value aril_invoke(aril_function function, aril_value request);

/* An executor of a scope: by its id or, where that is 0, by its name. */
typedef struct aril_executor {
	uint64_t scope, id;
	const char *name;
} aril_executor;
/* A map with id, name, state and, by it, value or error. */
aril_value aril_scope_lookup(aril_executor e);
/* An array of such maps, of ids after `after`, at most 1,000; call again with
   the last id until it is empty. */
aril_value aril_scope_entries(uint64_t scope, bool registered, bool values, uint64_t after);
aril_value aril_scope_resolve(aril_executor e, bool force);
aril_value aril_scope_update(aril_executor e, aril_value x);
aril_value aril_scope_release(aril_executor e);
/* Asks for the events "change", "release" (of executors whose name matches a
   pattern; n 0 is all) or "tick" (each `every` nanoseconds). Gives the id of
   the subscription. */
aril_value aril_scope_subscribe(uint64_t scope, const char *event, const char *const *names, size_t n, int64_t every);
aril_value aril_scope_unsubscribe(uint64_t scope, uint64_t subscription);
/* The keys that host and extensions share. */
aril_value aril_scope_get(uint64_t scope, const char *key);
aril_value aril_scope_set(uint64_t scope, const char *key, aril_value x);

/* An HTTP request, to a host that was granted. Zero what is not used. */
typedef struct aril_request {
	const char *method; /* NULL is GET */
	aril_str url;       /* absolute */
	const aril_field *headers;
	size_t header_count;
	const void *body;
	size_t body_size;
	uint32_t timeout_ms; /* 0, and too long: as long as the host allows */
} aril_request;
typedef struct aril_response {
	int32_t status;     /* such as 200 */
	aril_value headers; /* names in lower case to arrays of text */
	const uint8_t *body;
	size_t body_size;
	aril_value failure; /* why there is no response: see aril_error_of */
} aril_response;
/* Waits for the whole response, whatever its status: ARIL_OK. */
aril_status aril_fetch(const aril_request *request, aril_response *response);

/* ---- Host functions, as they are imported ------------------------------- */

#ifdef __cplusplus
#define ARIL__C extern "C"
#else
#define ARIL__C extern
#endif
#ifdef __wasm__
#define ARIL__IMPORT(module, name) ARIL__C __attribute__((import_module(module), import_name(name)))
#define ARIL__EXPORT(name) ARIL__C __attribute__((export_name(name)))
#else
#define ARIL__IMPORT(module, name) ARIL__C
#define ARIL__EXPORT(name) ARIL__C
#endif

#define ARIL__HOOK(export, symbol, run, hook)                                                                          \
	ARIL__EXPORT(export) int32_t symbol(uint32_t size);                                                            \
	int32_t symbol(uint32_t size) { return run(hook, size); }                                                      \
	int32_t symbol(uint32_t size)
#define ARIL__TABLE(export, symbol, header_key, table, ...)                                                            \
	static const aril_entry table[] = {__VA_ARGS__};                                                               \
	static aril_outcome table##_find(aril_activation *a) {                                                         \
		return aril__dispatch(a, header_key, table, sizeof table / sizeof *table);                             \
	}                                                                                                              \
	ARIL__HOOK(export, symbol, aril__run, table##_find)

int32_t aril__run(aril_hook hook, uint32_t size);
int32_t aril__run_init(aril_hook hook, uint32_t size);
void aril__run_dispose(void (*hook)(aril_activation *));
aril_outcome aril__dispatch(aril_activation *a, const char *key, const aril_entry *table, size_t n);

/* Each answers status << 32 | n. */
ARIL__IMPORT("aril_v1", "next") uint64_t aril_host_next(const void *p, size_t n, uint32_t flags);
ARIL__IMPORT("aril_v1", "read") uint64_t aril_host_read(uint32_t slot, uint32_t offset, void *buf, size_t limit);
ARIL__IMPORT("aril_v1", "outcome") uint64_t aril_host_outcome(uint32_t kind, const void *p, size_t n);
ARIL__IMPORT("aril_v1", "context_get")
uint64_t aril_host_context_get(uint32_t level, const void *k, size_t kn, void *buf, size_t limit);
ARIL__IMPORT("aril_v1", "context_set")
uint64_t aril_host_context_set(uint32_t level, const void *k, size_t kn, const void *v, size_t vn);
ARIL__IMPORT("aril_v1", "context_append")
uint64_t aril_host_context_append(uint32_t level, const void *k, size_t kn, const void *v, size_t vn);
ARIL__IMPORT("aril_v1", "context_swap")
uint64_t aril_host_context_swap(uint32_t level, const void *k, size_t kn, const void *v, size_t vn, void *buf,
                                size_t limit);
ARIL__IMPORT("aril_log_v1", "write")
uint64_t aril_host_log(int32_t level, const void *p, size_t n, const void *attrs, size_t an);
ARIL__IMPORT("aril_clock_v1", "now") uint64_t aril_host_now(uint32_t clock, void *buf);
ARIL__IMPORT("aril_clock_v1", "sleep") uint64_t aril_host_sleep(int64_t nanoseconds);
ARIL__IMPORT("aril_random_v1", "fill") uint64_t aril_host_random(void *buf, size_t n);
ARIL__IMPORT("aril_state_v1", "get") uint64_t aril_host_state_get(const void *k, size_t kn, void *buf, size_t limit);
ARIL__IMPORT("aril_state_v1", "put") uint64_t aril_host_state_put(const void *k, size_t kn, const void *v, size_t vn);
ARIL__IMPORT("aril_state_v1", "delete") uint64_t aril_host_state_delete(const void *k, size_t kn);
ARIL__IMPORT("aril_state_v1", "list")
uint64_t aril_host_state_list(const void *prefix, size_t pn, const void *after, size_t an, void *buf, size_t limit);
ARIL__IMPORT("aril_state_v1", "add") uint64_t aril_host_state_add(const void *k, size_t kn, int64_t delta, void *buf);
ARIL__IMPORT("aril_state_v1", "append")
uint64_t aril_host_state_append(const void *k, size_t kn, const void *v, size_t vn);
ARIL__IMPORT("aril_state_v1", "compare_and_swap")
uint64_t aril_host_state_swap(const void *k, size_t kn, const void *old, size_t on, const void *v, size_t vn);
ARIL__IMPORT("aril_scope_v1", "lookup") uint64_t aril_host_scope_lookup(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "entries") uint64_t aril_host_scope_entries(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "resolve") uint64_t aril_host_scope_resolve(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "update") uint64_t aril_host_scope_update(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "release") uint64_t aril_host_scope_release(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "subscribe") uint64_t aril_host_scope_subscribe(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "unsubscribe") uint64_t aril_host_scope_unsubscribe(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "get") uint64_t aril_host_scope_get(const void *p, size_t n);
ARIL__IMPORT("aril_scope_v1", "set") uint64_t aril_host_scope_set(const void *p, size_t n);
ARIL__IMPORT("aril_http_v1", "fetch") uint64_t aril_host_fetch(const void *p, size_t n);
ARIL__IMPORT("env", "abort") void aril_host_abort(const void *message, const void *file, uint32_t line, uint32_t column);

#ifdef __cplusplus
}
#endif
#endif /* ARIL_H */

#if defined(ARIL_IMPLEMENTATION) && !defined(ARIL__IMPLEMENTED)
#define ARIL__IMPLEMENTED
#ifdef __cplusplus
extern "C" {
#endif

/* ---- Without a C library ------------------------------------------------ */

#if defined(__wasm__) && !defined(__wasi__)
#define ARIL__LIBC __attribute__((weak, no_builtin))
/* Lowered to memory.copy and memory.fill, with or without -mbulk-memory. */
#define ARIL__BULK __attribute__((weak, target("bulk-memory")))
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

ARIL__BULK void *memcpy(void *to, const void *from, size_t n) { return __builtin_memmove(to, from, n); }
ARIL__BULK void *memmove(void *to, const void *from, size_t n) { return __builtin_memmove(to, from, n); }
ARIL__BULK void *memset(void *to, int c, size_t n) { return __builtin_memset(to, c, n); }
ARIL__LIBC int memcmp(const void *a, const void *b, size_t n) {
	const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
ARIL__LIBC size_t strlen(const char *s) {
	size_t n = 0;
	while (s[n])
		n++;
	return n;
}
#endif

/* Inlined everywhere they would make an extension five times as large. */
#define ARIL__SHARED __attribute__((noinline))

/* With n 0 the pointers may be null, which memcpy and memcmp must not get. */
static void aril__copy(void *to, const void *from, size_t n) {
	if (n)
		__builtin_memcpy(to, from, n);
}
static bool aril__same(const void *a, const void *b, size_t n) { return !n || !__builtin_memcmp(a, b, n); }

/* ---- Memory ------------------------------------------------------------- */

#if defined(__wasm__) && !defined(__wasi__) && !defined(ARIL_ARENA_MALLOC)
/* All memory from __heap_base on, used as a stack. */
extern unsigned char __heap_base;
static uintptr_t aril__top, aril__limit;

static size_t aril__round(size_t n) { return (n + 15) & ~(size_t)15; }

static void aril__arena_start(void) {
	if (aril__top)
		return;
	aril__top = aril__round((uintptr_t)&__heap_base);
	aril__limit = __builtin_wasm_memory_size(0) << 16;
}

ARIL__SHARED void *aril_try_alloc(size_t size) {
	aril__arena_start();
	if (size > SIZE_MAX - 15)
		return NULL;
	size = aril__round(size);
	size_t room = aril__limit > aril__top ? aril__limit - aril__top : 0;
	if (size > room) {
		size_t pages = (size - room + 65535) >> 16;
		if (size - room > SIZE_MAX - 65535)
			return NULL;
		size_t before = __builtin_wasm_memory_grow(0, pages);
		/* Memory that somebody else grew is not the arena's: see ARIL_ARENA_MALLOC. */
		if (before == SIZE_MAX || before << 16 != aril__limit)
			return NULL;
		aril__limit += pages << 16;
	}
	void *p = (void *)aril__top;
	aril__top += size;
	return p;
}

aril_arena_mark aril_mark(void) {
	aril__arena_start();
	return aril__top;
}
void aril_release(aril_arena_mark mark) { aril__top = mark; }
#else
/* A list of blocks from malloc, the newest first. */
#if defined(__wasm__) && !defined(__wasi__)
void *malloc(size_t size);
void free(void *p);
#elif defined(__cplusplus)
}
#include <stdlib.h>
extern "C" {
#else
#include <stdlib.h>
#endif
typedef union aril__block {
	union aril__block *below;
	unsigned char align[16];
} aril__block;
static aril__block *aril__newest;

void *aril_try_alloc(size_t size) {
	if (size > SIZE_MAX - sizeof(aril__block))
		return NULL;
	aril__block *b = (aril__block *)malloc(sizeof *b + size);
	if (!b)
		return NULL;
	b->below = aril__newest;
	aril__newest = b;
	return b + 1;
}

aril_arena_mark aril_mark(void) { return (aril_arena_mark)aril__newest; }
void aril_release(aril_arena_mark mark) {
	while (aril__newest && (aril_arena_mark)aril__newest != mark) {
		aril__block *below = aril__newest->below;
		free(aril__newest);
		aril__newest = below;
	}
}
#endif

ARIL__SHARED void *aril_alloc(size_t size) {
	void *p = aril_try_alloc(size);
	if (!p)
		aril_panic("out of memory");
	return p;
}

/* ---- Statuses and text -------------------------------------------------- */

const char *aril_status_code(aril_status status) {
	switch (status) {
	case ARIL_OK:
		return "ok";
	case ARIL_NOT_FOUND:
		return "not_found";
	case ARIL_DENIED:
		return "denied";
	case ARIL_PHASE:
		return "phase";
	case ARIL_LIMIT:
		return "limit";
	case ARIL_TOO_LARGE:
		return "too_large";
	case ARIL_INVALID:
		return "invalid";
	case ARIL_CANCELED:
		return "canceled";
	case ARIL_STALE:
		return "stale";
	case ARIL_CONFLICT:
		return "conflict";
	case ARIL_UNAVAILABLE:
		return "unavailable";
	case ARIL_BUSY:
		return "busy";
	}
	return "failed";
}

/* The halves of what a host function answered. */
static aril_status aril__status(uint64_t answer) {
	uint32_t status = (uint32_t)(answer >> 32);
	return status > ARIL_BUSY ? ARIL_FAILED : (aril_status)status;
}
static uint32_t aril__n(uint64_t answer) { return (uint32_t)answer; }

bool aril_str_equal(aril_str a, aril_str b) { return a.n == b.n && aril__same(a.p, b.p, a.n); }
bool aril_is(aril_str s, const char *text) { return aril_str_equal(s, aril_text(text)); }
aril_str aril_cat(aril_str a, aril_str b) {
	if (b.n > SIZE_MAX - a.n)
		aril_panic("out of memory");
	char *p = (char *)aril_alloc(a.n + b.n);
	aril__copy(p, a.p, a.n);
	aril__copy(p + a.n, b.p, b.n);
	a.p = p;
	a.n += b.n;
	return a;
}

aril_value aril_raw(const void *bytes, size_t size) {
	aril_value v;
	v.bytes = (const uint8_t *)bytes;
	v.size = size;
	v.status = ARIL_OK;
	return v;
}
aril_value aril_none(aril_status status) {
	aril_value v = aril_raw(NULL, 0);
	v.status = status;
	return v;
}

/* ---- Reading messages ---------------------------------------------------- */

/* The head of one value: all of it, but for the elements of arrays and maps. */
typedef struct aril__head {
	aril_type type;
	bool negative, single; /* an integer below 0; a float of 32 bits */
	int8_t ext;
	uint64_t bits;       /* integer, float, bool */
	const uint8_t *data; /* of text, bytes and extensions */
	size_t size;         /* of data; elements of an array, pairs of a map */
} aril__head;

static uint64_t aril__big_endian(const uint8_t *p, size_t width) {
	uint64_t x = 0;
	for (size_t i = 0; i < width; i++)
		x = x << 8 | p[i];
	return x;
}

static bool aril__fail(aril_reader *r) {
	r->failed = true;
	r->at = r->end;
	return false;
}

/* Reads the head at r->at and moves past it, or fails. */
ARIL__SHARED static bool aril__read_head(aril_reader *r, aril__head *h) {
	h->type = ARIL_TYPE_NONE;
	h->negative = h->single = false;
	h->ext = 0;
	h->bits = 0;
	h->data = NULL;
	h->size = 0;
	if (r->failed || r->at == r->end)
		return aril__fail(r);
	uint8_t c = *r->at++;
	size_t left = (size_t)(r->end - r->at);
	size_t width = 0; /* of the number or the length that follows */
	size_t fixed = 0; /* the length, when it is in c */
	uint64_t number;
	if (c < 0x80 || c >= 0xe0) {
		h->type = ARIL_TYPE_INT;
		h->negative = c >= 0xe0;
		h->bits = (uint64_t)(int64_t)(int8_t)c;
		return true;
	}
	if (c < 0x90) {
		h->type = ARIL_TYPE_MAP;
		fixed = c & 15;
	} else if (c < 0xa0) {
		h->type = ARIL_TYPE_ARRAY;
		fixed = c & 15;
	} else if (c < 0xc0) {
		h->type = ARIL_TYPE_STR;
		fixed = c & 31;
	} else if (c == 0xc0) {
		h->type = ARIL_TYPE_NIL;
		return true;
	} else if (c == 0xc2 || c == 0xc3) {
		h->type = ARIL_TYPE_BOOL;
		h->bits = c & 1;
		return true;
	} else if (c >= 0xc4 && c <= 0xc6) {
		h->type = ARIL_TYPE_BIN;
		width = (size_t)1 << (c - 0xc4);
	} else if (c >= 0xc7 && c <= 0xc9) {
		h->type = ARIL_TYPE_EXT;
		width = (size_t)1 << (c - 0xc7);
	} else if (c == 0xca || c == 0xcb) {
		h->type = ARIL_TYPE_FLOAT;
		h->single = c == 0xca;
		width = h->single ? 4 : 8;
	} else if (c >= 0xcc && c <= 0xd3) {
		h->type = ARIL_TYPE_INT;
		width = (size_t)1 << ((c - 0xcc) & 3);
	} else if (c >= 0xd4 && c <= 0xd8) {
		h->type = ARIL_TYPE_EXT;
		fixed = (size_t)1 << (c - 0xd4);
	} else if (c >= 0xd9 && c <= 0xdb) {
		h->type = ARIL_TYPE_STR;
		width = (size_t)1 << (c - 0xd9);
	} else if (c == 0xdc || c == 0xdd) {
		h->type = ARIL_TYPE_ARRAY;
		width = (size_t)2 << (c - 0xdc);
	} else if (c == 0xde || c == 0xdf) {
		h->type = ARIL_TYPE_MAP;
		width = (size_t)2 << (c - 0xde);
	} else {
		return aril__fail(r); /* c1 */
	}
	if (width > left)
		return aril__fail(r);
	number = width ? aril__big_endian(r->at, width) : fixed;
	r->at += width;
	left -= width;
	switch (h->type) {
	case ARIL_TYPE_FLOAT:
		h->bits = number;
		return true;
	case ARIL_TYPE_INT:
		if (c >= 0xd0 && number >> (8 * width - 1)) {
			h->negative = true;
			if (width < 8)
				number |= ~(uint64_t)0 << (8 * width);
		}
		h->bits = number;
		return true;
	case ARIL_TYPE_ARRAY:
	case ARIL_TYPE_MAP:
		if (number * (h->type == ARIL_TYPE_MAP ? 2 : 1) > left)
			return aril__fail(r);
		h->size = (size_t)number;
		return true;
	case ARIL_TYPE_EXT:
		if (!left)
			return aril__fail(r);
		h->ext = (int8_t)*r->at++;
		left--;
		break;
	default:
		break;
	}
	if (number > left)
		return aril__fail(r);
	h->data = r->at;
	h->size = (size_t)number;
	r->at += h->size;
	if (h->type == ARIL_TYPE_EXT && h->ext == -1 && (h->size == 4 || h->size == 8 || h->size == 12))
		h->type = ARIL_TYPE_TIME;
	return true;
}

aril_reader aril_reader_on(aril_value v) {
	aril_reader r;
	r.at = v.bytes;
	r.end = v.bytes ? v.bytes + v.size : NULL;
	r.failed = v.status != ARIL_OK;
	if (r.failed)
		r.end = r.at;
	return r;
}

/* Reads a head of that type, or fails and leaves the zero of everything. */
static bool aril__read_type(aril_reader *r, aril_type want, aril__head *h) {
	if (aril__read_head(r, h) && h->type == want)
		return true;
	h->bits = 0;
	h->data = NULL;
	h->size = 0;
	return aril__fail(r);
}

aril_type aril_peek(const aril_reader *r) {
	aril_reader copy = *r;
	aril__head h;
	return aril__read_head(&copy, &h) ? h.type : ARIL_TYPE_NONE;
}

bool aril_read_nil(aril_reader *r) {
	if (r->failed || r->at == r->end || *r->at != 0xc0)
		return false;
	r->at++;
	return true;
}

bool aril_read_bool(aril_reader *r) {
	aril__head h;
	aril__read_type(r, ARIL_TYPE_BOOL, &h);
	return h.bits != 0;
}

static double aril__double(const aril__head *h) {
	double d;
	if (h->single) {
		uint32_t bits = (uint32_t)h->bits;
		float f;
		__builtin_memcpy(&f, &bits, sizeof f);
		return (double)f;
	}
	__builtin_memcpy(&d, &h->bits, sizeof d);
	return d;
}

int64_t aril_read_int(aril_reader *r) {
	aril__head h;
	if (!aril__read_head(r, &h))
		return 0;
	if (h.type == ARIL_TYPE_INT && (h.negative || !(h.bits >> 63)))
		return (int64_t)h.bits;
	if (h.type == ARIL_TYPE_FLOAT) {
		double d = aril__double(&h);
		if (d >= -9223372036854775808.0 && d < 9223372036854775808.0 && (double)(int64_t)d == d)
			return (int64_t)d;
	}
	return aril__fail(r);
}

uint64_t aril_read_uint(aril_reader *r) {
	aril__head h;
	if (!aril__read_head(r, &h))
		return 0;
	if (h.type == ARIL_TYPE_INT && !h.negative)
		return h.bits;
	if (h.type == ARIL_TYPE_FLOAT) {
		double d = aril__double(&h);
		if (d >= 0 && d < 18446744073709551616.0 && (double)(uint64_t)d == d)
			return (uint64_t)d;
	}
	return aril__fail(r);
}

double aril_read_float(aril_reader *r) {
	aril__head h;
	if (!aril__read_head(r, &h))
		return 0;
	if (h.type == ARIL_TYPE_FLOAT)
		return aril__double(&h);
	if (h.type == ARIL_TYPE_INT) {
		double d = h.negative ? (double)(int64_t)h.bits : (double)h.bits;
		bool exact = h.negative ? (int64_t)d == (int64_t)h.bits
		                        : d < 18446744073709551616.0 && (uint64_t)d == h.bits;
		if (exact)
			return d;
	}
	return aril__fail(r);
}

aril_str aril_read_str(aril_reader *r) {
	aril__head h;
	aril_str s;
	aril__read_type(r, ARIL_TYPE_STR, &h);
	s.p = h.data ? (const char *)h.data : "";
	s.n = h.size;
	return s;
}

const uint8_t *aril_read_bin(aril_reader *r, size_t *size) {
	aril__head h;
	aril__read_type(r, ARIL_TYPE_BIN, &h);
	*size = h.size;
	return h.data;
}

aril_time aril_read_time(aril_reader *r) {
	aril__head h;
	aril_time t;
	t.seconds = 0;
	t.nanoseconds = 0;
	if (!aril__read_type(r, ARIL_TYPE_TIME, &h))
		return t;
	uint64_t word = aril__big_endian(h.data, h.size == 4 ? 4 : 8);
	uint64_t ns = 0;
	if (h.size == 12) {
		ns = word >> 32;
		t.seconds = (int64_t)aril__big_endian(h.data + 4, 8);
	} else if (h.size == 8) {
		ns = word >> 34;
		t.seconds = (int64_t)(word & 0x3ffffffff);
	} else {
		t.seconds = (int64_t)word;
	}
	if (ns > 999999999) {
		t.seconds = 0;
		aril__fail(r);
		return t;
	}
	t.nanoseconds = (uint32_t)ns;
	return t;
}

aril_ext aril_read_ext(aril_reader *r) {
	aril__head h;
	aril_ext x;
	aril__read_type(r, ARIL_TYPE_EXT, &h);
	x.type = h.data ? h.ext : 0;
	x.data = h.data;
	x.size = h.size;
	return x;
}

size_t aril_read_array(aril_reader *r) {
	aril__head h;
	aril__read_type(r, ARIL_TYPE_ARRAY, &h);
	return h.size;
}

size_t aril_read_map(aril_reader *r) {
	aril__head h;
	aril__read_type(r, ARIL_TYPE_MAP, &h);
	return h.size;
}

ARIL__SHARED aril_value aril_read_value(aril_reader *r) {
	const uint8_t *from = r->at;
	aril__head h;
	for (uint64_t todo = 1; todo; todo--) {
		if (!aril__read_head(r, &h))
			return aril_none(ARIL_INVALID);
		if (h.type == ARIL_TYPE_ARRAY || h.type == ARIL_TYPE_MAP)
			todo += (uint64_t)h.size * (h.type == ARIL_TYPE_MAP ? 2 : 1);
	}
	return aril_raw(from, (size_t)(r->at - from));
}

bool aril_read_end(const aril_reader *r) { return !r->failed && r->at == r->end; }

bool aril_valid(aril_value v) {
	size_t left[64], depth = 0; /* values still to come, of each level */
	aril_reader r = aril_reader_on(v);
	aril__head h;
	do {
		if (!aril__read_head(&r, &h))
			return false;
		if (depth)
			left[depth - 1]--;
		if (h.type == ARIL_TYPE_ARRAY || h.type == ARIL_TYPE_MAP) {
			if (depth == sizeof left / sizeof *left)
				return false;
			left[depth++] = h.size * (h.type == ARIL_TYPE_MAP ? 2 : 1);
		}
		while (depth && !left[depth - 1])
			depth--;
	} while (depth);
	return aril_read_end(&r);
}

/* ---- Values -------------------------------------------------------------- */

aril_type aril_type_of(aril_value v) {
	aril_reader r = aril_reader_on(v);
	return aril_peek(&r);
}

ARIL__SHARED aril_value aril_get_str(aril_value v, aril_str key) {
	if (v.status != ARIL_OK)
		return v;
	aril_reader r = aril_reader_on(v);
	for (size_t n = aril_read_map(&r); n; n--) {
		aril_value k = aril_read_value(&r), x = aril_read_value(&r);
		aril_str name;
		if (aril_as_str(k, &name) && aril_str_equal(name, key))
			return x;
	}
	return aril_none(ARIL_NOT_FOUND);
}
ARIL__SHARED aril_value aril_get(aril_value v, const char *key) { return aril_get_str(v, aril_text(key)); }

aril_value aril_at(aril_value v, size_t i) {
	if (v.status != ARIL_OK)
		return v;
	aril_reader r = aril_reader_on(v);
	for (size_t n = aril_read_array(&r); n; n--, i--) {
		aril_value x = aril_read_value(&r);
		if (!i)
			return x;
	}
	return aril_none(ARIL_NOT_FOUND);
}

size_t aril_count(aril_value v) {
	aril_reader r = aril_reader_on(v);
	aril__head h;
	return aril__read_head(&r, &h) && (h.type == ARIL_TYPE_ARRAY || h.type == ARIL_TYPE_MAP) ? h.size : 0;
}

bool aril_as_bool(aril_value v, bool *out) {
	aril_reader r = aril_reader_on(v);
	bool x = aril_read_bool(&r);
	if (!r.failed)
		*out = x;
	return !r.failed;
}
bool aril_as_int(aril_value v, int64_t *out) {
	aril_reader r = aril_reader_on(v);
	int64_t x = aril_read_int(&r);
	if (!r.failed)
		*out = x;
	return !r.failed;
}
bool aril_as_uint(aril_value v, uint64_t *out) {
	aril_reader r = aril_reader_on(v);
	uint64_t x = aril_read_uint(&r);
	if (!r.failed)
		*out = x;
	return !r.failed;
}
bool aril_as_float(aril_value v, double *out) {
	aril_reader r = aril_reader_on(v);
	double x = aril_read_float(&r);
	if (!r.failed)
		*out = x;
	return !r.failed;
}
ARIL__SHARED bool aril_as_str(aril_value v, aril_str *out) {
	aril_reader r = aril_reader_on(v);
	aril_str x = aril_read_str(&r);
	if (!r.failed)
		*out = x;
	return !r.failed;
}
bool aril_as_bin(aril_value v, const uint8_t **out, size_t *size) {
	aril_reader r = aril_reader_on(v);
	size_t n;
	const uint8_t *x = aril_read_bin(&r, &n);
	if (!r.failed) {
		*out = x;
		*size = n;
	}
	return !r.failed;
}
bool aril_as_time(aril_value v, aril_time *out) {
	aril_reader r = aril_reader_on(v);
	aril_time x = aril_read_time(&r);
	if (!r.failed)
		*out = x;
	return !r.failed;
}
bool aril_as_ext(aril_value v, aril_ext *out) {
	aril_reader r = aril_reader_on(v);
	aril_ext x = aril_read_ext(&r);
	if (!r.failed)
		*out = x;
	return !r.failed;
}

ARIL__SHARED bool aril_bool_or(aril_value v, bool otherwise) {
	aril_as_bool(v, &otherwise);
	return otherwise;
}
ARIL__SHARED int64_t aril_int_or(aril_value v, int64_t otherwise) {
	aril_as_int(v, &otherwise);
	return otherwise;
}
ARIL__SHARED uint64_t aril_uint_or(aril_value v, uint64_t otherwise) {
	aril_as_uint(v, &otherwise);
	return otherwise;
}
double aril_float_or(aril_value v, double otherwise) {
	aril_as_float(v, &otherwise);
	return otherwise;
}
ARIL__SHARED aril_str aril_str_or(aril_value v, const char *otherwise) {
	aril_str s;
	if (!aril_as_str(v, &s))
		s = aril_text(otherwise);
	return s;
}

/* ---- Writing messages ----------------------------------------------------- */

aril_writer aril_writer_on(void *buf, size_t cap) {
	aril_writer w;
	w.buf = (uint8_t *)buf;
	w.cap = cap;
	w.size = 0;
	w.spill = false;
	return w;
}
aril_writer aril_writer_spilling(void *buf, size_t cap) {
	aril_writer w = aril_writer_on(buf, buf ? cap : 0);
	w.spill = true;
	return w;
}

aril_value aril_written(const aril_writer *w) {
	return w->size > w->cap ? aril_none(ARIL_TOO_LARGE) : aril_raw(w->buf, w->size);
}

/* Room for n bytes, or NULL when they do not fit. They count in any case. */
ARIL__SHARED static uint8_t *aril__room(aril_writer *w, size_t n) {
	size_t at = w->size;
	w->size = n > SIZE_MAX - at ? SIZE_MAX : at + n;
	if (w->size > w->cap && w->spill && at <= w->cap) {
		size_t cap = w->cap > SIZE_MAX / 2 ? SIZE_MAX : w->cap * 2;
		if (cap < w->size)
			cap = w->size;
		if (cap < 64)
			cap = 64;
		uint8_t *more = (uint8_t *)aril_try_alloc(cap);
		if (more) {
			aril__copy(more, w->buf, at);
			w->buf = more;
			w->cap = cap;
		}
	}
	return w->size > w->cap ? NULL : w->buf + at;
}

/* A code and a number of width bytes, big-endian. */
ARIL__SHARED static void aril__write_head(aril_writer *w, uint8_t code, uint64_t number, size_t width) {
	uint8_t *p = aril__room(w, 1 + width);
	if (!p)
		return;
	*p = code;
	for (size_t i = width; i; i--, number >>= 8)
		p[i] = (uint8_t)number;
}

ARIL__SHARED static void aril__write_bytes(aril_writer *w, const void *bytes, size_t n) {
	uint8_t *p = aril__room(w, n);
	if (p)
		aril__copy(p, bytes, n);
}

/* The head of text, bytes, an array, a map: codes of 8, 16 and 32 bits, 0 for
   none of 8. */
ARIL__SHARED static void aril__write_length(aril_writer *w, uint8_t code8, uint8_t code16, uint8_t code32, size_t n) {
	if (n < 0x100 && code8)
		aril__write_head(w, code8, n, 1);
	else if (n < 0x10000)
		aril__write_head(w, code16, n, 2);
	else
		aril__write_head(w, code32, n, 4);
}

void aril_write_nil(aril_writer *w) { aril__write_head(w, 0xc0, 0, 0); }
void aril_write_bool(aril_writer *w, bool x) { aril__write_head(w, x ? 0xc3 : 0xc2, 0, 0); }
ARIL__SHARED void aril_write_uint(aril_writer *w, uint64_t x) {
	if (x < 0x80)
		aril__write_head(w, (uint8_t)x, 0, 0);
	else if (x < 0x100)
		aril__write_head(w, 0xcc, x, 1);
	else if (x < 0x10000)
		aril__write_head(w, 0xcd, x, 2);
	else if (x < 0x100000000)
		aril__write_head(w, 0xce, x, 4);
	else
		aril__write_head(w, 0xcf, x, 8);
}
void aril_write_int(aril_writer *w, int64_t x) {
	if (x >= 0)
		aril_write_uint(w, (uint64_t)x);
	else if (x >= -32)
		aril__write_head(w, (uint8_t)x, 0, 0);
	else if (x >= INT8_MIN)
		aril__write_head(w, 0xd0, (uint64_t)x, 1);
	else if (x >= INT16_MIN)
		aril__write_head(w, 0xd1, (uint64_t)x, 2);
	else if (x >= INT32_MIN)
		aril__write_head(w, 0xd2, (uint64_t)x, 4);
	else
		aril__write_head(w, 0xd3, (uint64_t)x, 8);
}
void aril_write_float(aril_writer *w, double x) {
	uint64_t bits;
	__builtin_memcpy(&bits, &x, sizeof bits);
	aril__write_head(w, 0xcb, bits, 8);
}
void aril_write_float32(aril_writer *w, float x) {
	uint32_t bits;
	__builtin_memcpy(&bits, &x, sizeof bits);
	aril__write_head(w, 0xca, bits, 4);
}
ARIL__SHARED void aril_write_str(aril_writer *w, aril_str x) {
	if (x.n < 32)
		aril__write_head(w, (uint8_t)(0xa0 | x.n), 0, 0);
	else
		aril__write_length(w, 0xd9, 0xda, 0xdb, x.n);
	aril__write_bytes(w, x.p, x.n);
}
void aril_write_text(aril_writer *w, const char *x) { aril_write_str(w, aril_text(x)); }
void aril_write_bin(aril_writer *w, const void *bytes, size_t size) {
	aril__write_length(w, 0xc4, 0xc5, 0xc6, size);
	aril__write_bytes(w, bytes, size);
}
void aril_write_ext(aril_writer *w, int8_t type, const void *data, size_t size) {
	uint8_t t = (uint8_t)type;
	switch (size) {
	case 1:
		aril__write_head(w, 0xd4, t, 1);
		break;
	case 2:
		aril__write_head(w, 0xd5, t, 1);
		break;
	case 4:
		aril__write_head(w, 0xd6, t, 1);
		break;
	case 8:
		aril__write_head(w, 0xd7, t, 1);
		break;
	case 16:
		aril__write_head(w, 0xd8, t, 1);
		break;
	default:
		aril__write_length(w, 0xc7, 0xc8, 0xc9, size);
		aril__write_bytes(w, &t, 1);
	}
	aril__write_bytes(w, data, size);
}
void aril_write_time(aril_writer *w, aril_time x) {
	uint64_t s = (uint64_t)x.seconds;
	if (s >> 34) {
		aril__write_head(w, 0xc7, 12, 1);
		aril__write_head(w, 0xff, x.nanoseconds, 4);
		uint8_t *p = aril__room(w, 8);
		for (size_t i = 8; p && i; i--, s >>= 8)
			p[i - 1] = (uint8_t)s;
		return;
	}
	if (x.nanoseconds || s >> 32) {
		aril__write_head(w, 0xd7, 0xff, 1);
		uint64_t word = (uint64_t)x.nanoseconds << 34 | s;
		uint8_t *p = aril__room(w, 8);
		for (size_t i = 8; p && i; i--, word >>= 8)
			p[i - 1] = (uint8_t)word;
		return;
	}
	aril__write_head(w, 0xd6, 0xff00000000 | s, 5);
}
void aril_write_array(aril_writer *w, size_t n) {
	if (n < 16)
		aril__write_head(w, (uint8_t)(0x90 | n), 0, 0);
	else
		aril__write_length(w, 0, 0xdc, 0xdd, n);
}
void aril_write_map(aril_writer *w, size_t n) {
	if (n < 16)
		aril__write_head(w, (uint8_t)(0x80 | n), 0, 0);
	else
		aril__write_length(w, 0, 0xde, 0xdf, n);
}
ARIL__SHARED void aril_write_value(aril_writer *w, aril_value v) {
	if (v.status == ARIL_OK)
		aril__write_bytes(w, v.bytes, v.size);
	else
		aril_write_nil(w);
}

bool aril_transcode(aril_reader *r, aril_writer *w) {
	aril__head h;
	for (uint64_t todo = 1; todo; todo--) {
		aril_reader start = *r;
		if (!aril__read_head(r, &h))
			return false;
		switch (h.type) {
		case ARIL_TYPE_NIL:
			aril_write_nil(w);
			break;
		case ARIL_TYPE_BOOL:
			aril_write_bool(w, h.bits != 0);
			break;
		case ARIL_TYPE_INT:
			if (h.negative)
				aril_write_int(w, (int64_t)h.bits);
			else
				aril_write_uint(w, h.bits);
			break;
		case ARIL_TYPE_FLOAT:
			aril__write_head(w, h.single ? 0xca : 0xcb, h.bits, h.single ? 4 : 8);
			break;
		case ARIL_TYPE_STR: {
			aril_str s;
			s.p = (const char *)h.data;
			s.n = h.size;
			aril_write_str(w, s);
			break;
		}
		case ARIL_TYPE_BIN:
			aril_write_bin(w, h.data, h.size);
			break;
		case ARIL_TYPE_TIME: {
			aril_time t = aril_read_time(&start);
			if (start.failed)
				return aril__fail(r);
			aril_write_time(w, t);
			break;
		}
		case ARIL_TYPE_EXT:
			aril_write_ext(w, h.ext, h.data, h.size);
			break;
		case ARIL_TYPE_ARRAY:
			aril_write_array(w, h.size);
			todo += h.size;
			break;
		case ARIL_TYPE_MAP:
			aril_write_map(w, h.size);
			todo += (uint64_t)h.size * 2;
			break;
		case ARIL_TYPE_NONE:
			return aril__fail(r);
		}
	}
	return true;
}

/* ---- Values of one's own --------------------------------------------------- */

/* What was written, in the arena, no larger than it is. */
static aril_value aril__keep(const aril_writer *w) {
	aril_value v = aril_written(w);
	if (v.status != ARIL_OK)
		return v;
	uint8_t *p = (uint8_t *)aril_alloc(v.size);
	aril__copy(p, v.bytes, v.size);
	v.bytes = p;
	return v;
}

aril_value aril_of_nil(void) {
	static const uint8_t nil = 0xc0;
	return aril_raw(&nil, 1);
}
aril_value aril_of_bool(bool x) {
	static const uint8_t both[2] = {0xc2, 0xc3};
	return aril_raw(both + x, 1);
}
ARIL__SHARED aril_value aril_of_int(int64_t x) {
	aril_writer w = aril_writer_on(aril_alloc(9), 9);
	aril_write_int(&w, x);
	return aril_written(&w);
}
ARIL__SHARED aril_value aril_of_uint(uint64_t x) {
	aril_writer w = aril_writer_on(aril_alloc(9), 9);
	aril_write_uint(&w, x);
	return aril_written(&w);
}
aril_value aril_of_float(double x) {
	aril_writer w = aril_writer_on(aril_alloc(9), 9);
	aril_write_float(&w, x);
	return aril_written(&w);
}
ARIL__SHARED aril_value aril_of_str(aril_str x) {
	aril_writer w = aril_writer_on(NULL, 0);
	aril_write_str(&w, x);
	w = aril_writer_on(aril_alloc(w.size), w.size);
	aril_write_str(&w, x);
	return aril_written(&w);
}
aril_value aril_of_text(const char *x) { return aril_of_str(aril_text(x)); }
aril_value aril_of_bin(const void *bytes, size_t size) {
	aril_writer w = aril_writer_on(NULL, 0);
	aril_write_bin(&w, bytes, size);
	w = aril_writer_on(aril_alloc(w.size), w.size);
	aril_write_bin(&w, bytes, size);
	return aril_written(&w);
}
aril_value aril_of_time(aril_time x) {
	aril_writer w = aril_writer_on(aril_alloc(15), 15);
	aril_write_time(&w, x);
	return aril_written(&w);
}

/* The first status among them that is neither ARIL_OK nor ARIL_NOT_FOUND. */
static bool aril__stuck(aril_value v, aril_value *stuck) {
	*stuck = v;
	return v.status != ARIL_OK && v.status != ARIL_NOT_FOUND;
}

/* Writes into w; spilling, so that nothing is written twice. */
static void aril__write_fields(aril_writer *w, const aril_field *fields, size_t n) {
	aril_write_map(w, n);
	for (size_t i = 0; i < n; i++) {
		aril_write_text(w, fields[i].key);
		aril_write_value(w, fields[i].value);
	}
}

ARIL__SHARED aril_value aril_map_of(const aril_field *fields, size_t n) {
	aril_value stuck;
	for (size_t i = 0; i < n; i++)
		if (aril__stuck(fields[i].value, &stuck))
			return stuck;
	uint8_t small[256];
	aril_writer w = aril_writer_spilling(small, sizeof small);
	aril__write_fields(&w, fields, n);
	return w.buf == small ? aril__keep(&w) : aril_written(&w);
}

aril_value aril_list_of(const aril_value *values, size_t n) {
	aril_value stuck;
	for (size_t i = 0; i < n; i++)
		if (aril__stuck(values[i], &stuck))
			return stuck;
	uint8_t small[256];
	aril_writer w = aril_writer_spilling(small, sizeof small);
	aril_write_array(&w, n);
	for (size_t i = 0; i < n; i++)
		aril_write_value(&w, values[i]);
	return w.buf == small ? aril__keep(&w) : aril_written(&w);
}

aril_value aril_set(aril_value v, const char *key, aril_value x) {
	if (v.status != ARIL_OK)
		return v;
	if (aril__stuck(x, &x))
		return x;
	aril_reader r = aril_reader_on(v);
	size_t n = aril_read_map(&r);
	aril_value old = aril_get(v, key);
	aril_value rest = aril_raw(r.at, (size_t)(r.end - r.at));
	if (r.failed)
		return aril_none(ARIL_INVALID);
	aril_writer w = aril_writer_spilling(NULL, 0);
	aril__room(&w, v.size + x.size + __builtin_strlen(key) + 16);
	w.size = 0;
	if (old.status == ARIL_OK) {
		aril_write_map(&w, n);
		aril__write_bytes(&w, rest.bytes, (size_t)(old.bytes - rest.bytes));
		aril_write_value(&w, x);
		const uint8_t *after = old.bytes + old.size;
		aril__write_bytes(&w, after, (size_t)(r.end - after));
	} else {
		aril_write_map(&w, n + 1);
		aril__write_bytes(&w, rest.bytes, rest.size);
		aril_write_text(&w, key);
		aril_write_value(&w, x);
	}
	return aril_written(&w);
}

/* ---- Activations ------------------------------------------------------------ */

static uint8_t aril__mailbox[ARIL_MAILBOX_SIZE] __attribute__((aligned(16)));

ARIL__EXPORT("aril_abi_v1") uint64_t aril_abi_v1(void);
ARIL__EXPORT("aril_abi_v1") uint64_t aril_abi_v1(void) {
#ifdef __wasm__
	return (uint64_t)(uintptr_t)aril__mailbox << 32 | sizeof aril__mailbox;
#else
	return (uint64_t)(uintptr_t)aril__mailbox;
#endif
}

/* A copy of the n bytes that the host left in the mailbox, or in slot
   otherwise when they did not fit. */
ARIL__SHARED static aril_value aril__take(uint32_t n, aril_slot otherwise, void *buf, size_t cap) {
	if (n > sizeof aril__mailbox)
		return aril_read_slot(otherwise, buf, cap);
	uint8_t *p = n <= cap ? (uint8_t *)buf : (uint8_t *)aril_try_alloc(n);
	if (!p)
		return aril_none(ARIL_TOO_LARGE);
	aril__copy(p, aril__mailbox, n);
	return aril_raw(p, n);
}

ARIL__SHARED aril_value aril_read_slot(aril_slot slot, void *buf, size_t cap) {
	bool own = buf && cap;
	void *at = own ? buf : aril__mailbox;
	size_t limit = own ? cap : sizeof aril__mailbox;
	uint64_t answer = aril_host_read(slot, 0, at, limit);
	if (aril__status(answer) != ARIL_OK)
		return aril_none(aril__status(answer));
	uint32_t n = aril__n(answer);
	if (n <= limit)
		return own ? aril_raw(buf, n) : aril__take(n, slot, NULL, 0);
	uint8_t *p = (uint8_t *)aril_try_alloc(n);
	if (!p)
		return aril_none(ARIL_TOO_LARGE);
	answer = aril_host_read(slot, 0, p, n);
	if (aril__status(answer) != ARIL_OK)
		return aril_none(aril__status(answer));
	return aril__n(answer) == n ? aril_raw(p, n) : aril_none(ARIL_STALE);
}

static void aril__begin(aril_activation *a, uint32_t size, uint8_t *buf, size_t cap) {
	__builtin_memset(a, 0, sizeof *a);
	a->header = size ? aril__take(size, ARIL_SLOT_MESSAGE, buf, cap) : aril_none(ARIL_NOT_FOUND);
	if (size && a->header.status != ARIL_OK)
		aril_panic("the header cannot be read");
}

int32_t aril__run_init(aril_hook hook, uint32_t size) {
	uint8_t header[ARIL_HEADER_SIZE];
	aril_activation a;
	aril__begin(&a, size, header, sizeof header);
	return hook(&a);
}
int32_t aril__run(aril_hook hook, uint32_t size) {
	aril_arena_mark mark = aril_mark();
	int32_t outcome = aril__run_init(hook, size);
	aril_release(mark);
	return outcome;
}
void aril__run_dispose(void (*hook)(aril_activation *)) {
	aril_arena_mark mark = aril_mark();
	aril_activation a;
	aril__begin(&a, 0, NULL, 0);
	hook(&a);
	aril_release(mark);
}
aril_outcome aril__dispatch(aril_activation *a, const char *key, const aril_entry *table, size_t n) {
	aril_str name = aril_str_or(aril_get(a->header, key), "");
	for (size_t i = 0; i < n; i++)
		if (aril_is(name, table[i].name))
			return table[i].hook(a);
	return ARIL_PASS;
}

aril_str aril_kind(const aril_activation *a) { return aril_str_or(aril_get(a->header, "kind"), ""); }
aril_str aril_name(const aril_activation *a) { return aril_str_or(aril_get(a->header, "name"), ""); }
aril_str aril_key(const aril_activation *a) { return aril_str_or(aril_get(a->header, "key"), ""); }
aril_str aril_method(const aril_activation *a) { return aril_str_or(aril_get(a->header, "method"), ""); }
aril_str aril_event_type(const aril_activation *a) { return aril_str_or(aril_get(a->header, "event"), ""); }
aril_value aril_meta(const aril_activation *a) {
	aril_value meta = aril_get(a->header, "meta");
	return aril_type_of(meta) == ARIL_TYPE_NIL ? aril_none(ARIL_NOT_FOUND) : meta;
}
uint64_t aril_id(const aril_activation *a) { return aril_uint_or(aril_get(a->header, "id"), 0); }
uint64_t aril_root(const aril_activation *a) { return aril_uint_or(aril_get(a->header, "root"), 0); }
uint64_t aril_scope_id(const aril_activation *a) { return aril_uint_or(aril_get(a->header, "scope"), 0); }
uint32_t aril_depth(const aril_activation *a) { return (uint32_t)aril_uint_or(aril_get(a->header, "depth"), 0); }
uint32_t aril_max_next(const aril_activation *a) { return (uint32_t)aril_uint_or(aril_get(a->header, "max_next"), 0); }
uint32_t aril_powers(const aril_activation *a) { return (uint32_t)aril_uint_or(aril_get(a->header, "powers"), 0); }

aril_value aril_input(aril_activation *a) {
	if (!a->input_read)
		a->input = aril_read_slot(ARIL_SLOT_INPUT, NULL, 0);
	a->input_read = true;
	return a->input;
}
ARIL__SHARED aril_value aril_config(aril_activation *a) {
	if (!a->config_read)
		a->config = aril_read_slot(ARIL_SLOT_CONFIG, NULL, 0);
	a->config_read = true;
	return a->config;
}
aril_value aril_params(aril_activation *a) {
	(void)a;
	return aril_read_slot(ARIL_SLOT_PARAMS, NULL, 0);
}

enum { ARIL__NEXT_REPLACE = 1, ARIL__NEXT_READ = 2 };

/* next, with input unless its status is ARIL_NOT_FOUND. */
static uint64_t aril__next(aril_activation *a, aril_value input, uint32_t flags) {
	if (input.status != ARIL_OK && input.status != ARIL_NOT_FOUND)
		return (uint64_t)input.status << 32;
	if (input.status == ARIL_OK)
		flags |= ARIL__NEXT_REPLACE;
	uint64_t answer = aril_host_next(input.bytes, input.size, flags);
	if (aril__status(answer) == ARIL_OK || aril__status(answer) == ARIL_FAILED)
		a->next_calls++;
	return answer;
}
aril_status aril_next(aril_activation *a) { return aril__status(aril__next(a, aril_none(ARIL_NOT_FOUND), 0)); }
aril_status aril_next_with(aril_activation *a, aril_value input) {
	return input.status == ARIL_OK ? aril__status(aril__next(a, input, 0)) : input.status;
}
aril_value aril_next_fetch(aril_activation *a, aril_value input) {
	uint32_t before = a->next_calls;
	uint64_t answer = aril__next(a, input, ARIL__NEXT_READ);
	aril_status status = aril__status(answer);
	if (a->next_calls == before)
		return aril_none(status);
	if (status == ARIL_FAILED) {
		aril_value e = aril__n(answer) ? aril__take(aril__n(answer), ARIL_SLOT_ERROR, NULL, 0) : aril_failure(a);
		e.status = ARIL_FAILED;
		return e;
	}
	return aril__n(answer) ? aril__take(aril__n(answer), ARIL_SLOT_RESULT, NULL, 0) : aril_result(a);
}
aril_value aril_result(aril_activation *a) {
	(void)a;
	return aril_read_slot(ARIL_SLOT_RESULT, NULL, 0);
}
aril_value aril_failure(aril_activation *a) {
	(void)a;
	aril_value e = aril_read_slot(ARIL_SLOT_ERROR, NULL, 0);
	if (e.status == ARIL_OK)
		e.status = ARIL_FAILED;
	return e;
}

enum { ARIL__OUTCOME_VALUE = 0, ARIL__OUTCOME_ERROR = 1, ARIL__OUTCOME_NEXT = 2 };

aril_outcome aril_answer(aril_value v) {
	if (v.status == ARIL_OK) {
		v.status = aril__status(aril_host_outcome(ARIL__OUTCOME_VALUE, v.bytes, v.size));
		/* Of a value that does not fit the host says more than a status would. */
		if (v.status == ARIL_OK || v.status == ARIL_INVALID || v.status == ARIL_STALE)
			return ARIL_DONE;
		v = aril_none(v.status);
	} else if (v.status == ARIL_FAILED && v.size) {
		if (aril__status(aril_host_outcome(ARIL__OUTCOME_ERROR, v.bytes, v.size)) == ARIL_OK)
			return ARIL_DONE;
	}
	aril_error e = aril_error_of(v);
	return aril_fail_as(&e);
}

aril_outcome aril_give(aril_activation *a, uint32_t i) {
	if (a->next_calls && i == a->next_calls - 1)
		return ARIL_PASS;
	aril_status status = aril__status(aril_host_outcome(ARIL__OUTCOME_NEXT, (const void *)(uintptr_t)i, 0));
	return status == ARIL_OK ? ARIL_DONE : aril_answer(aril_none(status));
}

/* ---- Errors -------------------------------------------------------------------- */

ARIL__SHARED aril_error aril_error_of(aril_value v) {
	aril_error e;
	__builtin_memset(&e, 0, sizeof e);
	e.code = aril_text("error");
	e.message = e.kind = aril_text("");
	e.data = e.cause = aril_none(ARIL_NOT_FOUND);
	if (!v.size) {
		e.message = e.code = aril_text(aril_status_code(v.status));
		e.retryable = v.status == ARIL_UNAVAILABLE || v.status == ARIL_BUSY;
		return e;
	}
	v.status = ARIL_OK;
	aril_reader r = aril_reader_on(v);
	for (size_t n = aril_read_map(&r); n; n--) {
		aril_str key = aril_read_str(&r);
		aril_value x = aril_read_value(&r);
		if (r.failed)
			break;
		if (aril_is(key, "code"))
			e.code = aril_str_or(x, "error");
		else if (aril_is(key, "message"))
			e.message = aril_str_or(x, "");
		else if (aril_is(key, "kind"))
			e.kind = aril_str_or(x, "");
		else if (aril_is(key, "data") && aril_type_of(x) != ARIL_TYPE_NIL)
			e.data = x;
		else if (aril_is(key, "cause") && aril_type_of(x) == ARIL_TYPE_MAP)
			e.cause = x;
		else if (aril_is(key, "retryable"))
			e.retryable = aril_bool_or(x, false);
		else if (aril_is(key, "handle")) {
			const uint8_t *p;
			size_t size;
			if (aril_as_bin(x, &p, &size) && size == ARIL_HANDLE_SIZE)
				e.handle = p;
		}
	}
	if (!e.code.n)
		e.code = aril_text("error");
	return e;
}

aril_error aril_last_error(aril_activation *a) { return aril_error_of(aril_failure(a)); }

/* s, no longer than limit and not cut within a character. */
static aril_str aril__cut(aril_str s, size_t limit) {
	if (s.n <= limit)
		return s;
	while (limit && ((uint8_t)s.p[limit] & 0xc0) == 0x80)
		limit--;
	s.n = limit;
	return s;
}

ARIL__SHARED static void aril__write_error(aril_writer *w, const aril_error *e) {
	bool data = e->data.size && e->data.status == ARIL_OK, cause = e->cause.size != 0;
	aril_write_map(w, (size_t)2 + (e->kind.n != 0) + data + cause + e->retryable + (e->handle != NULL));
	aril_write_text(w, "code");
	aril_write_str(w, aril__cut(e->code, 256));
	aril_write_text(w, "message");
	aril_write_str(w, aril__cut(e->message, 64 << 10));
	if (e->kind.n) {
		aril_write_text(w, "kind");
		aril_write_str(w, e->kind);
	}
	if (data) {
		aril_write_text(w, "data");
		aril_write_value(w, e->data);
	}
	if (cause) {
		aril_write_text(w, "cause");
		aril__write_bytes(w, e->cause.bytes, e->cause.size);
	}
	if (e->retryable) {
		aril_write_text(w, "retryable");
		aril_write_bool(w, true);
	}
	if (e->handle) {
		aril_write_text(w, "handle");
		aril_write_bin(w, e->handle, ARIL_HANDLE_SIZE);
	}
}

aril_value aril_of_error(const aril_error *e) {
	aril_writer w = aril_writer_spilling(NULL, 0);
	aril__write_error(&w, e);
	return aril_written(&w);
}

static aril_status aril__outcome_error(const aril_error *e) {
	uint8_t small[512];
	aril_writer w = aril_writer_spilling(small, sizeof small);
	aril__write_error(&w, e);
	aril_value v = aril_written(&w);
	if (v.status != ARIL_OK)
		return v.status;
	return aril__status(aril_host_outcome(ARIL__OUTCOME_ERROR, v.bytes, v.size));
}

ARIL__SHARED aril_outcome aril_fail_as(const aril_error *e) {
	aril_status status = aril__outcome_error(e);
	if (status == ARIL_OK)
		return ARIL_DONE;
	/* It is malformed or too long: say so, with its code if that is sound. */
	aril_error instead;
	__builtin_memset(&instead, 0, sizeof instead);
	instead.code = e->code;
	instead.message = aril_cat(aril_text("the error cannot be shown: "), aril_text(aril_status_code(status)));
	if (aril__outcome_error(&instead) != ARIL_OK) {
		instead.code = aril_text("error");
		aril__outcome_error(&instead); /* answered again, DONE is judged by the host */
	}
	return ARIL_DONE;
}

aril_outcome aril_fail(const char *code, const char *message) {
	aril_error e;
	__builtin_memset(&e, 0, sizeof e);
	e.code = aril_text(code);
	e.message = aril_text(message);
	return aril_fail_as(&e);
}

/* ---- What the host offers -------------------------------------------------------- */

aril_status aril_log_fields(int32_t level, aril_str text, const aril_field *fields, size_t n) {
	aril_arena_mark mark = aril_mark();
	uint8_t small[256];
	aril_writer w = aril_writer_spilling(small, sizeof small);
	if (n)
		aril__write_fields(&w, fields, n);
	aril_value attrs = aril_written(&w);
	aril_status status = attrs.status;
	if (status == ARIL_OK)
		status = aril__status(aril_host_log(level, text.p, text.n, attrs.bytes, attrs.size));
	aril_release(mark);
	return status;
}
aril_status aril_log(int32_t level, const char *text) {
	return aril__status(aril_host_log(level, text, __builtin_strlen(text), NULL, 0));
}

/* UTF-8 as a string of AssemblyScript: UTF-16 behind its length in bytes. What
   is no UTF-8 becomes U+FFFD; what has no room is cut. */
static const uint16_t *aril__utf16(const char *s, uint16_t *buf, size_t units) {
	size_t n = 2; /* the first two hold the length */
	while (*s && n + 2 <= units) {
		uint32_t c = (uint8_t)*s++;
		int more = c < 0x80 ? 0 : c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xc2 && c < 0xe0 ? 1 : -1;
		if (more < 0)
			c = 0xfffd;
		else if (more)
			c &= 0x3fu >> more;
		for (; more > 0; more--) {
			if (((uint8_t)*s & 0xc0) != 0x80) {
				c = 0xfffd;
				break;
			}
			c = c << 6 | ((uint8_t)*s++ & 0x3f);
		}
		if (c > 0x10ffff)
			c = 0xfffd;
		if (c > 0xffff) {
			buf[n++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + (c & 0x3ff);
		}
		buf[n++] = (uint16_t)c;
	}
	uint32_t size = (uint32_t)(n - 2) * 2;
	__builtin_memcpy(buf, &size, sizeof size);
	return buf + 2;
}

void aril_panic_at(const char *text, const char *file, uint32_t line) {
	uint16_t message[514] __attribute__((aligned(4))), name[130] __attribute__((aligned(4)));
	aril_host_abort(aril__utf16(text, message, 514), aril__utf16(file, name, 130), line, 0);
	__builtin_trap();
}

static aril_status aril__clock(uint32_t clock, int64_t *out) {
	uint8_t le[8];
	aril_status status = aril__status(aril_host_now(clock, le));
	uint64_t x = 0;
	for (int i = 7; status == ARIL_OK && i >= 0; i--)
		x = x << 8 | le[i];
	if (status == ARIL_OK)
		*out = (int64_t)x;
	return status;
}
aril_status aril_now(int64_t *since_1970) { return aril__clock(1, since_1970); }
aril_status aril_monotonic(int64_t *since_some_point) { return aril__clock(0, since_some_point); }
aril_time aril_time_of(int64_t since_1970) {
	aril_time t;
	int64_t ns = since_1970 % ARIL_SECOND;
	t.seconds = since_1970 / ARIL_SECOND;
	if (ns < 0) {
		ns += ARIL_SECOND;
		t.seconds--;
	}
	t.nanoseconds = (uint32_t)ns;
	return t;
}
aril_status aril_sleep(int64_t nanoseconds) { return aril__status(aril_host_sleep(nanoseconds)); }

/* xoshiro256++, seeded with the 32 bytes of the header's entropy.
   https://prng.di.unimi.it/xoshiro256plusplus.c */
static uint64_t aril__rotate(uint64_t x, int k) { return x << k | x >> (64 - k); }
uint64_t aril_rand(aril_activation *a) {
	uint64_t *s = a->random;
	if (!a->seeded) {
		const uint8_t *entropy;
		size_t size;
		a->seeded = true;
		if (aril_as_bin(aril_get(a->header, "entropy"), &entropy, &size) && size >= sizeof a->random)
			__builtin_memcpy(s, entropy, sizeof a->random);
		if (!(s[0] | s[1] | s[2] | s[3]))
			s[0] = 0x9e3779b97f4a7c15; /* in aril_init and aril_dispose, which get none */
	}
	uint64_t result = aril__rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = aril__rotate(s[3], 45);
	return result;
}

aril_status aril_random(void *buf, size_t size) {
	uint8_t *p = (uint8_t *)buf;
	while (size) {
		size_t n = size < 65536 ? size : 65536;
		aril_status status = aril__status(aril_host_random(p, n));
		if (status != ARIL_OK)
			return status;
		p += n;
		size -= n;
	}
	return ARIL_OK;
}

/* What a function that fills a buffer has: first into the mailbox, and once
   more with room for all of it. */
typedef uint64_t (*aril__filler)(const void *context, void *buf, size_t limit);
ARIL__SHARED static aril_value aril__fill(aril__filler fill, const void *context) {
	uint64_t answer = fill(context, aril__mailbox, sizeof aril__mailbox);
	if (aril__status(answer) != ARIL_OK)
		return aril_none(aril__status(answer));
	uint32_t n = aril__n(answer);
	uint8_t *p = (uint8_t *)aril_try_alloc(n);
	if (!p)
		return aril_none(ARIL_TOO_LARGE);
	if (n <= sizeof aril__mailbox) {
		aril__copy(p, aril__mailbox, n);
		return aril_raw(p, n);
	}
	for (size_t room = n;;) {
		answer = fill(context, p, room);
		if (aril__status(answer) != ARIL_OK)
			return aril_none(aril__status(answer));
		if (aril__n(answer) <= room)
			return aril_raw(p, aril__n(answer));
		room = aril__n(answer); /* another activation has put more there */
		p = (uint8_t *)aril_try_alloc(room);
		if (!p)
			return aril_none(ARIL_TOO_LARGE);
	}
}

static uint64_t aril__fill_state(const void *context, void *buf, size_t limit) {
	const aril_str *key = (const aril_str *)context;
	return aril_host_state_get(key->p, key->n, buf, limit);
}
aril_value aril_state_get(aril_str key) { return aril__fill(aril__fill_state, &key); }
aril_status aril_state_put(aril_str key, aril_value x) {
	return x.status == ARIL_OK ? aril__status(aril_host_state_put(key.p, key.n, x.bytes, x.size)) : x.status;
}
aril_status aril_state_delete(aril_str key) { return aril__status(aril_host_state_delete(key.p, key.n)); }
aril_value aril_state_list(aril_str prefix) {
	aril_writer keys = aril_writer_spilling(NULL, 0);
	size_t count = 0;
	uint8_t last[512];
	aril_str after = aril_text("");
	for (;;) {
		uint64_t answer =
		    aril_host_state_list(prefix.p, prefix.n, after.p, after.n, aril__mailbox, sizeof aril__mailbox);
		if (aril__status(answer) != ARIL_OK)
			return aril_none(aril__status(answer));
		aril_reader r = aril_reader_on(aril_raw(aril__mailbox, aril__n(answer)));
		size_t n = aril_read_array(&r);
		for (size_t i = 0; i < n; i++) {
			size_t size;
			const uint8_t *key = aril_read_bin(&r, &size);
			if (size > sizeof last)
				return aril_none(ARIL_INVALID);
			aril_write_bin(&keys, key, size);
			if (i == n - 1) {
				aril__copy(last, key, size);
				after.p = (const char *)last;
				after.n = size;
			}
		}
		if (r.failed)
			return aril_none(ARIL_INVALID);
		if (!n)
			break;
		count += n;
	}
	aril_writer w = aril_writer_on(aril_alloc(keys.size + 5), keys.size + 5);
	aril_write_array(&w, count);
	aril_write_value(&w, count ? aril_written(&keys) : aril_raw(NULL, 0));
	return aril_written(&w);
}
aril_status aril_state_add(aril_str key, int64_t delta, int64_t *sum) {
	uint8_t le[8];
	aril_status status = aril__status(aril_host_state_add(key.p, key.n, delta, le));
	if (status == ARIL_OK && sum) {
		uint64_t x = 0;
		for (int i = 7; i >= 0; i--)
			x = x << 8 | le[i];
		*sum = (int64_t)x;
	}
	return status;
}
aril_status aril_state_append(aril_str key, aril_value x, size_t *size) {
	if (x.status != ARIL_OK)
		return x.status;
	uint64_t answer = aril_host_state_append(key.p, key.n, x.bytes, x.size);
	if (aril__status(answer) == ARIL_OK && size)
		*size = aril__n(answer);
	return aril__status(answer);
}
/* As a length, no value. */
#define ARIL__ABSENT ((size_t)0xffffffff)
aril_status aril_state_swap(aril_str key, aril_value old, aril_value x) {
	if (old.status == ARIL_NOT_FOUND)
		old.size = ARIL__ABSENT;
	else if (old.status != ARIL_OK)
		return old.status;
	if (x.status == ARIL_NOT_FOUND)
		x.size = ARIL__ABSENT;
	else if (x.status != ARIL_OK)
		return x.status;
	return aril__status(aril_host_state_swap(key.p, key.n, old.bytes, old.size, x.bytes, x.size));
}

typedef struct aril__place {
	aril_level level;
	aril_str key;
	aril_value x;
} aril__place;
static aril__place aril__at_level(aril_level level, const char *key, aril_value x) {
	aril__place p;
	p.level = level;
	p.key = aril_text(key);
	p.x = x;
	return p;
}
static uint64_t aril__fill_context(const void *context, void *buf, size_t limit) {
	const aril__place *p = (const aril__place *)context;
	return aril_host_context_get(p->level, p->key.p, p->key.n, buf, limit);
}
aril_value aril_context_get(aril_level level, const char *key) {
	aril__place p = aril__at_level(level, key, aril_none(ARIL_NOT_FOUND));
	return aril__fill(aril__fill_context, &p);
}
aril_status aril_context_set(aril_level level, const char *key, aril_value x) {
	if (x.status != ARIL_OK && x.status != ARIL_NOT_FOUND)
		return x.status;
	if (x.status == ARIL_NOT_FOUND)
		x = aril_raw(NULL, 0);
	aril_str k = aril_text(key);
	return aril__status(aril_host_context_set(level, k.p, k.n, x.bytes, x.size));
}
aril_status aril_context_append(aril_level level, const char *key, aril_value x, size_t *count) {
	if (x.status != ARIL_OK)
		return x.status;
	aril_str k = aril_text(key);
	uint64_t answer = aril_host_context_append(level, k.p, k.n, x.bytes, x.size);
	if (aril__status(answer) == ARIL_OK && count)
		*count = aril__n(answer);
	return aril__status(answer);
}
aril_value aril_context_swap(aril_level level, const char *key, aril_value x) {
	if (x.status != ARIL_OK && x.status != ARIL_NOT_FOUND)
		return x;
	if (x.status == ARIL_NOT_FOUND)
		x = aril_raw(NULL, 0);
	aril_str k = aril_text(key);
	uint8_t *buf = aril__mailbox;
	size_t limit = sizeof aril__mailbox;
	for (;;) {
		uint64_t answer = aril_host_context_swap(level, k.p, k.n, x.bytes, x.size, buf, limit);
		uint32_t n = aril__n(answer);
		aril_status status = aril__status(answer);
		if (status == ARIL_TOO_LARGE && n > limit) {
			limit = n;
			buf = (uint8_t *)aril_try_alloc(limit);
			if (!buf)
				return aril_none(ARIL_TOO_LARGE);
			continue;
		}
		if (status != ARIL_OK)
			return aril_none(status);
		if (n > limit)
			return aril_none(ARIL_STALE);
		return buf == aril__mailbox ? aril__take(n, ARIL_SLOT_MESSAGE, NULL, 0) : aril_raw(buf, n);
	}
}

aril_value aril_invoke(aril_function function, aril_value request) {
	if (request.status != ARIL_OK)
		return request;
	uint64_t answer = function(request.bytes, request.size);
	aril_status status = aril__status(answer);
	if (status != ARIL_OK && status != ARIL_FAILED)
		return aril_none(status);
	if (!aril__n(answer))
		return aril_none(status == ARIL_OK ? ARIL_INVALID : status);
	aril_value v = aril__take(aril__n(answer), ARIL_SLOT_MESSAGE, NULL, 0);
	if (v.status == ARIL_OK)
		v.status = status;
	return v;
}

/* The fields that name an executor. */
static size_t aril__executor(aril_executor e, aril_field *fields) {
	fields[0].key = "scope";
	fields[0].value = aril_of_uint(e.scope);
	fields[1].key = e.id ? "executor" : "name";
	fields[1].value = e.id ? aril_of_uint(e.id) : aril_of_text(e.name ? e.name : "");
	return 2;
}
aril_value aril_scope_lookup(aril_executor e) {
	aril_field f[2];
	return aril_invoke(aril_host_scope_lookup, aril_map_of(f, aril__executor(e, f)));
}
aril_value aril_scope_entries(uint64_t scope, bool registered, bool values, uint64_t after) {
	aril_field f[4];
	f[0].key = "scope";
	f[0].value = aril_of_uint(scope);
	f[1].key = "registered";
	f[1].value = aril_of_bool(registered);
	f[2].key = "values";
	f[2].value = aril_of_bool(values);
	f[3].key = "after";
	f[3].value = aril_of_uint(after);
	return aril_invoke(aril_host_scope_entries, aril_map_of(f, 4));
}
aril_value aril_scope_resolve(aril_executor e, bool force) {
	aril_field f[3];
	size_t n = aril__executor(e, f);
	f[n].key = "force";
	f[n++].value = aril_of_bool(force);
	return aril_invoke(aril_host_scope_resolve, aril_map_of(f, n));
}
aril_value aril_scope_update(aril_executor e, aril_value x) {
	aril_field f[3];
	size_t n = aril__executor(e, f);
	f[n].key = "value";
	f[n++].value = x;
	return aril_invoke(aril_host_scope_update, aril_map_of(f, n));
}
aril_value aril_scope_release(aril_executor e) {
	aril_field f[2];
	return aril_invoke(aril_host_scope_release, aril_map_of(f, aril__executor(e, f)));
}
aril_value aril_scope_subscribe(uint64_t scope, const char *event, const char *const *names, size_t n, int64_t every) {
	aril_writer w = aril_writer_spilling(NULL, 0);
	aril_write_map(&w, (size_t)2 + (n != 0) + (every != 0));
	aril_write_text(&w, "scope");
	aril_write_uint(&w, scope);
	aril_write_text(&w, "event");
	aril_write_text(&w, event);
	if (n) {
		aril_write_text(&w, "names");
		aril_write_array(&w, n);
		for (size_t i = 0; i < n; i++)
			aril_write_text(&w, names[i]);
	}
	if (every) {
		aril_write_text(&w, "every");
		aril_write_int(&w, every);
	}
	return aril_invoke(aril_host_scope_subscribe, aril_written(&w));
}
aril_value aril_scope_unsubscribe(uint64_t scope, uint64_t subscription) {
	aril_field f[2];
	f[0].key = "scope";
	f[0].value = aril_of_uint(scope);
	f[1].key = "subscription";
	f[1].value = aril_of_uint(subscription);
	return aril_invoke(aril_host_scope_unsubscribe, aril_map_of(f, 2));
}
static size_t aril__shared_key(uint64_t scope, const char *key, aril_field *f) {
	f[0].key = "scope";
	f[0].value = aril_of_uint(scope);
	f[1].key = "key";
	f[1].value = aril_of_text(key);
	return 2;
}
aril_value aril_scope_get(uint64_t scope, const char *key) {
	aril_field f[2];
	return aril_invoke(aril_host_scope_get, aril_map_of(f, aril__shared_key(scope, key, f)));
}
aril_value aril_scope_set(uint64_t scope, const char *key, aril_value x) {
	aril_field f[3];
	size_t n = aril__shared_key(scope, key, f);
	f[n].key = "value";
	f[n++].value = x;
	return aril_invoke(aril_host_scope_set, aril_map_of(f, n));
}

aril_status aril_fetch(const aril_request *q, aril_response *p) {
	aril_writer w = aril_writer_spilling(NULL, 0);
	aril_write_map(&w, (size_t)1 + (q->method != NULL) + (q->header_count != 0) + (q->body_size != 0) +
	                       (q->timeout_ms != 0));
	aril_write_text(&w, "url");
	aril_write_str(&w, q->url);
	if (q->method) {
		aril_write_text(&w, "method");
		aril_write_text(&w, q->method);
	}
	if (q->header_count) {
		aril_write_text(&w, "headers");
		aril__write_fields(&w, q->headers, q->header_count);
	}
	if (q->body_size) {
		aril_write_text(&w, "body");
		aril_write_bin(&w, q->body, q->body_size);
	}
	if (q->timeout_ms) {
		aril_write_text(&w, "timeout_ms");
		aril_write_uint(&w, q->timeout_ms);
	}
	__builtin_memset(p, 0, sizeof *p);
	p->headers = aril_none(ARIL_NOT_FOUND);
	aril_value answer = aril_invoke(aril_host_fetch, aril_written(&w));
	p->failure = answer;
	if (answer.status != ARIL_OK)
		return answer.status;
	p->failure = aril_none(ARIL_NOT_FOUND);
	p->status = (int32_t)aril_int_or(aril_get(answer, "status"), 0);
	p->headers = aril_get(answer, "headers");
	aril_as_bin(aril_get(answer, "body"), &p->body, &p->body_size);
	return ARIL_OK;
}

#ifdef __cplusplus
}
#endif
#endif /* ARIL_IMPLEMENTATION */
