// The roles that break, or try to.
import { Next, Outcome, Value } from "../index";

// What is written here is not left out by the compiler.
let sink: u64 = 0;

/** Plays a role of this file; any other does nothing. */
export function breakRole(role: string, config: Value, next: Next): Outcome {
  if (role == "trap") throw new Error("the roof is on fire");
  if (role == "trap-after") {
    next.run();
    throw new Error("the roof is on fire");
  }
  if (role == "loop") {
    while (true) sink++;
  }
  if (role == "recurse") return Outcome.of(deeper(1));
  if (role == "hog") hog();
  if (role == "huge") return Outcome.of(new Uint8Array(config.get("size").as<i32>()).fill(7));
  if (role == "malformed") {
    const message = new Uint8Array(1);
    message[0] = 0xc1;
    return Outcome.raw(message);
  }
  return Outcome.pass;
}

function deeper(n: u64): u64 {
  sink = n;
  return deeper(n + 1) + sink;
}

function hog(): void {
  const all = new Array<Uint8Array>();
  while (true) all.push(new Uint8Array(65536).fill(<u8>all.length));
}
