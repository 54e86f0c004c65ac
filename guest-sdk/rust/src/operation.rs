use crate::current;
use crate::header::Header;
use crate::random::Rng;
use crate::status::{Answered, Status};
use crate::{mailbox, sys, Answer, Decode, Encode, Error, Message, Result};

/// What an extension may do to an operation. Beyond its powers it gets
/// [`Status::DENIED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Powers(pub u32);

impl Powers {
    /// Read the input and the parameters.
    pub const READ_INPUT: Powers = Powers(1);
    /// Read results.
    pub const READ_RESULT: Powers = Powers(2);
    /// Read messages of errors that are not public.
    pub const READ_ERROR_TEXT: Powers = Powers(4);
    /// Give `next` another input.
    pub const CHANGE_INPUT: Powers = Powers(8);
    /// Answer something else after a `next`.
    pub const CHANGE_RESULT: Powers = Powers(16);
    /// Answer without a `next`.
    pub const SKIP: Powers = Powers(32);
    /// Call `next` more than once.
    pub const REPEAT: Powers = Powers(64);

    /// Whether all of `wanted` are among them.
    pub const fn has(self, wanted: Powers) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl core::ops::BitOr for Powers {
    type Output = Powers;

    fn bitor(self, other: Powers) -> Powers {
        Powers(self.0 | other.0)
    }
}

/// What is being wrapped.
pub struct Operation {
    pub(crate) header: Header,
}

impl Operation {
    /// What sort of operation it is, such as `execution`.
    pub fn kind(&self) -> &str {
        self.header.text("kind")
    }

    /// Its name among those of its kind.
    pub fn name(&self) -> &str {
        self.header.text("name")
    }

    /// The journal or cache key, empty for none.
    pub fn key(&self) -> &str {
        self.header.text("key")
    }

    /// Unique among all operations, events and calls of the host's Runtime.
    pub fn id(&self) -> u64 {
        self.header.number("id")
    }

    /// The ID of the operation that began the chain.
    pub fn root(&self) -> u64 {
        self.header.number("root")
    }

    /// How many operations are above; 0 at the root.
    pub fn depth(&self) -> u32 {
        self.header.number("depth") as u32
    }

    /// How often `next` may be called.
    pub fn max_next(&self) -> u32 {
        self.header.number("max_next") as u32
    }

    /// What the extension may do to it.
    pub fn powers(&self) -> Powers {
        Powers(self.header.number("powers") as u32)
    }

    /// A map of its tags, nil for none.
    pub fn meta(&self) -> Message {
        self.header.message("meta")
    }

    /// What it was called with. Needs the power ReadInput.
    pub fn input(&self) -> Result<Message> {
        self.header.slot(sys::SLOT_INPUT)
    }

    /// What the host attached to it besides the input, nil for nothing. Needs
    /// the power ReadInput.
    pub fn params(&self) -> Result<Message> {
        self.header.slot(sys::SLOT_PARAMS)
    }

    /// A source of random numbers, seeded with 32 random bytes that the host
    /// sent with this operation. Each call begins the same sequence.
    pub fn rng(&self) -> Rng {
        self.header.rng()
    }
}

/// Runs the rest of the pipeline, in the end the operation itself.
///
/// It may be called 0 to [`max_next`](Operation::max_next) times. An error
/// with a [`status`](Error::status) means that the rest did not run: the
/// extension lacks a power, has called it too often, or the caller has given
/// up.
///
/// While it runs, the host may enter this extension again (mode Single): a
/// `RefCell` must not stay borrowed.
pub struct Next {
    pub(crate) generation: u32,
}

impl Next {
    /// With the input as it is.
    pub fn run(&self) -> Result<Answer> {
        self.call(None, 0)
    }

    /// With another input, this once. What it leaves out keeps the value that
    /// it had. Needs the power ChangeInput.
    pub fn run_with<T: Encode + ?Sized>(&self, input: &T) -> Result<Answer> {
        self.call(Some(&Message::of(input)), 0)
    }

    /// Like [`run`](Next::run), and brings the result along: one call into the
    /// host less if it will be read. Needs the power ReadResult.
    pub fn fetch(&self) -> Result<Answer> {
        self.call(None, sys::NEXT_READ)
    }

    /// [`run_with`](Next::run_with) and [`fetch`](Next::fetch) in one.
    pub fn fetch_with<T: Encode + ?Sized>(&self, input: &T) -> Result<Answer> {
        self.call(Some(&Message::of(input)), sys::NEXT_READ)
    }

    fn call(&self, input: Option<&Message>, flags: u32) -> Result<Answer> {
        if self.generation != current::generation() {
            return Err(Status::PHASE.into());
        }
        let (bytes, flags) = match input {
            Some(m) => (m.bytes(), flags | sys::NEXT_REPLACE),
            None => (&[][..], flags),
        };
        let answered = Answered(unsafe { sys::aril::next(bytes.as_ptr(), bytes.len(), flags) });
        let fetched = flags & sys::NEXT_READ != 0 && answered.n() > 0;
        match answered.ok() {
            Ok(n) => {
                // Copied before anything else can reach the host.
                let read = if fetched { Some(long_or_mailbox(n, sys::SLOT_RESULT)?) } else { None };
                Ok(Answer::next(current::count(), read))
            }
            Err(Status::FAILED) => {
                let bytes =
                    if fetched { long_or_mailbox(answered.n(), sys::SLOT_ERROR) } else { read_slot(sys::SLOT_ERROR) };
                let origin = current::count();
                Err(Error::of_next(bytes?, origin))
            }
            Err(status) => Err(status.into()),
        }
    }
}

fn read_slot(slot: u32) -> Result<Message> {
    Ok(Message::raw(mailbox::slot(slot)?))
}

/// What was not written because it is longer than the mailbox is in its slot.
fn long_or_mailbox(n: usize, slot: u32) -> Result<Message> {
    if n > mailbox::SIZE {
        return read_slot(slot);
    }
    Ok(Message::raw(mailbox::message(n)?))
}

impl core::fmt::Debug for Operation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Operation")
            .field("kind", &self.kind())
            .field("name", &self.name())
            .field("id", &self.id())
            .finish()
    }
}

impl core::fmt::Debug for Next {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Next")
    }
}

/// Reads parameters of an operation as a record; the default without the power
/// ReadInput, and where the host sent none.
pub(crate) fn params<T: Decode + Default>(op: &Operation) -> Result<T> {
    let m = match op.params() {
        Ok(m) => m,
        Err(e) if e.status() == Some(Status::DENIED) => return Ok(T::default()),
        Err(e) => return Err(e),
    };
    if m.is_nil() {
        return Ok(T::default());
    }
    m.decode()
}
