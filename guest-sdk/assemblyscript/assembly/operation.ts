import { figureOf, hostNext, MAILBOX, MAILBOX_SIZE, NEXT_READ, NEXT_REPLACE, SLOT_INPUT, SLOT_PARAMS, Status, statusOf } from "./abi";
import { Activation } from "./activation";
import { ArilError } from "./error";
import { readSlot, refused } from "./message";
import { NotRun, Outcome, Ran } from "./outcome";
import { Value } from "./value";
import { Writer } from "./writer";

/** What an extension may do to an operation: bits of Operation.powers. */
export enum Power {
  ReadInput = 1,
  ReadResult = 2,
  ReadErrorText = 4,
  ChangeInput = 8,
  ChangeResult = 16,
  /** End the operation without `next`. */
  Skip = 32,
  /** Call `next` more than once. */
  Repeat = 64,
}

/** What is being wrapped. It is good until the hook returns. */
export class Operation extends Activation {
  private knownInput: Value | null = null;
  private knownParams: Value | null = null;

  /** Of the operation: "execution", "resolve", …. */
  get kind(): string {
    return this.headerText("kind");
  }

  /** Of the operation, such as "order.place". */
  get name(): string {
    return this.headerText("name");
  }

  /** Journal or cache key, "" for none. */
  get key(): string {
    return this.headerText("key");
  }

  /** Unique in the host's runtime. */
  get id(): u64 {
    return this.headerNumber("id");
  }

  /** The id of the chain's root operation. */
  get root(): u64 {
    return this.headerNumber("root");
  }

  /** How many operations are above; 0 at the root. */
  get depth(): u32 {
    return <u32>this.headerNumber("depth");
  }

  /** How often `next` may be called. */
  get maxNext(): u32 {
    return <u32>this.headerNumber("max_next");
  }

  /** What the extension may do: bits of Power. */
  get powers(): u32 {
    return <u32>this.headerNumber("powers");
  }

  /** The operation's tags, a map; nil for none. */
  get meta(): Value {
    const v = this.header("meta");
    return v.missing ? Value.nil : v;
  }

  /** The input, fetched when it is first asked for. Failed where the host does not show it. */
  get input(): Value {
    const known = this.knownInput;
    if (known !== null) return known;
    const v = this.slot(SLOT_INPUT, "the input");
    this.knownInput = v;
    return v;
  }

  /** Parameters other than the input; nil where there are none. */
  get params(): Value {
    const known = this.knownParams;
    if (known !== null) return known;
    let v = this.slot(SLOT_PARAMS, "the parameters");
    if (v.missing) v = Value.nil;
    this.knownParams = v;
    return v;
  }

  private slot(slot: u32, what: string): Value {
    return this.runs ? readSlot(slot, what) : refused(Status.Stale, what);
  }
}

/**
 * The rest of the pipeline, in the end the operation itself. It may be run
 * 0 to Operation.maxNext times. What it gives is a result, the error that the
 * rest ended with, or an error with a `status` if the rest did not run.
 */
export class Next {
  /** Made for each operation. */
  constructor(private readonly a: Activation) {}

  /** Runs the rest with the input as it is. */
  run(): Outcome {
    return this.call(0, 0, 0);
  }

  /** Runs the rest with another input, this once. */
  runWith(input: Value): Outcome {
    const w = new Writer();
    const unfit = input.write(w);
    return unfit === null ? this.call(w.address, w.length, NEXT_REPLACE) : Outcome.fail(unfit);
  }

  /** As `run`, and brings the result along: one call of the host less, if it will be read. */
  fetch(): Outcome {
    return this.bring(0, 0, NEXT_READ);
  }

  /** As `runWith`, and brings the result along. */
  fetchWith(input: Value): Outcome {
    const w = new Writer();
    const unfit = input.write(w);
    return unfit === null ? this.bring(w.address, w.length, NEXT_READ | NEXT_REPLACE) : Outcome.fail(unfit);
  }

  private call(ptr: usize, length: u32, flags: u32): Outcome {
    const a = this.a;
    if (!a.runs) return new NotRun(Status.Stale);
    return outcomeOf(a, hostNext(ptr, length, flags));
  }

  private bring(ptr: usize, length: u32, flags: u32): Outcome {
    const a = this.a;
    if (!a.runs) return new NotRun(Status.Stale);
    const answer = hostNext(ptr, length, flags);
    const n = figureOf(answer);
    const status = statusOf(answer);
    const outcome = outcomeOf(a, answer);
    if (n == 0 || n > MAILBOX_SIZE) return outcome; // what did not come is read when it is asked for
    if (status == Status.OK) changetype<Ran>(outcome).keepValue(Value.copy(MAILBOX, n));
    else if (status == Status.Failed) changetype<Ran>(outcome).keepError(ArilError.of(Value.copy(MAILBOX, n)));
    return outcome;
  }
}

function outcomeOf(a: Activation, answer: u64): Outcome {
  const status = statusOf(answer);
  if (status != Status.OK && status != Status.Failed) return new NotRun(status);
  return new Ran(a, a.calls++, status == Status.Failed);
}
