//! Messages as bytes: a [`Reader`] that walks over them and a [`Writer`] that
//! makes them, both exact for 64-bit integers, bytes and times.
//!
//! Most extensions need neither: [`Value`](crate::Value), the types that
//! implement [`Decode`](crate::Decode) and [`Encode`](crate::Encode), and
//! [`record!`](crate::record!) stand on them.

mod path;
mod reader;
mod writer;

pub(crate) use path::{find, remove, set};
pub use path::{Path, Step};
pub use reader::{DecodeError, Kind, Reader};
pub use writer::Writer;

/// How deep arrays and maps may lie within each other.
pub const MAX_DEPTH: usize = 64;

/// The extension type of a timestamp.
pub(crate) const EXT_TIME: i8 = -1;

/// The extension type of an opaque value of the host.
pub(crate) const EXT_OPAQUE: i8 = 0x41;
