use crate::header::Header;
use crate::random::Rng;
use crate::{sys, Message, Result};

/// What a method was called with.
pub struct Args {
    pub(crate) header: Header,
}

impl Args {
    /// The arguments, nil for none.
    pub fn message(&self) -> Result<Message> {
        self.header.slot(sys::SLOT_INPUT)
    }

    /// Reads and decodes the arguments.
    pub fn decode<T: crate::Decode>(&self) -> Result<T> {
        self.message()?.decode()
    }

    /// Unique among all operations, events and calls of the host's Runtime.
    pub fn id(&self) -> u64 {
        self.header.number("id")
    }

    /// A source of random numbers, as [`Operation::rng`](crate::Operation::rng).
    pub fn rng(&self) -> Rng {
        self.header.rng()
    }
}

impl core::fmt::Debug for Args {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Args({})", self.id())
    }
}
