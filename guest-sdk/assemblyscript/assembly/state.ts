import { figureOf, Status, statusOf } from "./abi";
import { Filling } from "./filling";
import { ArilError } from "./error";
import { Result } from "./result";
import { Value } from "./value";
import { Writer } from "./writer";

// @ts-ignore: decorator
@external("aril_state_v1", "get")
declare function hostGet(key: usize, klen: u32, buf: usize, limit: u32): u64;
// @ts-ignore: decorator
@external("aril_state_v1", "put")
declare function hostPut(key: usize, klen: u32, val: usize, vlen: u32): u64;
// @ts-ignore: decorator
@external("aril_state_v1", "delete")
declare function hostDelete(key: usize, klen: u32): u64;
// @ts-ignore: decorator
@external("aril_state_v1", "list")
declare function hostList(prefix: usize, plen: u32, after: usize, alen: u32, buf: usize, limit: u32): u64;
// @ts-ignore: decorator
@external("aril_state_v1", "add")
declare function hostAdd(key: usize, klen: u32, delta: i64, buf: usize): u64;
// @ts-ignore: decorator
@external("aril_state_v1", "append")
declare function hostAppend(key: usize, klen: u32, val: usize, vlen: u32): u64;
// @ts-ignore: decorator
@external("aril_state_v1", "compare_and_swap")
declare function hostSwap(key: usize, klen: u32, old: usize, olen: u32, val: usize, nlen: u32): u64;

const ABSENT: u32 = 0xffffffff;
const SUM: usize = memory.data(8, 8);

/**
 * The extension's own store in the host, to be granted as `aril_state_v1`. It
 * outlives activations, and is the same for all instances of the extension,
 * which may run at once. Keys are 1 to 512 bytes. Each call stands alone: what
 * must not be lost between a get and a put needs `add`, `append` or one of the
 * swaps. `get`, `put` and `swap` keep values as msgpack; those whose names
 * speak of bytes keep bytes of any form.
 */
export namespace state {
  /** The value at a key; missing where there is none. */
  export function get(key: string): Value {
    return fetch(key).value(key);
  }

  /** Sets the value at a key to anything that Value.of takes. */
  export function put<T>(key: string, x: T): ArilError | null {
    const w = new Writer();
    const unfit = Value.of<T>(x).write(w);
    return unfit === null ? keep(key, w.address, w.length) : unfit;
  }

  /** The bytes at a key. Without any it is an error with the status NotFound. */
  export function getBytes(key: string): Result<Uint8Array> {
    const f = fetch(key);
    if (f.status != Status.OK) return Result.fail<Uint8Array>(ArilError.ofStatus(f.status, key), new Uint8Array(0));
    return Result.ok<Uint8Array>(f.bytes());
  }

  /** Sets the bytes at a key. */
  export function putBytes(key: string, bytes: Uint8Array): ArilError | null {
    return keep(key, bytes.dataStart, bytes.length);
  }

  /** Removes a key. Whether it was there makes no difference. */
  export function remove(key: string): ArilError | null {
    const k = String.UTF8.encode(key);
    const status = statusOf(hostDelete(changetype<usize>(k), k.byteLength));
    return status == Status.OK || status == Status.NotFound ? null : ArilError.ofStatus(status, key);
  }

  /**
   * Adds to the number at a key, which counts as 0 where there is none, and
   * gives the sum. What is there must have been written by `add`.
   */
  export function add(key: string, delta: i64): Result<i64> {
    const k = String.UTF8.encode(key);
    const status = statusOf(hostAdd(changetype<usize>(k), k.byteLength, delta, SUM));
    return status == Status.OK ? Result.ok<i64>(load<i64>(SUM)) : Result.fail<i64>(ArilError.ofStatus(status, key), 0);
  }

  /** Appends bytes to those at a key, and gives the new length. */
  export function append(key: string, bytes: Uint8Array): Result<u32> {
    const k = String.UTF8.encode(key);
    const answer = hostAppend(changetype<usize>(k), k.byteLength, bytes.dataStart, bytes.length);
    const status = statusOf(answer);
    return status == Status.OK ? Result.ok<u32>(figureOf(answer)) : Result.fail<u32>(ArilError.ofStatus(status, key), 0);
  }

  /**
   * Sets the value at a key if it is `old`, and gives whether it was. A missing
   * `old`, such as `get` gives, or null: the key must be absent; null as the
   * new value removes it.
   */
  export function swap(key: string, old: Value | null, value: Value | null): Result<bool> {
    const o = new Writer();
    const v = new Writer();
    let olen = ABSENT;
    let vlen = ABSENT;
    if (old !== null && !old.missing) {
      const unfit = old.write(o);
      if (unfit !== null) return Result.fail<bool>(unfit, false);
      olen = o.length;
    }
    if (value !== null) {
      const unfit = value.write(v);
      if (unfit !== null) return Result.fail<bool>(unfit, false);
      vlen = v.length;
    }
    return exchange(key, o.address, olen, v.address, vlen);
  }

  /** As `swap`, for bytes; null for none. */
  export function swapBytes(key: string, old: Uint8Array | null, bytes: Uint8Array | null): Result<bool> {
    return exchange(
      key,
      old === null ? 0 : old.dataStart,
      old === null ? ABSENT : <u32>old.length,
      bytes === null ? 0 : bytes.dataStart,
      bytes === null ? ABSENT : <u32>bytes.length
    );
  }

  /** The keys that begin with a prefix, in the order of their bytes. What comes and goes meanwhile may or may not be seen. */
  export function list(prefix: string = ""): Result<string[]> {
    const keys = new Array<string>();
    const p = String.UTF8.encode(prefix);
    let after = new Uint8Array(0);
    while (true) {
      const f = new Filling();
      while (!f.took(hostList(changetype<usize>(p), p.byteLength, after.dataStart, after.length, f.at, f.limit))) {}
      const page = f.value(prefix);
      if (page.failed) return Result.fail<string[]>(page.error, []);
      const n = page.length;
      if (n == 0) break;
      for (let i = 0; i < n; i++) {
        after = page.at(i).bytes;
        keys.push(String.UTF8.decodeUnsafe(after.dataStart, after.length));
      }
    }
    return Result.ok<string[]>(keys);
  }
}

function fetch(key: string): Filling {
  const k = String.UTF8.encode(key);
  const f = new Filling();
  while (!f.took(hostGet(changetype<usize>(k), k.byteLength, f.at, f.limit))) {}
  return f;
}

function keep(key: string, ptr: usize, length: u32): ArilError | null {
  const k = String.UTF8.encode(key);
  const status = statusOf(hostPut(changetype<usize>(k), k.byteLength, ptr, length));
  return status == Status.OK ? null : ArilError.ofStatus(status, key);
}

function exchange(key: string, old: usize, olen: u32, value: usize, vlen: u32): Result<bool> {
  const k = String.UTF8.encode(key);
  const status = statusOf(hostSwap(changetype<usize>(k), k.byteLength, old, olen, value, vlen));
  if (status == Status.OK || status == Status.Conflict) return Result.ok<bool>(status == Status.OK);
  return Result.fail<bool>(ArilError.ofStatus(status, key), false);
}
