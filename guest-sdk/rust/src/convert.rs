use crate::{DecodeError, Reader, Writer};
use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

/// What can be written as a message.
///
/// Implemented for what a message may hold and for lists and maps of these;
/// [`record!`](crate::record!) implements it for a struct.
pub trait Encode {
    /// Writes exactly one value.
    fn encode(&self, w: &mut Writer);
}

/// What can be read from a message. Counterpart of [`Encode`].
pub trait Decode: Sized {
    /// Reads exactly one value.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// What a field is that a map leaves out; `None` if it must be there.
    fn absent() -> Option<Self> {
        None
    }
}

macro_rules! integers {
    ($wide:ident $write:ident: $($t:ty)*) => {$(
        impl Encode for $t {
            fn encode(&self, w: &mut Writer) {
                w.$write(*self as $wide);
            }
        }

        impl Decode for $t {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let error = r.error(concat!("the integer does not fit ", stringify!($t)));
                <$t>::try_from(r.$wide()?).map_err(|_| error)
            }
        }
    )*};
}
integers!(i64 int: i8 i16 i32 i64 isize);
integers!(u64 uint: u8 u16 u32 u64 usize);

impl Encode for bool {
    fn encode(&self, w: &mut Writer) {
        w.bool(*self);
    }
}

impl Decode for bool {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.bool()
    }
}

impl Encode for f32 {
    fn encode(&self, w: &mut Writer) {
        w.f32(*self);
    }
}

impl Decode for f32 {
    /// Reads the nearest one.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(r.f64()? as f32)
    }
}

impl Encode for f64 {
    fn encode(&self, w: &mut Writer) {
        w.f64(*self);
    }
}

impl Decode for f64 {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.f64()
    }
}

impl Encode for str {
    fn encode(&self, w: &mut Writer) {
        w.text(self);
    }
}

impl Encode for String {
    fn encode(&self, w: &mut Writer) {
        w.text(self);
    }
}

impl Decode for String {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.text().map(ToOwned::to_owned)
    }
}

impl Encode for Cow<'_, str> {
    fn encode(&self, w: &mut Writer) {
        w.text(self);
    }
}

/// Bytes: what `Vec<u8>` would be as a list of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bytes(pub Vec<u8>);

impl Encode for Bytes {
    fn encode(&self, w: &mut Writer) {
        w.bytes(&self.0);
    }
}

impl Decode for Bytes {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.bytes().map(|b| Bytes(b.to_owned()))
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, w: &mut Writer) {
        match self {
            Some(v) => v.encode(w),
            None => {
                w.nil();
            }
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if r.nil()? {
            return Ok(None);
        }
        T::decode(r).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Encode for () {
    fn encode(&self, w: &mut Writer) {
        w.nil();
    }
}

impl Decode for () {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let error = r.error("not nil");
        match r.nil()? {
            true => Ok(()),
            false => Err(error),
        }
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::decode(r).map(Box::new)
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, w: &mut Writer) {
        w.list(self.len());
        self.iter().for_each(|v| v.encode(w));
    }
}

impl<T: Encode, const N: usize> Encode for [T; N] {
    fn encode(&self, w: &mut Writer) {
        self[..].encode(w);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, w: &mut Writer) {
        self[..].encode(w);
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.enter()?;
        let mut list = Vec::new();
        for _ in 0..r.list()? {
            list.push(T::decode(r)?);
        }
        r.leave();
        Ok(list)
    }
}

impl<T: Encode> Encode for BTreeMap<String, T> {
    fn encode(&self, w: &mut Writer) {
        w.map(self.len());
        for (k, v) in self {
            k.encode(w);
            v.encode(w);
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.enter()?;
        let mut map = BTreeMap::new();
        for _ in 0..r.map()? {
            map.insert(String::decode(r)?, T::decode(r)?);
        }
        r.leave();
        Ok(map)
    }
}

#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
mod with_std {
    use super::{Decode, DecodeError, Encode, Reader, String, Writer};
    use std::collections::HashMap;
    use std::vec::Vec;

    impl<T: Encode, S> Encode for HashMap<String, T, S> {
        /// Writes the keys in order, so that the same map is the same bytes.
        fn encode(&self, w: &mut Writer) {
            let mut pairs: Vec<_> = self.iter().collect();
            pairs.sort_by_key(|(k, _)| *k);
            w.map(pairs.len());
            for (k, v) in pairs {
                k.encode(w);
                v.encode(w);
            }
        }
    }

    impl<T: Decode, S: std::hash::BuildHasher + Default> Decode for HashMap<String, T, S> {
        fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
            r.enter()?;
            let mut map = HashMap::default();
            for _ in 0..r.map()? {
                map.insert(String::decode(r)?, T::decode(r)?);
            }
            r.leave();
            Ok(map)
        }
    }
}
