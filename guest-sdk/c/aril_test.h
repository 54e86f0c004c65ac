/*
aril_test.h: a host in one process, to test an extension on the author's own
machine with gcc or clang, a debugger and the sanitizers.

    #define ARIL_IMPLEMENTATION
    #include "aril.h"
    #include "aril_test.h"
    #include "retry.c"          // the extension

    int main(void) {
        test_host_reset();
        test_host_next_fails("busy", "later", true);
        test_host_next_is(aril_of_int(7));
        TEST(test_host_wrap("execution", "order.place") == ARIL_PASS);
        TEST(test_host.next_calls == 2);
        return test_host_failures;
    }

Include it in one file, after aril.h, with the extension in the same file or
linked to it. It behaves like the real host as far as an extension can tell,
with all powers and grants, no limits and a clock that only sleeping moves. It
keeps the first 64 of anything, and ends the test past them, or stops logging.
It is meaner in one way: every call overwrites the mailbox, as the ABI allows.
What it allocates is freed by test_host_reset.
*/
#ifndef ARIL_TEST_H
#define ARIL_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts a condition that does not hold, and says where. */
#define TEST(condition)                                                                                                \
	((condition) ? (void)0                                                                                         \
	             : (void)(test_host_failures++,                                                                    \
	                      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition)))
static int test_host_failures __attribute__((unused));

/* Bytes that the test host keeps. */
typedef struct test_blob {
	uint8_t *p;
	size_t n;
} test_blob;
typedef struct test_pair {
	test_blob key, value;
	int level; /* of a context key; -1 in the state */
} test_pair;
typedef struct test_line {
	int32_t level;
	char *text;
	test_blob fields; /* a map, or nothing */
} test_line;
/* What the rest of the pipeline ends with. */
typedef struct test_end {
	aril_status status;
	test_blob message;
} test_end;

enum { TEST_MAX = 64 };

static struct test_host {
	/* Set by the test; messages, empty for none. */
	test_blob input, params, config, script;
	test_end ends[TEST_MAX]; /* of each next; the last one repeats */
	size_t end_count;
	aril_status refuse_next; /* what next answers instead of running, if not ARIL_OK */
	void (*on_next)(void);   /* runs within next: for re-entry */
	/* What an embedder's function, a scope's or fetch answers; requests are
	   kept in sent. */
	test_end answer;

	/* Seen by the test. */
	size_t next_calls;
	test_blob next_inputs[TEST_MAX]; /* replacements; empty where there was none */
	int outcome;                     /* 0 value, 1 error, 2 next, -1 none */
	test_blob told;                  /* its message */
	uint32_t given;                  /* its index, for a next */
	test_line log[TEST_MAX];
	size_t log_count;
	test_pair kept[TEST_MAX]; /* state and context */
	size_t kept_count;
	test_blob sent;
	int64_t clock; /* both clocks, in nanoseconds */
	uint64_t calls; /* of host functions */

	/* The activation. */
	test_blob message, result, error;
	size_t ran; /* next, in it */
	test_blob owned[4096];
	size_t owned_count;
} test_host;

static inline test_blob test_blob_of(const void *p, size_t n) {
	test_blob b;
	if (test_host.owned_count == sizeof test_host.owned / sizeof *test_host.owned)
		abort();
	b.p = (uint8_t *)malloc(n ? n : 1); /* exactly, so that a sanitizer sees what goes past */
	b.n = n;
	if (n)
		memcpy(b.p, p, n);
	test_host.owned[test_host.owned_count++] = b;
	return b;
}
static inline aril_value test_blob_value(test_blob b) { return b.p ? aril_raw(b.p, b.n) : aril_none(ARIL_NOT_FOUND); }

/* Forgets everything, what is in the arena included. */
static inline void test_host_reset(void) {
	for (size_t i = 0; i < test_host.owned_count; i++)
		free(test_host.owned[i].p);
	memset(&test_host, 0, sizeof test_host);
	aril_release(0);
	test_host.outcome = -1;
	test_host.clock = INT64_C(1577836800000000000);
}

