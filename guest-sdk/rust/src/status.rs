/// Why the host did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub(crate) u32);

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $code:literal;)*) => {
        impl Status {
            $($(#[$doc])* pub const $name: Status = Status($number);)*

            /// The status in lower case, such as `too_large`; `failed` for one
            /// that is newer than this crate.
            pub const fn code(self) -> &'static str {
                match self.0 {
                    $($number => $code,)*
                    _ => "failed",
                }
            }
        }
    };
}

statuses! {
    /// The host could not encode a value, or a function's work ended with an
    /// error that cannot be read.
    FAILED = 1, "failed";
    /// No such key, part or value.
    NOT_FOUND = 2, "not_found";
    /// The extension lacks a power or a grant.
    DENIED = 3, "denied";
    /// Not to be called from this hook, or outside of one.
    PHASE = 4, "phase";
    /// A count or a sum is used up.
    LIMIT = 5, "limit";
    /// One value is larger than its limit.
    TOO_LARGE = 6, "too_large";
    /// A number or a message is malformed.
    INVALID = 7, "invalid";
    /// The caller has given up; finish soon.
    CANCELED = 8, "canceled";
    /// Of an activation that is over, or of a `next` before the last.
    STALE = 9, "stale";
    /// The state holds another value.
    CONFLICT = 10, "conflict";
    /// A back end did not answer.
    UNAVAILABLE = 11, "unavailable";
    /// Would have to wait for itself.
    BUSY = 12, "busy";
}

/// What an import answered.
#[derive(Clone, Copy)]
pub(crate) struct Answered(pub u64);

impl Answered {
    pub(crate) fn status(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The lower half.
    pub(crate) fn n(self) -> usize {
        self.0 as u32 as usize
    }

    /// n, unless the status is another than OK.
    pub(crate) fn ok(self) -> Result<usize, Status> {
        match self.status() {
            0 => Ok(self.n()),
            status => Err(Status(status)),
        }
    }
}
