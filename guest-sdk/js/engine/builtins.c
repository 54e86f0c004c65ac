// The functions of the host as functions of JavaScript, for the prelude.
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "engine.h"
#include "value_parts.h"

#define FUNCTION(name) static JSValue name(JSContext *c, JSValueConst this, int argc, JSValueConst *argv)

int64_t host_wall_ns(void) {
	int64_t ns = 0;
	if (status_of(aril_now(HOST_WALL, &ns)) != OK)
		wasi_clock_time_get(0, 1000, &ns); // while loading
	return ns;
}

int64_t monotonic_ns(void) {
	int64_t ns = 0;
	if (status_of(aril_now(HOST_MONOTONIC, &ns)) != OK)
		wasi_clock_time_get(1, 1000, &ns);
	return ns;
}

FUNCTION(monotonic) { return JS_NewFloat64(ctx, monotonic_ns() / 1e6); }

FUNCTION(wall) {
	int64_t ns = host_wall_ns();
	return JS_NewBigInt64(ctx, ns);
}

// A text or bytes, for a call. Free it with piece_free.
struct piece {
	const char *text;
	const void *data;
	size_t len;
};

static int piece_take(struct piece *p, JSValueConst v) {
	*p = (struct piece){0};
	enum aril_class class = aril_class_of(ctx, v);
	if (class == ARIL_BYTES || class == ARIL_BUFFER || class == ARIL_DATAVIEW) {
		p->data = aril_view(ctx, v, &p->len);
		return p->data || !p->len ? 0 : -1;
	}
	if (JS_IsString(v)) {
		p->text = JS_ToCStringLen(ctx, &p->len, v);
		p->data = p->text;
		return p->text ? 0 : -1;
	}
	JS_ThrowTypeError(ctx, "a text or a Uint8Array is wanted");
	return -1;
}

static void piece_free(struct piece *p) {
	if (p->text)
		JS_FreeCString(ctx, p->text);
}

FUNCTION(log_write) {
	int32_t level;
	size_t len;
	if (JS_ToInt32(ctx, &level, argv[0]))
		return JS_EXCEPTION;
	const char *text = JS_ToCStringLen(ctx, &len, argv[1]);
	if (!text)
		return JS_EXCEPTION;
	struct buffer attrs = {0};
	uint32_t status = OK;
	int bad = !JS_IsUndefined(argv[2]) && value_encode(ctx, &attrs, argv[2]);
	if (!bad)
		status = status_of(aril_log(level, text, len, attrs.data, attrs.len));
	buffer_free(&attrs);
	JS_FreeCString(ctx, text);
	return bad ? JS_EXCEPTION : JS_NewUint32(ctx, status);
}

FUNCTION(random_fill) {
	size_t len;
	enum aril_class class = aril_class_of(ctx, argv[0]);
	if (class != ARIL_BYTES && class != ARIL_NUMBERS)
		return JS_ThrowTypeError(ctx, "a typed array is wanted");
	uint8_t *data = aril_view(ctx, argv[0], &len);
	if (!data && len)
		return JS_EXCEPTION;
	uint32_t status = status_of(aril_fill(data, len));
	return status == OK ? JS_UNDEFINED : throw_status(status, "random");
}

FUNCTION(encode) {
	struct buffer b = {0};
	JSValue v = value_encode(ctx, &b, argv[0]) ? JS_EXCEPTION : bytes_new(ctx, b.data, b.len);
	buffer_free(&b);
	return v;
}

FUNCTION(decode) {
	struct piece p;
	if (piece_take(&p, argv[0]))
		return JS_EXCEPTION;
	const uint8_t *at = p.data, *end = at + p.len;
	JSValue v = item_skip(&at, end) || at != end ? JS_ThrowSyntaxError(ctx, "malformed message") : value_decode(ctx, p.data, p.len);
	piece_free(&p);
	return v;
}

FUNCTION(raw) {
	struct piece p;
	if (piece_take(&p, argv[0]))
		return JS_EXCEPTION;
	JSValue v = raw_new(ctx, p.data, p.len);
	piece_free(&p);
	return v;
}

