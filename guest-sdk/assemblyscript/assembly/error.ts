import { Status } from "./abi";
import { Kind } from "./kind";
import { statusName } from "./status";
import { Value } from "./value";
import { Writer } from "./writer";

// Bounds of an Error message, beyond which the host refuses it.
const MAX_ERRORS: i32 = 16; // with the outermost
const MAX_CODE: i32 = 256;
const MAX_MESSAGE: i32 = 65536;

/**
 * An error of an operation: one that `next` ended with, one of the host's, or
 * one that an extension makes. An error from `next` that is returned, itself or
 * as the cause of another, reaches the host as the very error value it was
 * there, so the host's own comparisons keep working.
 *
 * AssemblyScript has no exceptions: errors are returned.
 */
export class ArilError {
  /** Whose error it is: "host", "extension", "broken" or "canceled"; the host says so, "" in one of the extension's own. */
  kind: string = "";
  /** Details for a program. */
  data: Value | null = null;
  /** What led to it. */
  cause: ArilError | null = null;
  /** Trying again may help. */
  retryable: bool = false;
  /** Why the host did not do what it was asked; OK for an error that somebody made. */
  status: Status = Status.OK;

  private handle: Value | null = null; // names the host's error value

  constructor(
    /** What a program decides by, such as "out_of_stock"; at most 256 bytes cross. */
    public code: string,
    /** What a person reads; at most 64 KiB cross. */
    public message: string = ""
  ) {}

  /** Sets the cause and gives the error. */
  because(cause: ArilError): ArilError {
    this.cause = cause;
    return this;
  }

  /** Sets the details and gives the error. */
  with<T>(data: T): ArilError {
    this.data = Value.of<T>(data);
    return this;
  }

  /** The error that a status is. Its code is the status's name, such as "too_large". */
  static ofStatus(status: Status, what: string = ""): ArilError {
    const code = statusName(status);
    const e = new ArilError(code, what.length > 0 ? code + ": " + what : code);
    e.status = status;
    e.retryable = status == Status.Unavailable || status == Status.Busy;
    return e;
  }

  /** Reads an Error message, such as the data of an event has one; the failure itself of a value that failed. */
  static of(v: Value): ArilError {
    if (v.failed) return v.error;
    return v.kind == Kind.Map ? ArilError.read(v, 1) : ArilError.ofStatus(Status.Invalid, "no Error message");
  }

  private static read(v: Value, depth: i32): ArilError {
    const e = new ArilError(textIn(v, "code"), textIn(v, "message"));
    e.kind = textIn(v, "kind");
    const retryable = v.find("retryable");
    e.retryable = retryable !== null && retryable.kind == Kind.Bool && retryable.as<bool>();
    const data = v.find("data");
    if (data !== null && !data.isNil) e.data = data;
    const handle = v.find("handle");
    if (handle !== null && handle.kind == Kind.Bytes) e.handle = handle;
    const cause = v.find("cause");
    if (cause !== null && cause.kind == Kind.Map && depth < MAX_ERRORS) e.cause = ArilError.read(cause, depth + 1);
    if (e.code.length == 0) e.code = "error";
    return e;
  }

  /** Appends the error as an Error message. */
  write(w: Writer, depth: i32 = 1): void {
    // What cannot be encoded is no reason to lose the error.
    let data: Writer | null = null;
    const d = this.data;
    if (d !== null && !d.isNil) {
      data = new Writer();
      if (d.write(data) !== null) data = null;
    }
    const cause = depth < MAX_ERRORS ? this.cause : null;
    const handle = this.handle;
    w.map(
      2 + u32(this.kind.length > 0) + u32(data !== null) + u32(cause !== null) + u32(this.retryable) + u32(handle !== null)
    );
    w.text("code").text(clip(this.code, MAX_CODE));
    w.text("message").text(clip(this.message, MAX_MESSAGE));
    if (this.kind.length > 0) w.text("kind").text(this.kind);
    if (data !== null) w.text("data").raw(data.address, data.length);
    if (cause !== null) {
      w.text("cause");
      cause.write(w, depth + 1);
    }
    if (this.retryable) w.text("retryable").bool(true);
    if (handle !== null) handle.write(w.text("handle"));
  }

  /** The error as a value: an Error message. */
  toValue(): Value {
    const w = new Writer();
    this.write(w);
    return Value.whole(w.take());
  }

  /** The message, or the code where there is none, and the cause's. */
  toString(): string {
    const text = this.message.length > 0 ? this.message : this.code;
    const cause = this.cause;
    if (cause === null) return text;
    const below = cause.toString();
    return text.endsWith(below) ? text : text + ": " + below;
  }
}

function textIn(v: Value, key: string): string {
  const text = v.find(key);
  return text !== null && text.kind == Kind.Text ? text.text : "";
}

/** A text of at most so many bytes of UTF-8. */
function clip(s: string, limit: i32): string {
  if (s.length * 3 <= limit) return s;
  s = s.substring(0, limit);
  for (let over = String.UTF8.byteLength(s) - limit; over > 0; over = String.UTF8.byteLength(s) - limit) {
    s = s.substring(0, s.length - (over + 2) / 3);
  }
  return s;
}