/* What goes in. */
static inline void test_host_input(aril_value v) { test_host.input = test_blob_of(v.bytes, v.size); }
static inline void test_host_params(aril_value v) { test_host.params = test_blob_of(v.bytes, v.size); }
static inline void test_host_config(aril_value v) { test_host.config = test_blob_of(v.bytes, v.size); }

/* What the next `next` that has no end yet ends with. */
static inline void test_host_next_is(aril_value v) {
	test_end *e = &test_host.ends[test_host.end_count++];
	e->status = ARIL_OK;
	e->message = test_blob_of(v.bytes, v.size);
}
static inline void test_host_next_fails(const char *code, const char *message, bool retryable) {
	aril_error e;
	memset(&e, 0, sizeof e);
	e.code = aril_text(code);
	e.message = aril_text(message);
	e.kind = aril_text("host");
	e.retryable = retryable;
	e.handle = (const uint8_t *)"0123456789abcdef";
	aril_value v = aril_of_error(&e);
	test_end *end = &test_host.ends[test_host.end_count++];
	end->status = ARIL_FAILED;
	end->message = test_blob_of(v.bytes, v.size);
}
/* What functions that take a message answer from now on. */
static inline void test_host_answers(aril_status status, aril_value v) {
	test_host.answer.status = status;
	test_host.answer.message = test_blob_of(v.bytes, v.size);
}

/* What came out. The error that was told, for outcome 1. */
static inline aril_value test_host_told(void) { return test_blob_value(test_host.told); }
static inline aril_error test_host_error(void) { return aril_error_of(test_host_told()); }

static inline uint8_t *test_mailbox(void) { return (uint8_t *)(uintptr_t)aril_abi_v1(); }
static inline uint64_t test_answer(aril_status status, size_t n) { return (uint64_t)status << 32 | (uint32_t)n; }
static inline void test_called(void) {
	test_host.calls++;
	memset(test_mailbox(), '?', ARIL_MAILBOX_SIZE);
}
/* Into the mailbox if it fits, for slot MESSAGE otherwise. */
static inline uint64_t test_send(aril_status status, test_blob b) {
	if (b.n <= ARIL_MAILBOX_SIZE)
		memcpy(test_mailbox(), b.p, b.n);
	test_host.message = b;
	return test_answer(status, b.n);
}

/* ---- Hooks ---------------------------------------------------------------- */

ARIL__C int32_t aril_init(uint32_t) __attribute__((weak));
ARIL__C int32_t aril_wrap(uint32_t) __attribute__((weak));
ARIL__C int32_t aril_event(uint32_t) __attribute__((weak));
ARIL__C int32_t aril_call(uint32_t) __attribute__((weak));
ARIL__C int32_t aril_dispose(void) __attribute__((weak));
ARIL__C uint64_t aril_abi_v1(void);

/* Calls a hook with a header of these fields and 32 bytes of entropy. A hook
   that the extension lacks passes. Within another hook, its activation is
   kept for when this one is over. */
static inline int32_t test_host_hook(int32_t (*hook)(uint32_t), const aril_field *fields, size_t n) {
	uint8_t entropy[32];
	for (size_t i = 0; i < sizeof entropy; i++)
		entropy[i] = (uint8_t)(i + test_host.calls * 7 + 1);
	if (!hook)
		return ARIL_PASS;
	aril_writer w = aril_writer_spilling(NULL, 0);
	aril_write_map(&w, n + 2);
	for (size_t i = 0; i < n; i++) {
		aril_write_text(&w, fields[i].key);
		aril_write_value(&w, fields[i].value);
	}
	aril_write_text(&w, "entropy");
	aril_write_bin(&w, entropy, sizeof entropy);
	aril_write_text(&w, "a key that nobody knows");
	aril_write_nil(&w);
	aril_value header = aril_written(&w);
	test_blob message = test_host.message, result = test_host.result, error = test_host.error;
	size_t ran = test_host.ran;
	test_host.result.p = test_host.error.p = NULL;
	test_host.ran = 0;
	test_host.outcome = -1;
	test_called();
	test_host.message = test_blob_of(header.bytes, header.size);
	if (header.size <= ARIL_MAILBOX_SIZE)
		memcpy(test_mailbox(), header.bytes, header.size);
	int32_t outcome = hook((uint32_t)header.size);
	test_host.message = message;
	test_host.result = result;
	test_host.error = error;
	test_host.ran = ran;
	return outcome;
}

