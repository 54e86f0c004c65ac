// The smallest wrap: runs the rest once and lets its outcome stand.
// @ts-ignore: decorator
@external("aril_v1", "next")
declare function next(ptr: usize, len: u32, flags: u32): u64;

const mailbox = memory.data(4096);

export function aril_abi_v1(): u64 {
  return (<u64>mailbox << 32) | 4096;
}

export function aril_wrap(len: u32): i32 {
  next(0, 0, 0);
  return 1; // PASS
}
