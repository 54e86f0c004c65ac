// Every role of testdata/conformance/README.md, for `aril conformance`.
import { ArilError, context, log, panic, raw, sleep, state } from "aril";

const fire = "the roof is on fire";

async function outcome(next) {
	try {
		return { value: await next() };
	} catch (error) {
		return { error };
	}
}

function kept() {
	const or = (v) => v === undefined ? null : v;
	return { own: or(context.own.get("own")), root: or(context.root.get("root")), list: or(context.root.get("list")) };
}

function forever(n) { return 1 + forever(n + 1); }

function keepEvent(e) { state.bytes.append("events", `${e.event}\n`); }

const orNull = (v) => v === undefined ? null : v;
const orAbsent = (v) => v === null ? undefined : v;

const commands = {
	get: (k) => orNull(state.get(k)),
	put: (k, v) => { state.set(k, v); },
	delete: (k) => { state.delete(k); },
	add: (k, n) => state.add(k, n),
	append: (k, b) => state.bytes.append(k, b),
	list: (prefix) => [...state.keys(prefix)],
	swap: (k, was, now) => state.swap(k, orAbsent(was), orAbsent(now)),
};

const roles = {
	pass: () => ({}),
	through: () => ({ wrap: (op, next) => next() }),

	read: () => ({
		wrap(op, next) {
			const result = next();
			if (result.failed) result.error;
			else result.value;
			return result;
		},
	}),

	rebuild: () => ({
		wrap(op, next) {
			const copy = (v) => Array.isArray(v) ? v.map(copy)
				: v && Object.getPrototypeOf(v) === Object.prototype ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, copy(x)])) : v;
			return next(copy(op.input));
		},
	}),

	"change-result": ({ by }) => ({
		wrap(op, next) {
			const result = next();
			return result.failed ? result : { was: result.value, by };
		},
	}),
	"change-input": () => ({ wrap: (op, next) => next({ ...op.input, n: BigInt(op.input.n) + 1n }) }),
	"short-circuit": ({ answer }) => ({ wrap: () => answer }),

	retry: ({ attempts = 3 }) => ({
		wrap(op, next) {
			for (let i = 1; ; i++) {
				const result = next();
				if (i === attempts || !result.failed || !result.error.retryable) return result;
			}
		},
	}),

	fallback: ({ answer }) => ({ wrap: (op, next) => next().catch(() => answer) }),

	choose: ({ times, which }) => ({
		wrap(op, next) {
			let chosen;
			for (let i = 0; i < times; i++) {
				const result = next();
				if (i === which) chosen = result;
			}
			return chosen;
		},
	}),

	cache: () => ({
		async wrap(op, next) {
			const key = `cache/${op.input.id}`;
			const known = state.get(key);
			if (known !== undefined) return known;
			const value = await next();
			state.set(key, value);
			return value;
		},
	}),

	count: () => ({ wrap: () => state.add("count") }),

	deny: () => ({
		wrap({ input: { role } }) {
			if (role !== "admin") throw new ArilError({ code: "denied", message: `not for ${role}`, data: { role } });
		},
	}),

	"translate-error": () => ({
		async wrap(op, next) {
			const { value, error } = await outcome(next);
			if (error && error.code === "not_found")
				throw new ArilError({ code: "missing", message: `no such thing: ${error.message}`, retryable: true, cause: error });
			if (error) throw error;
			return value;
		},
	}),

	explain: () => ({
		async wrap(op, next) {
			const { value, error: e } = await outcome(next);
			return e ? { code: e.code, message: e.message, retryable: e.retryable, data: orNull(e.data), cause: e.cause ? e.cause.code : null } : value;
		},
	}),

	describe: () => ({
		wrap: ({ kind, name, key, depth, maxNext, meta, params }) =>
			({ kind, name, key, depth, max_next: maxNext, meta: Object.keys(meta).length ? meta : null, params }),
	}),

	context: () => ({
		wrap(op, next) {
			if (op.name === "inherit") return kept();
			context.own.set("own", op.input);
			context.root.set("root", op.input);
			context.root.append("list", op.input);
			const result = next();
			return result.failed ? result : kept();
		},
	}),
	inherit: () => ({ wrap: kept }),

	log: () => ({
		wrap() {
			log.debug("a debug line", { n: 1 });
			log.info("an info line", { n: 2 });
			log.warn("a warn line", { n: 3 });
			log.error("an error line", { n: 4 });
		},
	}),
	flood: ({ lines }) => ({ wrap() { for (let i = 0; i < lines; i++) log.info(`line ${"x".repeat(1000)}`); } }),

	trap: () => ({ wrap() { panic(fire); } }),
	"trap-after": () => ({
		wrap(op, next) {
			next();
			panic(fire);
		},
	}),
	loop: () => ({ wrap() { for (;;); } }),
	recurse: () => ({ wrap: () => forever(0) }),
	hog: () => ({ wrap() { for (const all = []; ;) all.push(new Uint8Array(65536).fill(1)); } }),
	huge: ({ size }) => ({ wrap: () => new Uint8Array(size).fill(7) }),
	malformed: () => ({ wrap: () => raw(Uint8Array.of(0xc1)) }),

	random: () => ({ wrap: () => Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 53)) }),

	sleep: ({ ms }) => ({
		async wrap() {
			const began = performance.now();
			await sleep(ms);
			return Math.round(performance.now() - began);
		},
	}),
	clock: () => ({ wrap: () => new Date() }),
	state: () => ({ wrap: ({ input }) => input.map(([name, ...args]) => commands[name](...args)) }),

	call: () => ({
		methods: {
			echo: (args) => args,
			sum: (args) => args.reduce((sum, n) => sum + BigInt(n), 0n),
			fail(data) { throw new ArilError({ code: "failed", message: "as asked", data }); },
		},
	}),

	events: () => ({ event: keepEvent }),
	change: () => ({
		event(e) {
			keepEvent(e);
			return e.event === "change" ? { changed: e.data } : undefined;
		},
	}),

	"init-error": () => { throw new ArilError({ code: "bad_config", message: "refused" }); },
	"init-state": () => {
		let number = 40;
		return { wrap: () => ++number };
	},
	dispose: () => ({ dispose() { state.set("disposed", true); } }),
};

export default function (config) {
	const role = Object.prototype.hasOwnProperty.call(roles, config.role) ? roles[config.role] : undefined;
	if (!role) throw new ArilError({ code: "unknown_role", message: `no such role: ${config.role}` });
	return role(config);
}