static inline int32_t test_host_init(void) {
	aril_field f[3];
	f[0].key = "name";
	f[0].value = aril_of_text("tested");
	f[1].key = "version";
	f[1].value = aril_of_text("0");
	f[2].key = "powers";
	f[2].value = aril_of_int(127);
	return test_host_hook(aril_init, f, 3);
}
static inline int32_t test_host_wrap(const char *kind, const char *name) {
	aril_field f[7];
	f[0].key = "kind";
	f[0].value = aril_of_text(kind);
	f[1].key = "name";
	f[1].value = aril_of_text(name);
	f[2].key = "id";
	f[2].value = aril_of_int(42);
	f[3].key = "root";
	f[3].value = aril_of_int(42);
	f[4].key = "depth";
	f[4].value = aril_of_int(0);
	f[5].key = "max_next";
	f[5].value = aril_of_int(16);
	f[6].key = "powers";
	f[6].value = aril_of_int(127);
	return test_host_hook(aril_wrap, f, 7);
}
static inline int32_t test_host_call(const char *method) {
	aril_field f[2];
	f[0].key = "method";
	f[0].value = aril_of_text(method);
	f[1].key = "id";
	f[1].value = aril_of_int(7);
	return test_host_hook(aril_call, f, 2);
}
static inline int32_t test_host_event(const char *type, const char *name) {
	aril_field f[4];
	f[0].key = "event";
	f[0].value = aril_of_text(type);
	f[1].key = "id";
	f[1].value = aril_of_int(8);
	f[2].key = "scope";
	f[2].value = aril_of_int(3);
	f[3].key = "name";
	f[3].value = aril_of_text(name);
	return test_host_hook(aril_event, f, 4);
}
static inline int32_t test_host_dispose(void) { return aril_dispose ? aril_dispose() : ARIL_PASS; }

/* ---- Host functions ---------------------------------------------------------- */

