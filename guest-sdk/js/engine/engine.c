// The exports: a script is evaluated once, by aril_init, and its functions are
// called by the other hooks.
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

JSRuntime *rt;
JSContext *ctx;
struct activation *current;
uint8_t mailbox[MAILBOX] __attribute__((aligned(4096)));

// What prelude.js made of the script's exports, for each hook, or undefined.
static JSValue hooks[HOOK_DISPOSE + 1];
static JSValue extension; // `this` of the hooks
static JSValue prelude_functions;
static char script_name[80];

static const char *const hook_names[] = {"init", "wrap", "event", "call", "dispose"};

// Of the 512 KiB of stack in linear memory scripts may use this much; the
// host bounds its own stack, which recursion may reach first. Garbage is
// collected when the heap has grown by GC_SLACK since the script was loaded.
enum { STACK_LIMIT = 448 << 10, GC_SLACK = 1 << 20 };

static const char prelude_source[] = {
#embed "prelude.js"
	, 0};

// --- memory

static void *js_alloc(JSMallocState *s, size_t size) {
	void *p = size ? alloc(size) : NULL;
	if (p) {
		s->malloc_count++;
		s->malloc_size += alloc_size(p);
	}
	return p;
}

static void js_dealloc(JSMallocState *s, void *p) {
	if (!p)
		return;
	s->malloc_count--;
	s->malloc_size -= alloc_size(p);
	alloc_free(p);
}

static void *js_realloc_(JSMallocState *s, void *p, size_t size) {
	if (!p)
		return js_alloc(s, size);
	if (!size) {
		js_dealloc(s, p);
		return NULL;
	}
	size_t was = alloc_size(p);
	p = alloc_again(p, size);
	if (p)
		s->malloc_size += alloc_size(p) - was;
	return p;
}

static const JSMallocFunctions memory = {js_alloc, js_dealloc, js_realloc_, alloc_size};

// --- messages

uint8_t *message_copy(uint32_t n) {
	if (n > MAILBOX) {
		uint32_t status;
		size_t len;
		return slot_read(SLOT_MESSAGE, &len, &status);
	}
	uint8_t *p = alloc(n ? n : 1);
	if (p)
		memcpy(p, mailbox, n);
	return p;
}

uint8_t *slot_read(uint32_t slot, size_t *len, uint32_t *status) {
	int64_t answer = aril_read(slot, 0, mailbox, MAILBOX);
	*status = status_of(answer);
	if (*status != OK)
		return NULL;
	uint32_t n = count_of(answer);
	*len = n;
	uint8_t *p = alloc(n + 1);
	if (!p) {
		*status = LIMIT;
		return NULL;
	}
	memcpy(p, mailbox, n < MAILBOX ? n : MAILBOX);
	if (n > MAILBOX) {
		answer = aril_read(slot, MAILBOX, p + MAILBOX, n - MAILBOX);
		*status = status_of(answer);
		if (*status != OK || count_of(answer) != n) {
			alloc_free(p);
			return NULL;
		}
	}
	p[n] = 0;
	return p;
}

// --- the prelude

JSValue prelude(const char *name, int argc, JSValueConst *argv) {
	JSValue f = JS_GetPropertyStr(ctx, prelude_functions, name);
	JSValue v = JS_Call(ctx, f, JS_UNDEFINED, argc, argv);
	JS_FreeValue(ctx, f);
	return v;
}

JSValue throw_status(uint32_t status, const char *what) {
	JSValue args[2] = {JS_NewUint32(ctx, status), JS_NewString(ctx, what)};
	JSValue e = prelude("statusError", 2, (JSValueConst *)args);
	JS_FreeValue(ctx, args[1]);
	return JS_IsException(e) ? e : JS_Throw(ctx, e);
}

JSValue throw_message(const uint8_t *data, size_t len) {
	JSValue fields = value_decode(ctx, data, len);
	if (JS_IsException(fields))
		return fields;
	JSValue e = prelude("hostError", 1, (JSValueConst *)&fields);
	JS_FreeValue(ctx, fields);
	return JS_IsException(e) ? e : JS_Throw(ctx, e);
}

// --- ends

static uint16_t *utf16(const char *s, size_t len) {
	uint32_t *head = malloc(4 + 2 * len);
	if (!head)
		return NULL;
	uint16_t *out = (uint16_t *)(head + 1);
	size_t n = 0;
	for (size_t i = 0; i < len;) {
		unsigned char c = s[i++];
		uint32_t rune = c;
		int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
		if (more)
			rune = c & (0x3f >> more);
		for (; more && i < len; more--)
			rune = rune << 6 | (s[i++] & 0x3f);
		if (rune > 0xffff) {
			rune -= 0x10000;
			out[n++] = 0xd800 | rune >> 10;
			rune = 0xdc00 | (rune & 0x3ff);
		}
		out[n++] = rune;
	}
	*head = n * 2;
	return out;
}

