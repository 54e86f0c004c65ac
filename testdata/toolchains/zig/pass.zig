//! The smallest wrap: runs the rest once and lets its outcome stand.
extern "aril_v1" fn next(ptr: ?[*]const u8, len: u32, flags: u32) u64;

var mailbox: [4096]u8 = undefined;

export fn aril_abi_v1() u64 {
    return @as(u64, @intFromPtr(&mailbox)) << 32 | mailbox.len;
}

export fn aril_wrap(_: u32) i32 {
    _ = next(null, 0, 0);
    return 1; // PASS
}
