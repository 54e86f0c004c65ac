//! Reads the input, runs the rest with its outcome read at once, and answers
//! 128 bytes of its own: byte i is byte (i mod n) of the input message,
//! xor 0x5A, where n is the length of that message. Uses std's heap.
#![crate_type = "cdylib"]

#[link(wasm_import_module = "aril_v1")]
extern "C" {
    fn next(ptr: *const u8, len: usize, flags: u32) -> u64;
    fn read(slot: u32, offset: usize, buf: *mut u8, limit: usize) -> u64;
    fn outcome(kind: u32, ptr: *const u8, len: usize) -> u64;
}

const PASS: i32 = 1;
const DONE: i32 = 2;
const NEXT_READ: u32 = 2;
const SLOT_INPUT: u32 = 1;
const OUTCOME_VALUE: u32 = 0;

static mut MAILBOX: [u8; 4096] = [0; 4096];

#[no_mangle]
pub extern "C" fn aril_abi_v1() -> u64 {
    unsafe { (std::ptr::addr_of_mut!(MAILBOX) as u64) << 32 | 4096 }
}

/// The message in slot INPUT, or None for any status but OK.
fn input() -> Option<Vec<u8>> {
    let mut buf = vec![0; 4096];
    let r = unsafe { read(SLOT_INPUT, 0, buf.as_mut_ptr(), buf.len()) };
    if r >> 32 != 0 {
        return None;
    }
    buf.truncate(r as u32 as usize);
    Some(buf)
}

#[no_mangle]
pub extern "C" fn aril_wrap(_len: u32) -> i32 {
    let message = match input() {
        Some(m) => m,
        None => return 0, // breaks the ABI, so that a test sees it
    };
    if unsafe { next(std::ptr::null(), 0, NEXT_READ) } >> 32 != 0 {
        return PASS; // an error of the rest stands
    }
    let mut answer = vec![0xc4, 128];
    answer.extend(message.iter().cycle().take(128).map(|b| b ^ 0x5a));
    match unsafe { outcome(OUTCOME_VALUE, answer.as_ptr(), answer.len()) } {
        0 => DONE,
        _ => 0,
    }
}
