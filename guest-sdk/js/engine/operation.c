// What a hook is given: the header of its operation, event or call, whose
// parts are read when they are asked for, and next with what it answers.
#include <string.h>

#include "alloc.h"
#include "engine.h"

// A header is the message of one activation.
struct header {
	struct activation *a; // NULL when it is over
	uint32_t len;
	uint8_t *data;
	JSValue input, params, meta; // uninitialized before they are read
	uint8_t *input_message;
	size_t input_len;
};

static JSClassID header_class, result_class;

static void header_free(JSRuntime *rt, JSValue v) {
	struct header *h = JS_GetOpaque(v, header_class);
	JS_FreeValueRT(rt, h->input);
	JS_FreeValueRT(rt, h->params);
	JS_FreeValueRT(rt, h->meta);
	alloc_free(h->input_message);
	alloc_free(h->data);
	alloc_free(h);
}

static void header_mark(JSRuntime *rt, JSValueConst v, JS_MarkFunc *mark) {
	struct header *h = JS_GetOpaque(v, header_class);
	JS_MarkValue(rt, h->input, mark);
	JS_MarkValue(rt, h->params, mark);
	JS_MarkValue(rt, h->meta, mark);
}

static const JSClassDef header_def = {"Operation", .finalizer = header_free, .gc_mark = header_mark};

JSValue header_object(struct activation *a, uint32_t n) {
	// The mailbox holds until the first import.
	size_t len;
	const uint8_t *entropy = n <= MAILBOX ? message_find(mailbox, n, "entropy", &len) : NULL;
	if (entropy && len >= 10) {
		uint64_t seed;
		memcpy(&seed, entropy + 2, sizeof(seed));
		aril_seed(ctx, seed);
	}
	struct header *h = alloc(sizeof(*h));
	JSValue v = h ? JS_NewObjectClass(ctx, header_class) : JS_ThrowOutOfMemory(ctx);
	if (JS_IsException(v)) {
		alloc_free(h);
		return v;
	}
	*h = (struct header){.a = a, .len = n, .input = JS_UNINITIALIZED, .params = JS_UNINITIALIZED, .meta = JS_UNINITIALIZED};
	JS_SetOpaque(v, h);
	h->data = message_copy(n);
	a->header = h;
	if (!h->data) {
		JS_FreeValue(ctx, v);
		a->header = NULL;
		return JS_ThrowOutOfMemory(ctx);
	}
	if (!entropy && (entropy = message_find(h->data, n, "entropy", &len)) && len >= 10) {
		uint64_t seed;
		memcpy(&seed, entropy + 2, sizeof(seed));
		aril_seed(ctx, seed);
	}
	return v;
}

// What is absent has the value that abi/ABI.md gives to absence.
enum { ABSENT_UNDEFINED, ABSENT_EMPTY, ABSENT_ZERO };

static const struct {
	const char *key;
	int absent;
} fields[] = {
	{"kind"}, {"name", ABSENT_EMPTY}, {"key", ABSENT_EMPTY}, {"id"}, {"root"}, {"depth"}, {"max_next"}, {"powers"}, {"event"}, {"scope", ABSENT_ZERO}, {"method"},
};

static JSValue header_field(JSContext *c, JSValueConst this, int i) {
	struct header *h = JS_GetOpaque2(ctx, this, header_class);
	if (!h)
		return JS_EXCEPTION;
	size_t len;
	const uint8_t *p = message_find(h->data, h->len, fields[i].key, &len);
	if (p)
		return value_decode(ctx, p, len);
	switch (fields[i].absent) {
	case ABSENT_EMPTY: return JS_NewString(ctx, "");
	case ABSENT_ZERO: return JS_NewInt32(ctx, 0);
	}
	return JS_UNDEFINED;
}

