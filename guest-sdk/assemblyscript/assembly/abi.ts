// The contract with the host, abi/ABI.md, as far as the core needs it. What is
// optional (log, clock, state, …) is declared where it is used: a module
// imports only what its extension calls.

/** Runs the rest of the pipeline. */
// @ts-ignore: decorator
@external("aril_v1", "next")
export declare function hostNext(ptr: usize, len: u32, flags: u32): u64;

/** Copies bytes of a slot's message. */
// @ts-ignore: decorator
@external("aril_v1", "read")
export declare function hostRead(slot: u32, offset: u32, buf: usize, limit: u32): u64;

/** Says what the hook's outcome is. */
// @ts-ignore: decorator
@external("aril_v1", "outcome")
export declare function hostOutcome(kind: u32, ptr: usize, len: u32): u64;

export const PASS: i32 = 1;
export const DONE: i32 = 2;

export const NEXT_REPLACE: u32 = 1;
export const NEXT_READ: u32 = 2;

export const SLOT_MESSAGE: u32 = 0;
export const SLOT_INPUT: u32 = 1;
export const SLOT_RESULT: u32 = 2;
export const SLOT_ERROR: u32 = 3;
export const SLOT_PARAMS: u32 = 4;
export const SLOT_CONFIG: u32 = 5;

export const OUTCOME_VALUE: u32 = 0;
export const OUTCOME_ERROR: u32 = 1;
export const OUTCOME_NEXT: u32 = 2;

/** What the host answers, instead of or besides doing what it was asked. */
export enum Status {
  /** Done. */
  OK = 0,
  /** The work ended with an error, or the value cannot be encoded. */
  Failed = 1,
  /** No such key, part or value. */
  NotFound = 2,
  /** The extension lacks a power or a grant. */
  Denied = 3,
  /** Not to be called from this hook. */
  Phase = 4,
  /** A count or a sum is used up. */
  Limit = 5,
  /** One value is larger than its limit. */
  TooLarge = 6,
  /** A number or a message is malformed. */
  Invalid = 7,
  /** The caller has given up; finish soon. */
  Canceled = 8,
  /** Of an activation that is over, or of a next before the last. */
  Stale = 9,
  /** The state holds another value. */
  Conflict = 10,
  /** A back end did not answer. */
  Unavailable = 11,
  /** Would have to wait for itself. */
  Busy = 12,
}

/** The status in what the host answered. */
// @ts-ignore: decorator
@inline export function statusOf(answer: u64): Status {
  return <Status>(<i32>(answer >> 32));
}

/** The figure in what the host answered. */
// @ts-ignore: decorator
@inline export function figureOf(answer: u64): u32 {
  return <u32>answer;
}

/** Size of the mailbox, in bytes. */
export const MAILBOX_SIZE: u32 = 4096;

/** Where the host leaves messages. Every import may overwrite it. */
export const MAILBOX: usize = memory.data(4096, 8);
