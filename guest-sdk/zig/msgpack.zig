//! Messages: a cursor over bytes, values of any type, and a writer.

const std = @import("std");
const Allocator = std.mem.Allocator;

pub const Error = error{Malformed} || Allocator.Error;

const max_depth = 64;

/// A value of any type. What it points to belongs to the message that it was
/// read from, or to the allocator that was given.
pub const Value = union(enum) {
    nil,
    bool: bool,
    int: i64,
    uint: u64, // above the range of int
    float32: f32,
    float: f64,
    text: []const u8,
    bytes: []const u8,
    ext: Ext, // times and opaque values among them
    list: []const Value,
    map: []const Pair,
};

pub const Pair = struct { key: Value, value: Value };
pub const Ext = struct { type: i8, data: []const u8 };

/// Bytes that are one value already, for the writer.
pub const Raw = struct { message: []const u8 };

/// Bytes that are no text, for the writer.
pub const Bytes = struct { data: []const u8 };

/// A time, in nanoseconds since 1970.
pub const Time = struct { ns: i64 };

pub fn decode(a: Allocator, message: []const u8) Error!Value {
    var r = Reader{ .bytes = message };
    const v = try r.value(a, 0);
    return if (r.at == message.len) v else error.Malformed;
}

/// The message at a key of a map, null where there is none or nil.
pub fn get(message: []const u8, key: []const u8) Error!?[]const u8 {
    var r = Reader{ .bytes = message };
    var left = r.head(.map) catch return null;
    while (left > 0) : (left -= 1) {
        const k = try r.raw();
        const v = try r.raw();
        var name = Reader{ .bytes = k };
        if (std.mem.eql(u8, name.text() catch continue, key)) {
            return if (v[0] == 0xc0) null else v;
        }
    }
    return null;
}

pub fn getText(message: []const u8, key: []const u8) Error!?[]const u8 {
    var r = Reader{ .bytes = (try get(message, key)) orelse return null };
    return try r.text();
}

pub fn getInt(message: []const u8, key: []const u8) Error!?i64 {
    var r = Reader{ .bytes = (try get(message, key)) orelse return null };
    return try r.int();
}

const Shape = enum { nil, bool, int, float, text, bytes, ext, list, map };

