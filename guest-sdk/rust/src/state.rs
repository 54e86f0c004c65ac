//! The extension's own store in the host. It outlives activations, and is the
//! same for all instances of the extension, which may run at once.
//!
//! Keys are 1 to 512 bytes. Each call stands alone: what must not be lost
//! between a [`get`] and a [`put`] needs [`add`], [`append`] or
//! [`compare_and_swap`].
//!
//! An extension that uses it imports `aril_state_v1`, which must be granted.

use crate::status::{Answered, Status};
use crate::{mailbox, sys, Reader, Result};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;

/// The value at a key.
pub fn get(key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>> {
    let key = key.as_ref();
    match mailbox::fill(&mut |buf, limit| unsafe { sys::state::get(key.as_ptr(), key.len(), buf, limit) }) {
        Ok(value) => Ok(Some(value)),
        Err(Status::NOT_FOUND) => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// Stores a value at a key.
pub fn put(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
    let (key, value) = (key.as_ref(), value.as_ref());
    Answered(unsafe { sys::state::put(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }).ok()?;
    Ok(())
}

/// Removes a key and tells whether there was something.
pub fn delete(key: impl AsRef<[u8]>) -> Result<bool> {
    let key = key.as_ref();
    match Answered(unsafe { sys::state::delete(key.as_ptr(), key.len()) }).ok() {
        Ok(_) => Ok(true),
        Err(Status::NOT_FOUND) => Ok(false),
        Err(status) => Err(status.into()),
    }
}

/// The keys that begin with a prefix, in order. What comes and goes meanwhile
/// may or may not be among them.
pub fn list(prefix: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>> {
    let prefix = prefix.as_ref();
    let mut keys: Vec<Vec<u8>> = Vec::new();
    let mut buffer = [0; 4096].to_vec();
    loop {
        let after = keys.last().map_or(&[][..], Vec::as_slice);
        let answered = Answered(unsafe {
            sys::state::list(
                prefix.as_ptr(),
                prefix.len(),
                after.as_ptr(),
                after.len(),
                buffer.as_mut_ptr(),
                buffer.len(),
            )
        });
        let n = answered.ok()?.min(buffer.len());
        let mut r = Reader::new(&buffer[..n]);
        let count = r.list()?;
        if count == 0 {
            return Ok(keys);
        }
        for _ in 0..count {
            keys.push(r.bytes()?.to_owned());
        }
    }
}

/// Adds to the number at a key, which counts as 0 when it is absent, and gives
/// the sum. A value that [`add`] did not write is
/// [`Status::INVALID`](crate::Status::INVALID).
pub fn add(key: impl AsRef<[u8]>, delta: i64) -> Result<i64> {
    let key = key.as_ref();
    let mut sum = [0; 8];
    Answered(unsafe { sys::state::add(key.as_ptr(), key.len(), delta, sum.as_mut_ptr()) }).ok()?;
    Ok(i64::from_le_bytes(sum))
}

/// Appends to the value at a key, which counts as empty when it is absent, and
/// gives the new length.
pub fn append(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<usize> {
    let (key, value) = (key.as_ref(), value.as_ref());
    Ok(Answered(unsafe { sys::state::append(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }).ok()?)
}

/// Stores `new` if `old` is there, and tells whether it was. `None` is no
/// value: as `old` the key must be absent, as `new` it is removed.
pub fn compare_and_swap(key: impl AsRef<[u8]>, old: Option<&[u8]>, new: Option<&[u8]>) -> Result<bool> {
    const ABSENT: usize = 0xffff_ffff;
    let key = key.as_ref();
    let pair = |value: Option<&[u8]>| value.map_or((core::ptr::null(), ABSENT), |v| (v.as_ptr(), v.len()));
    let ((old, olen), (new, nlen)) = (pair(old), pair(new));
    match Answered(unsafe { sys::state::compare_and_swap(key.as_ptr(), key.len(), old, olen, new, nlen) }).ok() {
        Ok(_) => Ok(true),
        Err(Status::CONFLICT) => Ok(false),
        Err(status) => Err(status.into()),
    }
}
