#include <math.h>
#include <string.h>

#include "value.h"
#include "value_parts.h"

static uint64_t big_endian(const uint8_t *p, int n) {
	uint64_t v = 0;
	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

int item_next(const uint8_t **at, const uint8_t *end, struct item *item) {
	const uint8_t *p = *at;
	if (p == end)
		return -1;
	uint8_t c = *p++;
	size_t left = end - p;
	int head = 0; // bytes of number or length that follow
	memset(item, 0, sizeof(*item));
	if (c < 0x80) {
		item->kind = ITEM_INT;
		item->i = c;
	} else if (c < 0x90) {
		item->kind = ITEM_MAP;
		item->n = c & 0x0f;
	} else if (c < 0xa0) {
		item->kind = ITEM_ARRAY;
		item->n = c & 0x0f;
	} else if (c < 0xc0) {
		item->kind = ITEM_STR;
		item->n = c & 0x1f;
	} else if (c >= 0xe0) {
		item->kind = ITEM_INT;
		item->i = (int8_t)c;
	} else {
		static const struct {
			uint8_t kind, head;
		} table[32] = {
			{ITEM_NIL, 0}, {ITEM_BAD, 0}, {ITEM_BOOL, 0}, {ITEM_BOOL, 0},                             // c0
			{ITEM_BIN, 1}, {ITEM_BIN, 2}, {ITEM_BIN, 4}, {ITEM_EXT, 1}, {ITEM_EXT, 2}, {ITEM_EXT, 4}, // c4
			{ITEM_FLOAT, 4}, {ITEM_FLOAT, 8},                                                         // ca
			{ITEM_UINT, 1}, {ITEM_UINT, 2}, {ITEM_UINT, 4}, {ITEM_UINT, 8},                           // cc
			{ITEM_INT, 1}, {ITEM_INT, 2}, {ITEM_INT, 4}, {ITEM_INT, 8},                               // d0
			{ITEM_EXT, 0}, {ITEM_EXT, 0}, {ITEM_EXT, 0}, {ITEM_EXT, 0}, {ITEM_EXT, 0},                // d4
			{ITEM_STR, 1}, {ITEM_STR, 2}, {ITEM_STR, 4}, {ITEM_ARRAY, 2}, {ITEM_ARRAY, 4},            // d9
			{ITEM_MAP, 2}, {ITEM_MAP, 4},                                                             // de
		};
		item->kind = table[c - 0xc0].kind;
		head = table[c - 0xc0].head;
		if (left < (size_t)head)
			return -1;
		uint64_t v = big_endian(p, head);
		p += head;
		left -= head;
		switch (item->kind) {
		case ITEM_BAD: return -1;
		case ITEM_BOOL: item->i = c & 1; break;
		case ITEM_INT: item->i = head == 8 ? (int64_t)v : (int64_t)(v << (64 - 8 * head)) >> (64 - 8 * head); break;
		case ITEM_UINT:
			item->u = v;
			if (v <= INT64_MAX) {
				item->kind = ITEM_INT;
				item->i = v;
			}
			break;
		case ITEM_FLOAT:
			if (head == 4) {
				uint32_t bits = v;
				float f;
				memcpy(&f, &bits, 4);
				item->f = f;
			} else {
				memcpy(&item->f, &v, 8);
			}
			break;
		case ITEM_EXT: item->n = head ? (uint32_t)v : 1u << (c - 0xd4); break;
		default: item->n = v;
		}
	}
	if (item->kind == ITEM_EXT) {
		if (left == 0)
			return -1;
		item->type = (int8_t)*p++;
		left--;
	}
	if (item->kind == ITEM_STR || item->kind == ITEM_BIN || item->kind == ITEM_EXT) {
		if (left < item->n)
			return -1;
		item->data = p;
		p += item->n;
	} else if (item->n > left) { // each element is at least a byte
		return -1;
	}
	*at = p;
	return 0;
}

int item_skip(const uint8_t **at, const uint8_t *end) {
	for (uint64_t todo = 1; todo > 0; todo--) {
		struct item item;
		if (item_next(at, end, &item))
			return -1;
		if (item.kind == ITEM_ARRAY)
			todo += item.n;
		else if (item.kind == ITEM_MAP)
			todo += (uint64_t)item.n * 2;
	}
	return 0;
}

const uint8_t *message_find(const uint8_t *data, size_t len, const char *key, size_t *vlen) {
	const uint8_t *p = data, *end = data + len;
	struct item item;
	if (item_next(&p, end, &item) || item.kind != ITEM_MAP)
		return NULL;
	size_t klen = strlen(key);
	for (uint32_t i = item.n; i > 0; i--) {
		struct item k;
		if (item_next(&p, end, &k) || k.kind != ITEM_STR)
			return NULL;
		const uint8_t *start = p;
		if (item_skip(&p, end))
			return NULL;
		if (k.n == klen && !memcmp(k.data, key, klen)) {
			*vlen = p - start;
			return start;
		}
	}
	return NULL;
}

int timestamp_read(const struct item *item, int64_t *seconds, uint32_t *ns) {
	switch (item->n) {
	case 4:
		*seconds = big_endian(item->data, 4);
		*ns = 0;
		return 0;
	case 8: {
		uint64_t v = big_endian(item->data, 8);
		*seconds = v & 0x3ffffffff;
		*ns = v >> 34;
		return 0;
	}
	case 12:
		*ns = big_endian(item->data, 4);
		*seconds = (int64_t)big_endian(item->data + 4, 8);
		return 0;
	}
	return -1;
}

// The largest time of a Date, in milliseconds from 1970.
#define TIME_MAX 8.64e15

double timestamp_ms(int64_t seconds, uint32_t ns) {
	double ms = (double)seconds * 1000 + ns / 1000000;
	return fabs(ms) <= TIME_MAX ? ms : NAN;
}

static JSValue malformed(JSContext *ctx) { return JS_ThrowSyntaxError(ctx, "malformed message"); }

// A Date holds milliseconds. What it cannot hold stays beside them.
JSValue time_new(JSContext *ctx, int64_t seconds, uint32_t ns) {
	double ms = timestamp_ms(seconds, ns);
	JSValue date = aril_new_date(ctx, ms);
	if (JS_IsException(date) || (ns % 1000000 == 0 && !isnan(ms)))
		return date;
	JSValue exact = JS_NewArray(ctx);
	if (JS_DefinePropertyValueUint32(ctx, exact, 0, JS_NewBigInt64(ctx, seconds), 0) < 0 ||
		JS_DefinePropertyValueUint32(ctx, exact, 1, JS_NewUint32(ctx, ns), 0) < 0) {
		JS_FreeValue(ctx, exact);
		exact = JS_EXCEPTION;
	}
	if (JS_IsException(exact) || JS_DefinePropertyValue(ctx, date, exact_atom, exact, JS_PROP_CONFIGURABLE) < 0) {
		JS_FreeValue(ctx, date);
		return JS_EXCEPTION;
	}
	return date;
}

int date_time(JSContext *ctx, JSValueConst date, int64_t *seconds, uint32_t *ns) {
	double ms = aril_date_ms(ctx, date);
	JSValue exact = JS_GetProperty(ctx, date, exact_atom);
	if (JS_IsObject(exact)) {
		JSValue s = JS_GetPropertyUint32(ctx, exact, 0), n = JS_GetPropertyUint32(ctx, exact, 1);
		int ok = JS_VALUE_GET_TAG(s) == JS_TAG_BIG_INT && aril_big_int64(s, seconds) == 0 && JS_ToUint32(ctx, ns, n) == 0;
		JS_FreeValue(ctx, s);
		JS_FreeValue(ctx, n);
		double was = ok ? timestamp_ms(*seconds, *ns) : 0;
		if (ok && (was == ms || (isnan(was) && isnan(ms)))) {
			JS_FreeValue(ctx, exact);
			return 0;
		}
	}
	JS_FreeValue(ctx, exact);
	if (isnan(ms))
		return -1;
	double whole = floor(ms / 1000);
	*seconds = whole;
	*ns = (uint32_t)(ms - whole * 1000) * 1000000;
	return 0;
}

JSClassID opaque_class;
JSAtom exact_atom;

static void opaque_free(JSRuntime *rt, JSValue v) { js_free_rt(rt, JS_GetOpaque(v, opaque_class)); }

static const JSClassDef opaque_def = {"Opaque", .finalizer = opaque_free};

// The name of the Go type, which follows the handle.
static JSValue opaque_type(JSContext *ctx, JSValueConst this) {
	struct opaque *o = JS_GetOpaque2(ctx, this, opaque_class);
	if (!o)
		return JS_EXCEPTION;
	size_t skip = o->len < 16 ? o->len : 16;
	return JS_NewStringLen(ctx, (const char *)o->data + skip, o->len - skip);
}

static JSValue opaque_equals(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	struct opaque *a = JS_GetOpaque2(ctx, this, opaque_class), *b = JS_GetOpaque(argv[0], opaque_class);
	if (!a)
		return JS_EXCEPTION;
	return JS_NewBool(ctx, b && a->type == b->type && a->len == b->len && !memcmp(a->data, b->data, a->len));
}

static const JSCFunctionListEntry opaque_proto[] = {
	JS_CGETSET_DEF("type", opaque_type, NULL),
	JS_CFUNC_DEF("equals", 1, opaque_equals),
	JS_PROP_STRING_DEF("[Symbol.toStringTag]", "Opaque", JS_PROP_CONFIGURABLE),
};

static JSValue bytes_constructor, map_constructor, map_set;

int value_begin(JSContext *ctx) {
	JS_NewClassID(&opaque_class);
	if (JS_NewClass(JS_GetRuntime(ctx), opaque_class, &opaque_def) < 0)
		return -1;
	JSValue proto = JS_NewObject(ctx);
	JS_SetPropertyFunctionList(ctx, proto, opaque_proto, sizeof(opaque_proto) / sizeof(*opaque_proto));
	JS_SetClassProto(ctx, opaque_class, proto);
	exact_atom = JS_NewAtom(ctx, "[exact time]");
	JSValue global = JS_GetGlobalObject(ctx);
	bytes_constructor = JS_GetPropertyStr(ctx, global, "Uint8Array");
	map_constructor = JS_GetPropertyStr(ctx, global, "Map");
	JS_FreeValue(ctx, global);
	JSValue map_proto = JS_GetPropertyStr(ctx, map_constructor, "prototype");
	map_set = JS_GetPropertyStr(ctx, map_proto, "set");
	JS_FreeValue(ctx, map_proto);
	return 0;
}

JSValue bytes_new(JSContext *ctx, const uint8_t *data, size_t len) {
	JSValue buffer = JS_NewArrayBufferCopy(ctx, data, len);
	if (JS_IsException(buffer))
		return buffer;
	JSValue v = JS_CallConstructor(ctx, bytes_constructor, 1, &buffer);
	JS_FreeValue(ctx, buffer);
	return v;
}

static JSValue opaque_new(JSContext *ctx, int type, const uint8_t *data, size_t len) {
	struct opaque *o = js_malloc(ctx, sizeof(*o) + len);
	if (!o)
		return JS_EXCEPTION;
	o->type = type;
	o->len = len;
	memcpy(o->data, data, len);
	JSValue v = JS_NewObjectClass(ctx, opaque_class);
	if (JS_IsException(v))
		js_free(ctx, o);
	else
		JS_SetOpaque(v, o);
	return v;
}

JSValue raw_new(JSContext *ctx, const uint8_t *data, size_t len) { return opaque_new(ctx, RAW, data, len); }

static JSValue decode_ext(JSContext *ctx, const struct item *item) {
	int64_t seconds;
	uint32_t ns;
	if (item->type != -1)
		return opaque_new(ctx, item->type, item->data, item->n);
	return timestamp_read(item, &seconds, &ns) ? malformed(ctx) : time_new(ctx, seconds, ns);
}

static JSValue decode(JSContext *ctx, struct item_reader *r, int depth);

static JSValue decode_array(JSContext *ctx, struct item_reader *r, uint32_t n, int depth) {
	JSValue array = JS_NewArray(ctx);
	for (uint32_t i = 0; i < n && !JS_IsException(array); i++) {
		JSValue v = decode(ctx, r, depth + 1);
		if (JS_IsException(v) || JS_DefinePropertyValueUint32(ctx, array, i, v, JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, array);
			array = JS_EXCEPTION;
		}
	}
	return array;
}

// A map is an object if all its keys are texts, else a Map.
static JSValue decode_pairs(JSContext *ctx, struct item_reader *r, uint32_t n, int depth) {
	JSValue map = JS_CallConstructor(ctx, map_constructor, 0, NULL);
	for (uint32_t i = 0; i < n && !JS_IsException(map); i++) {
		JSValue pair[2] = {decode(ctx, r, depth + 1), JS_UNDEFINED};
		JSValue done = JS_EXCEPTION;
		if (!JS_IsException(pair[0])) {
			pair[1] = decode(ctx, r, depth + 1);
			if (!JS_IsException(pair[1]))
				done = JS_Call(ctx, map_set, map, 2, (JSValueConst *)pair);
		}
		JS_FreeValue(ctx, pair[0]);
		JS_FreeValue(ctx, pair[1]);
		if (JS_IsException(done)) {
			JS_FreeValue(ctx, map);
			return JS_EXCEPTION;
		}
		JS_FreeValue(ctx, done);
	}
	return map;
}

static JSValue decode_map(JSContext *ctx, struct item_reader *r, uint32_t n, int depth) {
	const uint8_t *start = r->p;
	JSValue object = JS_NewObject(ctx);
	for (uint32_t i = 0; i < n && !JS_IsException(object); i++) {
		struct item key;
		if (item_next(&r->p, r->end, &key)) {
			JS_FreeValue(ctx, object);
			return malformed(ctx);
		}
		if (key.kind != ITEM_STR) {
			JS_FreeValue(ctx, object);
			r->p = start;
			return decode_pairs(ctx, r, n, depth);
		}
		JSAtom name = JS_NewAtomLen(ctx, (const char *)key.data, key.n);
		JSValue v = name == NO_ATOM ? JS_EXCEPTION : decode(ctx, r, depth + 1);
		if (JS_IsException(v) || JS_DefinePropertyValue(ctx, object, name, v, JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, object);
			object = JS_EXCEPTION;
		}
		JS_FreeAtom(ctx, name);
	}
	return object;
}

static JSValue decode(JSContext *ctx, struct item_reader *r, int depth) {
	struct item item;
	if (depth > DEPTH_MAX || item_next(&r->p, r->end, &item))
		return malformed(ctx);
	switch (item.kind) {
	case ITEM_NIL: return JS_NULL;
	case ITEM_BOOL: return JS_NewBool(ctx, item.i);
	case ITEM_INT:
		if (item.i > MAX_SAFE_INTEGER || item.i < -MAX_SAFE_INTEGER)
			return JS_NewBigInt64(ctx, item.i);
		return JS_NewInt64(ctx, item.i);
	case ITEM_UINT: return JS_NewBigUint64(ctx, item.u);
	case ITEM_FLOAT: return __JS_NewFloat64(ctx, item.f); // stays a float though it be whole
	case ITEM_STR: return JS_NewStringLen(ctx, (const char *)item.data, item.n);
	case ITEM_BIN: return bytes_new(ctx, item.data, item.n);
	case ITEM_EXT: return decode_ext(ctx, &item);
	case ITEM_ARRAY: return decode_array(ctx, r, item.n, depth);
	}
	return decode_map(ctx, r, item.n, depth);
}

JSValue value_decode(JSContext *ctx, const uint8_t *data, size_t len) {
	struct item_reader r = {data, data + len};
	return decode(ctx, &r, 0);
}