pub const Reader = struct {
    bytes: []const u8,
    at: usize = 0,

    fn peek(r: *Reader) Error!u8 {
        return if (r.at < r.bytes.len) r.bytes[r.at] else error.Malformed;
    }

    fn shape(r: *Reader) Error!Shape {
        return switch (try r.peek()) {
            0x00...0x7f, 0xcc...0xd3, 0xe0...0xff => .int,
            0x80...0x8f, 0xde, 0xdf => .map,
            0x90...0x9f, 0xdc, 0xdd => .list,
            0xa0...0xbf, 0xd9...0xdb => .text,
            0xc0 => .nil,
            0xc1 => error.Malformed,
            0xc2, 0xc3 => .bool,
            0xc4...0xc6 => .bytes,
            0xc7...0xc9, 0xd4...0xd8 => .ext,
            0xca, 0xcb => .float,
        };
    }

    fn take(r: *Reader, n: usize) Error![]const u8 {
        if (n > r.bytes.len - r.at) return error.Malformed;
        r.at += n;
        return r.bytes[r.at - n .. r.at];
    }

    /// Passes the head and reads the n bytes after it as a number.
    fn number(r: *Reader, n: usize) Error!u64 {
        var v: u64 = 0;
        for ((try r.take(n + 1))[1..]) |b| v = v << 8 | b;
        return v;
    }

    /// The length in the head of a value of the wanted shape.
    fn head(r: *Reader, wanted: Shape) Error!usize {
        if (try r.shape() != wanted) return error.Malformed;
        const b = try r.peek();
        const short: ?u8 = switch (b) {
            0x80...0x8f, 0x90...0x9f => b & 0x0f,
            0xa0...0xbf => b & 0x1f,
            0xd4...0xd8 => @as(u8, 1) << @intCast(b - 0xd4),
            else => null,
        };
        if (short) |n| {
            r.at += 1;
            return n;
        }
        const width: usize = switch (b) {
            0xc4, 0xc7, 0xd9 => 1,
            0xc5, 0xc8, 0xda, 0xdc, 0xde => 2,
            else => 4,
        };
        const n: usize = @intCast(try r.number(width));
        // An element has a byte at least, so no count is believed that the
        // rest of the message cannot hold.
        return if (n <= r.bytes.len - r.at) n else error.Malformed;
    }

    pub fn text(r: *Reader) Error![]const u8 {
        const s = try r.take(try r.head(.text));
        return if (std.unicode.utf8ValidateSlice(s)) s else error.Malformed;
    }

    pub fn list(r: *Reader) Error!usize {
        return r.head(.list);
    }

    pub fn int(r: *Reader) Error!i64 {
        return switch (try r.integer()) {
            .int => |n| n,
            else => error.Malformed,
        };
    }

    fn integer(r: *Reader) Error!Value {
        const b = try r.peek();
        const v: i64 = switch (b) {
            0x00...0x7f, 0xe0...0xff => fix: {
                r.at += 1;
                break :fix @as(i8, @bitCast(b));
            },
            0xcc...0xcf => {
                const u = try r.number(@as(usize, 1) << @intCast(b - 0xcc));
                return if (u > std.math.maxInt(i64)) .{ .uint = u } else .{ .int = @intCast(u) };
            },
            0xd0 => @as(i8, @bitCast(@as(u8, @truncate(try r.number(1))))),
            0xd1 => @as(i16, @bitCast(@as(u16, @truncate(try r.number(2))))),
            0xd2 => @as(i32, @bitCast(@as(u32, @truncate(try r.number(4))))),
            0xd3 => @bitCast(try r.number(8)),
            else => return error.Malformed,
        };
        return .{ .int = v };
    }

    /// Passes one value, however deep, and gives its bytes.
    pub fn raw(r: *Reader) Error![]const u8 {
        const from = r.at;
        var left: usize = 1;
        while (left > 0) {
            left -= 1;
            switch (try r.shape()) {
                .nil, .bool => r.at += 1,
                .int => _ = try r.integer(),
                .float => _ = try r.number(if (try r.peek() == 0xca) 4 else 8),
                .text => _ = try r.take(try r.head(.text)),
                .bytes => _ = try r.take(try r.head(.bytes)),
                .ext => _ = try r.take(1 + try r.head(.ext)),
                .list => left += try r.head(.list),
                .map => left += 2 * try r.head(.map),
            }
        }
        return r.bytes[from..r.at];
    }

    fn value(r: *Reader, a: Allocator, depth: usize) Error!Value {
        if (depth > max_depth) return error.Malformed;
        switch (try r.shape()) {
            .nil => {
                r.at += 1;
                return .nil;
            },
            .bool => {
                r.at += 1;
                return .{ .bool = r.bytes[r.at - 1] == 0xc3 };
            },
            .int => return r.integer(),
            .float => {
                if (try r.peek() == 0xca) return .{ .float32 = @bitCast(@as(u32, @truncate(try r.number(4)))) };
                return .{ .float = @bitCast(try r.number(8)) };
            },
            .text => return .{ .text = try r.text() },
            .bytes => return .{ .bytes = try r.take(try r.head(.bytes)) },
            .ext => {
                const data = try r.take(1 + try r.head(.ext));
                return .{ .ext = .{ .type = @bitCast(data[0]), .data = data[1..] } };
            },
            .list => {
                var items = std.ArrayList(Value).init(a);
                var left = try r.head(.list);
                while (left > 0) : (left -= 1) try items.append(try r.value(a, depth + 1));
                return .{ .list = items.items };
            },
            .map => {
                var pairs = std.ArrayList(Pair).init(a);
                var left = try r.head(.map);
                while (left > 0) : (left -= 1) {
                    const key = try r.value(a, depth + 1);
                    try pairs.append(.{ .key = key, .value = try r.value(a, depth + 1) });
                }
                return .{ .map = pairs.items };
            },
        }
    }
};

