//! The smallest extension: runs the rest once and lets its outcome stand.

const aril = @import("aril");

pub const panic = aril.panic;

comptime {
    aril.extension(struct {
        pub fn wrap(x: aril.Activation) !aril.Answer {
            _ = try x.next(null);
            return .pass;
        }
    });
}
