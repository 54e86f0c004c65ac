import { figureOf, Status, statusOf } from "./abi";
import { Filling } from "./filling";
import { ArilError } from "./error";
import { Result } from "./result";
import { Value } from "./value";
import { Writer } from "./writer";

// @ts-ignore: decorator
@external("aril_v1", "context_get")
declare function hostGet(level: u32, key: usize, klen: u32, buf: usize, limit: u32): u64;
// @ts-ignore: decorator
@external("aril_v1", "context_set")
declare function hostSet(level: u32, key: usize, klen: u32, val: usize, vlen: u32): u64;
// @ts-ignore: decorator
@external("aril_v1", "context_append")
declare function hostAppend(level: u32, key: usize, klen: u32, val: usize, vlen: u32): u64;
// @ts-ignore: decorator
@external("aril_v1", "context_swap")
declare function hostSwap(level: u32, key: usize, klen: u32, val: usize, vlen: u32, buf: usize, limit: u32): u64;

/**
 * Where values along the call chain live. The keys, of 1 to 512 bytes, are the
 * extension's own: others do not see them unless the host says so. A value is
 * at most 64 KiB of msgpack.
 */
export class Level {
  /** One of `context`'s. */
  constructor(private readonly level: u32) {}

  /** The value at a key; missing where there is none. */
  get(key: string): Value {
    const k = String.UTF8.encode(key);
    const f = new Filling();
    while (!f.took(hostGet(this.level, changetype<usize>(k), k.byteLength, f.at, f.limit))) {}
    return f.value(key);
  }

  /** Sets the value at a key to anything that Value.of takes. */
  set<T>(key: string, x: T): ArilError | null {
    const w = new Writer();
    const unfit = Value.of<T>(x).write(w);
    return unfit === null ? this.put(key, w.address, w.length) : unfit;
  }

  /** Removes a key. Whether it was there makes no difference. */
  remove(key: string): ArilError | null {
    return this.put(key, 0, 0);
  }

  private put(key: string, ptr: usize, length: u32): ArilError | null {
    const k = String.UTF8.encode(key);
    const status = statusOf(hostSet(this.level, changetype<usize>(k), k.byteLength, ptr, length));
    return status == Status.OK ? null : ArilError.ofStatus(status, key);
  }

  /**
   * Appends to the list at a key, which is made where there is none, and gives
   * the new number of elements. Operations that run at once lose nothing.
   */
  append<T>(key: string, x: T): Result<u32> {
    const k = String.UTF8.encode(key);
    const w = new Writer();
    const unfit = Value.of<T>(x).write(w);
    if (unfit !== null) return Result.fail<u32>(unfit, 0);
    const answer = hostAppend(this.level, changetype<usize>(k), k.byteLength, w.address, w.length);
    const status = statusOf(answer);
    return status == Status.OK ? Result.ok<u32>(figureOf(answer)) : Result.fail<u32>(ArilError.ofStatus(status, key), 0);
  }

  /** Sets the value at a key and gives what was there, in one step; missing where there was none. */
  swap<T>(key: string, x: T): Value {
    const k = String.UTF8.encode(key);
    const w = new Writer();
    const unfit = Value.of<T>(x).write(w);
    if (unfit !== null) return Value.failure(unfit);
    const f = new Filling();
    while (!f.took(hostSwap(this.level, changetype<usize>(k), k.byteLength, w.address, w.length, f.at, f.limit))) {}
    return f.value(key);
  }
}

/** Values along the call chain. */
export namespace context {
  /** This operation's; operations below it inherit what is there. */
  export const own: Level = new Level(0);
  /** The root operation's of the chain. */
  export const root: Level = new Level(1);
  /** The scope's, or the pipeline's where there is none. */
  export const scope: Level = new Level(2);
}
