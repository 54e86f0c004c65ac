#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "host.h"
#include "value.h"
#include "value_parts.h"

uint8_t *buffer_reserve(struct buffer *b, size_t n) {
	if (b->cap - b->len < n) {
		size_t cap = b->cap < 256 ? 256 : b->cap;
		while (cap - b->len < n)
			cap *= 2;
		uint8_t *data = alloc_again(b->data, cap);
		if (!data)
			return NULL;
		b->data = data;
		b->cap = cap;
	}
	return b->data + b->len;
}

void buffer_free(struct buffer *b) {
	alloc_free(b->data);
	*b = (struct buffer){0};
}

// put appends a head byte and the n lowest bytes of v, big-endian.
static int put(struct buffer *b, uint8_t head, uint64_t v, int n) {
	uint8_t *p = buffer_reserve(b, 9);
	if (!p)
		return -1;
	*p++ = head;
	for (int i = n - 1; i >= 0; i--)
		*p++ = v >> (8 * i);
	b->len += 1 + n;
	return 0;
}

// put_length writes the head of a text, array or map in its shortest form;
// head8 is 0 where there is none with one byte.
static int put_length(struct buffer *b, uint8_t fix, uint32_t fix_max, uint8_t head8, uint8_t head16, uint32_t n) {
	if (n <= fix_max)
		return put(b, fix | n, 0, 0);
	if (head8 && n <= 0xff)
		return put(b, head8, n, 1);
	if (n <= 0xffff)
		return put(b, head16, n, 2);
	return put(b, head16 + 1, n, 4);
}

static int put_bytes(struct buffer *b, const void *data, size_t n) {
	uint8_t *p = buffer_reserve(b, n);
	if (!p)
		return -1;
	memcpy(p, data, n);
	b->len += n;
	return 0;
}

int put_map(struct buffer *b, uint32_t n) { return put_length(b, 0x80, 15, 0, 0xde, n); }

static int put_array(struct buffer *b, uint32_t n) { return put_length(b, 0x90, 15, 0, 0xdc, n); }

int put_str(struct buffer *b, const char *s, size_t len) {
	if (put_length(b, 0xa0, 31, 0xd9, 0xda, len) || put_bytes(b, s, len))
		return -1;
	// QuickJS writes half of a surrogate pair as three bytes that are no
	// UTF-8. The replacement character takes as many.
	uint8_t *p = b->data + b->len - len, *end = b->data + b->len;
	while ((p = memchr(p, 0xed, end - p)) && end - p >= 3) {
		if (p[1] >= 0xa0)
			memcpy(p, "\xef\xbf\xbd", 3);
		p += 3;
	}
	return 0;
}

static int put_bin(struct buffer *b, const uint8_t *data, size_t n) {
	int head = n <= 0xff ? put(b, 0xc4, n, 1) : n <= 0xffff ? put(b, 0xc5, n, 2) : put(b, 0xc6, n, 4);
	return head || put_bytes(b, data, n) ? -1 : 0;
}

static int put_int(struct buffer *b, int64_t i) {
	if (i >= -32 && i < 128)
		return put(b, i, 0, 0);
	if (i > 0)
		return i <= 0xff ? put(b, 0xcc, i, 1) : i <= 0xffff ? put(b, 0xcd, i, 2) : i <= 0xffffffff ? put(b, 0xce, i, 4) : put(b, 0xcf, i, 8);
	return i >= INT8_MIN ? put(b, 0xd0, i, 1) : i >= INT16_MIN ? put(b, 0xd1, i, 2) : i >= INT32_MIN ? put(b, 0xd2, i, 4) : put(b, 0xd3, i, 8);
}

// A number that QuickJS holds as a float is one to the host as well, unless it
// is a whole one that it could not have held otherwise.
static int put_float(struct buffer *b, double f) {
	if (fabs(f) > INT32_MAX && fabs(f) <= MAX_SAFE_INTEGER && f == trunc(f))
		return put_int(b, f);
	uint64_t bits;
	memcpy(&bits, &f, 8);
	return put(b, 0xcb, bits, 8);
}

