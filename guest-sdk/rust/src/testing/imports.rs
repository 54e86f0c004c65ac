//! The imports of an extension, answered by the [`Host`](super::Host) that
//! runs it. Outside of a hook they answer
//! [`Status::PHASE`](crate::Status::PHASE).

#![allow(missing_docs, clippy::missing_safety_doc)]

use super::activation::{Activation, Hook};
use super::{Kept, Line, Shared};
use crate::{Message, Reader, Status};
use std::cell::RefCell;
use std::rc::Rc;
use std::string::{String, ToString};
use std::vec::Vec;

std::thread_local! {
    static HOSTS: RefCell<Vec<Rc<Shared>>> = RefCell::default();
}

/// Makes a host the one that answers, until the result is dropped.
pub(super) fn enter(shared: &Rc<Shared>) -> Leave {
    HOSTS.with(|h| h.borrow_mut().push(Rc::clone(shared)));
    Leave
}

pub(super) struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(shared) = HOSTS.with(|h| h.borrow_mut().pop()) {
            shared.running.borrow_mut().pop();
        }
    }
}

fn pack(status: Status, n: usize) -> u64 {
    u64::from(status.0) << 32 | n as u64
}

fn ok(n: usize) -> u64 {
    n as u64
}

/// Answers for the activation that runs, in one of the hooks. The mailbox is
/// overwritten first: what was in it is lost, as the ABI says.
fn answer(hooks: &[Hook], f: impl FnOnce(&Shared, &Activation) -> u64) -> u64 {
    unsafe { core::ptr::write_bytes(crate::mailbox::pointer(), b'?', crate::mailbox::SIZE) };
    let shared = match HOSTS.with(|h| h.borrow().last().cloned()) {
        Some(shared) => shared,
        None => return pack(Status::PHASE, 0),
    };
    match shared.current() {
        Some(a) if hooks.is_empty() || hooks.contains(&a.hook) => f(&shared, &a),
        _ => pack(Status::PHASE, 0),
    }
}

const ANY: &[Hook] = &[];
const WORK: &[Hook] = &[Hook::Wrap, Hook::Event, Hook::Call];
const LATE: &[Hook] = &[Hook::Wrap, Hook::Event, Hook::Call, Hook::Dispose];
const RESUMED: &[Hook] = &[Hook::Resume, Hook::Wrap, Hook::Event, Hook::Call, Hook::Dispose];

unsafe fn bytes<'a>(ptr: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    core::slice::from_raw_parts(ptr, len)
}

/// Copies as much as there is room for and answers with the whole length.
unsafe fn fill(value: &[u8], buf: *mut u8, limit: usize) -> u64 {
    core::ptr::copy_nonoverlapping(value.as_ptr(), buf, value.len().min(limit));
    ok(value.len())
}

/// A function of a capability that a test offers by
/// [`Host::function`](super::Host::function).
pub unsafe fn capability(module: &str, name: &str, message: *const u8, length: usize) -> u64 {
    let argument = Message::raw(bytes(message, length).to_vec());
    answer(LATE, |h, a| {
        let function = h.functions.borrow().get(&(module.to_string(), name.to_string())).cloned();
        match function.map(|f| f(argument)) {
            None => pack(Status::DENIED, 0),
            Some(Ok(m)) => ok(a.send(m.bytes())),
            Some(Err(e)) => match e.status() {
                Some(status) => pack(status, 0),
                None => pack(Status::FAILED, a.send(Message::of(&e).bytes())),
            },
        }
    })
}

pub(crate) mod aril {
    use super::*;

    pub(crate) unsafe fn next(ptr: *const u8, len: usize, flags: u32) -> u64 {
        let input = if flags & 1 != 0 { Some(Message::raw(bytes(ptr, len).to_vec())) } else { None };
        answer(ANY, |h, a| a.next(input, flags, h.powers.get()))
    }

    pub(crate) unsafe fn read(slot: u32, offset: usize, buf: *mut u8, limit: usize) -> u64 {
        answer(ANY, |h, a| match a.read(slot, h.powers.get()) {
            Ok(m) => {
                let rest = m.bytes().get(offset..).unwrap_or(&[]);
                fill(rest, buf, limit);
                ok(m.bytes().len())
            }
            Err(status) => pack(status, 0),
        })
    }

