// QuickJS as one translation unit, with what a sandbox lacks filled in and
// what the engine needs of its inside opened (internal.h). The source of
// QuickJS itself is not changed: see ../build.sh.
#include <fenv.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "host.h"

// The stack that QuickJS's functions measure is the one in linear memory.
#define CONFIG_STACK_CHECK
static inline uintptr_t stack_pointer(void) {
	uintptr_t sp;
	__asm__("global.get __stack_pointer\n\tlocal.set %0" : "=r"(sp));
	return sp;
}
#define __builtin_frame_address(n) stack_pointer()

// WebAssembly rounds to nearest only. QuickJS asks for the other modes where
// it formats a number to a count of digits, so printing does the rounding.
#undef FE_TONEAREST
#define FE_TONEAREST 0
#define FE_DOWNWARD 1
#define FE_UPWARD 2
static int rounding;
#define fesetround(mode) (rounding = (mode))
static int print_rounded(char *buf, size_t size, const char *format, int digits, double d);

// The host charges native stack for what a function calls for certain, and
// what prints numbers takes much of it. Called through a pointer, it is
// charged only when it is called.
static int (*volatile print_any)(char *, size_t, const char *, va_list) = vsnprintf;
#define vsnprintf print_any

static int print(char *buf, size_t size, const char *format, ...) {
	va_list args;
	va_start(args, format);
	int n;
	if (rounding != FE_TONEAREST) {
		int digits = va_arg(args, int);
		n = print_rounded(buf, size, format, digits, va_arg(args, double));
	} else {
		n = print_any(buf, size, format, args);
	}
	va_end(args);
	return n;
}
#define snprintf print

// Nothing is printed: there is nowhere to print to.
#define printf(...) ((void)0)
#define fprintf(...) ((void)0)
#define putchar(c) ((void)0)
#undef assert
#define assert(condition) ((condition) ? (void)0 : engine_fault("assertion failed in QuickJS: " #condition))
#define _ASSERT_H 1
#define abort() engine_fault("QuickJS aborted")

// Time is the host's, and local time is UTC.
static int host_timeofday(struct timeval *tv) {
	int64_t us = host_wall_ns() / 1000;
	tv->tv_sec = us / 1000000;
	tv->tv_usec = us % 1000000;
	return 0;
}
#define gettimeofday(tv, zone) host_timeofday(tv)
#define localtime_r(t, tm) ((tm)->tm_gmtoff = 0)

#include "quickjs.h"

// The interpreter's loop. The host charges its frame by the values that live
// in it, and each call in a script is one such frame.
static JSValue JS_CallInternal(JSContext *caller_ctx, JSValueConst func_obj, JSValueConst this_obj,
							   JSValueConst new_target, int argc, JSValue *argv, int flags) __attribute__((minsize));

#include "quickjs.c"

#undef snprintf
#undef printf
#undef fprintf

#include "internal.h"

// print_rounded formats d as "%.*f" or "%+.*e" would if the processor rounded
// downward or upward: from the exact decimal digits, cut and then moved.
static int print_rounded(char *buf, size_t size, const char *format, int digits, double d) {
	static char exact[1500]; // 309 digits before the point, 1,074 after
	int n = snprintf(exact, sizeof(exact), format, 1100, d);
	char *e = memchr(exact, 'e', n);
	char *point = memchr(exact, '.', n);
	char *last = e ? e : exact + n;
	char *cut = point + 1 + digits;
	int rest = 0;
	for (char *c = cut; c < last; c++)
		rest |= *c != '0';
	char exponent[8] = "";
	if (e)
		strcpy(exponent, e);
	if (digits == 0)
		cut = point;
	*cut = 0;
	if (rest && (rounding == FE_UPWARD) == (exact[0] != '-')) {
		char *c = cut - 1;
		for (; c >= exact && *c != '+' && *c != '-'; c--) {
			if (*c == '.')
				continue;
			if (*c != '9') {
				++*c;
				break;
			}
			*c = '0';
		}
		if (c < exact || *c == '+' || *c == '-') { // 9.99 became 0.00: one digit more
			memmove(c + 2, c + 1, strlen(c + 1) + 1);
			c[1] = '1';
			if (e) { // 10.00e5 is 1.000e6
				size_t have = strlen(exact);
				exact[have - 1] = 0;
				if (digits > 0) {
					char *p = strchr(exact, '.');
					p[0] = p[-1];
					p[-1] = '.';
				}
				snprintf(exponent, sizeof(exponent), "e%+03d", atoi(e + 1) + 1);
			}
		}
	}
	return snprintf(buf, size, "%s%s", exact, exponent);
}

