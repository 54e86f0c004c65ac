use crate::current::{self, Origin};
use crate::{mailbox, sys, Decode, Encode, Error, Message, Result, Status, Value};

/// What a hook answers, and what `next` ended with when that was a value.
///
/// The result of a `next` stays with the host until it is looked at. Returned
/// from the hook it comes out as it was, never encoded.
#[derive(Clone, Debug)]
pub struct Answer(Repr);

#[derive(Clone)]
enum Repr {
    Pass,
    Next(Origin, Option<Message>),
    Message(Message),
}

impl core::fmt::Debug for Repr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Repr::Pass => f.write_str("pass"),
            Repr::Next(origin, _) => write!(f, "next {}", origin.index),
            Repr::Message(m) => m.fmt(f),
        }
    }
}

impl Answer {
    /// Nothing to say. From `wrap`: the outcome of the last `next` stands; if
    /// `next` was not called, the host runs the rest once this extension is
    /// done with, which is the cheapest way to do nothing. From `call`: there
    /// is no such method.
    pub const PASS: Answer = Answer(Repr::Pass);

    /// Answers with a value of the extension's own.
    pub fn of<T: Encode + ?Sized>(value: &T) -> Answer {
        Answer(Repr::Message(Message::of(value)))
    }

    pub(crate) fn next(origin: Origin, read: Option<Message>) -> Answer {
        Answer(Repr::Next(origin, read))
    }

    /// Reads the value. Once `next` was called again, a result that was not
    /// fetched can be returned but no longer read: [`Status::STALE`].
    pub fn message(&self) -> Result<Message> {
        match &self.0 {
            Repr::Pass => Err(Status::NOT_FOUND.into()),
            Repr::Message(m) | Repr::Next(_, Some(m)) => Ok(m.clone()),
            Repr::Next(origin, None) => {
                if origin.generation != current::generation() || origin.index + 1 != current::calls() {
                    return Err(Status::STALE.into());
                }
                Ok(Message::raw(mailbox::slot(sys::SLOT_RESULT)?))
            }
        }
    }

    /// Reads and decodes the value.
    pub fn decode<T: Decode>(&self) -> Result<T> {
        self.message()?.decode()
    }

    /// Reads the value as a [`Value`].
    pub fn value(&self) -> Result<Value> {
        self.decode()
    }
}

impl From<Message> for Answer {
    fn from(m: Message) -> Answer {
        Answer(Repr::Message(m))
    }
}

impl From<Value> for Answer {
    fn from(v: Value) -> Answer {
        Answer::of(&v)
    }
}

/// Tells the host what a hook returned and gives the hook's result.
pub(crate) fn conclude(result: Result<Answer>) -> i32 {
    let error = match result {
        Ok(Answer(Repr::Pass)) => return sys::PASS,
        Ok(Answer(Repr::Next(origin, read))) => match stand(origin) {
            Some(done) => return done,
            None => match read {
                Some(m) => return conclude_value(&m),
                None => Status::STALE.into(),
            },
        },
        Ok(Answer(Repr::Message(m))) => return conclude_value(&m),
        Err(e) => e,
    };
    conclude_error(&error)
}

fn conclude_value(m: &Message) -> i32 {
    match sys::outcome(sys::OUTCOME_VALUE, m.bytes()).ok() {
        // A message that does not fit counts all the same: the host says why
        // better than a status would.
        Ok(_) | Err(Status::INVALID) | Err(Status::STALE) => sys::DONE,
        Err(status) => conclude_error(&status.into()),
    }
}

pub(crate) fn conclude_error(e: &Error) -> i32 {
    if let Some(done) = e.origin().and_then(stand) {
        return done;
    }
    let tell = |e: &Error| e.as_message(|m| sys::outcome(sys::OUTCOME_ERROR, m.bytes()).ok());
    let refused = match tell(e) {
        Ok(_) => return sys::DONE,
        Err(status) => status,
    };
    // Too large, or something in it is of another activation: why it cannot be
    // shown takes its place.
    if tell(&refused.into()).is_ok() {
        return sys::DONE;
    }
    // Such as DENIED, when the extension may only look.
    crate::panic::abort(&["the host takes no outcome: ", refused.code()])
}

/// Makes the outcome of a `next` stand; `None` if it is of another activation.
fn stand(origin: Origin) -> Option<i32> {
    if origin.generation != current::generation() {
        return None;
    }
    if origin.index + 1 == current::calls() {
        return Some(sys::PASS);
    }
    sys::outcome_next(origin.index).ok().ok().map(|_| sys::DONE)
}
