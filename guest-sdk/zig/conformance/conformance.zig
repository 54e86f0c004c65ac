//! The extension that the example is tested with: every role of
//! testdata/conformance.

const std = @import("std");
const aril = @import("aril");
const kept = @import("kept.zig");
const msgpack = aril.msgpack;

pub const panic = aril.panic;

const Role = enum {
    pass,
    through,
    read,
    rebuild,
    @"change-result",
    @"change-input",
    @"short-circuit",
    retry,
    fallback,
    choose,
    cache,
    count,
    deny,
    @"translate-error",
    explain,
    describe,
    context,
    inherit,
    log,
    flood,
    trap,
    @"trap-after",
    loop,
    recurse,
    hog,
    huge,
    malformed,
    random,
    sleep,
    clock,
    state,
    call,
    events,
    change,
    @"init-error",
    @"init-state",
    dispose,
};

/// Set by init and part of the template.
var role: Role = .pass;

/// Of the role init-state.
var number: i64 = 0;

comptime {
    aril.extension(struct {
        pub const init = initialise;
        pub const wrap = wrapped;
        pub const event = happened;
        pub const call = called;

        pub fn dispose() void {
            if (role == .dispose) aril.state.put("disposed", "\xc3") catch @panic("the state is not kept");
        }
    });
}

fn initialise(x: aril.Activation) !aril.Answer {
    const name = (try msgpack.getText(try x.config(), "role")) orelse "";
    role = std.meta.stringToEnum(Role, name) orelse return aril.failure(x.a, .{ .code = "unknown_role", .message = name });
    if (role == .@"init-error") return aril.failure(x.a, .{ .code = "bad_config", .message = "refused" });
    number = 40;
    return .pass;
}

fn wrapped(x: aril.Activation) !aril.Answer {
    const a = x.a;
    switch (role) {
        .pass, .call, .events, .change, .dispose, .@"init-error" => return .pass,
        .through => _ = try x.next(null),
        .read => _ = try msgpack.decode(a, try (try x.next(null)).message()),
        .rebuild => _ = try x.next(try msgpack.encode(a, try msgpack.decode(a, try x.input()))),
        .@"change-result" => {
            const outcome = try x.next(null);
            if (outcome.failed) return .pass;
            const was = try msgpack.decode(a, try outcome.message());
            return value(a, .{ .was = was, .by = try configured(x, "by") });
        },
        .@"change-input" => {
            const in = try msgpack.decode(a, try x.input());
            if (in != .map) return error.NoMap;
            const pairs = try a.dupe(msgpack.Pair, in.map);
            for (pairs) |*p| if (p.key == .text and std.mem.eql(u8, p.key.text, "n")) {
                p.value = .{ .int = p.value.int + 1 };
            };
            _ = try x.next(try msgpack.encode(a, msgpack.Value{ .map = pairs }));
        },
        .@"short-circuit" => return .{ .value = try configuration(x, "answer") },
        .retry => {
            const attempts = (try msgpack.getInt(try x.config(), "attempts")) orelse 3;
            var i: i64 = 1;
            while ((try x.next(null)).failed and i < attempts) : (i += 1) {
                const again = (try msgpack.get(try msgpackOfError(x), "retryable")) orelse break;
                if (again[0] != 0xc3) break;
            }
        },
        .fallback => {
            const outcome = x.next(null) catch return .{ .value = try configuration(x, "answer") };
            if (outcome.failed) return .{ .value = try configuration(x, "answer") };
        },
        .choose => {
            const config = try x.config();
            var i = (try msgpack.getInt(config, "times")) orelse 1;
            while (i > 0) : (i -= 1) _ = try x.next(null);
            return .{ .next = @intCast((try msgpack.getInt(config, "which")) orelse 0) };
        },
        .cache => return kept.cache(x),
        .count => return value(a, try aril.state.add("count", 1)),
        .deny => {
            const name = (try msgpack.getText(try x.input(), "role")) orelse "";
            if (std.mem.eql(u8, name, "admin")) return .pass;
            return aril.failure(a, .{
                .code = "denied",
                .message = try std.mem.concat(a, u8, &.{ "not for ", name }),
                .data = try msgpack.encode(a, .{ .role = name }),
            });
        },
        .@"translate-error" => {
            const outcome = try x.next(null);
            if (!outcome.failed) return .pass;
            const failed = try outcome.message();
            if (!std.mem.eql(u8, (try msgpack.getText(failed, "code")).?, "not_found")) return .pass;
            const text = (try msgpack.getText(failed, "message")).?;
            const message = try std.mem.concat(a, u8, &.{ "no such thing: ", text });
            return aril.failure(a, .{ .code = "missing", .message = message, .cause = failed, .retryable = true });
        },
        .explain => {
            const outcome = try x.next(null);
            if (!outcome.failed) return .pass;
            const e = try outcome.message();
            const cause = try msgpack.get(e, "cause");
            const again = try msgpack.get(e, "retryable");
            return value(a, .{
                .code = (try msgpack.getText(e, "code")).?,
                .message = (try msgpack.getText(e, "message")).?,
                .retryable = again != null and again.?[0] == 0xc3,
                .data = msgpack.Raw{ .message = (try msgpack.get(e, "data")) orelse "\xc0" },
                .cause = if (cause) |c| try msgpack.getText(c, "code") else null,
            });
        },
        .describe => return value(a, .{
            .kind = x.text("kind"),
            .name = x.text("name"),
            .key = x.text("key"),
            .depth = x.number("depth"),
            .max_next = x.number("max_next"),
            .meta = msgpack.Raw{ .message = (try msgpack.get(x.header, "meta")) orelse "\xc0" },
            .params = msgpack.Raw{ .message = try x.params() },
        }),
        .context => return kept.context(x),
        .inherit => return kept.inherited(x),
        .log => {
            aril.log(a, .debug, "a debug line", .{ .n = 1 });
            aril.log(a, .info, "an info line", .{ .n = 2 });
            aril.log(a, .warn, "a warn line", .{ .n = 3 });
            aril.log(a, .err, "an error line", .{ .n = 4 });
        },
        .flood => {
            var left = (try msgpack.getInt(try x.config(), "lines")) orelse 0;
            while (left > 0) : (left -= 1) aril.log(a, .info, "line " ++ "x" ** 1000, .{});
        },
        .trap => @panic("the roof is on fire"),
        .@"trap-after" => {
            _ = try x.next(null);
            @panic("the roof is on fire");
        },
        .loop => {
            var n: u64 = 1;
            // Volatile, so that the loop stays.
            while (@as(*volatile u64, &n).* != 0) n = (n *% 3) | 1;
        },
        .recurse => {
            var top = [_]u64{1} ** 4;
            return value(a, descend(&top));
        },
        .hog => while (true) {
            const region = try std.heap.wasm_allocator.alloc(u8, 1 << 16);
            @memset(region, 7);
        },
        .huge => {
            const data = try a.alloc(u8, @intCast((try msgpack.getInt(try x.config(), "size")).?));
            @memset(data, 7);
            return value(a, msgpack.Bytes{ .data = data });
        },
        .malformed => return .{ .value = "\xc1" },
        .random => {
            var numbers: [4]u64 = undefined;
            try aril.random(std.mem.sliceAsBytes(&numbers));
            return value(a, numbers);
        },
        .sleep => {
            const before = try aril.now(.monotonic);
            const ms = (try msgpack.getInt(try x.config(), "ms")) orelse 0;
            try aril.sleep(ms * std.time.ns_per_ms);
            return value(a, @divFloor(try aril.now(.monotonic) - before, std.time.ns_per_ms));
        },
        .clock => return value(a, msgpack.Time{ .ns = try aril.now(.wall) }),
        .state => return kept.commands(x),
        .@"init-state" => {
            number += 1;
            return value(a, number);
        },
    }
    return .pass;
}

