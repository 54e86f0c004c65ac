//! The ABI by hand: what an extension written in Zig needs of abi/ABI.md, in
//! one file and package msgpack.zig. Copy both beside your own.

const std = @import("std");
pub const msgpack = @import("msgpack.zig");
pub const Allocator = std.mem.Allocator;

const host = struct {
    extern "aril_v1" fn next(ptr: ?[*]const u8, len: usize, flags: u32) u64;
    extern "aril_v1" fn read(slot: u32, offset: usize, buf: [*]u8, limit: usize) u64;
    extern "aril_v1" fn outcome(kind: u32, ptr: ?[*]const u8, len: usize) u64;
    extern "aril_v1" fn context_get(level: u32, key: [*]const u8, klen: usize, buf: [*]u8, limit: usize) u64;
    extern "aril_v1" fn context_set(level: u32, key: [*]const u8, klen: usize, val: [*]const u8, vlen: usize) u64;
    extern "aril_v1" fn context_append(level: u32, key: [*]const u8, klen: usize, val: [*]const u8, vlen: usize) u64;
    extern "aril_log_v1" fn write(level: i32, msg: [*]const u8, mlen: usize, attrs: [*]const u8, alen: usize) u64;
    extern "aril_clock_v1" fn now(clock: u32, buf: *[8]u8) u64;
    extern "aril_clock_v1" fn sleep(ns: i64) u64;
    extern "aril_random_v1" fn fill(buf: [*]u8, len: usize) u64;
    extern "aril_state_v1" fn get(key: [*]const u8, klen: usize, buf: [*]u8, limit: usize) u64;
    extern "aril_state_v1" fn put(key: [*]const u8, klen: usize, val: [*]const u8, vlen: usize) u64;
    extern "aril_state_v1" fn delete(key: [*]const u8, klen: usize) u64;
    extern "aril_state_v1" fn list(prefix: [*]const u8, plen: usize, after: [*]const u8, alen: usize, buf: [*]u8, limit: usize) u64;
    extern "aril_state_v1" fn add(key: [*]const u8, klen: usize, delta: i64, buf: *[8]u8) u64;
    extern "aril_state_v1" fn append(key: [*]const u8, klen: usize, val: [*]const u8, vlen: usize) u64;
    extern "aril_state_v1" fn compare_and_swap(key: [*]const u8, klen: usize, old: ?[*]const u8, olen: usize, new: ?[*]const u8, nlen: usize) u64;
    extern "env" fn abort(message: ?[*]const u16, file: ?[*]const u16, line: u32, column: u32) noreturn;
};

/// Why the host did not do what it was asked.
pub const Status = error{ Failed, NotFound, Denied, Phase, Limit, TooLarge, Invalid, Canceled, Stale, Conflict, Unavailable, Busy };

fn check(answered: u64) Status!usize {
    return switch (answered >> 32) {
        0 => @as(u32, @truncate(answered)),
        2 => error.NotFound,
        3 => error.Denied,
        4 => error.Phase,
        5 => error.Limit,
        6 => error.TooLarge,
        7 => error.Invalid,
        8 => error.Canceled,
        9 => error.Stale,
        10 => error.Conflict,
        11 => error.Unavailable,
        12 => error.Busy,
        else => error.Failed,
    };
}

/// Calls a function that writes to a buffer and answers with the whole length,
/// with a buffer that is large enough.
fn filled(a: Allocator, call: anytype) ![]u8 {
    var buffer = try a.alloc(u8, 256);
    while (true) {
        const n = try check(call.into(buffer.ptr, buffer.len));
        if (n <= buffer.len) return buffer[0..n];
        buffer = try a.alloc(u8, n);
    }
}

const Slot = struct {
    slot: u32,
    fn into(s: Slot, buf: [*]u8, limit: usize) u64 {
        return host.read(s.slot, 0, buf, limit);
    }
};

/// The message of a slot; nothing there is nil.
fn read(a: Allocator, slot: u32) ![]const u8 {
    return filled(a, Slot{ .slot = slot }) catch |e| if (e == error.NotFound) "\xc0" else e;
}

/// What an activation begins with. Its allocator is an arena that ends with it:
/// the host may enter this instance again during `next`, so nothing of it is
/// global.
pub const Activation = struct {
    a: Allocator,
    header: []const u8,

    /// The header's text at a key, "" for none.
    pub fn text(x: Activation, key: []const u8) []const u8 {
        return (msgpack.getText(x.header, key) catch null) orelse "";
    }

    pub fn number(x: Activation, key: []const u8) i64 {
        return (msgpack.getInt(x.header, key) catch null) orelse 0;
    }

    /// The input of an operation, the data of an event, the arguments of a call.
    pub fn input(x: Activation) ![]const u8 {
        return read(x.a, 1);
    }

    pub fn params(x: Activation) ![]const u8 {
        return read(x.a, 4);
    }

    pub fn config(x: Activation) ![]const u8 {
        return read(x.a, 5);
    }

    /// Runs the rest of the pipeline, with another input if there is one.
    pub fn next(x: Activation, replacement: ?[]const u8) !Outcome {
        const answered = if (replacement) |m| host.next(m.ptr, m.len, 1) else host.next(null, 0, 0);
        const failed = answered >> 32 == 1;
        if (!failed) _ = try check(answered);
        return .{ .a = x.a, .failed = failed };
    }
};

