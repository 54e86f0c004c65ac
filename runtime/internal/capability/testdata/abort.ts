// A guest of AssemblyScript that fails in its own way.
const mailbox = memory.data(4096);

export function aril_abi_v1(): i64 {
  return (i64(mailbox) << 32) | 4096;
}

export function aril_wrap(what: i32): i32 {
  if (what == 5) throw new Error("boom " + what.toString());
  return 1;
}
