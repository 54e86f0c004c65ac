use crate::header::Header;
use crate::random::Rng;
use crate::{sys, Decode, Message, Result, Scope};

/// Something that happened outside operations.
pub struct Event {
    pub(crate) header: Header,
}

impl Event {
    /// What happened: `attach`, `start`, `detach`, `error`, `change`,
    /// `release`, `tick`, `init_pod`, `dispose_pod`, `pod_error`, or one that
    /// is newer than this crate.
    pub fn event(&self) -> &str {
        self.header.text("event")
    }

    /// Unique among all operations, events and calls of the host's Runtime.
    pub fn id(&self) -> u64 {
        self.header.number("id")
    }

    /// What it happened to, empty for nothing in particular.
    pub fn name(&self) -> &str {
        self.header.text("name")
    }

    /// Where it happened; its ID is 0 for nowhere.
    pub fn scope(&self) -> Scope {
        Scope { id: self.header.number("scope") }
    }

    /// What comes with it. Needs the power ReadInput. The records
    /// [`Change`](crate::Change), [`Release`](crate::Release),
    /// [`Failure`](crate::Failure), [`Tick`](crate::Tick) and
    /// [`Pod`](crate::Pod) say what that is.
    pub fn data(&self) -> Result<Message> {
        self.header.slot(sys::SLOT_INPUT)
    }

    /// Reads and decodes what comes with it.
    pub fn decode<T: Decode>(&self) -> Result<T> {
        self.data()?.decode()
    }

    /// A source of random numbers, as [`Operation::rng`](crate::Operation::rng).
    pub fn rng(&self) -> Rng {
        self.header.rng()
    }
}

impl core::fmt::Debug for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Event({} {})", self.event(), self.name())
    }
}
