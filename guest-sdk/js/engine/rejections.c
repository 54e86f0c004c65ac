// Promises that were rejected and that nobody looked at: they are told to the
// log when the activation ends, as node does.
#include "alloc.h"
#include "engine.h"

struct rejection {
	struct rejection *next;
	JSValue promise, reason;
};

static void rejection_free(struct rejection *r) {
	JS_FreeValue(ctx, r->promise);
	JS_FreeValue(ctx, r->reason);
	alloc_free(r);
}

static void track(JSContext *c, JSValueConst promise, JSValueConst reason, JS_BOOL handled, void *opaque) {
	if (!current)
		return;
	if (!handled) {
		struct rejection *r = alloc(sizeof(*r));
		if (!r)
			return; // it is not told
		*r = (struct rejection){current->rejections, JS_DupValue(ctx, promise), JS_DupValue(ctx, reason)};
		current->rejections = r;
		return;
	}
	for (struct rejection **at = &current->rejections; *at; at = &(*at)->next) {
		struct rejection *r = *at;
		if (JS_VALUE_GET_PTR(r->promise) == JS_VALUE_GET_PTR(promise)) {
			*at = r->next;
			rejection_free(r);
			return;
		}
	}
}

void rejections_begin(void) { JS_SetHostPromiseRejectionTracker(rt, track, NULL); }

void rejections_report(struct activation *a) {
	while (a->rejections) {
		struct rejection *r = a->rejections;
		a->rejections = r->next;
		// The hook's own promise has been looked at by the engine.
		if (!JS_IsObject(a->promise) || JS_VALUE_GET_PTR(r->promise) != JS_VALUE_GET_PTR(a->promise)) {
			JSValue args[2] = {r->reason, JS_NewString(ctx, "unhandled rejection")};
			JSValue told = prelude("report", 2, (JSValueConst *)args);
			if (JS_IsException(told))
				JS_FreeValue(ctx, JS_GetException(ctx));
			JS_FreeValue(ctx, told);
			JS_FreeValue(ctx, args[1]);
		}
		rejection_free(r);
	}
}
