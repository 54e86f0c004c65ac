// setTimeout and setInterval. While a hook's promise is pending and no job is
// left, the engine sleeps until the next timer.
#include <math.h>
#include <stdlib.h>

#include "alloc.h"
#include "engine.h"

struct timer {
	struct timer *next;
	int64_t due, every; // nanoseconds; every is 0 for a timeout
	int32_t id;
	JSValue function;
	int argc;
	JSValue args[];
};

static int32_t last_id;

static void timer_free(struct timer *t) {
	JS_FreeValue(ctx, t->function);
	for (int i = 0; i < t->argc; i++)
		JS_FreeValue(ctx, t->args[i]);
	alloc_free(t);
}

static void insert(struct activation *a, struct timer *t) {
	struct timer **at = &a->timers;
	while (*at && (*at)->due <= t->due)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

static JSValue set_timer(JSContext *c, JSValueConst this, int argc, JSValueConst *argv, int interval) {
	double ms = 0;
	if (!JS_IsFunction(ctx, argv[0]))
		return JS_ThrowTypeError(ctx, "a timer needs a function");
	if (argc > 1 && JS_ToFloat64(ctx, &ms, argv[1]))
		return JS_EXCEPTION;
	if (!(ms >= 1)) // NaN too
		ms = interval ? 1 : 0;
	if (ms > 1e12)
		ms = 1e12;
	int n = argc > 2 ? argc - 2 : 0;
	struct timer *t = alloc(sizeof(*t) + n * sizeof(JSValue));
	if (!t)
		return JS_ThrowOutOfMemory(ctx);
	int64_t ns = ms * 1e6;
	*t = (struct timer){.due = monotonic_ns() + ns, .every = interval ? ns : 0, .id = ++last_id, .function = JS_DupValue(ctx, argv[0]), .argc = n};
	for (int i = 0; i < n; i++)
		t->args[i] = JS_DupValue(ctx, argv[2 + i]);
	if (current)
		insert(current, t);
	else
		timer_free(t);
	return JS_NewInt32(ctx, last_id);
}

static JSValue clear_timer(JSContext *c, JSValueConst this, int argc, JSValueConst *argv) {
	int32_t id;
	if (!JS_IsNumber(argv[0]) || JS_ToInt32(ctx, &id, argv[0]))
		return JS_UNDEFINED;
	if (current && current->firing && current->firing->id == id)
		current->firing->every = 0;
	for (struct timer **at = current ? &current->timers : NULL; at && *at; at = &(*at)->next) {
		struct timer *t = *at;
		if (t->id == id) {
			*at = t->next;
			timer_free(t);
			break;
		}
	}
	return JS_UNDEFINED;
}

int timers_fire(struct activation *a) {
	struct timer *t = a->timers;
	if (!t)
		return 0;
	int64_t wait = t->due - monotonic_ns();
	if (wait > 0) {
		uint32_t status = status_of(aril_sleep(wait));
		if (status != OK) {
			throw_status(status, "sleep");
			return -1;
		}
	}
	a->timers = t->next;
	a->firing = t;
	JSValue v = JS_Call(ctx, t->function, JS_UNDEFINED, t->argc, (JSValueConst *)t->args);
	a->firing = NULL;
	if (t->every) {
		t->due += t->every;
		insert(a, t);
	} else {
		timer_free(t);
	}
	JS_FreeValue(ctx, v);
	return JS_IsException(v) ? -1 : 1;
}

void timers_drop(struct activation *a) {
	while (a->timers) {
		struct timer *t = a->timers;
		a->timers = t->next;
		timer_free(t);
	}
}

static const JSCFunctionListEntry functions[] = {
	JS_CFUNC_MAGIC_DEF("setTimeout", 2, set_timer, 0),
	JS_CFUNC_MAGIC_DEF("setInterval", 2, set_timer, 1),
	JS_CFUNC_DEF("clearTimeout", 1, clear_timer),
	JS_CFUNC_DEF("clearInterval", 1, clear_timer),
};

int timers_begin(JSValueConst global) {
	JS_SetPropertyFunctionList(ctx, global, functions, sizeof(functions) / sizeof(*functions));
	return 0;
}