// --- what internal.h opens

enum aril_class aril_class_of(JSContext *ctx, JSValueConst v) {
	if (!JS_IsObject(v))
		return ARIL_NONE;
	JSObject *p = JS_VALUE_GET_OBJ(v);
	switch (p->class_id) {
	case JS_CLASS_ARRAY: return ARIL_ARRAY;
	case JS_CLASS_ERROR: return ARIL_ERROR;
	case JS_CLASS_NUMBER:
	case JS_CLASS_STRING:
	case JS_CLASS_BOOLEAN:
	case JS_CLASS_BIG_INT: return ARIL_BOXED;
	case JS_CLASS_DATE: return ARIL_DATE;
	case JS_CLASS_ARRAY_BUFFER: return ARIL_BUFFER;
	case JS_CLASS_UINT8C_ARRAY:
	case JS_CLASS_UINT8_ARRAY: return ARIL_BYTES;
	case JS_CLASS_DATAVIEW: return ARIL_DATAVIEW;
	case JS_CLASS_MAP: return ARIL_MAP;
	case JS_CLASS_SET: return ARIL_SET;
	case JS_CLASS_PROMISE: return ARIL_PROMISE;
	case JS_CLASS_PROXY:
		if (JS_IsFunction(ctx, v))
			return ARIL_FUNCTION;
		switch (JS_IsArray(ctx, v)) {
		case 0: return ARIL_PLAIN;
		case 1: return ARIL_ARRAY;
		}
		JS_FreeValue(ctx, JS_GetException(ctx)); // a revoked one
		return ARIL_CLOSED;
	case JS_CLASS_REGEXP:
	case JS_CLASS_SYMBOL:
	case JS_CLASS_WEAKMAP:
	case JS_CLASS_WEAKSET:
	case JS_CLASS_GENERATOR:
	case JS_CLASS_ASYNC_GENERATOR: return ARIL_CLOSED;
	}
	if (p->class_id >= JS_CLASS_INT8_ARRAY && p->class_id <= JS_CLASS_FLOAT64_ARRAY)
		return ARIL_NUMBERS;
	if (JS_IsFunction(ctx, v))
		return ARIL_FUNCTION;
	return ARIL_PLAIN;
}

JSValue aril_boxed(JSContext *ctx, JSValueConst v) {
	return JS_DupValue(ctx, JS_VALUE_GET_OBJ(v)->u.object_data);
}

JSValue aril_new_date(JSContext *ctx, double ms) {
	JSValue date = JS_NewObjectProtoClass(ctx, ctx->class_proto[JS_CLASS_DATE], JS_CLASS_DATE);
	if (!JS_IsException(date))
		JS_SetObjectData(ctx, date, JS_NewFloat64(ctx, ms));
	return date;
}

double aril_date_ms(JSContext *ctx, JSValueConst v) {
	double ms = NAN;
	JS_ToFloat64(ctx, &ms, JS_VALUE_GET_OBJ(v)->u.object_data);
	return ms;
}

int aril_big_int64(JSValueConst v, int64_t *n) {
	return bf_get_int64(n, &((JSBigFloat *)JS_VALUE_GET_PTR(v))->num, 0);
}

int aril_big_uint64(JSValueConst v, uint64_t *n) {
	const bf_t *b = &((JSBigFloat *)JS_VALUE_GET_PTR(v))->num;
	return bf_get_uint64(n, b);
}

uint32_t aril_map_count(JSValueConst v) { return JS_VALUE_GET_OBJ(v)->u.map_state->record_count; }

int aril_map_each(JSContext *ctx, JSValueConst v, int (*f)(void *arg, JSValueConst key, JSValueConst value), void *arg) {
	struct list_head *records = &JS_VALUE_GET_OBJ(v)->u.map_state->records;
	int ret = 0;
	for (struct list_head *el = records->next; el != records && !ret;) {
		JSMapRecord *r = list_entry(el, JSMapRecord, link);
		if (!r->empty) {
			r->ref_count++; // f may take it out
			JSValue key = JS_DupValue(ctx, r->key), value = JS_DupValue(ctx, r->value);
			ret = f(arg, key, value);
			JS_FreeValue(ctx, key);
			JS_FreeValue(ctx, value);
			el = r->link.next;
			map_decref_record(ctx->rt, r);
		} else {
			el = r->link.next;
		}
	}
	return ret;
}

