use crate::msgpack::{Kind, EXT_OPAQUE};
use crate::{Decode, DecodeError, Encode, Reader, Writer};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

/// Any value that crosses the boundary.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Nil,
    /// True or false.
    Bool(bool),
    /// An integer that an i64 holds.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// A float of 32 bits.
    F32(f32),
    /// A float of 64 bits.
    Float(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An instant.
    Time(Time),
    /// A value of the host that can be held and given back but not opened.
    Opaque(Opaque),
    /// An extension value of a type that this crate does not know.
    Ext(i8, Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order in which it came.
    Map(Map),
}

impl Value {
    /// The value at a key of a map; `None` where there is none, or this is no
    /// map.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// Whether it is nil.
    pub fn is_nil(&self) -> bool {
        *self == Value::Nil
    }

    /// The truth value, `None` for another type.
    pub fn as_bool(&self) -> Option<bool> {
        match *self {
            Value::Bool(v) => Some(v),
            _ => None,
        }
    }

    /// The integer, `None` for another type and above `i64::MAX`.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Value::Int(v) => Some(v),
            _ => None,
        }
    }

    /// The integer, `None` for another type and below 0.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Value::Int(v) => u64::try_from(v).ok(),
            Value::Uint(v) => Some(v),
            _ => None,
        }
    }

    /// The float, of either size; an integer becomes the nearest one. `None`
    /// for another type.
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Value::F32(v) => Some(f64::from(v)),
            Value::Float(v) => Some(v),
            Value::Int(v) => Some(v as f64),
            Value::Uint(v) => Some(v as f64),
            _ => None,
        }
    }

    /// The text, `None` for another type.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(v) => Some(v),
            _ => None,
        }
    }

    /// The bytes, `None` for another type.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(v) => Some(v),
            _ => None,
        }
    }

    /// The elements of a list, `None` for another type.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(v) => Some(v),
            _ => None,
        }
    }

    /// The map, `None` for another type.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(v) => Some(v),
            _ => None,
        }
    }
}

impl Default for Value {
    fn default() -> Self {
        Value::Nil
    }
}

/// A map that keeps its order. Keys are texts nearly always, but a host may
/// send maps with other keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Vec<(Value, Value)>);

impl Map {
    /// An empty map.
    pub const fn new() -> Self {
        Map(Vec::new())
    }

    /// The value at a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// The value at a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.0.iter_mut().find(|(k, _)| k.as_str() == Some(key)).map(|(_, v)| v)
    }

    /// Sets the value at a key and gives what was there.
    pub fn insert(&mut self, key: impl Into<Value>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => Some(core::mem::replace(old, value)),
            None => {
                self.0.push((key, value));
                None
            }
        }
    }

    /// Removes a key and gives what was there.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let i = self.0.iter().position(|(k, _)| k.as_str() == Some(key))?;
        Some(self.0.remove(i).1)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.0.iter().map(|(k, v)| (k, v))
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    /// Of several pairs with the same key the last one counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut map = Map::new();
        for (k, v) in pairs {
            map.insert(k, v);
        }
        map
    }
}

impl IntoIterator for Map {
    type Item = (Value, Value);
    type IntoIter = alloc::vec::IntoIter<(Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// An instant, exact to the nanosecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Seconds since 1970-01-01 UTC, rounded down.
    pub seconds: i64,
    /// Nanoseconds after that, below 1,000,000,000.
    pub nanoseconds: u32,
}

const BILLION: i64 = 1_000_000_000;

impl Time {
    /// The instant so many nanoseconds after 1970-01-01 UTC.
    pub const fn from_unix_nanoseconds(n: i64) -> Self {
        Time { seconds: n.div_euclid(BILLION), nanoseconds: n.rem_euclid(BILLION) as u32 }
    }

    pub(crate) fn from_bytes(data: &[u8]) -> Option<Time> {
        let number = |part: &[u8]| part.iter().fold(0u64, |v, &b| v << 8 | u64::from(b));
        let time = match data.len() {
            4 => Time { seconds: number(data) as i64, nanoseconds: 0 },
            8 => {
                let v = number(data);
                Time { seconds: (v & 0x3_ffff_ffff) as i64, nanoseconds: (v >> 34) as u32 }
            }
            12 => {
                let (nanoseconds, seconds) = data.split_at(4);
                Time { seconds: number(seconds) as i64, nanoseconds: number(nanoseconds) as u32 }
            }
            _ => return None,
        };
        if i64::from(time.nanoseconds) < BILLION {
            Some(time)
        } else {
            None
        }
    }

