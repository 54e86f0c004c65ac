// A host in node, for unit tests of extensions: the functions of
// engine/builtins.c over Maps and arrays. Above them runs engine/prelude.js,
// as in the sandbox.
import { readFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { runInThisContext } from "node:vm";
import { webcrypto } from "node:crypto";

const sdk = new URL("../", import.meta.url);

// A Failure is what a host function answers in place of a value.
const statuses = { NOT_FOUND: 2, DENIED: 3, PHASE: 4, INVALID: 7, STALE: 9 };

// cross is what comes out at the other side: a copy, as messages make it.
export function cross(v, path = "") {
	const refuse = (why) => { throw new TypeError(path ? `${path}: ${why}` : why); };
	switch (typeof v) {
	case "undefined": return null;
	case "function": return refuse("a function cannot cross");
	case "symbol": return refuse("a symbol cannot cross");
	case "bigint":
		if (v >= 2n ** 64n || v < -(2n ** 63n)) refuse("a BigInt of more than 64 bits cannot cross");
		return v >= Number.MIN_SAFE_INTEGER && v <= Number.MAX_SAFE_INTEGER ? Number(v) : v;
	case "object": break;
	default: return v;
	}
	if (v === null) return null;
	if (typeof v.toJSON === "function" && !(v instanceof Date)) return cross(v.toJSON(), path);
	if (typeof v.then === "function") return refuse("a promise cannot cross; await it");
	if (v instanceof Date) return isNaN(v) ? refuse("an invalid date cannot cross") : new Date(v);
	if (v instanceof Uint8Array || v instanceof Uint8ClampedArray || v instanceof DataView) return new Uint8Array(v.buffer.slice(v.byteOffset, v.byteOffset + v.byteLength));
	if (v instanceof ArrayBuffer) return new Uint8Array(v.slice(0));
	if (v instanceof Error) return String(v);
	if (v instanceof RegExp) return refuse("an object of this class cannot cross");
	if (Array.isArray(v) || v instanceof Set || ArrayBuffer.isView(v)) return Array.from(v, (x, i) => cross(x, `${path}[${i}]`));
	if (v instanceof Map) {
		const pairs = [...v].map(([k, x]) => [k, cross(x, `${path}[${String(k)}]`)]);
		return pairs.every(([k]) => typeof k === "string") ? Object.fromEntries(pairs) : new Map(pairs);
	}
	return Object.fromEntries(Object.entries(v).filter(([, x]) => x !== undefined).map(([k, x]) => [k, cross(x, path ? `${path}.${k}` : k)]));
}

// A Result is what next answers; result_then of operation.c.
class Result {
	#settled;
	constructor(settled) { this.#settled = settled; }
	get #now() {
		if (this.#settled instanceof Promise) throw new TypeError("the test's next is async: its outcome can only be awaited");
		return this.#settled;
	}
	get failed() { return "error" in this.#now; }
	get error() { return this.#now.error; }
	get value() {
		if (this.failed) throw this.error;
		return this.#now.value;
	}
	then(f, g) {
		return Promise.resolve(this.#settled).then((s) => {
			if ("error" in s) throw s.error;
			return s.value;
		}).then(f, g);
	}
}

class Opaque {
	constructor(type, value) {
		this.type = type;
		Object.defineProperty(this, "value", { value });
	}
	equals(other) { return other instanceof Opaque && other.value === this.value; }
}

const text = new TextDecoder(), utf8 = new TextEncoder();
const bytesOf = (v) => typeof v === "string" ? utf8.encode(v) : v;
const keyOf = (v) => typeof v === "string" ? v : text.decode(v);
const same = (a, b) => a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
const number = (b) => { const n = Buffer.from(b).readBigInt64LE(); return cross(n); };

// The world that host functions see: what a test sets up and looks at.
const world = { log: [], state: new Map(), context: [new Map(), new Map(), new Map()], capabilities: {}, hook: undefined };

function fail(status, what) { throw prelude.statusError(statuses[status], what); }

const host = {
	Result: Result.prototype,
	Operation: class { get scope() { return 0; } }.prototype,
	Opaque: Opaque.prototype,
	monotonic: () => performance.now(),
	wall: () => BigInt(Date.now()) * 1000000n,
	log(level, message, attrs) {
		world.log.push({ level: { "-4": "debug", 0: "info", 4: "warn", 8: "error" }[level], message, ...attrs === undefined ? {} : { attrs: cross(attrs) } });
		return 0;
	},
	fill(array) {
		if (world.hook === "init") fail("PHASE", "random");
		webcrypto.getRandomValues(array);
	},
	encode: (v) => new Uint8Array(serialize(cross(v))),
	decode: (b) => deserialize(b),
	raw: (b) => deserialize(b),
	utf8: (s) => utf8.encode(s),
	text: (b) => text.decode(b),
	exact(date) {
		const ms = date.getTime();
		return [BigInt(Math.floor(ms / 1000)), ((ms % 1000) + 1000) % 1000 * 1000000];
	},
	date: (seconds, ns) => new Date(Number(seconds) * 1000 + Math.floor(ns / 1000000)),
	panic(e) { throw Object.assign(e, { panic: true }); },
	hook: () => world.hook,
	call(module, name, value) {
		const functions = world.capabilities[module];
		if (!functions) fail("DENIED", `${module}.${name}`);
		if (typeof functions[name] !== "function") fail("NOT_FOUND", `${module}.${name}`);
		return cross(functions[name](cross(value)));
	},

	stateGet: (key) => world.state.get(keyOf(key)),
	statePut(key, value) { world.state.set(keyOf(key), bytesOf(value)); },
	stateAppend(key, value) {
		const all = Uint8Array.from([...world.state.get(keyOf(key)) || [], ...bytesOf(value)]);
		world.state.set(keyOf(key), all);
		return all.length;
	},
	stateDelete: (key) => world.state.delete(keyOf(key)),
	stateList: (prefix, after) => [...world.state.keys()].filter((k) => k.startsWith(keyOf(prefix)) && k > keyOf(after)).sort().map(bytesOf),
	stateAdd(key, delta) {
		const was = world.state.get(keyOf(key));
		if (was && was.length !== 8) fail("INVALID", "state.add");
		const b = Buffer.alloc(8);
		b.writeBigInt64LE(BigInt(was ? number(was) : 0) + BigInt(delta));
		world.state.set(keyOf(key), new Uint8Array(b));
		return number(b);
	},
	stateSwap(key, was, now) {
		if (!same(world.state.get(keyOf(key)), was)) return false;
		if (now === undefined) world.state.delete(keyOf(key));
		else world.state.set(keyOf(key), now);
		return true;
	},

	contextGet: (level, key) => cross(world.context[level].get(key)) ?? undefined,
	contextSet(level, key, value) {
		if (value === undefined) world.context[level].delete(key);
		else world.context[level].set(key, cross(value));
	},
	contextAppend(level, key, value) {
		const list = [...world.context[level].get(key) || [], cross(value)];
		world.context[level].set(key, list);
		return list.length;
	},
	contextSwap(level, key, value) {
		const was = host.contextGet(level, key);
		host.contextSet(level, key, value);
		return was;
	},
};

const source = readFileSync(new URL("engine/prelude.js", sdk), "utf8");
const globals = { setTimeout };
const prelude = runInThisContext(source, { filename: "prelude.js" })(host, globals);
globalThis.aril = globals.aril;
globalThis.fetch = globals.fetch;

export const aril = globals.aril;
export { Opaque };

// A harness runs the hooks of one extension.
//
//	const h = await harness(extension, { config: { attempts: 3 } });
//	assert.equal(await h.wrap({ name: "order.place", input: 1 }, (input) => input + 1), 2);
//
// options: config, name ("extension"), state (an object of values), and
// capabilities, such as { acme_stock_v1: { reserve: (x) => … } }.
export async function harness(extension, { config, name = "extension", state = {}, capabilities = {} } = {}) {
	Object.assign(world, { log: [], state: new Map(), context: [new Map(), new Map(), new Map()], capabilities });
	for (const [key, value] of Object.entries(state)) world.state.set(key, host.encode(value));
	const within = async (hook, f) => {
		const outer = world.hook;
		world.hook = hook;
		try {
			return await f();
		} finally {
			world.hook = outer;
		}
	};
	const hooks = await within("init", () => prelude.begin(extension, config === undefined ? undefined : cross(config), name));
	return {
		// What the extension logged: { level, message, attrs }.
		log: world.log,

		// What is kept under a key of the state; get and set as in `state`.
		state: aril.state,

		// What an operation comes to: next is what it does, given its input.
		wrap(op, next) {
			const header = { kind: "test", name: "test", key: "", id: 1, root: 1, depth: 0, maxNext: 16, powers: 127, meta: {}, params: null, ...op, input: cross(op.input) };
			let last;
			const run = (...given) => {
				const input = given.length && given[0] !== undefined ? cross(given[0]) : header.input;
				const settle = (f) => { try { return { value: cross(f()) }; } catch (error) { return { error }; } };
				let settled;
				try {
					const answer = next(input);
					settled = answer && typeof answer.then === "function" ? answer.then((v) => settle(() => v), (error) => ({ error })) : settle(() => answer);
				} catch (error) {
					settled = { error };
				}
				return last = new Result(settled);
			};
			return within("wrap", async () => {
				const answer = hooks.wrap ? await hooks.wrap.call(hooks.extension, header, run) : undefined;
				return answer === undefined ? last || run() : cross(answer);
			});
		},

		// What the host gets from an event, undefined for nothing.
		event: (event, { scope = 0, name = "", ...data } = {}) =>
			within("event", async () => hooks.event ? hooks.event.call(hooks.extension, { event, id: 1, name, scope, input: data }) : undefined),

		// What a method answers; an error with code no_method where there is none.
		async call(method, args) {
			const answer = await within("call", () => hooks.call({ method, input: cross(args) }));
			if (answer === undefined) throw Object.assign(new Error(`no such method: ${method}`), { code: "no_method" });
			return cross(answer);
		},

		dispose: () => within("dispose", async () => { if (hooks.dispose) await hooks.dispose.call(hooks.extension); }),
	};
}
