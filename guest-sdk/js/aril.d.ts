// Types for extensions in TypeScript: `import type { Extension } from "aril"`.
// What each hook and function does is in README.md.

declare module "aril" {
	/** What a message can hold. Plain data goes both ways; classes may have toJSON. */
	export type Value = unknown;

	/** An operation that is being wrapped. Its input is read when it is asked for. */
	export interface Operation<In = any> {
		readonly kind: string;
		readonly name: string;
		/** Key of journal or cache, "" for none. */
		readonly key: string;
		readonly id: number | bigint;
		/** id of the operation that the chain began with. */
		readonly root: number | bigint;
		/** How many operations are above. */
		readonly depth: number;
		readonly maxNext: number;
		/** Bits, as in abi/ABI.md#powers. */
		readonly powers: number;
		readonly meta: Record<string, any>;
		/** Throws an ArilError with code "denied" without the power ReadInput. */
		readonly input: In;
		/** Parameters other than the input, null for none. */
		readonly params: any;
		/** Of an operation in a scope. */
		readonly scope: Scope | undefined;
		/** Of an operation of kind "resolve". */
		readonly executor: Executor | undefined;
	}

	/**
	 * What a next came to. Return it, and the outcome is passed on unread;
	 * await it for the value.
	 */
	export interface Result<Out = any> extends PromiseLike<Out> {
		/** Whether it ended with an error. Reads nothing. */
		readonly failed: boolean;
		/** The value; throws the error if there is one. */
		readonly value: Out;
		readonly error: ArilError | undefined;
		catch<T = never>(f: (error: ArilError) => T | PromiseLike<T>): Promise<Out | T>;
		finally(f: () => void): Promise<Out>;
	}

	/** Runs the rest of the pipeline; with an argument, with that input this once. */
	export type Next<In = any, Out = any> = (input?: In) => Result<Out>;

	type Awaitable<T> = T | PromiseLike<T>;

	/** Which operations are wrapped. A pattern may end in "*". */
	export interface Filter {
		kinds?: string[];
		names?: string[];
		keys?: string[];
	}

	/** Every member is optional. A hook that returns undefined has nothing to say. */
	export interface Extension<Config = any> {
		/** a-z, 0-9, ".", "_" and "-", at most 64. */
		name?: string;
		version?: string;
		filters?: Filter[];
		/** Import modules that the extension cannot do without. */
		capabilities?: string[];
		/** JSON Schema of the configuration. */
		configSchema?: object;

		init?(config: Config): Awaitable<void>;
		wrap?(op: Operation, next: Next): unknown;
		wrapResolve?(op: Operation, next: Next): unknown;
		wrapExecute?(op: Operation, next: Next): unknown;
		dispose?(): Awaitable<void>;

		attach?(scope: Scope, event: Event): Awaitable<void>;
		start?(scope: Scope, event: Event): Awaitable<void>;
		detach?(scope: Scope, event: Event): Awaitable<void>;
		onError?(error: ArilError, event: Event): Awaitable<void>;
		/** What it returns is stored in place of the value. */
		change?(event: Event & { change: "resolve" | "update"; value?: any }): unknown;
		released?(event: Event): Awaitable<void>;
		tick?(event: Event & { subscription: number; every: number; missed: number }): Awaitable<void>;
		initPod?(pod: Pod): Awaitable<void>;
		onPodError?(pod: Pod & { error: ArilError }): Awaitable<void>;
		disposePod?(pod: Pod): Awaitable<void>;
		/** Events that no narrower hook takes. */
		event?(event: Event): unknown;

		/** Called by the host by name. */
		methods?: Record<string, (args: any) => unknown>;
		/** For names that methods lacks; undefined: no such method. */
		call?(method: string, args: any): unknown;
		inputHandler?(args: any): unknown;
		outputHandler?(args: any): unknown;
	}

	/** What a script exports by default. */
	export type Export<Config = any> = Extension<Config> | (new (config: Config) => Extension<Config>) | ((config: Config) => Awaitable<Extension<Config>>);

	export interface Event {
		event: string;
		id: number | bigint;
		name: string;
		scope?: Scope;
		executor?: Executor;
		error?: ArilError;
		/** As it came. */
		data: any;
		[key: string]: any;
	}

	export interface Pod extends Event {
		context: number;
		flow: { name: string; version: string };
	}

	/** An error with a code, of the host's or one to throw. */
	export class ArilError extends Error {
		constructor(fields: { code?: string; message?: string; data?: unknown; cause?: unknown; retryable?: boolean });
		code: string;
		/** Frozen where it came from the host. */
		data: any;
		cause: any;
		retryable: boolean;
		/** "host", "extension", "broken" or "canceled". */
		readonly kind: string;
	}

	type Line = (message: string, attrs?: Record<string, unknown>) => boolean;
	/** Each answers whether the host took the line. */
	export const log: { debug: Line; info: Line; warn: Line; error: Line };

	/** Waits; ends with an ArilError with code "canceled" when the caller gives up. */
	export function sleep(ms: number): Promise<void>;

	/** The whole time of a Date, since 1970; one that the host sent may be finer than milliseconds. */
	export function nanoseconds(date: Date): bigint;
	export function timestamp(nanoseconds: bigint): Date;