/// How a `next` ended.
pub const Outcome = struct {
    a: Allocator,
    failed: bool,

    /// The value or, if it failed, the Error message. Only of the last next.
    pub fn message(o: Outcome) ![]const u8 {
        return read(o.a, if (o.failed) 3 else 2);
    }
};

/// What a hook answers. A Zig error becomes an error with its name as the code.
pub const Answer = union(enum) {
    /// The outcome of the last next stands; without one, the host runs the rest.
    pass,
    /// The outcome of the i-th next, from 0.
    next: u32,
    value: []const u8,
    /// An Error message: `aril.failure`.
    failure: []const u8,
};

/// An Error message. Data and cause are messages.
pub fn failure(a: Allocator, e: struct {
    code: []const u8,
    message: []const u8,
    data: ?[]const u8 = null,
    cause: ?[]const u8 = null,
    retryable: bool = false,
}) !Answer {
    var w = msgpack.Writer{ .out = std.ArrayList(u8).init(a) };
    try w.map(3 + @as(usize, @intFromBool(e.data != null)) + @intFromBool(e.cause != null));
    try w.text("code");
    try w.text(e.code);
    try w.text("message");
    try w.text(e.message);
    if (e.data) |data| {
        try w.text("data");
        try w.any(msgpack.Raw{ .message = data });
    }
    if (e.cause) |cause| {
        try w.text("cause");
        try w.any(msgpack.Raw{ .message = cause });
    }
    try w.text("retryable");
    try w.any(e.retryable);
    return .{ .failure = w.out.items };
}

pub const Level = enum(u32) {
    own,
    root,
    scope,

    pub fn get(level: Level, a: Allocator, key: []const u8) !?[]const u8 {
        const Get = struct {
            level: u32,
            key: []const u8,
            fn into(g: @This(), buf: [*]u8, limit: usize) u64 {
                return host.context_get(g.level, g.key.ptr, g.key.len, buf, limit);
            }
        };
        return filled(a, Get{ .level = @intFromEnum(level), .key = key }) catch |e| if (e == error.NotFound) null else e;
    }

    pub fn set(level: Level, key: []const u8, message: []const u8) !void {
        _ = try check(host.context_set(@intFromEnum(level), key.ptr, key.len, message.ptr, message.len));
    }

    pub fn append(level: Level, key: []const u8, message: []const u8) !usize {
        return check(host.context_append(@intFromEnum(level), key.ptr, key.len, message.ptr, message.len));
    }
};

/// Bytes that the host keeps for the extension.
pub const state = struct {
    pub fn get(a: Allocator, key: []const u8) !?[]const u8 {
        const Get = struct {
            key: []const u8,
            fn into(g: @This(), buf: [*]u8, limit: usize) u64 {
                return host.get(g.key.ptr, g.key.len, buf, limit);
            }
        };
        return filled(a, Get{ .key = key }) catch |e| if (e == error.NotFound) null else e;
    }

    pub fn put(key: []const u8, value: []const u8) !void {
        _ = try check(host.put(key.ptr, key.len, value.ptr, value.len));
    }

    pub fn delete(key: []const u8) !void {
        _ = check(host.delete(key.ptr, key.len)) catch |e| if (e != error.NotFound) return e;
    }

    pub fn add(key: []const u8, delta: i64) !i64 {
        var sum: [8]u8 = undefined;
        _ = try check(host.add(key.ptr, key.len, delta, &sum));
        return std.mem.readIntLittle(i64, &sum);
    }

    pub fn append(key: []const u8, value: []const u8) !usize {
        return check(host.append(key.ptr, key.len, value.ptr, value.len));
    }

    /// One page: an array of keys after a key, each a bin; empty at the end.
    pub fn list(a: Allocator, prefix: []const u8, after: []const u8) ![]const u8 {
        const buffer = try a.alloc(u8, 4096);
        return buffer[0..try check(host.list(prefix.ptr, prefix.len, after.ptr, after.len, buffer.ptr, buffer.len))];
    }

    /// Null is no value. False: another value is there.
    pub fn swap(key: []const u8, old: ?[]const u8, new: ?[]const u8) !bool {
        const absent = 0xffff_ffff;
        const o = old orelse "";
        const n = new orelse "";
        const olen = if (old == null) absent else o.len;
        const nlen = if (new == null) absent else n.len;
        _ = check(host.compare_and_swap(key.ptr, key.len, o.ptr, olen, n.ptr, nlen)) catch |e|
            return if (e == error.Conflict) false else e;
        return true;
    }
};

