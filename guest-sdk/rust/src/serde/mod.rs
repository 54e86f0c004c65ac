//! Types of [serde](https://serde.rs) as messages of an extension: the feature
//! `serde`.
//!
//! ```
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Order {
//!     id: String,
//!     total: u64,
//! }
//!
//! # fn wrap(op: &aril::Operation, next: &aril::Next) -> aril::Result<aril::Answer> {
//! let mut order: Order = aril::serde::decode(&op.input()?)?;
//! order.total += 1;
//! next.run_with(&aril::serde::encode(&order)?)
//! # }
//! ```
//!
//! Structs become maps, tuples lists, unit variants texts, and other variants
//! maps of one key. Bytes are bytes where the type says so, as `serde_bytes`
//! does. What serde has no form for, such as an instant or an opaque value of
//! the host, is a [`Native`].

mod de;
mod native;
mod ser;

pub use de::Deserializer;
pub use native::Native;
pub use ser::Serializer;

use crate::{DecodeError, Message, Reader, Result};
use alloc::string::{String, ToString};

/// Decodes a message. Code of the error: `invalid`.
pub fn decode<T: ::serde::de::DeserializeOwned>(m: &Message) -> Result<T> {
    let mut r = Reader::new(m.bytes());
    let v = T::deserialize(&mut Deserializer::new(&mut r))?;
    r.end()?;
    Ok(v)
}

/// Encodes a value. It fails only if the type says that it cannot be encoded.
pub fn encode<T: ::serde::Serialize + ?Sized>(value: &T) -> Result<Message> {
    let mut w = crate::Writer::new();
    value.serialize(Serializer::new(&mut w))?;
    Ok(w.into_message())
}

/// Why a value does not cross. It becomes a [`crate::Error`] with the code
/// `invalid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl ::serde::de::StdError for Error {}

impl ::serde::de::Error for Error {
    fn custom<T: core::fmt::Display>(message: T) -> Self {
        Error(message.to_string())
    }
}

impl ::serde::ser::Error for Error {
    fn custom<T: core::fmt::Display>(message: T) -> Self {
        Error(message.to_string())
    }
}

impl From<DecodeError> for Error {
    fn from(e: DecodeError) -> Self {
        Error(e.to_string())
    }
}

impl From<Error> for crate::Error {
    fn from(e: Error) -> Self {
        crate::Error::new("invalid", e.0)
    }
}
