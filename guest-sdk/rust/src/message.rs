use crate::msgpack::{self, Path};
use crate::{Decode, DecodeError, Encode, Error, Reader, Result, Value, Writer};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;

/// One value as the bytes that cross the boundary. Parts can be read and
/// changed without decoding what lies around them.
#[derive(Clone, Default)]
pub struct Message(Vec<u8>);

impl PartialEq for Message {
    /// Whether the bytes are the same.
    fn eq(&self, other: &Message) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Message {}

impl Message {
    /// Encodes a value.
    pub fn of<T: Encode + ?Sized>(value: &T) -> Message {
        let mut w = Writer::new();
        value.encode(&mut w);
        w.into_message()
    }

    /// Takes bytes as they are. That they are one msgpack value is up to the
    /// caller; the host refuses others. No bytes at all are nil.
    pub const fn raw(bytes: Vec<u8>) -> Message {
        Message(bytes)
    }

    /// The msgpack value.
    pub fn bytes(&self) -> &[u8] {
        match self.0.as_slice() {
            [] => &[0xc0],
            bytes => bytes,
        }
    }

    /// The msgpack value.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.0.is_empty() {
            true => [0xc0].to_vec(),
            false => self.0,
        }
    }

    /// Whether it is nil.
    pub fn is_nil(&self) -> bool {
        self.bytes() == [0xc0]
    }

    /// Decodes the whole. Code of the error: `invalid`.
    pub fn decode<T: Decode>(&self) -> Result<T> {
        Ok(decode(self.bytes())?)
    }

    /// Decodes the whole into a [`Value`].
    pub fn value(&self) -> Result<Value> {
        self.decode()
    }

    /// Decodes a part; `None` where there is nothing, or nil.
    ///
    /// ```
    /// # let order = aril::Message::of(&aril::map! {"customer" => aril::map! {"id" => "c-1"}});
    /// let id: Option<String> = order.get(("customer", "id"))?;
    /// # assert_eq!(id.as_deref(), Some("c-1")); Ok::<(), aril::Error>(())
    /// ```
    pub fn get<T: Decode>(&self, path: impl Path) -> Result<Option<T>> {
        match msgpack::find(&self.0, &path)? {
            None | Some([0xc0]) => Ok(None),
            Some(bytes) => Ok(Some(decode(bytes)?)),
        }
    }

    /// A part as its bytes; `None` where there is nothing.
    pub fn part(&self, path: impl Path) -> Result<Option<Message>> {
        Ok(msgpack::find(&self.0, &path)?.map(|bytes| Message(bytes.to_owned())))
    }

    /// The message with another value at a path and every other byte as it
    /// was. Maps that are missing on the way are made, and an index that is a
    /// list's length appends to it.
    pub fn set<T: Encode + ?Sized>(&self, path: impl Path, value: &T) -> Result<Message> {
        Ok(Message(msgpack::set(&self.0, &path, Message::of(value).bytes())?))
    }

    /// The message without what is at a path and every other byte as it was.
    pub fn remove(&self, path: impl Path) -> Result<Message> {
        Ok(match msgpack::remove(&self.0, &path)? {
            Some(bytes) => Message(bytes),
            None => self.clone(),
        })
    }
}

fn decode<T: Decode>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut r = Reader::new(bytes);
    let v = T::decode(&mut r)?;
    r.end()?;
    Ok(v)
}

impl Encode for Message {
    fn encode(&self, w: &mut Writer) {
        w.raw(self.bytes());
    }
}

impl Decode for Message {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.raw().map(|bytes| Message(bytes.to_owned()))
    }
}

impl From<Value> for Message {
    fn from(v: Value) -> Message {
        Message::of(&v)
    }
}

impl TryFrom<&Message> for Value {
    type Error = Error;

    fn try_from(m: &Message) -> Result<Value> {
        m.value()
    }
}

impl core::fmt::Debug for Message {
    /// Shows the value, or the bytes of one that is malformed.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.value() {
            Ok(v) => write!(f, "Message({:?})", v),
            Err(_) => write!(f, "Message({:02x?})", self.0),
        }
    }
}