pub const Clock = enum(u32) { monotonic, wall };

/// Nanoseconds, to the microsecond.
pub fn now(clock: Clock) !i64 {
    var bytes: [8]u8 = undefined;
    _ = try check(host.now(@intFromEnum(clock), &bytes));
    return std.mem.readIntLittle(i64, &bytes);
}

pub fn sleep(ns: i64) !void {
    _ = try check(host.sleep(ns));
}

pub fn random(buffer: []u8) !void {
    _ = try check(host.fill(buffer.ptr, buffer.len));
}

pub const LogLevel = enum(i32) { debug = -4, info = 0, warn = 4, err = 8 };

/// Writes a line. The attributes are a struct: `.{ .n = 1 }`. What the host
/// does not want is dropped.
pub fn log(a: Allocator, level: LogLevel, message: []const u8, attributes: anytype) void {
    const none = @typeInfo(@TypeOf(attributes)).Struct.fields.len == 0;
    const attrs = if (none) "" else msgpack.encode(a, attributes) catch "";
    _ = host.write(@intFromEnum(level), message.ptr, message.len, attrs.ptr, attrs.len);
}

/// Ends the activation with a message. A root file that says
/// `pub const panic = aril.panic;` makes @panic do so.
pub fn panic(message: []const u8, _: ?*std.builtin.StackTrace, _: ?usize) noreturn {
    // As AssemblyScript has texts: the length in bytes, then UTF-16.
    var text: extern struct { len: u32 = 0, units: [512]u16 = undefined } = .{};
    const n = std.unicode.utf8ToUtf16Le(&text.units, message[0..@min(message.len, 512)]) catch 0;
    text.len = @intCast(2 * n);
    host.abort(&text.units, null, 0, 0);
}

var mailbox: [8192]u8 = undefined;

fn abi() callconv(.C) u64 {
    return @as(u64, @intFromPtr(&mailbox)) << 32 | mailbox.len;
}

/// Runs a hook as an activation and tells the host what it answered.
fn run(len: usize, comptime hook: anytype) i32 {
    var arena = std.heap.ArenaAllocator.init(std.heap.wasm_allocator);
    defer arena.deinit();
    const a = arena.allocator();
    // The mailbox is volatile: every import may overwrite it.
    const header = if (len <= mailbox.len) a.dupe(u8, mailbox[0..len]) else read(a, 0);
    const x = Activation{ .a = a, .header = header catch @panic("the header cannot be read") };
    const answer: Answer = hook(x) catch |e| named(a, e);
    if (answer == .pass) return 1;
    tell(answer) catch |e| switch (e) {
        error.Invalid, error.Stale => {}, // the host says why better than a status would
        else => tell(named(a, e)) catch @panic("the host takes no outcome"),
    };
    return 2;
}

fn tell(answer: Answer) Status!void {
    _ = try check(switch (answer) {
        .pass => unreachable,
        .next => |i| host.outcome(2, @ptrFromInt(i), 0),
        .value => |m| host.outcome(0, m.ptr, m.len),
        .failure => |m| host.outcome(1, m.ptr, m.len),
    });
}

/// A Zig error as an error of the extension's own.
fn named(a: Allocator, e: anyerror) Answer {
    if (e == error.OutOfMemory) @panic("out of memory");
    const again = e == error.Unavailable or e == error.Busy;
    const name = code(a, @errorName(e));
    return failure(a, .{ .code = name, .message = name, .retryable = again }) catch @panic("out of memory");
}

/// `TooLarge` becomes `too_large`.
fn code(a: Allocator, name: []const u8) []const u8 {
    var out = std.ArrayList(u8).init(a);
    for (name, 0..) |c, i| {
        if (std.ascii.isUpper(c) and i > 0) out.append('_') catch @panic("out of memory");
        out.append(std.ascii.toLower(c)) catch @panic("out of memory");
    }
    return out.items;
}

/// Exports the hooks that a struct has: `init`, `wrap`, `event` and `call` are
/// `fn (Activation) !Answer`, `dispose` is `fn () void`.
pub fn extension(comptime Hooks: type) void {
    @export(abi, .{ .name = "aril_abi_v1" });
    inline for (.{ "init", "wrap", "event", "call" }) |name| {
        if (@hasDecl(Hooks, name)) {
            const exported = struct {
                fn hook(len: usize) callconv(.C) i32 {
                    return run(len, @field(Hooks, name));
                }
            };
            @export(exported.hook, .{ .name = "aril_" ++ name });
        }
    }
    if (@hasDecl(Hooks, "dispose")) {
        const exported = struct {
            fn hook() callconv(.C) i32 {
                Hooks.dispose();
                return 1;
            }
        };
        @export(exported.hook, .{ .name = "aril_dispose" });
    }
}