fn value(a: aril.Allocator, v: anytype) !aril.Answer {
    return .{ .value = try msgpack.encode(a, v) };
}

/// A part of the configuration, nil where there is none.
fn configuration(x: aril.Activation, key: []const u8) ![]const u8 {
    return (try msgpack.get(try x.config(), key)) orelse "\xc0";
}

fn configured(x: aril.Activation, key: []const u8) !msgpack.Raw {
    return .{ .message = try configuration(x, key) };
}

/// The error of the last next.
fn msgpackOfError(x: aril.Activation) ![]const u8 {
    return (aril.Outcome{ .a = x.a, .failed = true }).message();
}

/// Each call looks at the frame of the one above, so that no frame can be
/// used again.
fn descend(above: *volatile [4]u64) u64 {
    var here = [_]u64{above[1] | 1} ** 4;
    const frame: *volatile [4]u64 = &here;
    if (frame[0] == 0) return 0;
    return @call(.never_inline, descend, .{frame}) ^ above[3];
}

fn called(x: aril.Activation) !aril.Answer {
    if (role != .call) return .pass;
    const method = x.text("method");
    const args = try x.input();
    if (std.mem.eql(u8, method, "echo")) return .{ .value = args };
    if (std.mem.eql(u8, method, "fail")) {
        return aril.failure(x.a, .{ .code = "failed", .message = "as asked", .data = args });
    }
    if (!std.mem.eql(u8, method, "sum")) return .pass;
    var r = msgpack.Reader{ .bytes = args };
    var left = try r.list();
    var sum: i64 = 0;
    while (left > 0) : (left -= 1) sum += try r.int();
    return value(x.a, sum);
}

fn happened(x: aril.Activation) !aril.Answer {
    if (role != .events and role != .change) return .pass;
    const event = x.text("event");
    _ = try aril.state.append("events", try std.mem.concat(x.a, u8, &.{ event, "\n" }));
    if (role == .events or !std.mem.eql(u8, event, "change")) return .pass;
    return value(x.a, .{ .changed = msgpack.Raw{ .message = try x.input() } });
}