static JSValue header_meta(JSContext *c, JSValueConst this) {
	struct header *h = JS_GetOpaque2(ctx, this, header_class);
	if (!h)
		return JS_EXCEPTION;
	if (JS_IsUninitialized(h->meta)) {
		size_t len;
		const uint8_t *p = message_find(h->data, h->len, "meta", &len);
		JSValue v = p ? value_decode(ctx, p, len) : JS_NULL;
		if (JS_IsException(v))
			return v;
		h->meta = JS_IsNull(v) ? JS_NewObject(ctx) : v;
	}
	return JS_DupValue(ctx, h->meta);
}

enum { INPUT, PARAMS };

static JSValue header_slot(JSContext *c, JSValueConst this, int which) {
	struct header *h = JS_GetOpaque2(ctx, this, header_class);
	if (!h)
		return JS_EXCEPTION;
	JSValue *cached = which == INPUT ? &h->input : &h->params;
	if (!JS_IsUninitialized(*cached))
		return JS_DupValue(ctx, *cached);
	const char *what = which == INPUT ? "input" : "params";
	if (!h->a || h->a != current)
		return throw_status(STALE, what);
	uint32_t status;
	size_t len;
	uint8_t *data = slot_read(which == INPUT ? SLOT_INPUT : SLOT_PARAMS, &len, &status);
	JSValue v = JS_NULL;
	if (data)
		v = value_decode(ctx, data, len);
	else if (status != NOT_FOUND)
		v = throw_status(status, what);
	if (which == INPUT && !JS_IsException(v)) {
		h->input_message = data;
		h->input_len = len;
	} else {
		alloc_free(data);
	}
	if (!JS_IsException(v))
		*cached = JS_DupValue(ctx, v);
	return v;
}

#define FIELD(name, i) JS_CGETSET_MAGIC_DEF(name, header_field, NULL, i)

static const JSCFunctionListEntry header_proto[] = {
	FIELD("kind", 0),
	FIELD("name", 1),
	FIELD("key", 2),
	FIELD("id", 3),
	FIELD("root", 4),
	FIELD("depth", 5),
	FIELD("maxNext", 6),
	FIELD("powers", 7),
	FIELD("event", 8),
	FIELD("scope", 9),
	FIELD("method", 10),
	JS_CGETSET_DEF("meta", header_meta, NULL),
	JS_CGETSET_MAGIC_DEF("input", header_slot, NULL, INPUT),
	JS_CGETSET_MAGIC_DEF("params", header_slot, NULL, PARAMS),
};

// --- results

// A result is what one next came to. Nothing of it crosses before it is read.
struct result {
	struct activation *a; // NULL when it is over
	struct result *before;
	JSValue object; // that holds it; a reference while the activation lasts
	uint32_t index;
	uint32_t status;
	enum { UNREAD, FETCHED, READ } state;
	int failed;
	uint32_t fetched; // the status that fetching it ended with
	uint8_t *data;
	size_t len;
	JSValue value; // or the error
};

static void result_free(JSRuntime *rt, JSValue v) {
	struct result *r = JS_GetOpaque(v, result_class);
	if (!r)
		return;
	JS_FreeValueRT(rt, r->value);
	alloc_free(r->data);
	alloc_free(r);
}

static void result_mark(JSRuntime *rt, JSValueConst v, JS_MarkFunc *mark) {
	struct result *r = JS_GetOpaque(v, result_class);
	if (r)
		JS_MarkValue(rt, r->value, mark);
}

static const JSClassDef result_def = {"Result", .finalizer = result_free, .gc_mark = result_mark};

struct result *result_of(JSValueConst v) {
	struct result *r = JS_GetOpaque(v, result_class);
	return r && r->a == current ? r : NULL;
}

uint32_t result_index(const struct result *r) { return r->index; }

static void result_fetch(struct result *r) {
	if (r->state != UNREAD)
		return;
	r->data = slot_read(r->failed ? SLOT_ERROR : SLOT_RESULT, &r->len, &r->fetched);
	r->state = FETCHED;
}

