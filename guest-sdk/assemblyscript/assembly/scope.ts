import { ArilError } from "./error";
import { answerOf } from "./invoke";
import { Result } from "./result";
import { Value } from "./value";
import { Writer } from "./writer";

// @ts-ignore: decorator
@external("aril_scope_v1", "lookup")
declare function hostLookup(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "entries")
declare function hostEntries(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "resolve")
declare function hostResolve(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "update")
declare function hostUpdate(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "release")
declare function hostRelease(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "subscribe")
declare function hostSubscribe(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "unsubscribe")
declare function hostUnsubscribe(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "get")
declare function hostGet(ptr: usize, len: u32): u64;
// @ts-ignore: decorator
@external("aril_scope_v1", "set")
declare function hostSet(ptr: usize, len: u32): u64;

/**
 * A scope of the host resolves executors and keeps their values. An extension
 * that is attached to it may look and, as far as its powers go, act. A Scope is
 * no more than its number: one may be kept, or made from a number, and is good
 * until the scope is disposed of.
 *
 * What calls its methods imports `aril_scope_v1`, which must be granted. Their
 * errors have one of the codes "not_attached", "not_found", "not_resolved",
 * "reentrant", "denied", "limit", "closed" and "invalid_argument", or a status.
 */
export class Scope {
  constructor(
    /** Unique in the host's process. */
    readonly id: u64
  ) {}

  /** The executor of a name; where several have it, the one that had it first. That it exists is not looked at. */
  executor(name: string): Executor {
    return new Executor(this.id, 0, name);
  }

  /**
   * Lists the executors that the scope has anything for, in the order of their
   * ids; with `registered` those that the host registered, resolved or not.
   * What comes and goes meanwhile may or may not be seen.
   */
  entries(registered: bool = false, values: bool = false): Result<Entry[]> {
    const all = new Array<Entry>();
    let after: u64 = 0;
    while (true) {
      const w = this.request(4);
      w.text("registered").bool(registered).text("values").bool(values);
      w.text("after").u64(after).text("limit").i64(values ? 50 : 500); // values may be large
      const page = answerOf(hostEntries(w.address, w.length));
      if (page.failed) return Result.fail<Entry[]>(page.error, []);
      const n = page.length;
      if (n == 0) break;
      for (let i = 0; i < n; i++) {
        const entry = Entry.of(this.id, page.at(i));
        after = entry.executor.id;
        all.push(entry);
      }
    }
    return Result.ok<Entry[]>(all);
  }

  private request(more: u32): Writer {
    return new Writer().map(1 + more).text("scope").u64(this.id);
  }

  /**
   * Asks for a Change whenever a value is about to be stored: `change` of the
   * extension hears of it. Names are patterns of executors' names, where a
   * trailing * stands for anything; none at all means every executor. The host
   * keeps a subscription until it is cancelled or the extension is detached.
   */
  onChange(names: string[] = []): Result<Subscription> {
    return this.subscribe("change", names, 0);
  }

  /** Asks for a Release whenever a value is let go of: `released` hears of it. Names are as with onChange. */
  onRelease(names: string[] = []): Result<Subscription> {
    return this.subscribe("release", names, 0);
  }

  /** Asks for a Tick each so many milliseconds, at least 10: `tick` hears of it. */
  every(milliseconds: i64): Result<Subscription> {
    return this.subscribe("tick", [], milliseconds * 1000000);
  }

  private subscribe(event: string, names: string[], every: i64): Result<Subscription> {
    const w = this.request(3).text("event").text(event).text("names").list(names.length);
    for (let i = 0; i < names.length; i++) w.text(names[i]);
    w.text("every").i64(every);
    const answer = answerOf(hostSubscribe(w.address, w.length));
    if (answer.failed) return Result.fail<Subscription>(answer.error, new Subscription(this.id, 0));
    return Result.ok<Subscription>(new Subscription(this.id, answer.as<u64>()));
  }