    /// The shortest form, in a part of the buffer.
    pub(crate) fn to_bytes(self, buffer: &mut [u8; 12]) -> &[u8] {
        let [long, short] = [self.seconds >> 34 != 0, self.seconds >> 32 == 0 && self.nanoseconds == 0];
        if long {
            buffer[..4].copy_from_slice(&self.nanoseconds.to_be_bytes());
            buffer[4..].copy_from_slice(&self.seconds.to_be_bytes());
            buffer
        } else if short {
            buffer[..4].copy_from_slice(&(self.seconds as u32).to_be_bytes());
            &buffer[..4]
        } else {
            let v = u64::from(self.nanoseconds) << 34 | self.seconds as u64;
            buffer[..8].copy_from_slice(&v.to_be_bytes());
            &buffer[..8]
        }
    }
}

/// A value of the host that has no form outside of it, such as a connection.
/// It can be compared, put elsewhere and given back, within the activation
/// that it came in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Opaque(Vec<u8>);

/// How long the handle before the name is.
const HANDLE: usize = 16;

impl Opaque {
    /// The name of its type in the host, such as `*sql.DB`.
    pub fn type_name(&self) -> &str {
        self.0.get(HANDLE..).and_then(|name| core::str::from_utf8(name).ok()).unwrap_or("")
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Opaque({})", self.type_name())
    }
}

impl Decode for Value {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match r.kind()? {
            Kind::Nil => {
                r.nil()?;
                Value::Nil
            }
            Kind::Bool => Value::Bool(r.bool()?),
            Kind::Int => match r.clone().i64() {
                Ok(v) => {
                    r.skip()?;
                    Value::Int(v)
                }
                Err(_) => Value::Uint(r.u64()?),
            },
            Kind::Float => match r.f32()? {
                Some(v) => Value::F32(v),
                None => Value::Float(r.f64()?),
            },
            Kind::Text => Value::Text(r.text()?.to_owned()),
            Kind::Bytes => Value::Bytes(r.bytes()?.to_owned()),
            Kind::Ext => return decode_ext(r),
            Kind::List => {
                r.enter()?;
                let n = r.list()?;
                let mut list = Vec::with_capacity(n.min(RESERVE));
                for _ in 0..n {
                    list.push(Value::decode(r)?);
                }
                r.leave();
                Value::List(list)
            }
            Kind::Map => {
                r.enter()?;
                let n = r.map()?;
                let mut map = Vec::with_capacity(n.min(RESERVE));
                for _ in 0..n {
                    map.push((Value::decode(r)?, Value::decode(r)?));
                }
                r.leave();
                Value::Map(Map(map))
            }
        })
    }
}

/// The most elements that memory is set aside for before they are read: what a
/// message says of its length is at most its bytes, an element is larger.
const RESERVE: usize = 1024;

fn decode_ext(r: &mut Reader<'_>) -> Result<Value, DecodeError> {
    if let Ok(time) = r.clone().time() {
        r.skip()?;
        return Ok(Value::Time(time));
    }
    Ok(match r.ext()? {
        (EXT_OPAQUE, data) if data.len() >= HANDLE => Value::Opaque(Opaque(data.to_owned())),
        (kind, data) => Value::Ext(kind, data.to_owned()),
    })
}

impl Encode for Value {
    fn encode(&self, w: &mut Writer) {
        match self {
            Value::Nil => w.nil(),
            Value::Bool(v) => w.bool(*v),
            Value::Int(v) => w.int(*v),
            Value::Uint(v) => w.uint(*v),
            Value::F32(v) => w.f32(*v),
            Value::Float(v) => w.f64(*v),
            Value::Text(v) => w.text(v),
            Value::Bytes(v) => w.bytes(v),
            Value::Time(v) => w.time(*v),
            Value::Opaque(v) => w.opaque(v),
            Value::Ext(kind, data) => w.ext(*kind, data),
            Value::List(list) => {
                w.list(list.len());
                list.iter().for_each(|v| v.encode(w));
                return;
            }
            Value::Map(map) => {
                map.encode(w);
                return;
            }
        };
    }
}

impl Encode for Map {
    fn encode(&self, w: &mut Writer) {
        w.map(self.len());
        for (k, v) in &self.0 {
            k.encode(w);
            v.encode(w);
        }
    }
}

impl Encode for Time {
    fn encode(&self, w: &mut Writer) {
        w.time(*self);
    }
}

impl Decode for Time {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.time()
    }
}

impl Encode for Opaque {
    fn encode(&self, w: &mut Writer) {
        w.opaque(self);
    }
}

impl Decode for Opaque {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let error = r.error("no opaque value");
        match decode_ext(r)? {
            Value::Opaque(v) => Ok(v),
            _ => Err(error),
        }
    }
}

macro_rules! value_from {
    ($($t:ty => $v:ident $make:expr;)*) => {$(
        impl From<$t> for Value {
            fn from($v: $t) -> Value {
                $make
            }
        }
    )*};
}

value_from! {
    bool => v Value::Bool(v);
    i8 => v Value::Int(v.into());
    i16 => v Value::Int(v.into());
    i32 => v Value::Int(v.into());
    i64 => v Value::Int(v);
    isize => v Value::Int(v as i64);
    u8 => v Value::Int(v.into());
    u16 => v Value::Int(v.into());
    u32 => v Value::Int(v.into());
    u64 => v i64::try_from(v).map_or(Value::Uint(v), Value::Int);
    usize => v Value::from(v as u64);
    f32 => v Value::F32(v);
    f64 => v Value::Float(v);
    &str => v Value::Text(v.to_owned());
    String => v Value::Text(v);
    &[u8] => v Value::Bytes(v.to_owned());
    Vec<u8> => v Value::Bytes(v);
    Time => v Value::Time(v);
    Opaque => v Value::Opaque(v);
    Vec<Value> => v Value::List(v);
    Map => v Value::Map(v);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Value {
        v.map_or(Value::Nil, Into::into)
    }
}

/// Makes a [`Value`] that is a map.
///
/// ```
/// let answer = aril::map! {"was" => 7, "by" => "audit"};
/// assert_eq!(answer.get("was"), Some(&aril::Value::Int(7)));
/// ```
#[macro_export]
macro_rules! map {
    ($($key:expr => $value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut map = $crate::Map::new();
        $(map.insert($key, $value);)*
        $crate::Value::Map(map)
    }};
}

/// Makes a [`Value`] that is a list.
///
/// ```
/// assert_eq!(aril::list![1, "two"].as_list().map(|l| l.len()), Some(2));
/// ```
#[macro_export]
macro_rules! list {
    ($($value:expr),* $(,)?) => {
        $crate::Value::List($crate::rt::vec![$($crate::Value::from($value)),*])
    };
}