// result_read makes the value, or the error, of a result. -1 with an
// exception where it cannot be read. Without the power to read results the
// value is undefined, so that waiting for one needs no power.
static int result_read(struct result *r) {
	if (r->state == READ)
		return 0;
	if (r->state == UNREAD) {
		if (!r->a || r->a != current) {
			throw_status(STALE, "the result of next");
			return -1;
		}
		result_fetch(r);
	}
	if (r->fetched == DENIED && !r->failed) {
		r->value = JS_UNDEFINED;
	} else if (!r->data) {
		throw_status(r->fetched, "the result of next");
		return -1;
	} else {
		JSValue v = value_decode(ctx, r->data, r->len);
		if (r->failed && !JS_IsException(v)) {
			JSValue fields = v;
			v = prelude("hostError", 1, (JSValueConst *)&fields);
			JS_FreeValue(ctx, fields);
		}
		if (JS_IsException(v))
			return -1;
		r->value = v;
	}
	r->state = READ;
	return 0;
}

struct result *result_unchanged(struct activation *a, JSValueConst v) {
	for (struct result *r = a->results; r; r = r->before) {
		if (r->state != READ || r->failed || !r->data)
			continue;
		if (JS_IsObject(v) && (!JS_IsObject(r->value) || JS_VALUE_GET_PTR(r->value) != JS_VALUE_GET_PTR(v)))
			continue;
		int same = value_same(ctx, r->data, r->len, v);
		if (same > 0)
			return r;
		if (same < 0)
			JS_FreeValue(ctx, JS_GetException(ctx)); // a getter's: encoding meets it again
		if (JS_IsObject(v))
			return NULL;
	}
	return NULL;
}

static JSValue result_new(struct activation *a, int failed) {
	struct result *r = alloc(sizeof(*r));
	JSValue v = r ? JS_NewObjectClass(ctx, result_class) : JS_ThrowOutOfMemory(ctx);
	if (JS_IsException(v)) {
		alloc_free(r);
		return v;
	}
	*r = (struct result){.a = a, .before = a->results, .index = a->nexts, .failed = failed, .value = JS_UNDEFINED};
	JS_SetOpaque(v, r);
	r->object = JS_DupValue(ctx, v);
	a->results = r;
	return v;
}

void activation_end(struct activation *a) {
	for (struct result *r = a->results; r;) {
		struct result *before = r->before;
		r->a = NULL;
		r->before = NULL;
		JS_FreeValue(ctx, r->object); // may free r
		r = before;
	}
	a->results = NULL;
	if (a->header)
		a->header->a = NULL;
}

// then makes a Result something to await. Where it is the very promise of the
// hook that is resolved with it, the outcome is passed on unread.
static JSValue result_then(JSContext *c, JSValueConst this, int argc, JSValueConst *argv) {
	struct result *r = JS_GetOpaque2(ctx, this, result_class);
	if (!r)
		return JS_EXCEPTION;
	JSValueConst on_value = argv[0], on_error = argv[1], undefined = JS_UNDEFINED;
	int resolving = aril_resolves(on_value, current ? current->promise : JS_UNDEFINED);
	if (resolving == 2 && r->a == current) {
		current->passed = r;
		return JS_Call(ctx, on_value, JS_UNDEFINED, 1, &undefined);
	}
	int unreadable = result_read(r);
	JSValue value = unreadable ? JS_GetException(ctx) : JS_DupValue(ctx, r->value);
	int rejects = unreadable || r->failed;
	JSValue answer;
	if (resolving) {
		answer = JS_Call(ctx, rejects ? on_error : on_value, JS_UNDEFINED, 1, (JSValueConst *)&value);
	} else {
		JSValue functions[2], promise = JS_NewPromiseCapability(ctx, functions);
		answer = promise;
		if (!JS_IsException(promise)) {
			JS_FreeValue(ctx, JS_Call(ctx, functions[rejects], JS_UNDEFINED, 1, (JSValueConst *)&value));
			JS_FreeValue(ctx, functions[0]);
			JS_FreeValue(ctx, functions[1]);
			JSAtom then = JS_NewAtom(ctx, "then");
			answer = JS_Invoke(ctx, promise, then, 2, argv);
			JS_FreeAtom(ctx, then);
			JS_FreeValue(ctx, promise);
		}
	}
	JS_FreeValue(ctx, value);
	return answer;
}

