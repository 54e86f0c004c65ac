use crate::{Decode, Encode, Message};
use core::marker::PhantomData;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// The name by which this crate's serializer and deserializer know a
/// [`Native`]. Others see bytes.
pub(crate) const NAME: &str = "$aril::Native";

/// A part of a serde type that crosses as `aril` has it:
/// `Native<aril::Time>`, `Native<aril::Opaque>`, `Native<aril::Value>`, ….
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Native<T>(pub T);

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(self.0)
    }
}

impl<T: Encode> Serialize for Native<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_newtype_struct(NAME, &Bytes(Message::of(&self.0).bytes()))
    }
}

impl<'de, T: Decode> Deserialize<'de> for Native<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct OfBytes<T>(PhantomData<T>);

        impl<T: Decode> Visitor<'_> for OfBytes<T> {
            type Value = Native<T>;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a message")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Native<T>, E> {
                Message::raw(bytes.to_vec()).decode().map(Native).map_err(E::custom)
            }
        }

        d.deserialize_newtype_struct(NAME, OfBytes(PhantomData))
    }
}