	/** Values that outlive activations. Needs the grant aril_state_v1. */
	export const state: {
		get(key: string): any;
		set(key: string, value: unknown): void;
		/** Whether it was there. */
		delete(key: string): boolean;
		has(key: string): boolean;
		/** Adds to a number that only add reads, and gives the sum. */
		add(key: string, n?: number | bigint): number | bigint;
		/** Stores now if was is there; undefined stands for no value. */
		swap(key: string, was: unknown, now: unknown): boolean;
		/** Stores what change makes of the value, atomically; change may run more than once. */
		update<T = any>(key: string, change: (was: T | undefined) => T | undefined): T | undefined;
		keys(prefix?: string): IterableIterator<string>;
		bytes: {
			get(key: string): Uint8Array | undefined;
			set(key: string, value: Uint8Array | string): void;
			append(key: string, value: Uint8Array | string): number;
			swap(key: string, was: Uint8Array | undefined, now: Uint8Array | undefined): boolean;
		};
	};

	export interface Level {
		get(key: string): any;
		set(key: string, value: unknown): void;
		delete(key: string): void;
		/** Appends to a list, and gives its new length. */
		append(key: string, value: unknown): number;
		/** Sets, and gives what was there. */
		swap(key: string, value: unknown): any;
	}
	/** Values along the chain of operations: of this one and those below, of the root, of the scope. */
	export const context: { own: Level; root: Level; scope: Level };

	/** Calls a function of a capability that was granted: call("acme_stock_v1", "reserve", x). */
	export function call(module: string, name: string, value?: unknown): any;

	/** Ends the activation: the extension broke. */
	export function panic(message: string | Error): never;

	export function encode(value: unknown): Uint8Array;
	export function decode(message: Uint8Array): any;
	/** A value that is sent as the bytes of a message, whatever they are. */
	export function raw(message: Uint8Array): object;

	/** What the host cannot encode: hold it, compare it, give it back. */
	export class Opaque {
		private constructor();
		/** Name of its Go type. */
		readonly type: string;
		equals(other: unknown): boolean;
	}

	export interface Entry {
		id: number;
		name: string;
		state: "none" | "pending" | "resolved" | "rejected";
		value?: any;
		error?: ArilError;
	}

	/** An executor of a scope. Its methods need the grant aril_scope_v1. */
	export interface Executor {
		readonly id: number;
		readonly name: string;
		lookup(): Entry;
		resolve(options?: { force?: boolean }): any;
		update(value: unknown): void;
		release(): void;
	}

	/** A scope, by its number. Its methods need the grant aril_scope_v1. */
	export class Scope {
		constructor(id: number);
		readonly id: number;
		readonly name: string;
		executor(which: string | number): Executor;
		entries(options?: { registered?: boolean; values?: boolean }): IterableIterator<Entry>;
		get(key: string): any;
		set(key: string, value: unknown): void;
		/** Each answers the number of the subscription. */
		onChange(...names: string[]): number;
		onRelease(...names: string[]): number;
		every(ms: number): number;
		unsubscribe(subscription: number): void;
	}

	const aril: {
		ArilError: typeof ArilError; log: typeof log; sleep: typeof sleep; nanoseconds: typeof nanoseconds; timestamp: typeof timestamp;
		state: typeof state; context: typeof context; Scope: typeof Scope; call: typeof call; panic: typeof panic;
		encode: typeof encode; decode: typeof decode; raw: typeof raw; Opaque: typeof Opaque;
	};
	export default aril;
}

declare module "aril/compat" {
	import type { Extension } from "aril";

	/** Makes an extension of one in the shapes of @pumped-fn. */
	export function adapt(extension: object): Extension;
	export function extension<T>(e: T): T;
	export class Promised<T = unknown> implements PromiseLike<T> {
		static create<T>(of: PromiseLike<T>): Promised<T>;
		static try<T>(f: () => T | PromiseLike<T>): Promised<T>;
		then: PromiseLike<T>["then"];
		catch<U>(g: (error: any) => U | PromiseLike<U>): Promised<T | U>;
		map<U>(f: (value: T) => U | PromiseLike<U>): Promised<U>;
		mapError<U>(g: (error: any) => U | PromiseLike<U>): Promised<T | U>;
		switch<U>(f: (value: T) => PromiseLike<U>): Promised<U>;
		switchError<U>(g: (error: any) => PromiseLike<U>): Promised<T | U>;
		finally(f: () => void): Promised<T>;
		toPromise(): Promise<T>;
	}
	export function tag<T>(schema: unknown, options?: { label?: string; default?: T }): any;
	export const name: any;
	export function getExecutorName(executor: object): string;
	export function buildDependencyChain(executors?: object[]): string[];
	export class DependencyResolutionError extends Error {}
}

declare module "aril/testing" {
	import type { Export, Operation } from "aril";

	export interface Harness {
		readonly log: { level: "debug" | "info" | "warn" | "error"; message: string; attrs?: any }[];
		readonly state: typeof import("aril").state;
		wrap(op: Partial<Operation>, next: (input: any) => unknown): Promise<any>;
		event(event: string, data?: Record<string, unknown>): Promise<any>;
		call(method: string, args?: unknown): Promise<any>;
		dispose(): Promise<void>;
	}
	export function harness(extension: Export, options?: {
		config?: unknown;
		name?: string;
		state?: Record<string, unknown>;
		capabilities?: Record<string, Record<string, (value: any) => unknown>>;
	}): Promise<Harness>;
}
