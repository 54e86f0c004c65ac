use crate::current::{self, Frame};
use crate::random::Rng;
use crate::status::Status;
use crate::{mailbox, msgpack, Decode, Message, Reader, Result};

/// The message that a hook was called with. Keys are looked up when they are
/// asked for: most hooks look at one or two.
pub(crate) struct Header {
    bytes: Message,
    generation: u32,
}

impl Header {
    /// Copies the header of n bytes of the activation that has begun.
    pub(crate) fn receive(n: u32) -> Header {
        // A header that cannot be read has no keys.
        let bytes = Message::raw(mailbox::message(n as usize).unwrap_or_default());
        Header { bytes, generation: current::generation() }
    }

    fn find(&self, key: &str) -> Option<&[u8]> {
        msgpack::find(self.bytes.bytes(), &key).ok().flatten()
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.find(key).and_then(|v| Reader::new(v).text().ok()).unwrap_or("")
    }

    pub(crate) fn number(&self, key: &str) -> u64 {
        self.find(key).and_then(|v| Reader::new(v).u64().ok()).unwrap_or(0)
    }

    pub(crate) fn message(&self, key: &str) -> Message {
        self.find(key).and_then(|v| Decode::decode(&mut Reader::new(v)).ok()).unwrap_or_default()
    }

    pub(crate) fn rng(&self) -> Rng {
        let mut seed = [0; 32];
        if let Some(Ok(entropy)) = self.find("entropy").map(|v| Reader::new(v).bytes()) {
            for (to, from) in seed.iter_mut().zip(entropy) {
                *to = *from;
            }
        }
        Rng::from_seed(&seed)
    }

    /// Reads a slot of this activation; nothing there is nil.
    pub(crate) fn slot(&self, slot: u32) -> Result<Message> {
        if self.generation != current::generation() {
            return Err(Status::PHASE.into());
        }
        match mailbox::slot(slot) {
            Ok(bytes) => Ok(Message::raw(bytes)),
            Err(Status::NOT_FOUND) => Ok(Message::default()),
            Err(status) => Err(status.into()),
        }
    }
}

/// Begins an activation and receives its header.
pub(crate) fn enter(n: u32) -> (Frame, Header) {
    let frame = Frame::enter();
    let header = Header::receive(n);
    (frame, header)
}
