//! Lets administrators through and refuses the others, with a reason that a
//! program can read.

const std = @import("std");
const aril = @import("aril");

pub const panic = aril.panic;

comptime {
    aril.extension(struct {
        pub fn wrap(x: aril.Activation) !aril.Answer {
            const input = try x.input();
            const role = (try aril.msgpack.getText(input, "role")) orelse "nobody";
            if (std.mem.eql(u8, role, "admin")) return .pass;
            aril.log(x.a, .warn, "refused", .{ .operation = x.text("name"), .role = role });
            return aril.failure(x.a, .{
                .code = "denied",
                .message = try std.mem.concat(x.a, u8, &.{ "not for ", role }),
                .data = try aril.msgpack.encode(x.a, .{ .role = role }),
            });
        }
    });
}