static void abort_with(const char *message, size_t len, const char *file, uint32_t line) {
	aril_abort(utf16(message, len), file ? utf16(file, strlen(file)) : NULL, line, 0);
}

// Called through a pointer, so that its stack is charged when it is called and
// not to each function that might.
static void (*volatile abort_any)(const char *, size_t, const char *, uint32_t) = abort_with;

_Noreturn void engine_panic(const char *message, size_t len, const char *file, uint32_t line) {
	abort_any(message, len, file, line);
	__builtin_trap();
}

_Noreturn void engine_fault(const char *message) { engine_panic(message, strlen(message), NULL, 0); }

// panic_with ends the activation with what a script threw or said.
_Noreturn void panic_with(JSValueConst thrown) {
	size_t len;
	const char *text = JS_ToCStringLen(ctx, &len, thrown);
	if (!text) {
		JS_FreeValue(ctx, JS_GetException(ctx));
		engine_fault("a script broke");
	}
	char where[sizeof(script_name)] = "";
	uint32_t line = 0;
	JSValue stack = JS_IsObject(thrown) ? JS_GetPropertyStr(ctx, thrown, "stack") : JS_UNDEFINED;
	const char *trace = JS_IsString(stack) ? JS_ToCString(ctx, stack) : NULL;
	if (trace) {
		aril_log(LOG_ERROR, trace, strlen(trace), NULL, 0);
		const char *at = strstr(trace, script_name);
		if (at && at[strlen(script_name)] == ':') {
			strcpy(where, script_name);
			line = atoi(at + strlen(script_name) + 1);
		}
	}
	engine_panic(text, len, where[0] ? where : NULL, line);
}

static uint32_t outcome(uint32_t kind, JSValueConst v, uint32_t *status) {
	struct buffer b = {0};
	if (value_encode(ctx, &b, v)) {
		buffer_free(&b);
		*status = OK;
		return 0;
	}
	*status = status_of(aril_outcome(kind, b.data, b.len));
	buffer_free(&b);
	return 1;
}

// fail gives what was thrown to the host, as an error of the operation. What
// QuickJS throws because it cannot go on breaks the extension.
static uint32_t fail(struct activation *a) {
	JSValue e = JS_GetException(ctx);
	if (aril_is_internal_error(ctx, e))
		panic_with(e);
	JSValue args[3] = {e, JS_NewString(ctx, a->name), JS_FALSE};
	for (int without_handles = 0; without_handles < 2; without_handles++) {
		uint32_t status;
		args[2] = JS_NewBool(ctx, without_handles);
		JSValue fields = prelude("errorFields", 3, (JSValueConst *)args);
		int sent = !JS_IsException(fields) && outcome(OUTCOME_ERROR, fields, &status);
		JS_FreeValue(ctx, fields);
		if (!sent)
			panic_with(JS_GetException(ctx));
		if (status == OK)
			break;
		if (status != STALE && status != INVALID) {
			throw_status(status, "an error of the extension's own");
			panic_with(JS_GetException(ctx));
		}
	}
	JS_FreeValue(ctx, args[1]);
	JS_FreeValue(ctx, e);
	return DONE;
}

static uint32_t pass_result(struct activation *a, struct result *r) {
	uint32_t index = result_index(r);
	if (index + 1 == a->nexts)
		return PASS;
	uint32_t status = status_of(aril_outcome(OUTCOME_NEXT, (const void *)(uintptr_t)index, 0));
	if (status != OK) {
		throw_status(status, "an earlier outcome");
		return fail(a);
	}
	return DONE;
}

// conclude gives what a hook returned to the host, and takes it.
static uint32_t conclude(struct activation *a, JSValue v) {
	struct result *r = result_of(v);
	if (!r)
		r = result_unchanged(a, v);
	if (r) {
		JS_FreeValue(ctx, v);
		return pass_result(a, r);
	}
	uint32_t status;
	int sent = outcome(OUTCOME_VALUE, v, &status);
	JS_FreeValue(ctx, v);
	if (!sent)
		return fail(a);
	// What does not fit the operation's type ends the activation: the host
	// says why better than a status would.
	if (status == OK || status == INVALID || status == STALE)
		return DONE;
	throw_status(status, "an answer of the extension's own");
	return fail(a);
}

// --- activations

// run_jobs runs promise jobs until there are none. -1 with an exception that
// is not the script's to handle.
static int run_jobs(void) {
	JSContext *of;
	int ran;
	while ((ran = JS_ExecutePendingJob(rt, &of)) > 0) {
	}
	return ran;
}

