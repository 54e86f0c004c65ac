import { figureOf, hostRead, MAILBOX, MAILBOX_SIZE, SLOT_MESSAGE, Status, statusOf } from "./abi";
import { refused } from "./message";
import { after, dataAt, isTextAt, lengthAt } from "./scan";
import { Value } from "./value";

// Where the outermost activation keeps its header.
const OUTERMOST: usize = memory.data(512, 8);
const OUTERMOST_SIZE: u32 = 512;

/**
 * One run of one hook, with its header. In mode Single the host may enter the
 * instance again while the hook waits in `next`, so they stack.
 */
export class Activation {
  /** How many times `next` ran. */
  calls: i32 = 0;

  private live: bool = true;
  private readonly outer: Activation | null;
  private held: ArrayBuffer | null = null;
  private from: usize = OUTERMOST;
  private readonly size: u32;

  /** Begins one whose header the host has left. */
  constructor(length: u32) {
    this.size = length;
    const outer = current;
    this.outer = outer;
    // The mailbox is the host's: what is to stay is copied.
    if (outer !== null || length > OUTERMOST_SIZE) {
      const held = new ArrayBuffer(<i32>length);
      this.held = held;
      this.from = changetype<usize>(held);
    }
    let whole = length <= MAILBOX_SIZE;
    if (whole) {
      memory.copy(this.from, MAILBOX, length);
    } else {
      const answer = hostRead(SLOT_MESSAGE, 0, this.from, length);
      whole = statusOf(answer) == Status.OK && figureOf(answer) == length;
    }
    assert(whole, "aril: the header cannot be read");
    current = this;
  }

  /** Ends it: what belongs to it answers Stale from then on. */
  leave(): void {
    this.live = false;
    current = this.outer;
  }

  /** Whether this is the activation that runs now. */
  get runs(): bool {
    return current === this;
  }

  /** A key of the header; missing if it has none. */
  header(key: string): Value {
    if (!this.live) return refused(Status.Stale, key);
    const end = this.from + this.size;
    let p = dataAt(this.from);
    for (let n = lengthAt(this.from); n > 0; n--) {
      const value = after(p, end);
      const next: usize = value == 0 ? 0 : after(value, end);
      if (next == 0) break; // no header of a host's
      if (isTextAt(p, key)) return Value.copy(value, <u32>(next - value));
      p = next;
    }
    return refused(Status.NotFound, key);
  }

  protected headerText(key: string): string {
    return this.header(key).or<string>("");
  }

  protected headerNumber(key: string): u64 {
    return this.header(key).or<u64>(0);
  }
}

let current: Activation | null = null;

/** The innermost activation; null outside of one. */
export function running(): Activation | null {
  return current;
}