static int put_ext(struct buffer *b, int8_t type, const uint8_t *data, uint32_t n) {
	int head;
	switch (n) {
	case 1: head = put(b, 0xd4, 0, 0); break;
	case 2: head = put(b, 0xd5, 0, 0); break;
	case 4: head = put(b, 0xd6, 0, 0); break;
	case 8: head = put(b, 0xd7, 0, 0); break;
	case 16: head = put(b, 0xd8, 0, 0); break;
	default: head = n <= 0xff ? put(b, 0xc7, n, 1) : n <= 0xffff ? put(b, 0xc8, n, 2) : put(b, 0xc9, n, 4);
	}
	return head || put(b, type, 0, 0) || put_bytes(b, data, n) ? -1 : 0;
}

static int put_time(struct buffer *b, int64_t seconds, uint32_t ns) {
	uint8_t data[12];
	int n = 12;
	if (seconds >> 34 == 0) {
		uint64_t v = (uint64_t)ns << 34 | seconds;
		n = v <= 0xffffffff ? 4 : 8;
		for (int i = 0; i < n; i++)
			data[i] = v >> 8 * (n - 1 - i);
	} else {
		for (int i = 0; i < 4; i++)
			data[i] = ns >> 8 * (3 - i);
		for (int i = 0; i < 8; i++)
			data[4 + i] = (uint64_t)seconds >> 8 * (7 - i);
	}
	return put_ext(b, -1, data, n);
}

// A writer knows where it is, for what an error says.
struct writer {
	JSContext *ctx;
	struct buffer *b;
	int depth;
	struct {
		JSAtom name; // or NO_ATOM for an index
		uint32_t index;
	} path[DEPTH_MAX];
};

// refuse throws why, with the path in front: "lines[2].sku: a function …".
static int refuse(struct writer *w, const char *why) {
	char text[300];
	size_t n = 0;
	int depth = w->depth < DEPTH_MAX ? w->depth : DEPTH_MAX;
	for (int i = 0; i < depth && n < sizeof(text) - 60; i++) {
		if (w->path[i].name == NO_ATOM) {
			n += snprintf(text + n, sizeof(text) - n, "[%u]", w->path[i].index);
			continue;
		}
		const char *name = JS_AtomToCString(w->ctx, w->path[i].name);
		n += snprintf(text + n, 60, "%s%.50s", n ? "." : "", name ? name : "?");
		JS_FreeCString(w->ctx, name);
	}
	text[n] = 0;
	JS_ThrowTypeError(w->ctx, "%s%s%s", text, n ? ": " : "", why);
	return -1;
}

static int no_memory(struct writer *w, int failed) {
	if (failed)
		JS_ThrowOutOfMemory(w->ctx);
	return failed;
}

static int encode(struct writer *w, JSValueConst v);

static int encode_at(struct writer *w, JSAtom name, uint32_t index, JSValueConst v) {
	if (w->depth == DEPTH_MAX)
		return refuse(w, "nested deeper than 64");
	w->path[w->depth].name = name;
	w->path[w->depth].index = index;
	w->depth++;
	int failed = encode(w, v);
	w->depth--;
	return failed;
}

static int encode_text(struct writer *w, JSValueConst v) {
	size_t len;
	const char *s = JS_ToCStringLen(w->ctx, &len, v);
	if (!s)
		return -1;
	int failed = put_str(w->b, s, len);
	JS_FreeCString(w->ctx, s);
	return no_memory(w, failed);
}

