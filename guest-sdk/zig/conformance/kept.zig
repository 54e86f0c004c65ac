//! Roles that keep something with the host.

const std = @import("std");
const aril = @import("aril");
const msgpack = aril.msgpack;
const state = aril.state;

pub fn cache(x: aril.Activation) !aril.Answer {
    const id = (try msgpack.getText(try x.input(), "id")) orelse return error.NoId;
    const key = try std.mem.concat(x.a, u8, &.{ "cache/", id });
    if (try state.get(x.a, key)) |known| return .{ .value = known };
    const outcome = try x.next(null);
    if (!outcome.failed) try state.put(key, try outcome.message());
    return .pass;
}

pub fn context(x: aril.Activation) !aril.Answer {
    if (std.mem.eql(u8, x.text("name"), "inherit")) return inherited(x);
    const in = try x.input();
    try aril.Level.own.set("own", in);
    try aril.Level.root.set("root", in);
    _ = try aril.Level.root.append("list", in);
    if ((try x.next(null)).failed) return .pass;
    return inherited(x);
}

pub fn inherited(x: aril.Activation) !aril.Answer {
    const nil = "\xc0";
    return .{ .value = try msgpack.encode(x.a, .{
        .own = msgpack.Raw{ .message = (try aril.Level.own.get(x.a, "own")) orelse nil },
        .root = msgpack.Raw{ .message = (try aril.Level.root.get(x.a, "root")) orelse nil },
        .list = msgpack.Raw{ .message = (try aril.Level.root.get(x.a, "list")) orelse nil },
    }) };
}

const Command = enum { get, put, delete, add, append, list, swap };

pub fn commands(x: aril.Activation) !aril.Answer {
    const in = try msgpack.decode(x.a, try x.input());
    if (in != .list) return error.NoList;
    var answers = std.ArrayList(msgpack.Value).init(x.a);
    for (in.list) |c| {
        if (c != .list or c.list.len < 2) return error.NoCommand;
        try answers.append(try run(x.a, c.list[0].text, c.list[1].text, c.list[2..]));
    }
    return .{ .value = try msgpack.encode(x.a, msgpack.Value{ .list = answers.items }) };
}

fn run(a: aril.Allocator, name: []const u8, key: []const u8, args: []const msgpack.Value) !msgpack.Value {
    switch (std.meta.stringToEnum(Command, name) orelse return error.NoCommand) {
        .get => return if (try state.get(a, key)) |known| msgpack.decode(a, known) else .nil,
        .put => try state.put(key, try msgpack.encode(a, args[0])),
        .delete => try state.delete(key),
        .add => return .{ .int = try state.add(key, args[0].int) },
        .append => return .{ .int = @intCast(try state.append(key, args[0].bytes)) },
        .list => return .{ .list = try keys(a, key) },
        .swap => return .{ .bool = try state.swap(key, try kept(a, args[0]), try kept(a, args[1])) },
    }
    return .nil;
}

/// The message of a value, null for nil.
fn kept(a: aril.Allocator, v: msgpack.Value) !?[]const u8 {
    return if (v == .nil) null else try msgpack.encode(a, v);
}

fn keys(a: aril.Allocator, prefix: []const u8) ![]const msgpack.Value {
    var all = std.ArrayList(msgpack.Value).init(a);
    var after: []const u8 = "";
    while (true) {
        const page = try msgpack.decode(a, try state.list(a, prefix, after));
        if (page.list.len == 0) return all.items;
        for (page.list) |key| {
            after = key.bytes;
            try all.append(.{ .text = key.bytes });
        }
    }
}