// settle waits for a promise: runs jobs, and timers where there are no jobs.
static JSValue settle(struct activation *a, JSValue promise) {
	a->promise = promise;
	aril_promise_handled(promise);
	for (;;) {
		JSValue result;
		if (run_jobs() < 0)
			return JS_EXCEPTION;
		switch (aril_promise(promise, &result)) {
		case ARIL_FULFILLED: return JS_DupValue(ctx, result);
		case ARIL_REJECTED: return JS_Throw(ctx, JS_DupValue(ctx, result));
		case ARIL_PENDING: break;
		}
		int fired = timers_fire(a);
		if (fired < 0)
			return JS_EXCEPTION;
		if (!fired) {
			JSValue hook = JS_NewString(ctx, a->name);
			JSValue e = prelude("neverSettles", 1, (JSValueConst *)&hook);
			JS_FreeValue(ctx, hook);
			return JS_IsException(e) ? e : JS_Throw(ctx, e);
		}
	}
}

static void enter(struct activation *a, enum hook hook) {
	*a = (struct activation){.outer = current, .hook = hook, .name = hook_names[hook], .promise = JS_UNDEFINED};
	current = a;
	aril_take_jobs(rt, &a->jobs);
}

// leave ends an activation. What a script left running is dropped.
static void leave(struct activation *a) {
	if (a->rejections)
		rejections_report(a);
	timers_drop(a);
	activation_end(a);
	JS_FreeValue(ctx, a->promise);
	aril_give_jobs(rt, &a->jobs);
	current = a->outer;
}

// run calls a hook's function and concludes with what it returned.
static uint32_t run(struct activation *a, JSValueConst f, int argc, JSValueConst *argv) {
	JSValue v = JS_Call(ctx, f, extension, argc, argv);
	if (JS_IsObject(v) && !result_of(v)) {
		if (aril_class_of(ctx, v) != ARIL_PROMISE) {
			JSValue thenable = v, then = JS_GetPropertyStr(ctx, v, "then");
			if (JS_IsFunction(ctx, then)) {
				v = prelude("promiseOf", 1, (JSValueConst *)&thenable);
				JS_FreeValue(ctx, thenable);
			} else if (JS_IsException(then)) {
				JS_FreeValue(ctx, v);
				v = JS_EXCEPTION;
			}
			JS_FreeValue(ctx, then);
		}
		if (aril_class_of(ctx, v) == ARIL_PROMISE)
			v = settle(a, v);
	}
	if (!JS_IsException(v) && run_jobs() < 0) {
		JS_FreeValue(ctx, v);
		v = JS_EXCEPTION;
	}
	if (JS_IsException(v))
		return fail(a);
	if (a->passed)
		return pass_result(a, a->passed);
	if (JS_IsUndefined(v))
		return PASS;
	return conclude(a, v);
}

// --- exports

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("aril_abi_v1") int64_t export_abi(void) { return (int64_t)(uintptr_t)mailbox << 32 | MAILBOX; }

static void begin_engine(void) {
	rt = JS_NewRuntime2(&memory, NULL);
	if (!rt)
		engine_fault("no memory for QuickJS");
	JS_SetMaxStackSize(rt, STACK_LIMIT);
	JS_SetGCThreshold(rt, 8 << 20);
	ctx = JS_NewContextRaw(rt);
	JS_AddIntrinsicBaseObjects(ctx);
	JS_AddIntrinsicDate(ctx);
	JS_AddIntrinsicStringNormalize(ctx);
	JS_AddIntrinsicRegExp(ctx);
	JS_AddIntrinsicJSON(ctx);
	JS_AddIntrinsicProxy(ctx);
	JS_AddIntrinsicMapSet(ctx);
	JS_AddIntrinsicTypedArrays(ctx);
	JS_AddIntrinsicPromise(ctx);
	JS_AddIntrinsicBigInt(ctx);
	script_begin();
	rejections_begin();
	JSValue global = JS_GetGlobalObject(ctx);
	if (value_begin(ctx) || operation_begin() || timers_begin(global))
		engine_fault("no memory for QuickJS");
	aril_allow_eval(ctx, 1);
	JSValue f = JS_Eval(ctx, prelude_source, sizeof(prelude_source) - 1, "aril", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT);
	aril_allow_eval(ctx, 0);
	if (JS_IsException(f))
		panic_with(JS_GetException(ctx));
	JSValue args[2] = {builtins(), global};
	prelude_functions = JS_Call(ctx, f, JS_UNDEFINED, 2, (JSValueConst *)args);
	if (JS_IsException(prelude_functions))
		panic_with(JS_GetException(ctx));
	JS_FreeValue(ctx, args[0]);
	JS_FreeValue(ctx, f);
	JS_FreeValue(ctx, global);
}