    pub(crate) unsafe fn outcome(kind: u32, ptr: *const u8, len: usize) -> u64 {
        answer(ANY, |h, a| {
            let message = if kind == 2 { &[] } else { bytes(ptr, len) };
            pack(a.outcome(kind, message, ptr as usize, h.powers.get()), 0)
        })
    }

    fn level(level: u32, h: &Shared, a: &Activation) -> Option<Kept> {
        match level {
            0 => a.own.first().cloned(),
            1 => Some(Rc::clone(&a.top)),
            2 => Some(Rc::clone(&h.scope)),
            _ => None,
        }
    }

    pub(crate) unsafe fn context_get(at: u32, key: *const u8, klen: usize, buf: *mut u8, limit: usize) -> u64 {
        let key = bytes(key, klen);
        answer(WORK, |h, a| {
            let found = match at {
                0 => a.own.iter().find_map(|kept| kept.borrow().get(key).cloned()),
                _ => level(at, h, a).and_then(|kept| kept.borrow().get(key).cloned()),
            };
            found.map_or(pack(Status::NOT_FOUND, 0), |v| fill(&v, buf, limit))
        })
    }

    pub(crate) unsafe fn context_set(at: u32, key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64 {
        let (key, value) = (bytes(key, klen), bytes(val, vlen));
        answer(WORK, |h, a| match level(at, h, a) {
            None => pack(Status::INVALID, 0),
            Some(kept) => {
                if value.is_empty() {
                    kept.borrow_mut().remove(key);
                } else {
                    kept.borrow_mut().insert(key.to_vec(), value.to_vec());
                }
                ok(0)
            }
        })
    }

    pub(crate) unsafe fn context_append(at: u32, key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64 {
        let (key, value) = (bytes(key, klen), bytes(val, vlen));
        answer(WORK, |h, a| {
            let kept = match level(at, h, a) {
                Some(kept) => kept,
                None => return pack(Status::INVALID, 0),
            };
            let old = Message::raw(kept.borrow().get(key).cloned().unwrap_or_else(|| [0x90].to_vec()));
            let count = match Reader::new(old.bytes()).list() {
                Ok(count) => count,
                Err(_) => return pack(Status::INVALID, 0),
            };
            match old.set(count, &Message::raw(value.to_vec())) {
                Ok(new) => {
                    kept.borrow_mut().insert(key.to_vec(), new.into_bytes());
                    ok(count + 1)
                }
                Err(_) => pack(Status::INVALID, 0),
            }
        })
    }

    pub(crate) unsafe fn context_swap(
        at: u32,
        key: *const u8,
        klen: usize,
        val: *const u8,
        vlen: usize,
        buf: *mut u8,
        limit: usize,
    ) -> u64 {
        let (key, value) = (bytes(key, klen), bytes(val, vlen).to_vec());
        answer(WORK, |h, a| {
            let kept = match level(at, h, a) {
                Some(kept) => kept,
                None => return pack(Status::INVALID, 0),
            };
            let old = kept.borrow().get(key).cloned();
            match old {
                Some(old) if old.len() > limit => pack(Status::TOO_LARGE, old.len()),
                old => {
                    kept.borrow_mut().insert(key.to_vec(), value);
                    old.map_or(pack(Status::NOT_FOUND, 0), |old| fill(&old, buf, limit))
                }
            }
        })
    }
}

pub(crate) mod log {
    use super::*;

    pub(crate) unsafe fn write(level: i32, msg: *const u8, mlen: usize, attrs: *const u8, alen: usize) -> u64 {
        let message = String::from_utf8_lossy(bytes(msg, mlen)).into_owned();
        let attributes = Message::raw(bytes(attrs, alen).to_vec());
        answer(ANY, |h, _| match attributes.value() {
            Ok(attributes) => {
                h.log.borrow_mut().push(Line { level, message, attributes });
                ok(mlen)
            }
            Err(_) => pack(Status::INVALID, 0),
        })
    }
}

pub(crate) mod clock {
    use super::*;

    pub(crate) unsafe fn now(clock: u32, buf: *mut u8) -> u64 {
        answer(RESUMED, |h, _| {
            // The monotonic clock began somewhere else.
            let now = h.now.get() - if clock == 0 { 1_000_000_000_000 } else { 0 };
            fill(&now.to_le_bytes(), buf, 8)
        })
    }

    pub(crate) unsafe fn sleep(ns: i64) -> u64 {
        answer(WORK, |h, _| {
            h.now.set(h.now.get() + ns);
            ok(0)
        })
    }
}

pub(crate) mod random {
    use super::*;

    pub(crate) unsafe fn fill(buf: *mut u8, len: usize) -> u64 {
        answer(RESUMED, |h, _| {
            let id = h.id();
            let random: Vec<u8> = h.entropy(id).iter().copied().cycle().take(len).collect();
            super::fill(&random, buf, len)
        })
    }
}

pub(crate) mod state {
    use super::*;

    pub(crate) unsafe fn get(key: *const u8, klen: usize, buf: *mut u8, limit: usize) -> u64 {
        let key = bytes(key, klen);
        answer(LATE, |h, _| match h.state.borrow().get(key) {
            Some(v) => fill(v, buf, limit),
            None => pack(Status::NOT_FOUND, 0),
        })
    }

    pub(crate) unsafe fn put(key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64 {
        let (key, value) = (bytes(key, klen), bytes(val, vlen));
        answer(LATE, |h, _| {
            h.state.borrow_mut().insert(key.to_vec(), value.to_vec());
            ok(0)
        })
    }

    pub(crate) unsafe fn delete(key: *const u8, klen: usize) -> u64 {
        let key = bytes(key, klen);
        answer(LATE, |h, _| match h.state.borrow_mut().remove(key) {
            Some(_) => ok(0),
            None => pack(Status::NOT_FOUND, 0),
        })
    }

    pub(crate) unsafe fn list(
        prefix: *const u8,
        plen: usize,
        after: *const u8,
        alen: usize,
        buf: *mut u8,
        limit: usize,
    ) -> u64 {
        let (prefix, after) = (bytes(prefix, plen), bytes(after, alen));
        answer(LATE, |h, _| {
            let state = h.state.borrow();
            let keys = state.keys().filter(|k| k.starts_with(prefix) && (after.is_empty() || k.as_slice() > after));
            let mut page: Vec<crate::Bytes> = Vec::new();
            for key in keys {
                page.push(crate::Bytes(key.clone()));
                if Message::of(&page).bytes().len() > limit {
                    page.pop();
                    break;
                }
            }
            fill(Message::of(&page).bytes(), buf, limit)
        })
    }

    pub(crate) unsafe fn add(key: *const u8, klen: usize, delta: i64, buf: *mut u8) -> u64 {
        let key = bytes(key, klen);
        answer(LATE, |h, _| {
            let old = h.state.borrow().get(key).cloned().unwrap_or_else(|| [0; 8].to_vec());
            let old = match <[u8; 8]>::try_from(old.as_slice()) {
                Ok(old) => i64::from_le_bytes(old),
                Err(_) => return pack(Status::INVALID, 0),
            };
            match old.checked_add(delta) {
                Some(sum) => {
                    h.state.borrow_mut().insert(key.to_vec(), sum.to_le_bytes().to_vec());
                    fill(&sum.to_le_bytes(), buf, 8)
                }
                None => pack(Status::LIMIT, 0),
            }
        })
    }

    pub(crate) unsafe fn append(key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64 {
        let (key, value) = (bytes(key, klen), bytes(val, vlen));
        answer(LATE, |h, _| {
            let mut state = h.state.borrow_mut();
            let kept = state.entry(key.to_vec()).or_default();
            kept.extend_from_slice(value);
            ok(kept.len())
        })
    }

    pub(crate) unsafe fn compare_and_swap(
        key: *const u8,
        klen: usize,
        old: *const u8,
        olen: usize,
        new: *const u8,
        nlen: usize,
    ) -> u64 {
        let value = |ptr, len: usize| if len == 0xffff_ffff { None } else { Some(bytes(ptr, len).to_vec()) };
        let (key, old, new) = (bytes(key, klen), value(old, olen), value(new, nlen));
        answer(LATE, |h, _| {
            let mut state = h.state.borrow_mut();
            if state.get(key) != old.as_ref() {
                return pack(Status::CONFLICT, 0);
            }
            match new {
                Some(new) => state.insert(key.to_vec(), new),
                None => state.remove(key),
            };
            ok(0)
        })
    }
}