/// Encodes whatever has a form: the types above, bool, integers, floats, texts
/// (`[]const u8`), optionals, slices and tuples as lists, structs as maps.
pub fn encode(a: Allocator, v: anytype) Error![]const u8 {
    var w = Writer{ .out = std.ArrayList(u8).init(a) };
    try w.any(v);
    return w.out.items;
}

pub const Writer = struct {
    out: std.ArrayList(u8),

    fn number(w: *Writer, head: u8, v: u64, width: usize) Error!void {
        try w.out.append(head);
        var i = width;
        while (i > 0) : (i -= 1) try w.out.append(@truncate(v >> @intCast(8 * (i - 1))));
    }

    fn length(w: *Writer, n: usize, fix: u8, below: usize, head8: u8, head16: u8) Error!void {
        if (n < below) return w.out.append(fix | @as(u8, @intCast(n)));
        if (n <= 0xff and head8 != 0) return w.number(head8, n, 1);
        if (n <= 0xffff) return w.number(head16, n, 2);
        return w.number(head16 + 1, n, 4);
    }

    pub fn map(w: *Writer, n: usize) Error!void {
        return w.length(n, 0x80, 16, 0, 0xde);
    }

    pub fn list(w: *Writer, n: usize) Error!void {
        return w.length(n, 0x90, 16, 0, 0xdc);
    }

    pub fn text(w: *Writer, s: []const u8) Error!void {
        try w.length(s.len, 0xa0, 32, 0xd9, 0xda);
        try w.out.appendSlice(s);
    }

    pub fn uint(w: *Writer, v: u64) Error!void {
        if (v <= 0x7f) return w.out.append(@intCast(v));
        if (v <= 0xff) return w.number(0xcc, v, 1);
        if (v <= 0xffff) return w.number(0xcd, v, 2);
        if (v <= 0xffff_ffff) return w.number(0xce, v, 4);
        return w.number(0xcf, v, 8);
    }

    pub fn int(w: *Writer, v: i64) Error!void {
        if (v >= 0) return w.uint(@intCast(v));
        const bits: u64 = @bitCast(v);
        if (v >= -32) return w.out.append(@truncate(bits));
        if (v >= std.math.minInt(i8)) return w.number(0xd0, bits, 1);
        if (v >= std.math.minInt(i16)) return w.number(0xd1, bits, 2);
        if (v >= std.math.minInt(i32)) return w.number(0xd2, bits, 4);
        return w.number(0xd3, bits, 8);
    }

    fn ext(w: *Writer, e: Ext) Error!void {
        switch (e.data.len) {
            1, 2, 4, 8, 16 => |n| try w.out.append(0xd4 + @as(u8, @ctz(n))),
            else => |n| try w.length(n, 0, 0, 0xc7, 0xc8),
        }
        try w.out.append(@bitCast(e.type));
        try w.out.appendSlice(e.data);
    }

    fn value(w: *Writer, v: Value) Error!void {
        switch (v) {
            .nil => try w.out.append(0xc0),
            .bool => |b| try w.out.append(if (b) 0xc3 else 0xc2),
            .int => |n| try w.int(n),
            .uint => |n| try w.uint(n),
            .float32 => |f| try w.number(0xca, @as(u32, @bitCast(f)), 4),
            .float => |f| try w.number(0xcb, @bitCast(f), 8),
            .text => |s| try w.text(s),
            .bytes => |b| {
                try w.length(b.len, 0, 0, 0xc4, 0xc5);
                try w.out.appendSlice(b);
            },
            .ext => |e| try w.ext(e),
            .list => |items| {
                try w.list(items.len);
                for (items) |item| try w.value(item);
            },
            .map => |pairs| {
                try w.map(pairs.len);
                for (pairs) |p| {
                    try w.value(p.key);
                    try w.value(p.value);
                }
            },
        }
    }

    pub fn any(w: *Writer, v: anytype) Error!void {
        const T = @TypeOf(v);
        switch (T) {
            Value => return w.value(v),
            Raw => return w.out.appendSlice(v.message),
            Bytes => return w.value(.{ .bytes = v.data }),
            Time => {
                var data: [12]u8 = undefined;
                std.mem.writeIntBig(u32, data[0..4], @as(u32, @intCast(@mod(v.ns, std.time.ns_per_s))));
                std.mem.writeIntBig(i64, data[4..12], @divFloor(v.ns, std.time.ns_per_s));
                return w.ext(.{ .type = -1, .data = &data });
            },
            []const u8, []u8 => return w.text(v),
            else => {},
        }
        switch (@typeInfo(T)) {
            .Bool => try w.value(.{ .bool = v }),
            .Int => |info| if (info.signedness == .signed) try w.int(v) else try w.uint(v),
            .ComptimeInt => try w.int(v),
            .Float, .ComptimeFloat => try w.value(.{ .float = v }),
            .Null => try w.value(.nil),
            .Optional => if (v) |some| try w.any(some) else try w.value(.nil),
            .Pointer => |p| if (p.size == .Slice) {
                try w.list(v.len);
                for (v) |item| try w.any(item);
            } else try w.any(@as([]const u8, v)),
            .Array => try w.any(@as([]const std.meta.Child(T), &v)),
            .Struct => |info| {
                if (info.is_tuple) try w.list(info.fields.len) else try w.map(info.fields.len);
                inline for (info.fields) |f| {
                    if (!info.is_tuple) try w.text(f.name);
                    try w.any(@field(v, f.name));
                }
            },
            else => @compileError("no message of " ++ @typeName(T)),
        }
    }
};

