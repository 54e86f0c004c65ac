// Functions of the host that fill a buffer: they answer the whole length, and
// are called again with a larger one when it did not fit.
import { figureOf, MAILBOX, MAILBOX_SIZE, Status, statusOf } from "./abi";
import { refused } from "./message";
import { Value } from "./value";

/** A buffer for such a function, and what it answered. */
export class Filling {
  /** Where the function is to write. */
  at: usize = MAILBOX;
  /** How many bytes at most. */
  limit: u32 = MAILBOX_SIZE;
  status: Status = Status.OK;

  private larger: Uint8Array | null = null;
  private length: u32 = 0;

  /** Takes an answer. False: it did not fit, call again with `at` and `limit`. */
  took(answer: u64): bool {
    this.status = statusOf(answer);
    this.length = figureOf(answer);
    const more = this.status == Status.OK ? this.length > this.limit : this.status == Status.TooLarge && this.length > this.limit;
    if (!more) return true;
    const larger = new Uint8Array(<i32>this.length);
    this.larger = larger;
    this.at = larger.dataStart;
    this.limit = this.length;
    return false;
  }

  /** The value whose message came. `what` is for the error where none did. */
  value(what: string): Value {
    return this.status == Status.OK ? Value.copy(this.at, this.length) : refused(this.status, what);
  }

  /** A copy of what came. */
  bytes(): Uint8Array {
    const b = new Uint8Array(<i32>this.length);
    memory.copy(b.dataStart, this.at, this.length);
    return b;
  }
}
