// What a script finds: module "aril", and the globals that JavaScript authors
// expect. The engine evaluates this before the script and calls the functions
// that it returns. `host` holds those of builtins.c.
(function (host, global) {
"use strict";

// --- errors

const statuses = ["ok", "failed", "not_found", "denied", "phase", "limit", "too_large", "invalid", "canceled", "stale", "conflict", "unavailable", "busy"];

// What names the host's own error, so that giving it back gives that back.
const handle = Symbol("handle");

class ArilError extends Error {
	constructor({ code = "error", message = "", data, cause, retryable = false, kind = "extension" } = {}) {
		super(String(message));
		this.code = String(code);
		this.data = data;
		this.cause = cause;
		this.retryable = Boolean(retryable);
		hidden(this, "kind", kind);
	}
}
hidden(ArilError.prototype, "name", "ArilError");

function hidden(object, key, value) {
	Object.defineProperty(object, key, { value, writable: true, configurable: true });
}

function frozen(v) {
	if (v !== null && typeof v === "object" && !ArrayBuffer.isView(v) && !Object.isFrozen(v)) {
		Object.freeze(v);
		Object.values(v).forEach(frozen);
	}
	return v;
}

function hostError(fields) {
	const { code, message, kind, data, cause, retryable } = fields;
	const e = new ArilError({
		code, message, kind, retryable,
		data: data === null || data === undefined ? undefined : frozen(data),
		cause: cause ? hostError(cause) : undefined,
	});
	if (fields.handle) hidden(e, handle, fields.handle);
	return e;
}

function statusError(status, what) {
	const code = statuses[status] || "failed";
	return new ArilError({ code, message: `${what}: ${code.replace("_", " ")}`, kind: "host" });
}

function neverSettles(hook) {
	return new ArilError({
		code: "never_settles",
		message: `extension "${name}": the promise of ${hook} waits for something that nothing will do`,
	});
}

// report logs what was thrown that is no ArilError, with its stack.
function report(e, hook) {
	const attrs = { hook };
	if (e instanceof Error && e.stack) attrs.stack = String(e.stack).trim();
	host.log(levels.error, `${hook}: ${describe(e)}`, attrs);
}

function describe(e) {
	if (!(e instanceof Error)) return typeof e === "string" ? e : inspect(e);
	return e.name === "Error" || e instanceof ArilError ? String(e.message) : `${e.name}: ${e.message}`;
}

// errorFields is the Error message for what a hook threw.
function errorFields(e, hook, withoutHandles) {
	const aril = e instanceof ArilError;
	if (!aril) report(e, hook);
	const fields = fieldsOf(e, withoutHandles, 1);
	const at = aril || hook !== "init" ? null : /\(?([^\s()]+:\d+)\)?\s*$/m.exec(String(e && e.stack).split("\n")[0]);
	if (at) fields.message += ` (${at[1]})`;
	return fields;
}

function fieldsOf(e, withoutHandles, depth) {
	if (e === null || typeof e !== "object") return { code: "error", message: describe(e).slice(0, 8000) };
	const fields = {
		code: typeof e.code === "string" && e.code ? e.code.slice(0, 64) : "error",
		message: describe(e).slice(0, 8000),
		retryable: e.retryable === true,
	};
	if (e.data !== undefined && e.data !== null) {
		try {
			fields.data = host.raw(host.encode(e.data));
		} catch (why) {
			host.log(levels.warn, `the data of an error is left out: ${describe(why)}`);
		}
	}
	if (e.cause !== undefined && e.cause !== null && depth < 16) fields.cause = fieldsOf(e.cause, withoutHandles, depth + 1);
	if (e[handle] && !withoutHandles) fields.handle = e[handle];
	return fields;
}

// --- the log

const levels = { debug: -4, info: 0, warn: 4, error: 8 };

function quoted(s) {
	return `'${s.replace(/[\\']/g, "\\$&").replace(/\n/g, "\\n")}'`;
}

// inspect shows a value on one line, as node's console does.
function inspect(v, depth = 0, above = []) {
	switch (typeof v) {
	case "string": return depth ? quoted(v) : v;
	case "bigint": return `${v}n`;
	case "function": return v.name ? `[Function: ${v.name}]` : "[Function]";
	case "object": break;
	default: return Object.is(v, -0) ? "-0" : String(v);
	}
	if (v === null) return "null";
	if (above.includes(v)) return "[Circular]";
	if (v instanceof Error) return v.stack ? `${v}\n${v.stack}`.trim() : String(v);
	if (v instanceof Date) return isNaN(v) ? "Invalid Date" : v.toISOString();
	if (v instanceof RegExp) return String(v);
	if (v instanceof Promise) return "Promise";
	const list = (items, open, close) => {
		const shown = items.slice(0, 100);
		if (items.length > 100) shown.push(`... ${items.length - 100} more`);
		return shown.length ? `${open} ${shown.join(", ")} ${close}` : open + close;
	};
	const next = (x) => inspect(x, depth + 1, [...above, v]);
	if (ArrayBuffer.isView(v) && !(v instanceof DataView)) return `${v.constructor.name}(${v.length}) ${list(Array.from(v, String), "[", "]")}`;
	if (depth > 3) return Array.isArray(v) ? "[Array]" : "[Object]";
	if (Array.isArray(v)) return list(v.map(next), "[", "]");
	if (v instanceof Map) return `Map(${v.size}) ${list(Array.from(v, ([k, x]) => `${next(k)} => ${next(x)}`), "{", "}")}`;
	if (v instanceof Set) return `Set(${v.size}) ${list(Array.from(v, next), "{", "}")}`;
	const key = (k) => /^[A-Za-z_$][\w$]*$/.test(k) ? k : quoted(k);
	const class_ = v.constructor && v.constructor !== Object && v.constructor.name;
	return (class_ ? `${class_} ` : "") + list(Object.keys(v).map((k) => `${key(k)}: ${next(v[k])}`), "{", "}");
}

function format(args) {
	if (typeof args[0] !== "string") return args.map((a) => inspect(a)).join(" ");
	let i = 1;
	const text = args[0].replace(/%[sdifjoO%]/g, (spec) => {
		if (spec === "%%") return "%";
		if (i >= args.length) return spec;
		const a = args[i++];
		switch (spec) {
		case "%s": return typeof a === "string" ? a : inspect(a, 1);
		case "%d": return String(typeof a === "bigint" ? a : Number(a));
		case "%i": return String(parseInt(a, 10));
		case "%f": return String(parseFloat(a));
		case "%j": return JSON.stringify(a);
		default: return inspect(a, 1);
		}
	});
	return [text, ...args.slice(i).map((a) => inspect(a))].join(" ");
}

const printer = (level) => (...args) => { host.log(level, format(args)); };

const console = {
	debug: printer(levels.debug),
	log: printer(levels.info),
	info: printer(levels.info),
	dir: printer(levels.info),
	warn: printer(levels.warn),
	error: printer(levels.error),
	trace(...args) { host.log(levels.debug, `${format(args)}\n${new Error().stack}`); },
	assert(condition, ...args) { if (!condition) host.log(levels.error, `Assertion failed${args.length ? `: ${format(args)}` : ""}`); },
};

// Each answers whether the host took the line: it takes 64 KiB an activation.
const logger = (level) => (message, attrs) => host.log(level, String(message), attrs) === 0;
const log = { debug: logger(levels.debug), info: logger(levels.info), warn: logger(levels.warn), error: logger(levels.error) };

// --- time and chance

function sleep(ms) {
	return new Promise((resolve) => { global.setTimeout(resolve, ms); });
}

const monotonicAtLoad = host.monotonic();
const performance = { now: () => host.monotonic() - monotonicAtLoad, timeOrigin: 0 };

const crypto = {
	getRandomValues(array) {
		host.fill(array);
		return array;
	},
	randomUUID() {
		const b = crypto.getRandomValues(new Uint8Array(16));
		b[6] = b[6] & 0x0f | 0x40;
		b[8] = b[8] & 0x3f | 0x80;
		const hex = Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
		return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
	},
};

// The whole time of a Date, in nanoseconds since 1970: one that the host sent
// may be finer than milliseconds.
function nanoseconds(date) {
	const [seconds, ns] = host.exact(date);
	return seconds * 1000000000n + BigInt(ns);
}

function timestamp(ns) {
	const rest = ((ns % 1000000000n) + 1000000000n) % 1000000000n;
	return host.date((ns - rest) / 1000000000n, Number(rest));
}

// --- state and context

const state = {
	get(key) {
		const b = host.stateGet(key);
		return b === undefined ? undefined : host.decode(b);
	},
	set(key, value) { host.statePut(key, host.encode(value)); },
	delete: (key) => host.stateDelete(key),
	has: (key) => host.stateGet(key) !== undefined,
	add: (key, n = 1) => host.stateAdd(key, n),

	// swap stores now if was is there; undefined stands for no value.
	swap(key, was, now) {
		const bytes = (v) => v === undefined ? undefined : host.encode(v);
		return host.stateSwap(key, bytes(was), bytes(now));
	},

	// update stores what change makes of the value, in one atomic step. It
	// calls change again when somebody else was faster.
	update(key, change) {
		for (;;) {
			const was = host.stateGet(key);
			const now = change(was === undefined ? undefined : host.decode(was));
			if (host.stateSwap(key, was, now === undefined ? undefined : host.encode(now))) return now;
		}
	},

	*keys(prefix = "") {
		for (let after = "", keys; (keys = host.stateList(prefix, after)).length > 0; after = keys[keys.length - 1])
			for (const key of keys) yield host.text(key);
	},

	// The same on bytes, as the host keeps them.
	bytes: {
		get: (key) => host.stateGet(key),
		set(key, value) { host.statePut(key, value); },
		append: (key, value) => host.stateAppend(key, value),
		swap: (key, was, now) => host.stateSwap(key, was, now),
	},
};

const level = (n) => ({
	get: (key) => host.contextGet(n, key),
	set(key, value) { host.contextSet(n, key, value); },
	delete(key) { host.contextSet(n, key, undefined); },
	append: (key, value) => host.contextAppend(n, key, value),
	swap: (key, value) => host.contextSwap(n, key, value),
});

const context = { own: level(0), root: level(1), scope: level(2) };

// --- scopes

const inScope = (scope, name, args) => host.call("aril_scope_v1", name, { scope: scope.id, ...args });

class Executor {
	constructor(scope, id, name = "") {
		hidden(this, "scope", scope);
		this.id = id;
		this.name = name;
	}
	get #args() { return this.id ? { executor: this.id } : { name: this.name }; }
	lookup() {
		const entry = inScope(this.scope, "lookup", this.#args);
		if (entry.error) entry.error = hostError(entry.error);
		return entry;
	}
	resolve({ force = false } = {}) { return inScope(this.scope, "resolve", { ...this.#args, force }); }
	update(value) { inScope(this.scope, "update", { ...this.#args, value: value === undefined ? null : value }); }
	release() { inScope(this.scope, "release", this.#args); }
}

class Scope {
	constructor(id, name = "") {
		this.id = id;
		hidden(this, "name", name);
	}
	executor(which) { return typeof which === "string" ? new Executor(this, 0, which) : new Executor(this, which); }
	*entries({ registered = false, values = false } = {}) {
		for (let after = 0, page; (page = inScope(this, "entries", { registered, values, after })).length > 0; after = page[page.length - 1].id)
			yield* page;
	}
	get(key) { return inScope(this, "get", { key }); }
	set(key, value) { inScope(this, "set", { key, value: value === undefined ? null : value }); }
	onChange(...names) { return inScope(this, "subscribe", { event: "change", names }); }
	onRelease(...names) { return inScope(this, "subscribe", { event: "release", names }); }
	every(ms) { return inScope(this, "subscribe", { event: "tick", every: BigInt(Math.round(ms * 1e6)) }); }
	unsubscribe(subscription) { inScope(this, "unsubscribe", { subscription }); }
}

// --- fetch

class Headers {
	#all = new Map();
	constructor(init = {}) {
		for (const [k, v] of init instanceof Headers || Array.isArray(init) ? init : Object.entries(init))
			for (const one of Array.isArray(v) ? v : [v]) this.append(k, one);
	}
	append(name, value) {
		const key = String(name).toLowerCase();
		this.#all.set(key, [...(this.#all.get(key) || []), String(value)]);
	}
	set(name, value) { this.#all.set(String(name).toLowerCase(), [String(value)]); }
	delete(name) { this.#all.delete(String(name).toLowerCase()); }
	has(name) { return this.#all.has(String(name).toLowerCase()); }
	get(name) {
		const all = this.#all.get(String(name).toLowerCase());
		return all ? all.join(", ") : null;
	}
	*entries() { for (const [k, v] of this.#all) yield [k, v.join(", ")]; }
	[Symbol.iterator]() { return this.entries(); }
	forEach(f) { for (const [k, v] of this) f(v, k, this); }
	toJSON() { return Object.fromEntries(this.#all); }
}

class Response {
	#body;
	constructor(url, { status, headers, body }) {
		this.url = url;
		this.status = status;
		this.headers = new Headers(headers);
		this.#body = body;
	}
	get ok() { return this.status >= 200 && this.status < 300; }
	async bytes() { return this.#body; }
	async arrayBuffer() { return this.#body.slice().buffer; }
	async text() { return host.text(this.#body); }
	async json() { return JSON.parse(host.text(this.#body)); }
}

// fetch sends a request through the capability aril_http_v1. timeout is in
// milliseconds.
async function fetch(url, { method = "GET", headers, body, timeout } = {}) {
	url = String(url);
	const request = { method, url };
	if (headers) request.headers = new Headers(headers).toJSON();
	if (body !== undefined && body !== null) request.body = body;
	if (timeout) request.timeout_ms = Math.round(timeout) | 0;
	return new Response(url, host.call("aril_http_v1", "fetch", request));
}

// --- what else a browser has

class TextEncoder {
	get encoding() { return "utf-8"; }
	encode(s = "") { return host.utf8(String(s)); }
}

class TextDecoder {
	get encoding() { return "utf-8"; }
	decode(b) { return b === undefined ? "" : host.text(b instanceof ArrayBuffer || ArrayBuffer.isView(b) ? b : new Uint8Array(b)); }
}

function panic(message) {
	host.panic(message instanceof Error ? message : Object.assign(new Error(String(message)), { name: "panic" }));
}

// call calls a function of a capability: call("acme_stock_v1", "reserve", x).
const call = (module, name, value) => host.call(module, name, value);

// --- results

host.Result.catch = function (f) { return this.then(undefined, f); };
host.Result.finally = function (f) { return this.then().finally(f); };

// --- hooks

let name = "extension";

const eventHooks = {
	attach: "attach", start: "start", detach: "detach", error: "onError", change: "change", release: "released", tick: "tick",
	init_pod: "initPod", pod_error: "onPodError", dispose_pod: "disposePod",
};

function eventOf(header) {
	const event = { event: header.event, id: header.id, name: header.name };
	const data = header.input;
	Object.assign(event, data);
	if (header.scope) event.scope = new Scope(header.scope, header.event === "attach" ? header.name : "");
	if (event.executor && event.scope) event.executor = new Executor(event.scope, event.executor, header.name);
	if (event.error) event.error = hostError(event.error);
	event.data = data;
	return event;
}

// An operation's own scope and executor, from its parameters.
function describeOperation(proto) {
	const raw = Object.getOwnPropertyDescriptor(proto, "scope").get;
	const define = (key, get) => Object.defineProperty(proto, key, { get, configurable: true });
	define("scope", function () {
		const params = this.event === undefined ? this.params : null;
		return params ? new Scope(params.scope) : raw.call(this);
	});
	define("executor", function () {
		const params = this.params;
		return params && params.executor ? new Executor(new Scope(params.scope), params.executor, this.name) : undefined;
	});
}

function hooksOf(e) {
	const has = (key) => typeof e[key] === "function";
	const hooks = { extension: e };
	if (has("wrapResolve") || has("wrapExecute")) {
		const inner = { resolve: "wrapResolve", execution: "wrapExecute" };
		hooks.wrap = (op, next) => {
			const key = inner[op.kind];
			if (!key || !has(key)) return has("wrap") ? e.wrap(op, next) : undefined;
			if (!has("wrap")) return e[key](op, next);
			return e.wrap(op, (given) => {
				const rest = given === undefined ? next : (input = given) => next(input);
				const last = { result: undefined };
				const answer = e[key](op, (input) => last.result = rest(input));
				return answer === undefined && last.result === undefined ? rest() : answer === undefined ? last.result : answer;
			});
		};
	} else if (has("wrap")) {
		hooks.wrap = e.wrap;
	}
	if (has("event") || Object.values(eventHooks).some(has)) {
		hooks.event = (header) => {
			const event = eventOf(header);
			const key = eventHooks[event.event];
			if (!key || !has(key)) return has("event") ? e.event(event) : undefined;
			return event.event === "attach" || event.event === "start" || event.event === "detach" ? e[key](event.scope, event) :
				event.event === "error" ? e[key](event.error, event) : e[key](event);
		};
	}
	hooks.call = (header) => callMethod(e, header.method, header.input);
	if (has("dispose")) hooks.dispose = e.dispose;
	return hooks;
}

const missing = Symbol("no such method");

function callMethod(e, method, args) {
	const answered = invoke(e, method, args);
	const known = (v) => v === missing ? undefined : v === undefined ? null : v;
	return answered !== null && typeof answered === "object" && typeof answered.then === "function" ? answered.then(known) : known(answered);
}

function invoke(e, method, args) {
	if (method === "aril.manifest") return manifest(e);
	const { methods } = e;
	if (methods && Object.prototype.hasOwnProperty.call(methods, method) && typeof methods[method] === "function") return methods[method].call(e, args);
	if (method === "input_handler" && typeof e.inputHandler === "function") return e.inputHandler(args);
	if (method === "output_handler" && typeof e.outputHandler === "function") return e.outputHandler(args);
	if (typeof e.call !== "function") return missing;
	const answer = e.call(method, args);
	return answer === undefined ? missing : answer;
}

function manifest(e) {
	const has = (...keys) => keys.some((key) => typeof e[key] === "function");
	const hooks = [];
	if (has("wrap", "wrapResolve", "wrapExecute")) hooks.push("wrap");
	if (has("event", ...Object.values(eventHooks))) hooks.push("event");
	if (has("call", "inputHandler", "outputHandler") || e.methods) hooks.push("call");
	if (has("dispose")) hooks.push("dispose");
	const facts = { hooks };
	for (const [key, value] of Object.entries({ name: e.name, version: e.version, filters: e.filters, capabilities: e.capabilities, config_schema: e.configSchema }))
		if (value !== undefined) facts[key] = value;
	return facts;
}

async function begin(exported, config = {}, loadedAs) {
	name = loadedAs;
	if (config === null) config = {};
	let e = exported;
	if (typeof e === "function") e = e.prototype ? Reflect.construct(e, [config]) : e(config);
	e = await e;
	if (e === null || typeof e !== "object") throw new TypeError("the script has no extension: export default { wrap(op, next) { … } }");
	if (typeof e.init === "function") await e.init(config);
	return hooksOf(e);
}

describeOperation(host.Operation);

const aril = {
	ArilError, log, sleep, nanoseconds, timestamp, state, context, Scope, call, panic,
	encode: host.encode, decode: host.decode, raw: host.raw,
	Opaque: Object.assign(function Opaque() { throw new TypeError("an Opaque comes from the host"); }, { prototype: host.Opaque }),
};

for (const [key, value] of Object.entries({ aril, console, performance, crypto, fetch, Headers, Response, TextEncoder, TextDecoder })) hidden(global, key, value);
hidden(global, "queueMicrotask", (f) => { Promise.resolve().then(f); });

// The engine makes builtins when they are first used: here, so that the template
// has them, and not in each operation anew.
for (const key of Object.getOwnPropertyNames(global)) {
	const made = global[key];
	if (key === "Math" || key === "JSON") Object.getOwnPropertyNames(made).forEach((each) => made[each]);
}

return { statusError, hostError, neverSettles, report, errorFields, begin, promiseOf: (thenable) => Promise.resolve(thenable) };
})
