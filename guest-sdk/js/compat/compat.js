// The shapes in which extensions were written for scopes in JavaScript, so
// that one that was moves over with its imports changed and one line more:
//
//   import { adapt, extension, name } from "aril/compat";
//   export default adapt(myExtension());
//
// Such extensions keep what they know in their own memory, so load them with
// isolation Single. README.md#extensions-that-exist-already has the list of
// what is there.
import { Scope } from "aril";

// extension is the identity: it is there for its types.
export const extension = (e) => e;

// A Promised is a promise with map, mapError and finally that chain.
export class Promised {
	#of;
	constructor(of) { this.#of = of; }
	static create(of) { return of instanceof Promised ? of : new Promised(of); }
	static try(f) { return new Promised(new Promise((resolve) => resolve(f()))); }
	then(f, g) { return this.#of.then(f, g); }
	catch(g) { return this.mapError(g); }
	map(f) { return new Promised(this.#of.then(f)); }
	switch(f) { return this.map(f); }
	mapError(g) { return new Promised(this.#of.then(undefined, g)); }
	switchError(g) { return this.mapError(g); }
	finally(f) { return new Promised(this.#of.then().finally(f)); }
	toPromise() { return Promise.resolve(this); }
}

// tag makes a tag; the host's tags are known by their labels.
export function tag(_schema, { label, default: absent } = {}) {
	const key = Symbol.for(label || "tag");
	const find = (source) => {
		const v = source && typeof source.get === "function" ? source.get(key) : undefined;
		return v === undefined ? absent : v;
	};
	return Object.assign((value) => ({ key, value }), {
		key, label, find,
		get(source) {
			const v = find(source);
			if (v === undefined) throw new Error(`Tag not found: ${label}`);
			return v;
		},
	});
}

const label = (key) => typeof key === "symbol" ? Symbol.keyFor(key) || key.description : key;

// name finds the name of an executor.
export const name = Object.assign((value) => ({ key: Symbol.for("name"), value }), {
	key: Symbol.for("name"),
	find: (executor) => executor && executor.name || undefined,
	get(executor) {
		const found = name.find(executor);
		if (!found) throw new Error("the executor has no name");
		return found;
	},
});

export const getExecutorName = (executor) => name.find(executor) || `executor-${executor && executor.id}`;
export const buildDependencyChain = (executors = []) => executors.map(getExecutorName);
export class DependencyResolutionError extends Error {}

// --- scopes

const executors = new Map(), scopes = new Map();

function executorOf(id, called) {
	if (!executors.has(id)) executors.set(id, { id, name: called });
	return executors.get(id);
}

function lookupOf({ state, value, error }) {
	return state === "resolved" ? { kind: "resolved", value } : state === "rejected" ? { kind: "rejected", error } :
		state === "pending" ? { kind: "pending" } : undefined;
}

class CompatScope {
	#scope;
	#own = new Map();
	#heard = { change: { callbacks: new Set() }, release: { callbacks: new Set() } };
	errorCallbacks = new Set();
	intervals = new Map();

	constructor(scope) {
		this.#scope = scope;
		this.id = scope.id;
	}

	// One subscription serves all callbacks: the event comes once.
	#hear(event, callback) {
		const heard = this.#heard[event];
		if (heard.callbacks.size === 0) heard.subscription = event === "change" ? this.#scope.onChange() : this.#scope.onRelease();
		const entry = { callback };
		heard.callbacks.add(entry);
		return () => {
			if (heard.callbacks.delete(entry) && heard.callbacks.size === 0) this.#scope.unsubscribe(heard.subscription);
		};
	}
	onChange(callback) { return this.#hear("change", callback); }
	onRelease(callback) { return this.#hear("release", callback); }
	async tell(event, ...args) {
		for (const { callback } of [...this.#heard[event].callbacks]) await callback(...args, this);
	}
	onError(callback) {
		this.errorCallbacks.add(callback);
		return () => { this.errorCallbacks.delete(callback); };
	}

	every(ms, f) {
		const subscription = this.#scope.every(Math.max(ms, 10));
		this.intervals.set(subscription, f);
		return subscription;
	}
	clear(subscription) {
		if (this.intervals.delete(subscription)) this.#scope.unsubscribe(subscription);
	}

	accessor(executor) {
		const of = this.#scope.executor(executor.id);
		return {
			executor,
			scope: this,
			lookup: () => lookupOf(of.lookup()),
			get() {
				const found = of.lookup();
				if (found.state === "rejected") throw found.error;
				if (found.state !== "resolved") throw new Error("Executor not resolved");
				return found.value;
			},
			resolve: (force = false) => Promised.try(() => of.resolve({ force })),
			update: (v) => this.update(executor, v),
			set: (v) => this.update(executor, v),
			release: () => this.release(executor),
		};
	}
	entries() {
		return [...this.#scope.entries()].map((e) => executorOf(e.id, e.name)).map((e) => [e, this.accessor(e)]);
	}
	registeredExecutors() { return [...this.#scope.entries({ registered: true })].map((e) => executorOf(e.id, e.name)); }
	resolve(executor, force = false) { return this.accessor(executor).resolve(force); }
	resolveAccessor(executor) { return this.resolve(executor).map(() => this.accessor(executor)); }
	update(executor, v) {
		const of = this.#scope.executor(executor.id);
		return Promised.try(() => {
			of.update(typeof v === "function" ? v(of.lookup().value) : v);
			return of.lookup().value;
		});
	}
	release(executor) { return Promised.try(() => this.#scope.executor(executor.id).release()); }

	// What an extension keeps in a scope is its own, and may be any object.
	set(key, value) { this.#own.set(label(key), value); }
	get(key) { return this.#own.get(label(key)); }
}

function scopeOf(scope) {
	if (!scope) return undefined;
	if (!scopes.has(scope.id)) scopes.set(scope.id, new CompatScope(new Scope(scope.id)));
	return scopes.get(scope.id);
}

// --- contexts of executions

// What is kept in the context of a pod may be any object, so it is kept here,
// by the root of the chain of operations; only its number is with the host.
const stores = new Map();
let lastStore = 0;

class DataStore {
	#all = new Map();
	#tags;
	constructor(tags = {}) { this.#tags = tags; }
	get(key) {
		const k = label(key);
		return this.#all.has(k) ? this.#all.get(k) : this.#tags[k];
	}
	set(key, value) {
		this.#all.set(label(key), value);
		return value;
	}
	has(key) { return this.get(key) !== undefined; }
	delete(key) { return this.#all.delete(label(key)); }
}

const storeKey = "aril/compat";

function storeOf(context, tags) {
	let id = context.root.get(storeKey);
	if (id === undefined || !stores.has(id)) {
		context.root.set(storeKey, id = ++lastStore);
		stores.set(id, new DataStore(tags));
	}
	return stores.get(id);
}

function dropStore(context) {
	const id = context.root.get(storeKey);
	if (id !== undefined) stores.delete(id);
}

function operationOf(op) {
	const p = op.params || {};
	switch (op.kind) {
	case "resolve": return { kind: op.kind, operation: p.operation, executor: executorOf(p.executor, op.name), scope: scopeOf(op.scope) };
	case "context-lifecycle": return { kind: op.kind, phase: p.phase, mode: p.mode, context: { id: p.context, name: p.name } };
	}
	return {
		kind: op.kind, name: op.name, mode: p.mode, key: op.key || undefined,
		get input() { return op.input; },
		context: new DataStore(p.tags || {}),
		flow: p.flow, definition: p.flow, params: p.params, count: p.count,
	};
}

// --- adapt

const hooks = new Set(["init", "dispose", "initPod", "disposePod", "wrap", "wrapResolve", "wrapExecute", "onError", "onPodError"]);

// adapt makes an extension of Aril of one in these shapes. Its other methods
// become methods that the host calls, with their arguments as a list.
export function adapt(ext, { context } = globalThis.aril) {
	const has = (key) => typeof ext[key] === "function";
	const podOf = (pod) => ({ id: pod.context, flow: pod.flow, scope: scopeOf(pod.scope) });
	const nextOf = (next) => (...input) => {
		try {
			return Promised.create(next(...input));
		} catch (e) {
			return Promised.create(Promise.reject(e));
		}
	};

	// An interval that begins in init is one of the scope: the host keeps it.
	let attaching;
	const { setInterval, clearInterval } = globalThis;
	globalThis.setInterval = (f, ms, ...args) => attaching ? { of: attaching, every: attaching.every(ms, () => f(...args)) } : setInterval(f, ms, ...args);
	globalThis.clearInterval = (id) => id && id.of ? id.of.clear(id.every) : clearInterval(id);

	const adapted = {
		name: String(ext.name).toLowerCase().replace(/[^a-z0-9._-]+/g, "-"),
		capabilities: ["aril_scope_v1"],

		async attach(s) {
			attaching = scopeOf(s);
			try {
				if (has("init")) await ext.init(attaching);
			} finally {
				attaching = undefined;
			}
		},
		async detach(s) {
			const scope = scopeOf(s);
			if (has("dispose")) await ext.dispose(scope);
			scopes.delete(s.id);
		},
		change: (e) => scopeOf(e.scope).tell("change", e.change, executorOf(e.executor.id, e.name), e.value),
		released: (e) => scopeOf(e.scope).tell("release", executorOf(e.executor.id, e.name)),
		async tick(e) {
			const f = scopeOf(e.scope).intervals.get(e.subscription);
			if (f) await f();
		},
		async onError(error, e) {
			const scope = scopeOf(e.scope), executor = e.executor ? executorOf(e.executor.id, e.name) : undefined;
			for (const callback of scope.errorCallbacks) await callback(error, executor, scope);
			if (has("onError")) await ext.onError(error, scope);
		},

		initPod: (e) => has("initPod") ? ext.initPod(podOf(e), storeOf(context)) : undefined,
		onPodError: (e) => has("onPodError") ? ext.onPodError(e.error, podOf(e), storeOf(context)) : undefined,
		async disposePod(e) {
			if (has("disposePod")) await ext.disposePod(podOf(e));
			dropStore(context);
		},

		call(method, args) {
			if (hooks.has(method) || !has(method)) return undefined;
			const answer = ext[method](...(Array.isArray(args) ? args : args === null || args === undefined ? [] : [args]));
			return answer === undefined ? null : answer;
		},
	};

	if (has("wrap") || has("wrapResolve") || has("wrapExecute")) {
		adapted.wrap = (op, next) => {
			const operation = operationOf(op);
			if (has("wrap")) return ext.wrap(scopeOf(op.scope), nextOf(next), operation);
			if (op.kind === "resolve" && has("wrapResolve")) return ext.wrapResolve(nextOf(next), operation);
			if (op.kind !== "execution" || !has("wrapExecute")) return undefined;
			const p = op.params;
			return ext.wrapExecute(storeOf(context, p.tags), nextOf(next), {
				flowName: p.flow_name || undefined, depth: p.depth, isParallel: p.parallel, parentFlowName: p.parent || undefined,
				mode: p.mode, name: op.name, key: op.key || undefined,
			});
		};
	}
	return adapted;
}
