// Whether a value is still what it was decoded from. What a script looks at
// and gives on need not be sent back, and keeps its Go type.
#include <math.h>
#include <string.h>

#include "value.h"
#include "value_parts.h"

static int same(JSContext *ctx, struct item_reader *r, JSValueConst v, int depth);

static int same_array(JSContext *ctx, struct item_reader *r, uint32_t n, JSValueConst v, int depth) {
	int64_t length;
	if (aril_class_of(ctx, v) != ARIL_ARRAY)
		return 0;
	JSValue len = JS_GetPropertyStr(ctx, v, "length");
	int bad = JS_IsException(len) || JS_ToInt64(ctx, &length, len) < 0;
	JS_FreeValue(ctx, len);
	if (bad)
		return -1;
	if (length != n)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		JSValue e = JS_GetPropertyUint32(ctx, v, i);
		int is = JS_IsException(e) ? -1 : same(ctx, r, e, depth + 1);
		JS_FreeValue(ctx, e);
		if (is <= 0)
			return is;
	}
	return 1;
}

static int same_pair(void *arg, JSValueConst key, JSValueConst value) {
	struct {
		JSContext *ctx;
		struct item_reader *r;
		int depth;
	} *a = arg;
	int is = same(a->ctx, a->r, key, a->depth + 1);
	if (is > 0)
		is = same(a->ctx, a->r, value, a->depth + 1);
	return is == 1 ? 0 : is - 1; // 0 goes on; else -1 for "not", -2 for an exception
}

static int same_map(JSContext *ctx, struct item_reader *r, uint32_t n, JSValueConst v, int depth) {
	if (aril_class_of(ctx, v) == ARIL_MAP) {
		struct {
			JSContext *ctx;
			struct item_reader *r;
			int depth;
		} arg = {ctx, r, depth};
		if (aril_map_count(v) != n)
			return 0;
		int stop = aril_map_each(ctx, v, same_pair, &arg);
		return stop + 1;
	}
	if (aril_class_of(ctx, v) != ARIL_PLAIN)
		return 0;
	JSPropertyEnum *names;
	uint32_t count;
	if (JS_GetOwnPropertyNames(ctx, &names, &count, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		JS_FreeAtom(ctx, names[i].atom);
	js_free(ctx, names);
	if (count != n)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		struct item key;
		if (item_next(&r->p, r->end, &key) || key.kind != ITEM_STR)
			return 0;
		JSAtom name = JS_NewAtomLen(ctx, (const char *)key.data, key.n);
		if (name == NO_ATOM)
			return -1;
		int has = JS_GetOwnProperty(ctx, NULL, v, name);
		JSValue e = has > 0 ? JS_GetProperty(ctx, v, name) : JS_UNDEFINED;
		JS_FreeAtom(ctx, name);
		int is = has <= 0 ? has : JS_IsException(e) ? -1 : same(ctx, r, e, depth + 1);
		JS_FreeValue(ctx, e);
		if (is <= 0)
			return is;
	}
	return 1;
}

static int same_ext(JSContext *ctx, const struct item *item, JSValueConst v) {
	if (item->type == -1) {
		int64_t was, is;
		uint32_t was_ns, is_ns;
		return aril_class_of(ctx, v) == ARIL_DATE && timestamp_read(item, &was, &was_ns) == 0 &&
			   date_time(ctx, v, &is, &is_ns) == 0 && was == is && was_ns == is_ns;
	}
	struct opaque *o = JS_GetOpaque(v, opaque_class);
	return o && o->type == item->type && o->len == item->n && !memcmp(o->data, item->data, o->len);
}

static int same_text(JSContext *ctx, const struct item *item, JSValueConst v) {
	size_t len;
	if (!JS_IsString(v))
		return 0;
	const char *s = JS_ToCStringLen(ctx, &len, v);
	if (!s)
		return -1;
	int is = len == item->n && !memcmp(s, item->data, len);
	JS_FreeCString(ctx, s);
	return is;
}

static int same(JSContext *ctx, struct item_reader *r, JSValueConst v, int depth) {
	struct item item;
	if (depth > DEPTH_MAX || item_next(&r->p, r->end, &item))
		return 0;
	int tag = JS_VALUE_GET_NORM_TAG(v);
	switch (item.kind) {
	case ITEM_NIL: return JS_IsNull(v);
	case ITEM_BOOL: return tag == JS_TAG_BOOL && JS_VALUE_GET_BOOL(v) == item.i;
	case ITEM_INT: {
		int64_t n;
		if (tag == JS_TAG_INT)
			return JS_VALUE_GET_INT(v) == item.i;
		if (tag == JS_TAG_FLOAT64)
			return JS_VALUE_GET_FLOAT64(v) == (double)item.i && item.i <= MAX_SAFE_INTEGER && item.i >= -MAX_SAFE_INTEGER;
		return tag == JS_TAG_BIG_INT && aril_big_int64(v, &n) == 0 && n == item.i;
	}
	case ITEM_UINT: {
		uint64_t n;
		return tag == JS_TAG_BIG_INT && aril_big_uint64(v, &n) == 0 && n == item.u;
	}
	case ITEM_FLOAT: {
		double f = tag == JS_TAG_INT ? JS_VALUE_GET_INT(v) : tag == JS_TAG_FLOAT64 ? JS_VALUE_GET_FLOAT64(v) : 0;
		if (tag != JS_TAG_INT && tag != JS_TAG_FLOAT64)
			return 0;
		return isnan(f) ? isnan(item.f) : f == item.f && signbit(f) == signbit(item.f);
	}
	case ITEM_STR: return same_text(ctx, &item, v);
	case ITEM_BIN: {
		size_t len;
		if (aril_class_of(ctx, v) != ARIL_BYTES)
			return 0;
		uint8_t *data = aril_view(ctx, v, &len);
		if (!data)
			return -1;
		return len == item.n && !memcmp(data, item.data, len);
	}
	case ITEM_EXT: return same_ext(ctx, &item, v);
	case ITEM_ARRAY: return same_array(ctx, r, item.n, v, depth);
	}
	return same_map(ctx, r, item.n, v, depth);
}

int value_same(JSContext *ctx, const uint8_t *data, size_t len, JSValueConst v) {
	struct item_reader r = {data, data + len};
	return same(ctx, &r, v, 0);
}
