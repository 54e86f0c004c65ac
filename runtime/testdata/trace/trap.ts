// Traps three functions deep.
const mailbox = memory.data(4096);
let zero: i32 = 0;

export function aril_abi_v1(): u64 {
  return (<u64>mailbox << 32) | 4096;
}

// @ts-ignore: decorator
@inline
function share(a: i32, b: i32): i32 {
  assert(b != 0, "nobody to share with");
  return a / b;
}

function price(n: i32): i32 {
  return share(100 + n, zero) + 1;
}

function place(n: i32): i32 {
  return price(n) + 3;
}

export function aril_wrap(len: u32): i32 {
  return place(len) - 2;
}
