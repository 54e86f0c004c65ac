import {
  DONE,
  hostOutcome,
  OUTCOME_ERROR,
  OUTCOME_NEXT,
  OUTCOME_VALUE,
  PASS,
  SLOT_ERROR,
  SLOT_RESULT,
  Status,
  statusOf,
} from "./abi";
import { Activation } from "./activation";
import { ArilError } from "./error";
import { readSlot, refused } from "./message";
import { statusMessage, writeStatus } from "./status";
import { Value } from "./value";
import { Writer } from "./writer";

/** What an operation, or another hook, ends with: a value or an error. */
export abstract class Outcome {
  /**
   * Nothing to say. From `wrap` without a `next`: the host runs the rest once
   * this extension is done with, which is the cheapest way to do nothing.
   */
  static get pass(): Outcome {
    return new Passed();
  }

  /** A value of the extension's own: anything that Value.of takes. */
  static of<T>(x: T): Outcome {
    return new Answer(Value.of<T>(x));
  }

  /** An error: one of the extension's own, or one that it was given. */
  static fail(error: ArilError): Outcome {
    return new Refusal(error);
  }

  /** An error of the extension's own. */
  static error(code: string, message: string): Outcome {
    return new Refusal(new ArilError(code, message));
  }

  /**
   * Bytes that are one msgpack value, unlooked at. What is no value ends the
   * activation with the host's ErrABI.
   */
  static raw(message: Uint8Array): Outcome {
    return new RawAnswer(message);
  }

  /** Whether it is an error. */
  get failed(): bool {
    return false;
  }

  /** Whether trying again may help; false for a value. */
  get retryable(): bool {
    return this.failed && this.error.retryable;
  }

  /**
   * The value. A result of `next` is fetched when it is first asked for, which
   * must be before the following `next`. Failed where there is none.
   */
  get value(): Value {
    return this.readValue();
  }

  /** The error. Ask `failed` before: with a value the activation ends. */
  get error(): ArilError {
    return this.readError();
  }

  protected readValue(): Value {
    return Value.failure(this.readError());
  }

  protected readError(): ArilError {
    throw new Error("aril: the outcome is a value, not an error");
  }

  /** Tells the host. What it gives is what the hook returns. */
  abstract conclude(a: Activation): i32;
}

class Passed extends Outcome {
  protected readValue(): Value {
    return Value.nil;
  }

  conclude(a: Activation): i32 {
    return PASS;
  }
}

/** What a `next` ended with. Given on, it is never encoded. */
export class Ran extends Outcome {
  private fetchedValue: Value | null = null;
  private fetchedError: ArilError | null = null;

  constructor(private readonly during: Activation, private readonly index: i32, private readonly bad: bool) {
    super();
  }

  get failed(): bool {
    return this.bad;
  }

  /** Keeps a value that has come along. */
  keepValue(v: Value): void {
    this.fetchedValue = v;
  }

  keepError(e: ArilError): void {
    this.fetchedError = e;
  }

  private get last(): bool {
    return this.during.runs && this.index + 1 == this.during.calls;
  }

  protected readValue(): Value {
    if (this.bad) return Value.failure(this.readError());
    const known = this.fetchedValue;
    if (known !== null) return known;
    if (!this.last) return refused(Status.Stale, "the result");
    const v = readSlot(SLOT_RESULT, "the result");
    this.fetchedValue = v;
    return v;
  }

  protected readError(): ArilError {
    if (!this.bad) throw new Error("aril: the outcome is a value, not an error");
    const known = this.fetchedError;
    if (known !== null) return known;
    if (!this.last) return ArilError.ofStatus(Status.Stale, "the error");
    const e = ArilError.of(readSlot(SLOT_ERROR, "the error"));
    this.fetchedError = e;
    return e;
  }

  conclude(a: Activation): i32 {
    if (this.during !== a) return refuseStatus(Status.Stale); // another operation's
    if (this.index + 1 == a.calls) return PASS;
    const status = statusOf(hostOutcome(OUTCOME_NEXT, this.index, 0));
    return status == Status.OK ? DONE : refuseStatus(status);
  }
}

class Answer extends Outcome {
  constructor(private readonly v: Value) {
    super();
  }

  get failed(): bool {
    return this.v.failed;
  }

  protected readValue(): Value {
    return this.v;
  }

  protected readError(): ArilError {
    return this.v.error;
  }

  conclude(a: Activation): i32 {
    const w = new Writer();
    const unfit = this.v.write(w);
    return unfit === null ? answer(w.address, w.length) : refuse(unfit);
  }
}

class RawAnswer extends Outcome {
  constructor(private readonly message: Uint8Array) {
    super();
  }

  protected readValue(): Value {
    return Value.decode(this.message);
  }

  conclude(a: Activation): i32 {
    return answer(this.message.dataStart, this.message.length);
  }
}

class Refusal extends Outcome {
  constructor(private readonly e: ArilError) {
    super();
  }

  get failed(): bool {
    return true;
  }

  protected readError(): ArilError {
    return this.e;
  }

  conclude(a: Activation): i32 {
    return refuse(this.e);
  }
}

/** The error of a `next` that did not run. */
export class NotRun extends Outcome {
  constructor(private readonly status: Status) {
    super();
  }

  get failed(): bool {
    return true;
  }

  protected readError(): ArilError {
    return ArilError.ofStatus(this.status, "next");
  }

  conclude(a: Activation): i32 {
    return refuseStatus(this.status);
  }
}

function answer(ptr: usize, length: u32): i32 {
  const status = statusOf(hostOutcome(OUTCOME_VALUE, ptr, length));
  // What does not fit the host says better than a status would.
  if (status == Status.OK || status == Status.Invalid || status == Status.Stale) return DONE;
  return refuseStatus(status);
}

/** Ends a hook with an error; with the status's instead if the host does not take it. */
export function refuse(e: ArilError): i32 {
  const w = new Writer();
  e.write(w);
  const status = statusOf(hostOutcome(OUTCOME_ERROR, w.address, w.length));
  return status == Status.OK ? DONE : refuseStatus(status);
}

function refuseStatus(status: Status): i32 {
  const n = writeStatus(status);
  assert(statusOf(hostOutcome(OUTCOME_ERROR, statusMessage(), n)) == Status.OK, "aril: the host takes no outcome");
  return DONE;
}