const testing = std.testing;

test "values are read and written as they were" {
    var arena = std.heap.ArenaAllocator.init(testing.allocator);
    defer arena.deinit();
    const a = arena.allocator();
    const message = "\x85\xa1a\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1b\xd3\x80\x00\x00\x00\x00\x00\x00\x00" ++
        "\xa1c\x93\xc0\xc3\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xa1d\xc4\x01\x00\xa1e\xd6\xff\x00\x00\x00\x01";
    const v = try decode(a, message);
    try testing.expectEqualStrings(message, try encode(a, v));
    try testing.expectEqual(@as(usize, 5), v.map.len);
    for (0..message.len) |n| try testing.expectError(error.Malformed, decode(a, message[0..n]));
}

test "what no message can be is refused" {
    var arena = std.heap.ArenaAllocator.init(testing.allocator);
    defer arena.deinit();
    const deep = "\x91" ** 65 ++ "\xc0";
    for ([_][]const u8{ "", "\xc1", "\xdd\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\xa1\xff", "\x01\x02", deep }) |m| {
        try testing.expectError(error.Malformed, decode(arena.allocator(), m));
    }
    _ = try decode(arena.allocator(), deep[1..]);
}

test "a struct is a map and a tuple a list" {
    var arena = std.heap.ArenaAllocator.init(testing.allocator);
    defer arena.deinit();
    const a = arena.allocator();
    const m = try encode(a, .{ .id = "c-1", .n = -33, .none = @as(?bool, null), .list = .{ true, 1.5 } });
    try testing.expectEqualStrings("c-1", (try getText(m, "id")).?);
    try testing.expectEqual(@as(i64, -33), (try getInt(m, "n")).?);
    try testing.expectEqual(@as(?[]const u8, null), try get(m, "none"));
    try testing.expectEqualStrings("\x92\xc3\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", (try get(m, "list")).?);
    const before_1970 = try encode(a, Time{ .ns = -1 });
    try testing.expectEqualStrings("\xc7\x0c\xff\x3b\x9a\xc9\xff\xff\xff\xff\xff\xff\xff\xff\xff", before_1970);
}