  /**
   * Reads a key of the scope's own store, which the host and extensions share;
   * nil where there is nothing. Which keys there are is the host's choice. What
   * an extension keeps for itself belongs to `context.scope` or `state`.
   */
  get(key: string): Value {
    const w = this.request(1).text("key").text(key);
    return answerOf(hostGet(w.address, w.length));
  }

  /** Sets a key of the scope's own store to anything that Value.of takes; nil removes it. */
  set<T>(key: string, x: T): ArilError | null {
    const w = this.request(2).text("key").text(key).text("value");
    const unfit = Value.of<T>(x).write(w);
    return unfit === null ? errorIn(answerOf(hostSet(w.address, w.length))) : unfit;
  }
}

function errorIn(answer: Value): ArilError | null {
  return answer.failed ? answer.error : null;
}

/** What an extension asked a scope to tell it. */
export class Subscription {
  constructor(
    private readonly scope: u64,
    /** A Tick names it. */
    readonly id: u64
  ) {}

  /** Ends it. What is on its way may still arrive. */
  cancel(): ArilError | null {
    const w = new Writer().map(2).text("scope").u64(this.scope).text("subscription").u64(this.id);
    return errorIn(answerOf(hostUnsubscribe(w.address, w.length)));
  }
}

/** Something that the host resolves to a value. It may be kept as long as its scope lives. */
export class Executor {
  constructor(
    private readonly scope: u64,
    /** Unique in its scope; 0 if it is only known by name. */
    readonly id: u64,
    /** "" if it has none. */
    readonly name: string
  ) {}

  private request(more: u32): Writer {
    const w = new Writer().map(2 + more).text("scope").u64(this.scope);
    return this.id != 0 ? w.text("executor").u64(this.id) : w.text("name").text(this.name);
  }

  /** Tells what the scope has for it, and changes nothing. */
  lookup(): Result<Entry> {
    const w = this.request(0);
    const answer = answerOf(hostLookup(w.address, w.length));
    if (answer.failed) return Result.fail<Entry>(answer.error, new Entry(this));
    return Result.ok<Entry>(Entry.of(this.scope, answer));
  }

  /**
   * Resolves it as any resolver does, through all extensions, this one
   * included; while this one wraps that very resolution it is "reentrant", and
   * `next` is what to call. The value is nil without the power ReadResult.
   */
  resolve(): Value {
    const w = this.request(1).text("force").bool(false);
    return answerOf(hostResolve(w.address, w.length));
  }

  /** As `resolve`, and runs the factory again though there is a value. */
  reload(): Value {
    const w = this.request(1).text("force").bool(true);
    return answerOf(hostResolve(w.address, w.length));
  }

  /**
   * Replaces the value of a resolved executor by anything that Value.of takes.
   * Fields that it leaves out keep their value. It needs the power ChangeInput.
   */
  update<T>(x: T): ArilError | null {
    const w = this.request(1).text("value");
    const unfit = Value.of<T>(x).write(w);
    return unfit === null ? errorIn(answerOf(hostUpdate(w.address, w.length))) : unfit;
  }

  /** Lets go of the value: its cleanups run, and the next resolution begins anew. It needs the power Skip. */
  release(): ArilError | null {
    const w = this.request(0);
    return errorIn(answerOf(hostRelease(w.address, w.length)));
  }
}

/** What a scope has for an executor. */
export class Entry {
  /** "none", "pending", "resolved" or "rejected". */
  state: string = "none";
  /** When resolved; nil without the power ReadResult. */
  value: Value = Value.nil;
  /** When rejected. */
  error: ArilError | null = null;

  constructor(readonly executor: Executor) {}

  /** Reads one that the host answered. */
  static of(scope: u64, v: Value): Entry {
    const e = new Entry(new Executor(scope, v.get("id").or<u64>(0), v.get("name").or<string>("")));
    e.state = v.get("state").or<string>("none");
    const value = v.get("value");
    if (!value.missing) e.value = value;
    const error = v.get("error");
    if (!error.missing && !error.isNil) e.error = ArilError.of(error);
    return e;
  }
}
