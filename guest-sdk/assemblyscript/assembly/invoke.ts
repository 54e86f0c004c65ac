import { figureOf, Status, statusOf } from "./abi";
import { ArilError } from "./error";
import { readMessage, refused } from "./message";
import { Value } from "./value";
import { Writer } from "./writer";

/** The form of a function that a host program offers. */
export type HostFunction = (message: usize, length: u32) => u64;

/**
 * Calls a function of a capability that the host program offers of its own.
 * The author declares it, by the names of its module and of itself:
 *
 *     // @ts-ignore: decorator
 *     @external("acme_stock_v1", "reserve")
 *     declare function reserve(message: usize, length: u32): u64;
 *
 *     const receipt = invoke(reserve, Value.map().set("sku", "A-1").set("count", 2));
 *
 * The answer failed with what the function returned, or with a status if it did
 * not run.
 */
// Inlined, so that the import is called as itself and needs no table.
// @ts-ignore: decorator
@inline export function invoke(f: HostFunction, argument: Value): Value {
  const w = new Writer();
  const unfit = argument.write(w);
  return unfit === null ? answerOf(f(w.address, w.length)) : Value.failure(unfit);
}

/** The answer of such a function. */
export function answerOf(answer: u64): Value {
  const status = statusOf(answer);
  if (status == Status.OK) return readMessage(figureOf(answer), "the answer");
  if (status == Status.Failed) return Value.failure(ArilError.of(readMessage(figureOf(answer), "the error")));
  return refused(status, "the call");
}