FUNCTION(utf8) {
	size_t len;
	const char *s = JS_ToCStringLen(ctx, &len, argv[0]);
	if (!s)
		return JS_EXCEPTION;
	struct buffer b = {0};
	JSValue v = put_str(&b, s, len) ? JS_ThrowOutOfMemory(ctx) : bytes_new(ctx, b.data + b.len - len, len);
	buffer_free(&b);
	JS_FreeCString(ctx, s);
	return v;
}

FUNCTION(text) {
	struct piece p;
	if (piece_take(&p, argv[0]))
		return JS_EXCEPTION;
	JSValue v = JS_NewStringLen(ctx, p.data, p.len);
	piece_free(&p);
	return v;
}

// exact gives the whole time of a Date, in nanoseconds since 1970, as
// [seconds, nanoseconds]; date is its inverse.
FUNCTION(exact) {
	int64_t seconds;
	uint32_t ns;
	if (aril_class_of(ctx, argv[0]) != ARIL_DATE)
		return JS_ThrowTypeError(ctx, "a Date is wanted");
	if (date_time(ctx, argv[0], &seconds, &ns))
		return JS_ThrowRangeError(ctx, "an invalid date has no time");
	JSValue pair = JS_NewArray(ctx);
	JS_DefinePropertyValueUint32(ctx, pair, 0, JS_NewBigInt64(ctx, seconds), JS_PROP_C_W_E);
	JS_DefinePropertyValueUint32(ctx, pair, 1, JS_NewUint32(ctx, ns), JS_PROP_C_W_E);
	return pair;
}

FUNCTION(date) {
	int64_t seconds;
	uint32_t ns;
	if (JS_VALUE_GET_NORM_TAG(argv[0]) != JS_TAG_BIG_INT || aril_big_int64(argv[0], &seconds) || JS_ToUint32(ctx, &ns, argv[1]) || ns > 999999999)
		return JS_ThrowRangeError(ctx, "no time that a message can hold");
	return time_new(ctx, seconds, ns);
}

FUNCTION(panic) { panic_with(argv[0]); }

FUNCTION(hook) { return current ? JS_NewString(ctx, current->name) : JS_UNDEFINED; }

// grown calls a function that fills a buffer, with one that is large enough.
// Without memory the status is LIMIT.
#define GROWN(data, len, status, call)                       \
	do {                                                     \
		size_t room = 512;                                   \
		for (;;) {                                           \
			uint8_t *buf = data = alloc(room);               \
			if (!buf) {                                      \
				status = LIMIT;                              \
				break;                                       \
			}                                                \
			int64_t answer = call;                           \
			status = status_of(answer);                      \
			len = count_of(answer);                          \
			if (len <= room || (status != OK && status != TOO_LARGE)) \
				break;                                       \
			alloc_free(data);                                \
			room = len;                                      \
		}                                                    \
	} while (0)

static JSValue bytes_or_undefined(uint8_t *data, size_t len, uint32_t status, const char *what) {
	JSValue v = status == OK ? bytes_new(ctx, data, len) : status == NOT_FOUND ? JS_UNDEFINED : throw_status(status, what);
	alloc_free(data);
	return v;
}

FUNCTION(state_get) {
	struct piece key;
	if (piece_take(&key, argv[0]))
		return JS_EXCEPTION;
	uint8_t *data;
	size_t len = 0;
	uint32_t status;
	GROWN(data, len, status, aril_state_get(key.data, key.len, buf, room));
	piece_free(&key);
	return bytes_or_undefined(data, len, status, "state.get");
}

enum { STATE_PUT, STATE_APPEND };

static JSValue state_write(JSContext *c, JSValueConst this, int argc, JSValueConst *argv, int append) {
	struct piece key, value;
	if (piece_take(&key, argv[0]))
		return JS_EXCEPTION;
	if (piece_take(&value, argv[1])) {
		piece_free(&key);
		return JS_EXCEPTION;
	}
	int64_t answer = (append ? aril_state_append : aril_state_put)(key.data, key.len, value.data, value.len);
	piece_free(&key);
	piece_free(&value);
	if (status_of(answer) != OK)
		return throw_status(status_of(answer), append ? "state.append" : "state.put");
	return append ? JS_NewUint32(ctx, count_of(answer)) : JS_UNDEFINED;
}