static int encode_array(struct writer *w, JSValueConst v) {
	uint32_t n;
	JSValue length = JS_GetPropertyStr(w->ctx, v, "length");
	int bad = JS_IsException(length) || JS_ToUint32(w->ctx, &n, length) < 0;
	JS_FreeValue(w->ctx, length);
	if (bad || no_memory(w, put_array(w->b, n)))
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		JSValue e = JS_GetPropertyUint32(w->ctx, v, i);
		int failed = JS_IsException(e) || encode_at(w, NO_ATOM, i, e);
		JS_FreeValue(w->ctx, e);
		if (failed)
			return -1;
	}
	return 0;
}

struct each {
	struct writer *w;
	uint32_t i;
};

static int encode_member(void *arg, JSValueConst key, JSValueConst value) {
	struct each *e = arg;
	return encode_at(e->w, NO_ATOM, e->i++, key);
}

static int encode_pair(void *arg, JSValueConst key, JSValueConst value) {
	struct each *e = arg;
	uint32_t i = e->i++;
	if (encode_at(e->w, NO_ATOM, i, key))
		return -1;
	JSAtom name = JS_IsString(key) ? JS_ValueToAtom(e->w->ctx, key) : NO_ATOM;
	int failed = encode_at(e->w, name, i, value);
	JS_FreeAtom(e->w->ctx, name);
	return failed;
}

