use super::{EXT_OPAQUE, EXT_TIME};
use crate::{Encode, Message, Opaque, Time};
use alloc::vec::Vec;

/// Makes a message, each value in its shortest form. That lists and maps get
/// as many values as was said is up to the caller.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins with nothing.
    pub const fn new() -> Self {
        Writer { bytes: Vec::new() }
    }

    /// What was written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was written, as a message.
    pub fn into_message(self) -> Message {
        Message::raw(self.bytes)
    }

    /// Writes whatever can be encoded.
    pub fn value<T: Encode + ?Sized>(&mut self, value: &T) -> &mut Self {
        value.encode(self);
        self
    }

    fn head(&mut self, head: u8, v: u64, width: usize) {
        self.bytes.push(head);
        for i in (0..width).rev() {
            self.bytes.push((v >> (8 * i)) as u8);
        }
    }

    /// Writes a length in the shortest of the given forms: as a part of `fix`
    /// below `below`, else after `head8` (0 for none), `head16`, or the one
    /// that follows it.
    fn length(&mut self, n: usize, fix: u8, below: usize, head8: u8, head16: u8) {
        if n < below {
            self.bytes.push(fix | n as u8);
        } else if n <= 0xff && head8 != 0 {
            self.head(head8, n as u64, 1);
        } else if n <= 0xffff {
            self.head(head16, n as u64, 2);
        } else {
            self.head(head16 + 1, n as u64, 4);
        }
    }

    /// Writes nil.
    pub fn nil(&mut self) -> &mut Self {
        self.bytes.push(0xc0);
        self
    }

    /// Writes true or false.
    pub fn bool(&mut self, v: bool) -> &mut Self {
        self.bytes.push(0xc2 | u8::from(v));
        self
    }

    /// Writes an integer.
    pub fn int(&mut self, v: i64) -> &mut Self {
        if v >= 0 {
            return self.uint(v as u64);
        }
        if v >= -32 {
            self.bytes.push(v as u8);
        } else if v >= i64::from(i8::MIN) {
            self.head(0xd0, v as u64, 1);
        } else if v >= i64::from(i16::MIN) {
            self.head(0xd1, v as u64, 2);
        } else if v >= i64::from(i32::MIN) {
            self.head(0xd2, v as u64, 4);
        } else {
            self.head(0xd3, v as u64, 8);
        }
        self
    }

    /// Writes an integer that is not negative.
    pub fn uint(&mut self, v: u64) -> &mut Self {
        if v <= 0x7f {
            self.bytes.push(v as u8);
        } else if v <= 0xff {
            self.head(0xcc, v, 1);
        } else if v <= 0xffff {
            self.head(0xcd, v, 2);
        } else if v <= 0xffff_ffff {
            self.head(0xce, v, 4);
        } else {
            self.head(0xcf, v, 8);
        }
        self
    }

    /// Writes a float of 32 bits.
    pub fn f32(&mut self, v: f32) -> &mut Self {
        self.head(0xca, u64::from(v.to_bits()), 4);
        self
    }

    /// Writes a float of 64 bits.
    pub fn f64(&mut self, v: f64) -> &mut Self {
        self.head(0xcb, v.to_bits(), 8);
        self
    }

    /// Writes a text.
    #[inline(never)]
    pub fn text(&mut self, v: &str) -> &mut Self {
        self.length(v.len(), 0xa0, 32, 0xd9, 0xda);
        self.bytes.extend_from_slice(v.as_bytes());
        self
    }

    /// Writes bytes.
    pub fn bytes(&mut self, v: &[u8]) -> &mut Self {
        self.length(v.len(), 0, 0, 0xc4, 0xc5);
        self.bytes.extend_from_slice(v);
        self
    }

    /// Begins a list of n values.
    pub fn list(&mut self, n: usize) -> &mut Self {
        self.length(n, 0x90, 16, 0, 0xdc);
        self
    }

    /// Begins a map of n pairs.
    pub fn map(&mut self, n: usize) -> &mut Self {
        self.length(n, 0x80, 16, 0, 0xde);
        self
    }

    /// Writes an extension value.
    pub fn ext(&mut self, kind: i8, data: &[u8]) -> &mut Self {
        match data.len() {
            1 | 2 | 4 | 8 | 16 => self.bytes.push(0xd4 + data.len().trailing_zeros() as u8),
            n => self.length(n, 0, 0, 0xc7, 0xc8),
        }
        self.bytes.push(kind as u8);
        self.bytes.extend_from_slice(data);
        self
    }

    /// Writes an instant.
    pub fn time(&mut self, v: Time) -> &mut Self {
        let mut buffer = [0; 12];
        self.ext(EXT_TIME, v.to_bytes(&mut buffer))
    }

    /// Gives an opaque value back to the host.
    pub fn opaque(&mut self, v: &Opaque) -> &mut Self {
        self.ext(EXT_OPAQUE, v.data())
    }

    /// Writes bytes that are a value already.
    pub fn raw(&mut self, v: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(v);
        self
    }
}