FUNCTION(state_delete) {
	struct piece key;
	if (piece_take(&key, argv[0]))
		return JS_EXCEPTION;
	uint32_t status = status_of(aril_state_delete(key.data, key.len));
	piece_free(&key);
	return status == OK || status == NOT_FOUND ? JS_NewBool(ctx, status == OK) : throw_status(status, "state.delete");
}

// One answer of the host: an array of keys, as bytes.
FUNCTION(state_list) {
	struct piece prefix, after;
	if (piece_take(&prefix, argv[0]))
		return JS_EXCEPTION;
	if (piece_take(&after, argv[1])) {
		piece_free(&prefix);
		return JS_EXCEPTION;
	}
	uint8_t *data;
	size_t len = 0;
	uint32_t status;
	GROWN(data, len, status, aril_state_list(prefix.data, prefix.len, after.data, after.len, buf, room));
	piece_free(&prefix);
	piece_free(&after);
	JSValue v = status == OK ? value_decode(ctx, data, len) : throw_status(status, "state.list");
	alloc_free(data);
	return v;
}

static int delta_of(JSValueConst v, int64_t *delta) {
	if (JS_VALUE_GET_NORM_TAG(v) == JS_TAG_BIG_INT) {
		if (aril_big_int64(v, delta) == 0)
			return 0;
		JS_ThrowRangeError(ctx, "a number of more than 64 bits");
		return -1;
	}
	return JS_ToInt64(ctx, delta, v);
}

FUNCTION(state_add) {
	struct piece key;
	int64_t delta, sum = 0;
	if (delta_of(argv[1], &delta) || piece_take(&key, argv[0]))
		return JS_EXCEPTION;
	uint32_t status = status_of(aril_state_add(key.data, key.len, delta, &sum));
	piece_free(&key);
	if (status != OK)
		return throw_status(status, "state.add");
	return sum > MAX_SAFE_INTEGER || sum < -MAX_SAFE_INTEGER ? JS_NewBigInt64(ctx, sum) : JS_NewInt64(ctx, sum);
}

enum { ABSENT = 0xffffffff };

FUNCTION(state_swap) {
	struct piece pieces[3] = {0};
	uint32_t len[3], status = INVALID;
	int bad = 0;
	for (int i = 0; i < 3 && !bad; i++) {
		int absent = i > 0 && (JS_IsUndefined(argv[i]) || JS_IsNull(argv[i]));
		bad = !absent && piece_take(&pieces[i], argv[i]);
		len[i] = absent ? ABSENT : pieces[i].len;
	}
	if (!bad)
		status = status_of(aril_state_swap(pieces[0].data, len[0], pieces[1].data, len[1], pieces[2].data, len[2]));
	for (int i = 0; i < 3; i++)
		piece_free(&pieces[i]);
	if (bad)
		return JS_EXCEPTION;
	return status == OK || status == CONFLICT ? JS_NewBool(ctx, status == OK) : throw_status(status, "state.swap");
}

static JSValue value_or_undefined(uint8_t *data, size_t len, uint32_t status, const char *what) {
	JSValue v = status == OK ? value_decode(ctx, data, len) : status == NOT_FOUND ? JS_UNDEFINED : throw_status(status, what);
	alloc_free(data);
	return v;
}

// context(level, key): what is kept there.
FUNCTION(context_get) {
	struct piece key;
	uint32_t level;
	if (JS_ToUint32(ctx, &level, argv[0]) || piece_take(&key, argv[1]))
		return JS_EXCEPTION;
	uint8_t *data;
	size_t len = 0;
	uint32_t status;
	GROWN(data, len, status, aril_context_get(level, key.data, key.len, buf, room));
	piece_free(&key);
	return value_or_undefined(data, len, status, "context.get");
}

enum { CONTEXT_SET, CONTEXT_APPEND, CONTEXT_SWAP };

