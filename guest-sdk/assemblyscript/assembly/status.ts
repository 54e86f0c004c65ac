import { Status } from "./abi";

// The names of the statuses from 1 on, 12 bytes each: bytes and not strings,
// which are UTF-16 and have a header each.
const NAMES: usize = memory.data<u8>([
  102, 97, 105, 108, 101, 100, 0, 0, 0, 0, 0, 0, // failed
  110, 111, 116, 95, 102, 111, 117, 110, 100, 0, 0, 0, // not_found
  100, 101, 110, 105, 101, 100, 0, 0, 0, 0, 0, 0, // denied
  112, 104, 97, 115, 101, 0, 0, 0, 0, 0, 0, 0, // phase
  108, 105, 109, 105, 116, 0, 0, 0, 0, 0, 0, 0, // limit
  116, 111, 111, 95, 108, 97, 114, 103, 101, 0, 0, 0, // too_large
  105, 110, 118, 97, 108, 105, 100, 0, 0, 0, 0, 0, // invalid
  99, 97, 110, 99, 101, 108, 101, 100, 0, 0, 0, 0, // canceled
  115, 116, 97, 108, 101, 0, 0, 0, 0, 0, 0, 0, // stale
  99, 111, 110, 102, 108, 105, 99, 116, 0, 0, 0, 0, // conflict
  117, 110, 97, 118, 97, 105, 108, 97, 98, 108, 101, 0, // unavailable
  98, 117, 115, 121, 0, 0, 0, 0, 0, 0, 0, 0, // busy
]);
const WIDTH: usize = 12;

/** Where the name of a status stands. A later version's status counts as failed. */
function nameAt(status: Status): usize {
  return NAMES + (<usize>(status > Status.Busy || status < Status.Failed ? Status.Failed : status) - 1) * WIDTH;
}

function nameLength(at: usize): usize {
  let n: usize = 0;
  while (n < WIDTH && load<u8>(at + n) != 0) n++;
  return n;
}

/** The name of a status, such as "too_large". */
export function statusName(status: Status): string {
  const at = nameAt(status);
  return String.UTF8.decodeUnsafe(at, nameLength(at));
}

const MESSAGE: usize = memory.data(64);

/**
 * Makes the Error message of a status, whose code and message are its name, and
 * gives its length. It stands at `statusMessage`, until the next one.
 */
export function writeStatus(status: Status): u32 {
  const name = nameAt(status);
  const n = nameLength(name);
  let at = MESSAGE;
  store<u16>(at, 0xa482); // a map of 2, a text of 4
  store<u32>(at, 0x65646f63, 2); // "code"
  store<u8>(at, 0xa0 | <u8>n, 6);
  memory.copy(at + 7, name, n);
  at += 7 + n;
  store<u8>(at, 0xa7);
  store<u64>(at, 0x6567617373656d, 1); // "message"
  store<u8>(at, 0xa0 | <u8>n, 8);
  memory.copy(at + 9, name, n);
  return <u32>(at + 9 + n - MESSAGE);
}

/** Where writeStatus writes. */
// @ts-ignore: decorator
@inline export function statusMessage(): usize {
  return MESSAGE;
}