// load evaluates the script, makes the extension of its default export, and
// runs the extension's init.
static JSValue load(struct activation *a, uint32_t n) {
	uint8_t *message = message_copy(n);
	size_t len;
	const uint8_t *name = message ? message_find(message, n, "name", &len) : NULL;
	JSValue title = name ? value_decode(ctx, name, len) : JS_NewString(ctx, "extension");
	alloc_free(message);
	const char *text = JS_ToCString(ctx, title);
	snprintf(script_name, sizeof(script_name), "%.70s.js", text);
	JS_FreeCString(ctx, text);

	uint32_t status;
	char *script = (char *)slot_read(SLOT_SCRIPT, &len, &status);
	if (!script)
		return throw_status(status, "the script: the module was loaded without one");
	JSValue exported = script_evaluate(script, len, script_name);
	alloc_free(script);
	if (JS_IsException(exported))
		return exported;

	JSValue config = JS_UNDEFINED;
	uint8_t *encoded = slot_read(SLOT_CONFIG, &len, &status);
	if (encoded) {
		config = value_decode(ctx, encoded, len);
		alloc_free(encoded);
	} else if (status != NOT_FOUND) {
		config = throw_status(status, "the configuration");
	}
	if (JS_IsException(config))
		return config;
	JSValue args[3] = {exported, config, title};
	JSValue made = prelude("begin", 3, (JSValueConst *)args);
	for (int i = 0; i < 3; i++)
		JS_FreeValue(ctx, args[i]);
	if (JS_IsException(made))
		return made;
	return settle(a, made);
}

EXPORT("aril_init") uint32_t export_init(uint32_t n) {
	struct activation a;
	uint8_t *message = message_copy(n); // begin_engine may call the host
	begin_engine();
	if (message)
		memcpy(mailbox, message, n < MAILBOX ? n : MAILBOX);
	alloc_free(message);
	enter(&a, HOOK_INIT);
	uint32_t result = PASS;
	JSValue made = load(&a, n);
	if (JS_IsException(made)) {
		result = fail(&a);
	} else {
		for (int i = HOOK_WRAP; i <= HOOK_DISPOSE; i++)
			hooks[i] = JS_GetPropertyStr(ctx, made, hook_names[i]);
		extension = JS_GetPropertyStr(ctx, made, "extension");
	}
	JS_FreeValue(ctx, made);
	leave(&a);
	JS_RunGC(rt);
	JS_SetGCThreshold(rt, aril_heap_used(rt) + GC_SLACK);
	alloc_freeze();
	return result;
}

static uint32_t run_hook(enum hook hook, uint32_t n) {
	struct activation a;
	if (!JS_IsFunction(ctx, hooks[hook]))
		return PASS;
	enter(&a, hook);
	JSValue args[2] = {header_object(&a, n), JS_UNDEFINED};
	uint32_t result;
	if (hook == HOOK_WRAP)
		args[1] = next_function(args[0]);
	if (JS_IsException(args[0]) || JS_IsException(args[1]))
		result = fail(&a);
	else
		result = run(&a, hooks[hook], hook == HOOK_WRAP ? 2 : 1, (JSValueConst *)args);
	leave(&a); // before its header may be freed
	JS_FreeValue(ctx, args[0]);
	JS_FreeValue(ctx, args[1]);
	return result;
}

EXPORT("aril_wrap") uint32_t export_wrap(uint32_t n) { return run_hook(HOOK_WRAP, n); }

EXPORT("aril_event") uint32_t export_event(uint32_t n) { return run_hook(HOOK_EVENT, n); }

EXPORT("aril_call") uint32_t export_call(uint32_t n) { return run_hook(HOOK_CALL, n); }

EXPORT("aril_dispose") uint32_t export_dispose(void) {
	struct activation a;
	if (!JS_IsFunction(ctx, hooks[HOOK_DISPOSE]))
		return PASS;
	enter(&a, HOOK_DISPOSE);
	JSValue v = JS_Call(ctx, hooks[HOOK_DISPOSE], extension, 0, NULL);
	if (aril_class_of(ctx, v) == ARIL_PROMISE)
		v = settle(&a, v);
	if (JS_IsException(v)) {
		JSValue args[2] = {JS_GetException(ctx), JS_NewString(ctx, a.name)};
		JS_FreeValue(ctx, prelude("report", 2, (JSValueConst *)args));
		JS_FreeValue(ctx, args[0]);
		JS_FreeValue(ctx, args[1]);
	}
	JS_FreeValue(ctx, v);
	leave(&a);
	return PASS;
}