uint8_t *aril_view(JSContext *ctx, JSValueConst v, size_t *len) {
	JSObject *p = JS_VALUE_GET_OBJ(v);
	if (p->class_id == JS_CLASS_ARRAY_BUFFER)
		return JS_GetArrayBuffer(ctx, len, v);
	JSTypedArray *ta = p->u.typed_array;
	JSArrayBuffer *abuf = ta->buffer->u.array_buffer;
	if (abuf->detached) {
		JS_ThrowTypeErrorDetachedArrayBuffer(ctx);
		return NULL;
	}
	*len = ta->length;
	if (p->class_id != JS_CLASS_DATAVIEW) {
		int size_log2 = typed_array_size_log2(p->class_id);
		*len = (size_t)p->u.array.count << size_log2;
	}
	return abuf->data + ta->offset;
}

enum aril_settled aril_promise(JSValueConst promise, JSValue *result) {
	JSPromiseData *s = JS_VALUE_GET_OBJ(promise)->u.promise_data;
	*result = s->promise_result;
	return (enum aril_settled)s->promise_state;
}

void aril_promise_handled(JSValueConst promise) { JS_VALUE_GET_OBJ(promise)->u.promise_data->is_handled = TRUE; }

int aril_resolves(JSValueConst resolve, JSValueConst promise) {
	if (!JS_IsObject(resolve) || JS_VALUE_GET_OBJ(resolve)->class_id != JS_CLASS_PROMISE_RESOLVE_FUNCTION)
		return 0;
	JSPromiseFunctionData *s = JS_VALUE_GET_OBJ(resolve)->u.promise_function_data;
	if (!s)
		return 0;
	return JS_IsObject(promise) && JS_VALUE_GET_OBJ(s->promise) == JS_VALUE_GET_OBJ(promise) ? 2 : 1;
}

void aril_take_jobs(JSRuntime *rt, struct list_head *to) {
	init_list_head(to);
	if (!list_empty(&rt->job_list)) {
		*to = rt->job_list;
		to->next->prev = to;
		to->prev->next = to;
	}
	init_list_head(&rt->job_list);
}

void aril_give_jobs(JSRuntime *rt, struct list_head *from) {
	struct list_head *el, *next;
	list_for_each_safe(el, next, &rt->job_list) {
		JSJobEntry *e = list_entry(el, JSJobEntry, link);
		list_del(el);
		for (int i = 0; i < e->argc; i++)
			JS_FreeValueRT(rt, e->argv[i]);
		js_free_rt(rt, e);
	}
	init_list_head(&rt->job_list);
	if (!list_empty(from)) {
		rt->job_list = *from;
		rt->job_list.next->prev = &rt->job_list;
		rt->job_list.prev->next = &rt->job_list;
	}
}

void aril_seed(JSContext *ctx, uint64_t seed) { ctx->random_state = seed ? seed : 1; }

void aril_allow_eval(JSContext *ctx, int allowed) { ctx->eval_internal = allowed ? __JS_EvalInternal : NULL; }

JSValue aril_module_default(JSContext *ctx, JSValueConst module) {
	JSValue ns = js_get_module_ns(ctx, JS_VALUE_GET_PTR(module));
	if (JS_IsException(ns))
		return ns;
	JSValue v = JS_GetProperty(ctx, ns, JS_ATOM_default);
	JS_FreeValue(ctx, ns);
	return v;
}

int aril_is_internal_error(JSContext *ctx, JSValueConst v) {
	if (!JS_IsObject(v) || JS_VALUE_GET_OBJ(v)->class_id != JS_CLASS_ERROR)
		return 0;
	JSObject *proto = JS_VALUE_GET_OBJ(v)->shape->proto;
	return proto == JS_VALUE_GET_OBJ(ctx->native_error_proto[JS_INTERNAL_ERROR]);
}

size_t aril_heap_used(JSRuntime *rt) { return rt->malloc_state.malloc_size; }
