use crate::current::Origin;
use crate::msgpack;
use crate::{Decode, DecodeError, Encode, Message, Reader, Status, Writer};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;

/// What functions of this crate and hooks give.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// An operation error: one that `next` ended with, one that an extension
/// makes, or a [`Status`] of the host.
///
/// Returned from a hook as `next` gave it, it reaches the host as the very
/// error value it was there. One that was changed, or that is the
/// [cause](Error::with_cause) of another, reaches it as a new error that wraps
/// that value.
#[derive(Clone)]
pub struct Error(Repr);

#[derive(Clone)]
enum Repr {
    Status(Status),
    Message(Box<Stated>),
}

/// An error as the message that crosses the boundary. It is decoded by parts,
/// so that an extension that only hands errors on carries no decoder.
#[derive(Clone)]
struct Stated {
    message: Message,
    /// Where it came from, until it is changed.
    origin: Option<Origin>,
}

/// The code of an error that has none.
const PLAIN: &str = "error";

// Bounds of an Error message, beyond which the host refuses it.
const MOST_ERRORS: usize = 16;
const MOST_CODE: usize = 256;
const MOST_MESSAGE: usize = 64 << 10;

impl Error {
    /// Makes an error of the extension's own. The code is for programs, at
    /// most 256 bytes of it; the message for people, at most 64 KiB.
    pub fn new(code: impl AsRef<str>, message: impl AsRef<str>) -> Error {
        let mut w = Writer::new();
        w.map(2).text("code").text(crate::text::cut(code.as_ref(), MOST_CODE));
        w.text("message").text(crate::text::cut(message.as_ref(), MOST_MESSAGE));
        Error::stated(w.into_message(), None)
    }

    /// Makes an error with the code `error` from whatever can be displayed.
    pub fn other(e: impl core::fmt::Display) -> Error {
        Error::new(PLAIN, alloc::format!("{}", e))
    }

    fn stated(message: Message, origin: Option<Origin>) -> Error {
        Error(Repr::Message(Box::new(Stated { message, origin })))
    }

    /// The error that a `next` ended with.
    pub(crate) fn of_next(message: Message, origin: Origin) -> Error {
        Error::stated(message, Some(origin))
    }

