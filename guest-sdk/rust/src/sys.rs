//! The host's functions: imports in a module, the fake host elsewhere.

use crate::status::Answered;

macro_rules! host_functions {
    ($($module:literal as $rust:ident { $(fn $name:ident($($arg:ident: $t:ty),*) $(-> $out:ty)?;)* })*) => {$(
        #[cfg(target_arch = "wasm32")]
        pub(crate) mod $rust {
            #[link(wasm_import_module = $module)]
            extern "C" {
                $(pub(crate) fn $name($($arg: $t),*) $(-> $out)?;)*
            }
        }
    )*};
}

host_functions! {
    "aril_v1" as aril {
        fn next(ptr: *const u8, len: usize, flags: u32) -> u64;
        fn read(slot: u32, offset: usize, buf: *mut u8, limit: usize) -> u64;
        fn outcome(kind: u32, ptr: *const u8, len: usize) -> u64;
        fn context_get(level: u32, key: *const u8, klen: usize, buf: *mut u8, limit: usize) -> u64;
        fn context_set(level: u32, key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64;
        fn context_append(level: u32, key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64;
        fn context_swap(level: u32, key: *const u8, klen: usize, val: *const u8, vlen: usize, buf: *mut u8, limit: usize) -> u64;
    }
    "aril_log_v1" as log {
        fn write(level: i32, msg: *const u8, mlen: usize, attrs: *const u8, alen: usize) -> u64;
    }
    "aril_clock_v1" as clock {
        fn now(clock: u32, buf: *mut u8) -> u64;
        fn sleep(ns: i64) -> u64;
    }
    "aril_random_v1" as random {
        fn fill(buf: *mut u8, len: usize) -> u64;
    }
    "aril_state_v1" as state {
        fn get(key: *const u8, klen: usize, buf: *mut u8, limit: usize) -> u64;
        fn put(key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64;
        fn delete(key: *const u8, klen: usize) -> u64;
        fn list(prefix: *const u8, plen: usize, after: *const u8, alen: usize, buf: *mut u8, limit: usize) -> u64;
        fn add(key: *const u8, klen: usize, delta: i64, buf: *mut u8) -> u64;
        fn append(key: *const u8, klen: usize, val: *const u8, vlen: usize) -> u64;
        fn compare_and_swap(key: *const u8, klen: usize, old: *const u8, olen: usize, new: *const u8, nlen: usize) -> u64;
    }
}

#[cfg(target_arch = "wasm32")]
pub(crate) mod env {
    #[link(wasm_import_module = "env")]
    extern "C" {
        pub(crate) fn abort(message: *const u16, file: *const u16, line: u32, column: u32) -> !;
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::imports::{aril, clock, log, random, state};

/// A function of a capability: a message in, a message out.
pub type Function = unsafe fn(*const u8, usize) -> u64;

pub(crate) const SLOT_MESSAGE: u32 = 0;
pub(crate) const SLOT_INPUT: u32 = 1;
pub(crate) const SLOT_RESULT: u32 = 2;
pub(crate) const SLOT_ERROR: u32 = 3;
pub(crate) const SLOT_PARAMS: u32 = 4;
pub(crate) const SLOT_CONFIG: u32 = 5;
pub(crate) const SLOT_SCRIPT: u32 = 6;

pub(crate) const NEXT_REPLACE: u32 = 1;
pub(crate) const NEXT_READ: u32 = 2;

pub(crate) const OUTCOME_VALUE: u32 = 0;
pub(crate) const OUTCOME_ERROR: u32 = 1;
pub(crate) const OUTCOME_NEXT: u32 = 2;

pub(crate) const PASS: i32 = 1;
pub(crate) const DONE: i32 = 2;

pub(crate) fn outcome(kind: u32, message: &[u8]) -> Answered {
    Answered(unsafe { aril::outcome(kind, message.as_ptr(), message.len()) })
}

pub(crate) fn outcome_next(index: u32) -> Answered {
    Answered(unsafe { aril::outcome(OUTCOME_NEXT, index as usize as *const u8, 0) })
}
