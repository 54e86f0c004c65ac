//! Traps three functions deep, in one that the compiler inlines.
var mailbox: [4096]u8 = undefined;
var zero: i32 = 0;

export fn aril_abi_v1() u64 {
    return @as(u64, @intFromPtr(&mailbox)) << 32 | mailbox.len;
}

inline fn divide(a: i32, b: i32) i32 {
    return @divTrunc(a, b); // at divide
}

noinline fn price(n: i32) i32 {
    const by: *volatile i32 = &zero;
    return divide(100 + n, by.*) + 1; // at price
}

noinline fn place(n: i32) i32 {
    return price(n) + 3; // at place
}

export fn aril_wrap(len: u32) i32 {
    return place(@intCast(len)) - 2; // at wrap
}
