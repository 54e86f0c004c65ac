use super::EXT_TIME;
use crate::Time;
use alloc::string::String;

/// What sort of value comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Nil,
    Bool,
    Int,
    Float,
    Text,
    Bytes,
    List,
    Map,
    Ext,
}

/// Why bytes are not the value that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The offset of the byte at which it was seen.
    pub at: usize,
    /// What is wrong, or what was wanted.
    pub what: &'static str,
}

impl DecodeError {
    /// Makes an error at an offset, such as [`Reader::position`].
    pub const fn new(at: usize, what: &'static str) -> Self {
        DecodeError { at, what }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::from("msgpack: ");
        text.push_str(self.what);
        text.push_str(" at byte ");
        crate::text::push_number(&mut text, self.at as u64);
        text
    }
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text())
    }
}

#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
impl std::error::Error for DecodeError {}

type Result<T> = core::result::Result<T, DecodeError>;

const TRUNCATED: &str = "the message is truncated";

/// Walks over a message. After an error it stays where the error was, and what
/// it says from then on is of no use.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// Begins at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0, depth: 0 }
    }

    /// The offset of the next byte.
    pub fn position(&self) -> usize {
        self.at
    }

    /// An error at the next byte.
    pub fn error(&self, what: &'static str) -> DecodeError {
        DecodeError { at: self.at, what }
    }

    /// Fails unless every byte was read.
    pub fn end(&self) -> Result<()> {
        if self.at < self.bytes.len() {
            return Err(self.error("bytes are left over"));
        }
        Ok(())
    }

    fn peek(&self) -> Result<u8> {
        match self.bytes.get(self.at) {
            Some(&b) => Ok(b),
            None => Err(self.error(TRUNCATED)),
        }
    }

    /// Tells what comes next and does not move.
    pub fn kind(&self) -> Result<Kind> {
        Ok(match self.peek()? {
            0x00..=0x7f | 0xcc..=0xd3 | 0xe0..=0xff => Kind::Int,
            0x80..=0x8f | 0xde | 0xdf => Kind::Map,
            0x90..=0x9f | 0xdc | 0xdd => Kind::List,
            0xa0..=0xbf | 0xd9..=0xdb => Kind::Text,
            0xc0 => Kind::Nil,
            0xc1 => return Err(self.error("0xc1 begins no value")),
            0xc2 | 0xc3 => Kind::Bool,
            0xc4..=0xc6 => Kind::Bytes,
            0xc7..=0xc9 | 0xd4..=0xd8 => Kind::Ext,
            0xca | 0xcb => Kind::Float,
        })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        match rest.get(..n) {
            Some(part) => {
                self.at += n;
                Ok(part)
            }
            None => Err(self.error(TRUNCATED)),
        }
    }

    /// Passes the head and reads the n bytes after it as a number.
    fn head(&mut self, n: usize) -> Result<u64> {
        let mut v = 0;
        for &b in self.take(1 + n)?.iter().skip(1) {
            v = v << 8 | u64::from(b);
        }
        Ok(v)
    }

    fn length(&mut self, n: usize) -> Result<usize> {
        // What does not fit is longer than any message.
        Ok(usize::try_from(self.head(n)?).unwrap_or(usize::MAX))
    }

    /// Passes nil, if that is what comes next, and tells whether it was.
    pub fn nil(&mut self) -> Result<bool> {
        let nil = self.peek()? == 0xc0;
        self.at += usize::from(nil);
        Ok(nil)
    }

    /// Reads true or false.
    pub fn bool(&mut self) -> Result<bool> {
        let b = self.peek()?;
        if b & 0xfe != 0xc2 {
            return Err(self.error("no bool"));
        }
        self.at += 1;
        Ok(b == 0xc3)
    }

    /// Reads an integer: its 64 bits, and whether it is negative.
    fn integer(&mut self) -> Result<(u64, bool)> {
        let b = self.peek()?;
        let v = match b {
            0x00..=0x7f | 0xe0..=0xff => {
                self.at += 1;
                return Ok((b as i8 as u64, b > 0x7f));
            }
            0xcc..=0xcf => return Ok((self.head(1 << (b - 0xcc))?, false)),
            0xd0 => self.head(1)? as i8 as i64,
            0xd1 => self.head(2)? as i16 as i64,
            0xd2 => self.head(4)? as i32 as i64,
            0xd3 => self.head(8)? as i64,
            _ => return Err(self.error("no integer")),
        };
        Ok((v as u64, v < 0))
    }

    /// Reads an integer of any size, or a float that is one.
    pub fn i64(&mut self) -> Result<i64> {
        let at = self.at;
        if self.kind()? == Kind::Float {
            let f = self.f64()?;
            let i = f as i64;
            // 2⁶³ as a float is also what i64::MAX rounds to.
            return if i as f64 == f && i != i64::MAX {
                Ok(i)
            } else {
                Err(DecodeError::new(at, "the float is no i64"))
            };
        }
        let (v, negative) = self.integer()?;
        if !negative && v > i64::MAX as u64 {
            return Err(DecodeError::new(at, "the integer does not fit an i64"));
        }
        Ok(v as i64)
    }

    /// Reads an integer that is not negative, or a float that is one.
    pub fn u64(&mut self) -> Result<u64> {
        let at = self.at;
        if self.kind()? == Kind::Float {
            let f = self.f64()?;
            let u = f as u64;
            return if u as f64 == f && u != u64::MAX {
                Ok(u)
            } else {
                Err(DecodeError::new(at, "the float is no u64"))
            };
        }
        match self.integer()? {
            (v, false) => Ok(v),
            _ => Err(DecodeError::new(at, "the integer is negative")),
        }
    }

    /// Reads a float, or an integer that an f64 holds exactly.
    pub fn f64(&mut self) -> Result<f64> {
        let at = self.at;
        match self.peek()? {
            0xca => Ok(f64::from(f32::from_bits(self.head(4)? as u32))),
            0xcb => Ok(f64::from_bits(self.head(8)?)),
            _ => {
                let (v, negative) = self.integer()?;
                let f = if negative { v as i64 as f64 } else { v as f64 };
                let exact =
                    if negative { f as i64 == v as i64 } else { f < 18_446_744_073_709_551_616.0 && f as u64 == v };
                if exact {
                    Ok(f)
                } else {
                    Err(DecodeError::new(at, "the integer does not fit an f64"))
                }
            }
        }
    }

    /// Reads a float of 32 bits if that is what comes next.
    pub(crate) fn f32(&mut self) -> Result<Option<f32>> {
        if self.peek()? != 0xca {
            return Ok(None);
        }
        Ok(Some(f32::from_bits(self.head(4)? as u32)))
    }

    /// Reads a text.
    pub fn text(&mut self) -> Result<&'a str> {
        let at = self.at;
        let b = self.peek()?;
        let n = match b {
            0xa0..=0xbf => {
                self.at += 1;
                usize::from(b & 0x1f)
            }
            0xd9..=0xdb => self.length(1 << (b - 0xd9))?,
            _ => return Err(self.error("no text")),
        };
        let bytes = self.take(n)?;
        core::str::from_utf8(bytes).map_err(|_| DecodeError::new(at, "the text is not UTF-8"))
    }

    /// Reads bytes, or a text as its bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        match self.peek()? {
            b @ 0xc4..=0xc6 => {
                let n = self.length(1 << (b - 0xc4))?;
                self.take(n)
            }
            0xa0..=0xbf | 0xd9..=0xdb => self.text().map(str::as_bytes),
            _ => Err(self.error("no bytes")),
        }
    }

    /// Reads the head of a list and gives how many values follow. It is never
    /// more than the bytes that are left.
    pub fn list(&mut self) -> Result<usize> {
        let at = self.at;
        let n = match self.peek()? {
            b @ 0x90..=0x9f => {
                self.at += 1;
                usize::from(b & 0x0f)
            }
            b @ 0xdc..=0xdd => self.length(2 << (b - 0xdc))?,
            _ => return Err(self.error("no list")),
        };
        self.count(at, n, 1)
    }

    /// Reads the head of a map and gives how many pairs follow. It is never
    /// more than half the bytes that are left.
    pub fn map(&mut self) -> Result<usize> {
        let at = self.at;
        let n = match self.peek()? {
            b @ 0x80..=0x8f => {
                self.at += 1;
                usize::from(b & 0x0f)
            }
            b @ 0xde..=0xdf => self.length(2 << (b - 0xde))?,
            _ => return Err(self.error("no map")),
        };
        self.count(at, n, 2)
    }

    fn count(&self, at: usize, n: usize, each: usize) -> Result<usize> {
        if n > (self.bytes.len() - self.at) / each {
            return Err(DecodeError::new(at, TRUNCATED));
        }
        Ok(n)
    }

    /// Reads an extension value of any type.
    pub fn ext(&mut self) -> Result<(i8, &'a [u8])> {
        let n = match self.peek()? {
            b @ 0xd4..=0xd8 => {
                self.at += 1;
                1 << (b - 0xd4)
            }
            b @ 0xc7..=0xc9 => self.length(1 << (b - 0xc7))?,
            _ => return Err(self.error("no extension value")),
        };
        match self.take(n.saturating_add(1))? {
            [kind, data @ ..] => Ok((*kind as i8, data)),
            [] => Err(self.error(TRUNCATED)),
        }
    }

    /// Reads an instant.
    pub fn time(&mut self) -> Result<Time> {
        let at = self.at;
        match self.ext()? {
            (EXT_TIME, data) => Time::from_bytes(data).ok_or(DecodeError::new(at, "the timestamp is malformed")),
            _ => Err(DecodeError::new(at, "no timestamp")),
        }
    }

    /// Passes one value, however deep it is.
    pub fn skip(&mut self) -> Result<()> {
        let mut left = 1;
        while left > 0 {
            left -= 1;
            match self.kind()? {
                Kind::Nil | Kind::Bool => self.at += 1,
                Kind::Int => {
                    self.integer()?;
                }
                Kind::Float => {
                    let wide = self.peek()? == 0xcb;
                    self.head(if wide { 8 } else { 4 })?;
                }
                Kind::Text | Kind::Bytes => {
                    self.bytes()?;
                }
                Kind::List => left += self.list()?,
                Kind::Map => left += 2 * self.map()?,
                Kind::Ext => {
                    self.ext()?;
                }
            }
        }
        Ok(())
    }

    /// Passes one value and gives its bytes.
    pub fn raw(&mut self) -> Result<&'a [u8]> {
        let at = self.at;
        self.skip()?;
        Ok(self.bytes.get(at..self.at).unwrap_or(&[]))
    }

    /// Notes that what is read next lies in a list or a map. Each needs a
    /// [`leave`](Reader::leave).
    pub fn enter(&mut self) -> Result<()> {
        if self.depth == super::MAX_DEPTH {
            return Err(self.error("the message is too deep"));
        }
        self.depth += 1;
        Ok(())
    }

    /// Notes that the list or map is over.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}