    fn find(&self, key: &str) -> Option<Reader<'_>> {
        match &self.0 {
            Repr::Status(_) => None,
            Repr::Message(e) => msgpack::find(e.message.bytes(), &key).ok().flatten().map(Reader::new),
        }
    }

    fn text_of(&self, key: &str) -> &str {
        self.find(key).and_then(|mut r| r.text().ok()).unwrap_or("")
    }

    fn with<T: Encode + ?Sized>(&self, key: &str, value: &T) -> Error {
        let message = Message::of(self);
        // Setting a key of a map does not fail; what is no map stays.
        Error::stated(message.set(key, value).unwrap_or(message), None)
    }

    /// The error with another code.
    #[must_use]
    pub fn with_code(self, code: impl AsRef<str>) -> Error {
        self.with("code", crate::text::cut(code.as_ref(), MOST_CODE))
    }

    /// The error with another message.
    #[must_use]
    pub fn with_message(self, message: impl AsRef<str>) -> Error {
        self.with("message", crate::text::cut(message.as_ref(), MOST_MESSAGE))
    }

    /// The error with details for a program.
    #[must_use]
    pub fn with_data<T: Encode + ?Sized>(self, data: &T) -> Error {
        self.with("data", data)
    }

    /// The error with what led to it. Of a chain the outermost 16 are kept.
    #[must_use]
    pub fn with_cause(self, cause: Error) -> Error {
        const TOO_DEEP: [&str; MOST_ERRORS - 1] = ["cause"; MOST_ERRORS - 1];
        let cause = Message::of(&cause);
        let cause = cause.remove(&TOO_DEEP[..]).unwrap_or(cause);
        self.with("cause", &cause)
    }

    /// The error, with whether trying again may help.
    #[must_use]
    pub fn with_retryable(self, retryable: bool) -> Error {
        self.with("retryable", &retryable)
    }

    /// What a program decides by, such as `out_of_stock`.
    pub fn code(&self) -> &str {
        match &self.0 {
            Repr::Status(status) => status.code(),
            Repr::Message(_) => match self.text_of("code") {
                "" => PLAIN,
                code => code,
            },
        }
    }

    /// What a person reads; of a [`Status`] its code. Without the power ReadErrorText it says no more of
    /// a host's error than that there was one.
    pub fn message(&self) -> &str {
        match &self.0 {
            Repr::Status(status) => status.code(),
            Repr::Message(_) => self.text_of("message"),
        }
    }

    /// Whose error it is: `host`, `extension`, `broken` for an extension that
    /// broke, `canceled`; empty for one that did not come from the host.
    pub fn kind(&self) -> &str {
        self.text_of("kind")
    }

    /// Details for a program, nil for none.
    pub fn data(&self) -> Message {
        self.find("data").and_then(|mut r| Decode::decode(&mut r).ok()).unwrap_or_default()
    }

    /// What led to it.
    pub fn cause(&self) -> Option<Error> {
        let message: Message = self.find("cause").and_then(|mut r| Decode::decode(&mut r).ok())?;
        if message.is_nil() {
            return None;
        }
        Some(Error::stated(message, None))
    }

    /// Whether trying again may help: the host or an extension said so, or a
    /// back end did not answer.
    pub fn retryable(&self) -> bool {
        match self.0 {
            Repr::Status(status) => is_retryable(status),
            Repr::Message(_) => self.find("retryable").map_or(false, |mut r| r.bool() == Ok(true)),
        }
    }

    /// The status, if the host did not do what it was asked. After a `next` it
    /// means that the rest of the pipeline did not run.
    pub fn status(&self) -> Option<Status> {
        match self.0 {
            Repr::Status(status) => Some(status),
            Repr::Message(_) => None,
        }
    }

    /// Whether the caller has given up.
    pub fn is_canceled(&self) -> bool {
        self.status() == Some(Status::CANCELED) || self.kind() == "canceled"
    }

    pub(crate) fn origin(&self) -> Option<Origin> {
        match &self.0 {
            Repr::Status(_) => None,
            Repr::Message(e) => e.origin,
        }
    }

    /// The text of [`Display`](core::fmt::Display).
    pub(crate) fn text(&self) -> String {
        let message = if self.message().is_empty() { self.code() } else { self.message() };
        let mut text = message.to_owned();
        if let Some(cause) = self.cause() {
            let cause = cause.text();
            if !text.ends_with(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
        }
        text
    }
}

fn is_retryable(status: Status) -> bool {
    status == Status::UNAVAILABLE || status == Status::BUSY
}

impl From<Status> for Error {
    fn from(status: Status) -> Error {
        Error(Repr::Status(status))
    }
}

impl From<DecodeError> for Error {
    /// The code is `invalid`.
    fn from(e: DecodeError) -> Error {
        Error::new(Status::INVALID.code(), e.text())
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Error {
        Error::new(PLAIN, message)
    }
}

impl From<String> for Error {
    fn from(message: String) -> Error {
        Error::new(PLAIN, message)
    }
}

impl core::fmt::Display for Error {
    /// The message, or the code where there is none, and the cause unless the
    /// message ends in it.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text())
    }
}

impl core::fmt::Debug for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut s = f.debug_struct("Error");
        s.field("code", &self.code()).field("message", &self.message()).field("kind", &self.kind());
        s.field("data", &self.data()).field("cause", &self.cause()).field("retryable", &self.retryable()).finish()
    }
}

#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
impl std::error::Error for Error {}

impl Error {
    /// Hands the message that crosses the boundary to f.
    pub(crate) fn as_message<R>(&self, f: impl FnOnce(&Message) -> R) -> R {
        match &self.0 {
            Repr::Message(e) => f(&e.message),
            Repr::Status(status) => f(&of_status(*status)),
        }
    }
}

fn of_status(status: Status) -> Message {
    let mut w = Writer::new();
    let retryable = is_retryable(status);
    w.map(2 + usize::from(retryable));
    w.text("code").text(status.code()).text("message").text(status.code());
    if retryable {
        w.text("retryable").bool(true);
    }
    w.into_message()
}

impl Encode for Error {
    fn encode(&self, w: &mut Writer) {
        self.as_message(|m| m.encode(w));
    }
}

impl Decode for Error {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut map = r.clone();
        map.map()?;
        Ok(Error::stated(Decode::decode(r)?, None))
    }
}
