//! Values along the chain of calls. Keys are 1 to 512 bytes and the
//! extension's own: others do not see them unless the host says so. A value is
//! at most 64 KiB.

use crate::status::{Answered, Status};
use crate::{mailbox, sys, Decode, Encode, Message, Result};
use alloc::vec::Vec;

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Level {
    /// This operation; operations below it inherit what is there.
    Own = 0,
    /// The root operation of the chain.
    Root = 1,
    /// The scope, or the pipeline where there is none.
    Scope = 2,
}

fn there<T>(result: Result<T, Status>) -> Result<Option<T>> {
    match result {
        Ok(v) => Ok(Some(v)),
        Err(Status::NOT_FOUND) => Ok(None),
        Err(status) => Err(status.into()),
    }
}

impl Level {
    /// The value at a key.
    pub fn message(self, key: &str) -> Result<Option<Message>> {
        let found = mailbox::fill(&mut |buf, limit| unsafe {
            sys::aril::context_get(self as u32, key.as_ptr(), key.len(), buf, limit)
        });
        Ok(there(found)?.map(Message::raw))
    }

    /// The value at a key, decoded; `None` for nil, too.
    pub fn get<T: Decode>(self, key: &str) -> Result<Option<T>> {
        match self.message(key)? {
            Some(m) => m.decode(),
            None => Ok(None),
        }
    }

    /// Sets the value at a key.
    pub fn set<T: Encode + ?Sized>(self, key: &str, value: &T) -> Result<()> {
        let m = Message::of(value);
        let m = m.bytes();
        let answered = unsafe { sys::aril::context_set(self as u32, key.as_ptr(), key.len(), m.as_ptr(), m.len()) };
        Answered(answered).ok()?;
        Ok(())
    }

    /// Removes a key. At level Own what a parent holds shows again.
    pub fn remove(self, key: &str) -> Result<()> {
        let answered = unsafe { sys::aril::context_set(self as u32, key.as_ptr(), key.len(), core::ptr::null(), 0) };
        Answered(answered).ok()?;
        Ok(())
    }

    /// Appends to the list at a key, which is made when it is absent, and gives
    /// the new count. Operations that run at once lose nothing of each other's.
    pub fn append<T: Encode + ?Sized>(self, key: &str, value: &T) -> Result<usize> {
        let m = Message::of(value);
        let m = m.bytes();
        let answered = unsafe { sys::aril::context_append(self as u32, key.as_ptr(), key.len(), m.as_ptr(), m.len()) };
        Ok(Answered(answered).ok()?)
    }

    /// Sets the value at a key and gives what was there, in one step.
    pub fn swap<T: Encode + ?Sized>(self, key: &str, value: &T) -> Result<Option<Message>> {
        let m = Message::of(value);
        let m = m.bytes();
        let mut old: Vec<u8> = Vec::with_capacity(256);
        loop {
            let limit = old.capacity();
            let answered = Answered(unsafe {
                sys::aril::context_swap(
                    self as u32,
                    key.as_ptr(),
                    key.len(),
                    m.as_ptr(),
                    m.len(),
                    old.as_mut_ptr(),
                    limit,
                )
            });
            match answered.ok() {
                Ok(n) => {
                    // The host has written n bytes, no more than there was
                    // room for.
                    unsafe { old.set_len(n.min(limit)) };
                    return Ok(Some(Message::raw(old)));
                }
                // The old value does not fit, and nothing has changed.
                Err(Status::TOO_LARGE) if answered.n() > limit => old.reserve_exact(answered.n()),
                Err(status) => return there(Err(status)),
            }
        }
    }
}
