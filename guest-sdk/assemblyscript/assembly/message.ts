// How messages of the host become values.
import { figureOf, hostRead, MAILBOX, MAILBOX_SIZE, SLOT_MESSAGE, Status, statusOf } from "./abi";
import { Value } from "./value";

/** The message of a slot. `what` is for the error where there is none. */
export function readSlot(slot: u32, what: string): Value {
  const answer = hostRead(slot, 0, MAILBOX, MAILBOX_SIZE);
  const n = figureOf(answer);
  const status = statusOf(answer);
  if (status != Status.OK) return refused(status, what);
  if (n <= MAILBOX_SIZE) return Value.copy(MAILBOX, n);
  const held = new ArrayBuffer(<i32>n);
  const p = changetype<usize>(held);
  memory.copy(p, MAILBOX, MAILBOX_SIZE);
  const rest = hostRead(slot, MAILBOX_SIZE, p + MAILBOX_SIZE, n - MAILBOX_SIZE);
  if (statusOf(rest) != Status.OK) return refused(statusOf(rest), what);
  return figureOf(rest) == n ? Value.whole(held) : refused(Status.Stale, what);
}

/** The n bytes that the host left in the mailbox or, if it is too small, in MESSAGE. */
export function readMessage(n: u32, what: string): Value {
  return n <= MAILBOX_SIZE ? Value.copy(MAILBOX, n) : readSlot(SLOT_MESSAGE, what);
}

/** The failure that a status is. */
export function refused(status: Status, what: string): Value {
  return Value.refused(status, what);
}