#ifdef __cplusplus
extern "C" {
#endif

uint64_t aril_host_next(const void *p, size_t n, uint32_t flags) {
	test_blob replacement;
	memset(&replacement, 0, sizeof replacement);
	if (flags & 1)
		replacement = test_blob_of(p, n);
	test_called();
	if (test_host.refuse_next != ARIL_OK)
		return test_answer(test_host.refuse_next, 0);
	if (flags & 1 && !aril_valid(aril_raw(replacement.p, replacement.n)))
		return test_answer(ARIL_INVALID, 0);
	size_t i = test_host.next_calls++;
	test_host.ran++;
	if (i >= TEST_MAX)
		abort();
	test_host.next_inputs[i] = replacement;
	if (test_host.on_next)
		test_host.on_next();
	test_called();
	test_end end;
	memset(&end, 0, sizeof end);
	end.message = test_blob_of("\xc0", 1);
	if (test_host.end_count)
		end = test_host.ends[i < test_host.end_count ? i : test_host.end_count - 1];
	test_host.result.p = test_host.error.p = NULL;
	*(end.status == ARIL_OK ? &test_host.result : &test_host.error) = end.message;
	return flags & 2 ? test_send(end.status, end.message) : test_answer(end.status, 0);
}

uint64_t aril_host_read(uint32_t slot, uint32_t offset, void *buf, size_t limit) {
	const test_blob *slots[] = {&test_host.message, &test_host.input,  &test_host.result, &test_host.error,
	                            &test_host.params,  &test_host.config, &test_host.script};
	test_called();
	if (slot >= sizeof slots / sizeof *slots)
		return test_answer(ARIL_INVALID, 0);
	const test_blob *b = slots[slot];
	if (!b->p)
		return test_answer(ARIL_NOT_FOUND, 0);
	if (offset < b->n)
		memcpy(buf, b->p + offset, b->n - offset < limit ? b->n - offset : limit);
	return test_answer(ARIL_OK, b->n);
}

uint64_t aril_host_outcome(uint32_t kind, const void *p, size_t n) {
	uint32_t given = (uint32_t)(uintptr_t)p;
	if (kind != 2)
		test_host.told = test_blob_of(p, n);
	test_called();
	if (kind == 2 && given >= test_host.ran)
		return test_answer(ARIL_NOT_FOUND, 0);
	test_host.outcome = (int)kind;
	test_host.given = given;
	if (kind != 2 && !aril_valid(aril_raw(test_host.told.p, test_host.told.n)))
		return test_answer(ARIL_INVALID, 0);
	if (kind == 1 && n > 256 << 10)
		return test_answer(ARIL_TOO_LARGE, 0);
	return test_answer(ARIL_OK, 0);
}

static inline test_pair *test_find(int level, const void *k, size_t kn) {
	for (size_t i = 0; i < test_host.kept_count; i++) {
		test_pair *q = &test_host.kept[i];
		if (q->level == level && q->value.p && q->key.n == kn && !memcmp(q->key.p, k, kn))
			return q;
	}
	return NULL;
}
/* p NULL removes. */
static inline void test_keep(int level, const void *k, size_t kn, const void *p, size_t n) {
	test_pair *q = test_find(level, k, kn);
	if (!q) {
		if (!p)
			return;
		if (test_host.kept_count == TEST_MAX)
			abort();
		q = &test_host.kept[test_host.kept_count++];
		q->level = level;
		q->key = test_blob_of(k, kn);
	}
	q->value.p = NULL;
	if (p)
		q->value = test_blob_of(p, n);
}
static inline uint64_t test_get(const test_pair *q, void *buf, size_t limit) {
	if (!q)
		return test_answer(ARIL_NOT_FOUND, 0);
	memcpy(buf, q->value.p, q->value.n < limit ? q->value.n : limit);
	return test_answer(ARIL_OK, q->value.n);
}

uint64_t aril_host_context_get(uint32_t level, const void *k, size_t kn, void *buf, size_t limit) {
	const test_pair *q = test_find((int)level, k, kn);
	test_called();
	return test_get(q, buf, limit);
}
uint64_t aril_host_context_set(uint32_t level, const void *k, size_t kn, const void *v, size_t vn) {
	if (vn && !aril_valid(aril_raw(v, vn)))
		return test_answer(ARIL_INVALID, 0);
	test_keep((int)level, k, kn, vn ? v : NULL, vn);
	test_called();
	return test_answer(ARIL_OK, 0);
}
uint64_t aril_host_context_append(uint32_t level, const void *k, size_t kn, const void *v, size_t vn) {
	const test_pair *q = test_find((int)level, k, kn);
	aril_value old = q ? test_blob_value(q->value) : aril_raw("\x90", 1);
	aril_reader r = aril_reader_on(old);
	size_t count = aril_read_array(&r) + 1;
	aril_writer w = aril_writer_spilling(NULL, 0);
	aril_write_array(&w, count);
	for (size_t i = 1; i < count; i++)
		aril_write_value(&w, aril_read_value(&r));
	aril_write_value(&w, aril_raw(v, vn));
	if (r.failed || !aril_valid(aril_written(&w)))
		return test_answer(ARIL_INVALID, 0);
	test_keep((int)level, k, kn, w.buf, w.size);
	test_called();
	return test_answer(ARIL_OK, count);
}
uint64_t aril_host_context_swap(uint32_t level, const void *k, size_t kn, const void *v, size_t vn, void *buf,
                                size_t limit) {
	const test_pair *q = test_find((int)level, k, kn);
	if (q && q->value.n > limit)
		return test_answer(ARIL_TOO_LARGE, q->value.n);
	test_blob old = q ? test_blob_of(q->value.p, q->value.n) : test_blob_of("", 0);
	bool found = q != NULL;
	test_keep((int)level, k, kn, vn ? v : NULL, vn);
	test_called();
	if (!found)
		return test_answer(ARIL_NOT_FOUND, 0);
	memcpy(buf, old.p, old.n);
	return test_answer(ARIL_OK, old.n);
}

uint64_t aril_host_log(int32_t level, const void *p, size_t n, const void *attrs, size_t an) {
	if (test_host.log_count == TEST_MAX) {
		test_called();
		return test_answer(ARIL_LIMIT, 0);
	}
	test_line *l = &test_host.log[test_host.log_count++];
	char *text = (char *)malloc(n + 1);
	if (n)
		memcpy(text, p, n);
	text[n] = 0;
	l->level = level;
	l->text = (char *)test_blob_of(text, n + 1).p;
	free(text);
	l->fields = test_blob_of(attrs, an);
	test_called();
	if (an && !aril_valid(aril_raw(l->fields.p, an)))
		return test_answer(ARIL_INVALID, 0);
	return test_answer(ARIL_OK, n);
}

uint64_t aril_host_now(uint32_t clock, void *buf) {
	(void)clock;
	test_called();
	for (int i = 0; i < 8; i++)
		((uint8_t *)buf)[i] = (uint8_t)((uint64_t)test_host.clock >> (8 * i));
	return test_answer(ARIL_OK, 8);
}
uint64_t aril_host_sleep(int64_t nanoseconds) {
	test_called();
	if (nanoseconds < 0)
		return test_answer(ARIL_INVALID, 0);
	test_host.clock += nanoseconds;
	return test_answer(ARIL_OK, 0);
}
uint64_t aril_host_random(void *buf, size_t n) {
	test_called();
	if (n > 65536)
		return test_answer(ARIL_TOO_LARGE, 0);
	for (size_t i = 0; i < n; i++)
		((uint8_t *)buf)[i] = (uint8_t)(rand() >> 4);
	return test_answer(ARIL_OK, n);
}

uint64_t aril_host_state_get(const void *k, size_t kn, void *buf, size_t limit) {
	const test_pair *q = test_find(-1, k, kn);
	test_called();
	return test_get(q, buf, limit);
}
uint64_t aril_host_state_put(const void *k, size_t kn, const void *v, size_t vn) {
	test_keep(-1, k, kn, vn ? v : "", vn);
	test_called();
	return test_answer(ARIL_OK, 0);
}
uint64_t aril_host_state_delete(const void *k, size_t kn) {
	bool found = test_find(-1, k, kn) != NULL;
	test_keep(-1, k, kn, NULL, 0);
	test_called();
	return test_answer(found ? ARIL_OK : ARIL_NOT_FOUND, 0);
}
static inline int test_order(test_blob a, const void *p, size_t n) {
	int c = memcmp(a.p, p, a.n < n ? a.n : n);
	return c ? c : a.n < n ? -1 : a.n > n;
}
uint64_t aril_host_state_list(const void *prefix, size_t pn, const void *after, size_t an, void *buf, size_t limit) {
	test_blob from = test_blob_of(after, an), last = from;
	aril_writer keys = aril_writer_spilling(NULL, 0);
	size_t count = 0;
	for (;;) {
		const test_pair *least = NULL;
		for (size_t i = 0; i < test_host.kept_count; i++) {
			const test_pair *q = &test_host.kept[i];
			if (q->level == -1 && q->value.p && q->key.n >= pn && !memcmp(q->key.p, prefix, pn) &&
			    test_order(q->key, last.p, last.n) > 0 &&
			    (!least || test_order(q->key, least->key.p, least->key.n) < 0))
				least = q;
		}
		if (!least || keys.size + least->key.n + 6 > limit)
			break;
		aril_write_bin(&keys, least->key.p, least->key.n);
		last = least->key;
		count++;
	}
	test_called();
	aril_writer w = aril_writer_on(buf, limit);
	aril_write_array(&w, count);
	aril_write_value(&w, aril_raw(keys.buf, keys.size));
	return test_answer(ARIL_OK, w.size);
}
uint64_t aril_host_state_add(const void *k, size_t kn, int64_t delta, void *buf) {
	const test_pair *q = test_find(-1, k, kn);
	uint64_t sum = 0;
	uint8_t le[8];
	if (q && q->value.n != 8)
		return test_answer(ARIL_INVALID, 0);
	for (int i = 7; q && i >= 0; i--)
		sum = sum << 8 | q->value.p[i];
	sum += (uint64_t)delta;
	for (int i = 0; i < 8; i++)
		le[i] = (uint8_t)(sum >> (8 * i));
	test_keep(-1, k, kn, le, 8);
	test_called();
	memcpy(buf, le, 8);
	return test_answer(ARIL_OK, 8);
}
uint64_t aril_host_state_append(const void *k, size_t kn, const void *v, size_t vn) {
	const test_pair *q = test_find(-1, k, kn);
	size_t n = q ? q->value.n : 0;
	uint8_t *both = (uint8_t *)malloc(n + vn + 1);
	if (n)
		memcpy(both, q->value.p, n);
	if (vn)
		memcpy(both + n, v, vn);
	test_keep(-1, k, kn, both, n + vn);
	free(both);
	test_called();
	return test_answer(ARIL_OK, n + vn);
}
uint64_t aril_host_state_swap(const void *k, size_t kn, const void *old, size_t on, const void *v, size_t vn) {
	const test_pair *q = test_find(-1, k, kn);
	bool as_said = on == 0xffffffff ? !q : q && q->value.n == on && (!on || !memcmp(q->value.p, old, on));
	if (as_said)
		test_keep(-1, k, kn, vn == 0xffffffff ? NULL : vn ? v : "", vn == 0xffffffff ? 0 : vn);
	test_called();
	return test_answer(as_said ? ARIL_OK : ARIL_CONFLICT, 0);
}

/* Any function that takes a message and answers with one. */
static inline uint64_t test_invoked(const void *p, size_t n) {
	test_host.sent = test_blob_of(p, n);
	test_called();
	return test_host.answer.message.p ? test_send(test_host.answer.status, test_host.answer.message)
	                                  : test_answer(test_host.answer.status, 0);
}
#define TEST_FUNCTION(name)                                                                                            \
	uint64_t name(const void *p, size_t n) { return test_invoked(p, n); }
TEST_FUNCTION(aril_host_scope_lookup)
TEST_FUNCTION(aril_host_scope_entries)
TEST_FUNCTION(aril_host_scope_resolve)
TEST_FUNCTION(aril_host_scope_update)
TEST_FUNCTION(aril_host_scope_release)
TEST_FUNCTION(aril_host_scope_subscribe)
TEST_FUNCTION(aril_host_scope_unsubscribe)
TEST_FUNCTION(aril_host_scope_get)
TEST_FUNCTION(aril_host_scope_set)
TEST_FUNCTION(aril_host_fetch)

/* Called with what a panic said, as UTF-16 behind its length; NULL ends the
   test. It must not come back. */
static void (*test_host_panicked)(const uint16_t *text, size_t units, const uint16_t *file, uint32_t line);
void aril_host_abort(const void *message, const void *file, uint32_t line, uint32_t column) {
	const uint16_t *text = (const uint16_t *)message, *name = (const uint16_t *)file;
	uint32_t size;
	(void)column;
	memcpy(&size, text - 2, sizeof size);
	if (test_host_panicked)
		test_host_panicked(text, size / 2, name, line);
	fprintf(stderr, "panic: ");
	for (uint32_t i = 0; i < size / 2; i++)
		fputc(text[i] < 0x80 ? text[i] : '?', stderr);
	fputc('\n', stderr);
	abort();
}

#ifdef __cplusplus
}
#endif
#endif
