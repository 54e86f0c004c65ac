// What the engine needs of the inside of QuickJS, defined in quickjs_unit.c.
#ifndef ARIL_INTERNAL_H
#define ARIL_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "list.h"
#include "quickjs.h"

// What an object is to a message.
enum aril_class {
	ARIL_NONE, // no object
	ARIL_PLAIN,
	ARIL_ARRAY,
	ARIL_MAP,
	ARIL_SET,
	ARIL_BYTES, // Uint8Array, Uint8ClampedArray
	ARIL_BUFFER,
	ARIL_DATAVIEW,
	ARIL_NUMBERS, // the other typed arrays
	ARIL_DATE,
	ARIL_BOXED, // new Number(1) and the like
	ARIL_ERROR,
	ARIL_PROMISE,
	ARIL_FUNCTION,
	ARIL_CLOSED, // RegExp, WeakMap, generators, …: nothing to send
};

enum aril_settled { ARIL_PENDING, ARIL_FULFILLED, ARIL_REJECTED };

enum aril_class aril_class_of(JSContext *ctx, JSValueConst v);
JSValue aril_boxed(JSContext *ctx, JSValueConst v);

JSValue aril_new_date(JSContext *ctx, double ms);
double aril_date_ms(JSContext *ctx, JSValueConst v); // NaN for an invalid date

// 0, or not 0 where the BigInt does not fit.
int aril_big_int64(JSValueConst v, int64_t *n);
int aril_big_uint64(JSValueConst v, uint64_t *n);

// Of a Map or a Set, in the order of insertion, until f answers other than 0.
uint32_t aril_map_count(JSValueConst v);
int aril_map_each(JSContext *ctx, JSValueConst v, int (*f)(void *arg, JSValueConst key, JSValueConst value), void *arg);

// The bytes of a typed array, DataView or ArrayBuffer; NULL with an exception
// where they are detached.
uint8_t *aril_view(JSContext *ctx, JSValueConst v, size_t *len);

// The state of a promise, and what it settled with (borrowed).
enum aril_settled aril_promise(JSValueConst promise, JSValue *result);
void aril_promise_handled(JSValueConst promise);

// 1 if resolve is the resolving function of some promise, 2 if of this one.
int aril_resolves(JSValueConst resolve, JSValueConst promise);

// The queue of jobs: taken away whole, and given back. What is in the queue
// when it is given back is dropped.
void aril_take_jobs(JSRuntime *rt, struct list_head *to);
void aril_give_jobs(JSRuntime *rt, struct list_head *from);

void aril_seed(JSContext *ctx, uint64_t seed);
void aril_allow_eval(JSContext *ctx, int allowed);
JSValue aril_module_default(JSContext *ctx, JSValueConst module);

// Whether QuickJS threw it because it could not go on: no memory, no stack.
int aril_is_internal_error(JSContext *ctx, JSValueConst v);

size_t aril_heap_used(JSRuntime *rt);

#endif
