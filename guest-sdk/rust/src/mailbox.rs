//! What the host hands over: through the mailbox, which every import may
//! overwrite, or into a buffer of the guest's.

use crate::status::{Answered, Status};
use crate::sys;
use alloc::vec::Vec;
use core::cell::UnsafeCell;

pub(crate) const SIZE: usize = 8 << 10;

struct Mailbox(UnsafeCell<[u8; SIZE]>);

// The host writes to it while it runs, and then the guest does not.
#[cfg(target_arch = "wasm32")]
unsafe impl Sync for Mailbox {}

#[cfg(target_arch = "wasm32")]
static MAILBOX: Mailbox = Mailbox(UnsafeCell::new([0; SIZE]));

#[cfg(target_arch = "wasm32")]
fn pointer() -> *mut u8 {
    MAILBOX.0.get().cast()
}

#[cfg(not(target_arch = "wasm32"))]
std::thread_local! {
    static MAILBOX: Mailbox = Mailbox(UnsafeCell::new([0; SIZE]));
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn pointer() -> *mut u8 {
    MAILBOX.with(|m| m.0.get().cast())
}

/// What `aril_abi_v1` answers.
pub(crate) fn place() -> u64 {
    (pointer() as u64) << 32 | SIZE as u64
}

/// Copies a message of n bytes that was sent through the mailbox, or was too
/// long for it.
pub(crate) fn message(n: usize) -> Result<Vec<u8>, Status> {
    if n > SIZE {
        return slot(sys::SLOT_MESSAGE);
    }
    let mut copy = Vec::with_capacity(n);
    // The n bytes are within the mailbox, and nothing else refers to it.
    unsafe {
        core::ptr::copy_nonoverlapping(pointer(), copy.as_mut_ptr(), n);
        copy.set_len(n);
    }
    Ok(copy)
}

/// Copies the message of a slot.
pub(crate) fn slot(slot: u32) -> Result<Vec<u8>, Status> {
    fill(&mut |buf, limit| unsafe { sys::aril::read(slot, 0, buf, limit) })
}

/// The first buffer. A longer message takes a second call.
const FIRST: usize = 256;

/// Calls a function that writes to a buffer and answers with the whole length,
/// with a buffer that is large enough.
pub(crate) fn fill(function: &mut dyn FnMut(*mut u8, usize) -> u64) -> Result<Vec<u8>, Status> {
    let mut bytes: Vec<u8> = Vec::with_capacity(FIRST);
    loop {
        let limit = bytes.capacity();
        let n = Answered(function(bytes.as_mut_ptr(), limit)).ok()?;
        if n <= limit {
            // The host has written the first n bytes.
            unsafe { bytes.set_len(n) };
            return Ok(bytes);
        }
        bytes.reserve_exact(n);
    }
}