// context(level, key, value); undefined removes.
static JSValue context_write(JSContext *c, JSValueConst this, int argc, JSValueConst *argv, int how) {
	struct piece key;
	uint32_t level;
	struct buffer b = {0};
	if (JS_ToUint32(ctx, &level, argv[0]) || piece_take(&key, argv[1]))
		return JS_EXCEPTION;
	JSValue v;
	if (!JS_IsUndefined(argv[2]) && value_encode(ctx, &b, argv[2])) {
		v = JS_EXCEPTION;
	} else if (how == CONTEXT_SWAP) {
		uint8_t *data;
		size_t len = 0;
		uint32_t status;
		GROWN(data, len, status, aril_context_swap(level, key.data, key.len, b.data, b.len, buf, room));
		v = value_or_undefined(data, len, status, "context.swap");
	} else {
		int64_t answer = (how == CONTEXT_SET ? aril_context_set : aril_context_append)(level, key.data, key.len, b.data, b.len);
		if (status_of(answer) != OK)
			v = throw_status(status_of(answer), how == CONTEXT_SET ? "context.set" : "context.append");
		else
			v = how == CONTEXT_SET ? JS_UNDEFINED : JS_NewUint32(ctx, count_of(answer));
	}
	buffer_free(&b);
	piece_free(&key);
	return v;
}

// call(module, function, value): a function of a capability that takes a
// message and answers with one.
FUNCTION(call) {
	struct piece module, name;
	struct buffer b = {0};
	if (piece_take(&module, argv[0]))
		return JS_EXCEPTION;
	if (piece_take(&name, argv[1])) {
		piece_free(&module);
		return JS_EXCEPTION;
	}
	JSValue v = JS_EXCEPTION;
	if (!value_encode(ctx, &b, argv[2])) {
		int64_t answer = aril_dynamic(module.data, module.len, name.data, name.len, b.data, b.len);
		uint32_t status = status_of(answer), n = count_of(answer);
		if (status == OK || status == FAILED) {
			uint8_t *message = message_copy(n);
			if (!message)
				v = JS_ThrowOutOfMemory(ctx);
			else
				v = status == OK ? value_decode(ctx, message, n) : throw_message(message, n);
			alloc_free(message);
		} else {
			char what[128];
			snprintf(what, sizeof(what), "%.60s.%.60s", module.text ? module.text : "", name.text ? name.text : "");
			v = throw_status(status, what);
		}
	}
	buffer_free(&b);
	piece_free(&module);
	piece_free(&name);
	return v;
}

static const JSCFunctionListEntry functions[] = {
	JS_CFUNC_DEF("monotonic", 0, monotonic),
	JS_CFUNC_DEF("wall", 0, wall),
	JS_CFUNC_DEF("log", 3, log_write),
	JS_CFUNC_DEF("fill", 1, random_fill),
	JS_CFUNC_DEF("encode", 1, encode),
	JS_CFUNC_DEF("decode", 1, decode),
	JS_CFUNC_DEF("raw", 1, raw),
	JS_CFUNC_DEF("utf8", 1, utf8),
	JS_CFUNC_DEF("text", 1, text),
	JS_CFUNC_DEF("exact", 1, exact),
	JS_CFUNC_DEF("date", 2, date),
	JS_CFUNC_DEF("panic", 1, panic),
	JS_CFUNC_DEF("hook", 0, hook),
	JS_CFUNC_DEF("call", 3, call),
	JS_CFUNC_DEF("stateGet", 1, state_get),
	JS_CFUNC_MAGIC_DEF("statePut", 2, state_write, STATE_PUT),
	JS_CFUNC_MAGIC_DEF("stateAppend", 2, state_write, STATE_APPEND),
	JS_CFUNC_DEF("stateDelete", 1, state_delete),
	JS_CFUNC_DEF("stateList", 2, state_list),
	JS_CFUNC_DEF("stateAdd", 2, state_add),
	JS_CFUNC_DEF("stateSwap", 3, state_swap),
	JS_CFUNC_DEF("contextGet", 2, context_get),
	JS_CFUNC_MAGIC_DEF("contextSet", 3, context_write, CONTEXT_SET),
	JS_CFUNC_MAGIC_DEF("contextAppend", 3, context_write, CONTEXT_APPEND),
	JS_CFUNC_MAGIC_DEF("contextSwap", 3, context_write, CONTEXT_SWAP),
};

JSValue builtins(void) {
	JSValue host = JS_NewObject(ctx);
	JS_SetPropertyFunctionList(ctx, host, functions, sizeof(functions) / sizeof(*functions));
	JS_SetPropertyStr(ctx, host, "Result", result_prototype());
	JS_SetPropertyStr(ctx, host, "Operation", operation_prototype());
	JS_SetPropertyStr(ctx, host, "Opaque", JS_GetClassProto(ctx, opaque_class));
	return host;
}
