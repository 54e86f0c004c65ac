//! The host's log.
//!
//! ```
//! # let (i, e) = (1, aril::Error::new("busy", "later"));
//! aril::warn!("trying again", attempt = i, error = e);
//! ```
//!
//! What the host does not want, or what is past its limit of 64 KiB an
//! activation, is dropped.

use crate::{sys, Encode, Error, Time, Value, Writer};
use alloc::string::String;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
#[allow(missing_docs)]
pub enum Level {
    Debug = -4,
    Info = 0,
    Warn = 4,
    Error = 8,
}

/// What can be an attribute of a line: what a message may hold, and errors as
/// their text.
pub trait Attribute {
    /// Writes exactly one value.
    fn write(&self, w: &mut Writer);
}

macro_rules! attributes {
    ($($t:ty)*) => {$(
        impl Attribute for $t {
            fn write(&self, w: &mut Writer) {
                self.encode(w);
            }
        }
    )*};
}
attributes!(bool i8 i16 i32 i64 isize u8 u16 u32 u64 usize f32 f64 Value Time crate::Message);

/// The host shows no more of a line than that, in bytes.
const MOST: usize = 4 << 10;

impl Attribute for str {
    fn write(&self, w: &mut Writer) {
        w.text(crate::text::cut(self, MOST));
    }
}

impl Attribute for String {
    fn write(&self, w: &mut Writer) {
        self.as_str().write(w);
    }
}

impl Attribute for Error {
    fn write(&self, w: &mut Writer) {
        self.text().write(w);
    }
}

impl<T: Attribute + ?Sized> Attribute for &T {
    fn write(&self, w: &mut Writer) {
        (**self).write(w);
    }
}

impl<T: Attribute> Attribute for Option<T> {
    fn write(&self, w: &mut Writer) {
        match self {
            Some(v) => v.write(w),
            None => {
                w.nil();
            }
        }
    }
}

/// Writes a line. The macros [`debug!`](crate::debug), [`info!`](crate::info),
/// [`warn!`](crate::warn!) and [`error!`](crate::error!) are shorter. It tells
/// whether the host took the line.
pub fn write(level: Level, message: &str, attributes: &[(&str, &dyn Attribute)]) -> bool {
    let mut w = Writer::new();
    if !attributes.is_empty() {
        w.map(attributes.len());
        for (key, value) in attributes {
            value.write(w.text(key));
        }
    }
    let (message, attributes) = (message.as_bytes(), w.as_bytes());
    let put = |attributes: &[u8]| {
        let answered = unsafe {
            sys::log::write(level as i32, message.as_ptr(), message.len(), attributes.as_ptr(), attributes.len())
        };
        crate::status::Answered(answered).ok()
    };
    match put(attributes) {
        // Attributes that the host refuses must not cost the line.
        Err(crate::Status::INVALID) => put(&[]).is_ok(),
        result => result.is_ok(),
    }
}

/// Logs a line at level debug: a text, and attributes as `name = value`.
#[macro_export]
macro_rules! debug {
    ($($line:tt)+) => { $crate::log_line!(Debug, $($line)+) };
}

/// Logs a line at level info: a text, and attributes as `name = value`.
#[macro_export]
macro_rules! info {
    ($($line:tt)+) => { $crate::log_line!(Info, $($line)+) };
}

/// Logs a line at level warn: a text, and attributes as `name = value`.
#[macro_export]
macro_rules! warn {
    ($($line:tt)+) => { $crate::log_line!(Warn, $($line)+) };
}

/// Logs a line at level error: a text, and attributes as `name = value`.
#[macro_export]
macro_rules! error {
    ($($line:tt)+) => { $crate::log_line!(Error, $($line)+) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! log_line {
    ($level:ident, $message:expr $(, $key:ident = $value:expr)* $(,)?) => {
        $crate::log::write(
            $crate::log::Level::$level,
            $message,
            &[$((stringify!($key), &$value as &dyn $crate::log::Attribute)),*],
        )
    };
}
