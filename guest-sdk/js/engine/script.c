// The script, and the one module that it can import.
#include <string.h>

#include "engine.h"

JSValue script_evaluate(const char *source, size_t len, const char *name) {
	aril_allow_eval(ctx, 1);
	JSValue module = JS_Eval(ctx, source, len, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
	aril_allow_eval(ctx, 0);
	if (JS_IsException(module))
		return module;
	JSValue ran = JS_EvalFunction(ctx, JS_DupValue(ctx, module));
	if (JS_IsException(ran))
		return ran;
	JS_FreeValue(ctx, ran);
	return aril_module_default(ctx, module);
}

// "aril" is the one module there is: `import { log } from "aril"`.
static int fill_module(JSContext *c, JSModuleDef *m) {
	JSValue global = JS_GetGlobalObject(ctx);
	JSValue api = JS_GetPropertyStr(ctx, global, "aril");
	JS_FreeValue(ctx, global);
	JSPropertyEnum *names;
	uint32_t n;
	int failed = JS_GetOwnPropertyNames(ctx, &names, &n, api, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY);
	for (uint32_t i = 0; !failed && i < n; i++) {
		const char *name = JS_AtomToCString(ctx, names[i].atom);
		JS_SetModuleExport(ctx, m, name, JS_GetProperty(ctx, api, names[i].atom));
		JS_FreeCString(ctx, name);
		JS_FreeAtom(ctx, names[i].atom);
	}
	if (!failed)
		js_free(ctx, names);
	JS_SetModuleExport(ctx, m, "default", api);
	return failed;
}

static JSModuleDef *load_module(JSContext *c, const char *name, void *opaque) {
	if (strcmp(name, "aril")) {
		JS_ThrowReferenceError(ctx, "cannot import \"%s\": a script comes in one piece; bundle it (aril build does)", name);
		return NULL;
	}
	JSModuleDef *m = JS_NewCModule(ctx, name, fill_module);
	JSValue global = JS_GetGlobalObject(ctx);
	JSValue api = JS_GetPropertyStr(ctx, global, "aril");
	JSPropertyEnum *names;
	uint32_t n;
	if (!JS_GetOwnPropertyNames(ctx, &names, &n, api, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY)) {
		for (uint32_t i = 0; i < n; i++) {
			const char *export = JS_AtomToCString(ctx, names[i].atom);
			JS_AddModuleExport(ctx, m, export);
			JS_FreeCString(ctx, export);
			JS_FreeAtom(ctx, names[i].atom);
		}
		js_free(ctx, names);
	}
	JS_AddModuleExport(ctx, m, "default");
	JS_FreeValue(ctx, api);
	JS_FreeValue(ctx, global);
	return m;
}

void script_begin(void) { JS_SetModuleLoaderFunc(rt, NULL, load_module, NULL); }