static JSValue result_value(JSContext *c, JSValueConst this) {
	struct result *r = JS_GetOpaque2(ctx, this, result_class);
	if (!r || result_read(r))
		return JS_EXCEPTION;
	if (r->failed)
		return JS_Throw(ctx, JS_DupValue(ctx, r->value));
	return r->fetched == DENIED ? throw_status(DENIED, "the result of next") : JS_DupValue(ctx, r->value);
}

static JSValue result_error(JSContext *c, JSValueConst this) {
	struct result *r = JS_GetOpaque2(ctx, this, result_class);
	if (!r)
		return JS_EXCEPTION;
	if (!r->failed)
		return JS_UNDEFINED;
	return result_read(r) ? JS_EXCEPTION : JS_DupValue(ctx, r->value);
}

static JSValue result_failed(JSContext *c, JSValueConst this) {
	struct result *r = JS_GetOpaque2(ctx, this, result_class);
	return r ? JS_NewBool(ctx, r->failed) : JS_EXCEPTION;
}

static const JSCFunctionListEntry result_proto[] = {
	JS_CFUNC_DEF("then", 2, result_then),
	JS_CGETSET_DEF("value", result_value, NULL),
	JS_CGETSET_DEF("error", result_error, NULL),
	JS_CGETSET_DEF("failed", result_failed, NULL),
};

// --- next

// replaces tells whether v is another input than the one that was read.
static int replaces(struct header *h, JSValueConst v) {
	if (!h->input_message)
		return 1;
	if (JS_IsObject(v) && (!JS_IsObject(h->input) || JS_VALUE_GET_PTR(h->input) != JS_VALUE_GET_PTR(v)))
		return 1;
	int same = value_same(ctx, h->input_message, h->input_len, v);
	if (same < 0)
		JS_FreeValue(ctx, JS_GetException(ctx)); // encoding meets it again
	return same != 1;
}

static JSValue next(JSContext *c, JSValueConst this, int argc, JSValueConst *argv, int magic, JSValue *data) {
	struct header *h = JS_GetOpaque(data[0], header_class);
	struct activation *a = h->a;
	if (!a || a != current)
		return throw_status(STALE, "next: its hook has returned");
	struct buffer input = {0};
	uint32_t flags = 0;
	if (argc > 0 && !JS_IsUndefined(argv[0]) && replaces(h, argv[0])) {
		if (value_encode(ctx, &input, argv[0])) {
			buffer_free(&input);
			return JS_EXCEPTION;
		}
		flags = NEXT_REPLACE;
	}
	// An outcome that somebody still holds can be read no more after this
	// next; so its bytes are brought along now.
	if (a->results && ((JSRefCountHeader *)JS_VALUE_GET_PTR(a->results->object))->ref_count > 1)
		result_fetch(a->results);
	uint32_t status = status_of(aril_next(input.data, input.len, flags));
	buffer_free(&input);
	if (status != OK && status != FAILED)
		return throw_status(status, "next");
	JSValue v = result_new(a, status == FAILED);
	a->nexts++;
	return v;
}

JSValue next_function(JSValueConst op) { return JS_NewCFunctionData(ctx, next, 1, 0, 1, &op); }

static int class_begin(JSClassID *id, const JSClassDef *def, const JSCFunctionListEntry *list, int n) {
	JS_NewClassID(id);
	if (JS_NewClass(rt, *id, def) < 0)
		return -1;
	JSValue proto = JS_NewObject(ctx);
	JS_SetPropertyFunctionList(ctx, proto, list, n);
	JS_SetClassProto(ctx, *id, proto);
	return 0;
}

int operation_begin(void) {
	return class_begin(&header_class, &header_def, header_proto, sizeof(header_proto) / sizeof(*header_proto)) ||
		   class_begin(&result_class, &result_def, result_proto, sizeof(result_proto) / sizeof(*result_proto));
}

JSValue result_prototype(void) { return JS_GetClassProto(ctx, result_class); }

JSValue operation_prototype(void) { return JS_GetClassProto(ctx, header_class); }