// An object's own enumerable properties, in their order. One that is
// undefined is left out, as in JSON; so the count comes last.
static int encode_object(struct writer *w, JSValueConst v) {
	JSPropertyEnum *names;
	uint32_t count, n = 0;
	if (JS_GetOwnPropertyNames(w->ctx, &names, &count, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0)
		return -1;
	size_t start = w->b->len;
	int failed = no_memory(w, put_map(w->b, count));
	for (uint32_t i = 0; i < count && !failed; i++) {
		JSValue e = JS_GetProperty(w->ctx, v, names[i].atom);
		if (JS_IsException(e)) {
			failed = -1;
		} else if (!JS_IsUndefined(e)) {
			JSValue key = JS_AtomToString(w->ctx, names[i].atom);
			failed = JS_IsException(key) || encode_text(w, key) || encode_at(w, names[i].atom, 0, e);
			JS_FreeValue(w->ctx, key);
			n++;
		}
		JS_FreeValue(w->ctx, e);
	}
	for (uint32_t i = 0; i < count; i++)
		JS_FreeAtom(w->ctx, names[i].atom);
	js_free(w->ctx, names);
	if (failed || n == count)
		return failed ? -1 : 0;
	struct buffer head = {0};
	failed = no_memory(w, put_map(&head, n));
	if (!failed) { // the head of fewer elements is never longer
		size_t was = count <= 15 ? 1 : count <= 0xffff ? 3 : 5;
		memmove(w->b->data + start + head.len, w->b->data + start + was, w->b->len - start - was);
		memcpy(w->b->data + start, head.data, head.len);
		w->b->len -= was - head.len;
	}
	buffer_free(&head);
	return failed;
}

// A class of the author's may say what it is, as it does to JSON.
static int encode_plain(struct writer *w, JSValueConst v) {
	struct opaque *o = JS_GetOpaque(v, opaque_class);
	if (o && o->type == RAW)
		return no_memory(w, put_bytes(w->b, o->data, o->len));
	if (o)
		return no_memory(w, put_ext(w->b, o->type, o->data, o->len));
	JSValue to_json = JS_GetPropertyStr(w->ctx, v, "toJSON");
	if (JS_IsException(to_json))
		return -1;
	if (!JS_IsFunction(w->ctx, to_json)) {
		JS_FreeValue(w->ctx, to_json);
		JSValue then = JS_GetPropertyStr(w->ctx, v, "then");
		int thenable = JS_IsFunction(w->ctx, then), bad = JS_IsException(then);
		JS_FreeValue(w->ctx, then);
		return bad ? -1 : thenable ? refuse(w, "a promise cannot cross; await it") : encode_object(w, v);
	}
	JSValue x = JS_Call(w->ctx, to_json, v, 0, NULL);
	JS_FreeValue(w->ctx, to_json);
	int failed = JS_IsException(x) || encode_at(w, NO_ATOM, 0, x);
	JS_FreeValue(w->ctx, x);
	return failed ? -1 : 0;
}

static int encode_map(struct writer *w, JSValueConst v, int pairs) {
	struct each each = {w, 0};
	uint32_t n = aril_map_count(v);
	if (no_memory(w, pairs ? put_map(w->b, n) : put_array(w->b, n)))
		return -1;
	if (aril_map_each(w->ctx, v, pairs ? encode_pair : encode_member, &each))
		return -1;
	return each.i == n ? 0 : refuse(w, "it changed while it was sent");
}

static int encode_date(struct writer *w, JSValueConst v) {
	int64_t seconds;
	uint32_t ns;
	if (date_time(w->ctx, v, &seconds, &ns))
		return refuse(w, "an invalid date cannot cross");
	return no_memory(w, put_time(w->b, seconds, ns));
}

static int encode_bytes(struct writer *w, JSValueConst v) {
	size_t len;
	uint8_t *data = aril_view(w->ctx, v, &len);
	if (!data && len)
		return -1;
	return no_memory(w, put_bin(w->b, data, len));
}

static int encode_inner(struct writer *w, JSValue inner) {
	int failed = JS_IsException(inner) || encode(w, inner);
	JS_FreeValue(w->ctx, inner);
	return failed ? -1 : 0;
}

static int encode_object_of_any_class(struct writer *w, JSValueConst v) {
	switch (aril_class_of(w->ctx, v)) {
	case ARIL_ARRAY:
	case ARIL_NUMBERS: return encode_array(w, v);
	case ARIL_MAP: return encode_map(w, v, 1);
	case ARIL_SET: return encode_map(w, v, 0);
	case ARIL_BYTES:
	case ARIL_BUFFER:
	case ARIL_DATAVIEW: return encode_bytes(w, v);
	case ARIL_DATE: return encode_date(w, v);
	case ARIL_BOXED: return encode_inner(w, aril_boxed(w->ctx, v));
	case ARIL_ERROR: return encode_inner(w, JS_ToString(w->ctx, v));
	case ARIL_PROMISE: return refuse(w, "a promise cannot cross; await it");
	case ARIL_FUNCTION: return refuse(w, "a function cannot cross");
	case ARIL_CLOSED: return refuse(w, "an object of this class cannot cross");
	default: return encode_plain(w, v);
	}
}

static int encode_big_int(struct writer *w, JSValueConst v) {
	int64_t i;
	uint64_t u;
	if (aril_big_int64(v, &i) == 0)
		return no_memory(w, put_int(w->b, i));
	if (aril_big_uint64(v, &u) == 0)
		return no_memory(w, put(w->b, 0xcf, u, 8));
	return refuse(w, "a BigInt of more than 64 bits cannot cross");
}

static int encode(struct writer *w, JSValueConst v) {
	switch (JS_VALUE_GET_NORM_TAG(v)) {
	case JS_TAG_UNDEFINED:
	case JS_TAG_NULL: return no_memory(w, put(w->b, 0xc0, 0, 0));
	case JS_TAG_BOOL: return no_memory(w, put(w->b, JS_VALUE_GET_BOOL(v) ? 0xc3 : 0xc2, 0, 0));
	case JS_TAG_INT: return no_memory(w, put_int(w->b, JS_VALUE_GET_INT(v)));
	case JS_TAG_FLOAT64: return no_memory(w, put_float(w->b, JS_VALUE_GET_FLOAT64(v)));
	case JS_TAG_BIG_INT: return encode_big_int(w, v);
	case JS_TAG_STRING: return encode_text(w, v);
	case JS_TAG_OBJECT: return encode_object_of_any_class(w, v);
	}
	return refuse(w, "a symbol cannot cross");
}

int value_encode(JSContext *ctx, struct buffer *b, JSValueConst v) {
	struct writer w = {.ctx = ctx, .b = b};
	return encode(&w, v);
}
