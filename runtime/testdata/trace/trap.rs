//! Traps three functions deep, in one that the compiler inlines.
#![crate_type = "cdylib"]

static mut MAILBOX: [u8; 4096] = [0; 4096];
static mut ZERO: i32 = 0;

#[no_mangle]
pub extern "C" fn aril_abi_v1() -> u64 {
    unsafe { (std::ptr::addr_of_mut!(MAILBOX) as u64) << 32 | 4096 }
}

struct Order(i32);

impl Order {
    #[inline(always)]
    fn share(&self, among: usize) -> i32 {
        let shares = [self.0; 4];
        shares[among] // at share
    }
}

#[inline(never)]
fn price(n: i32) -> i32 {
    let zero = unsafe { std::ptr::read_volatile(std::ptr::addr_of!(ZERO)) };
    Order(100 + n).share((zero - 1) as usize) + 1 // at price
}

#[inline(never)]
fn place(n: i32) -> i32 {
    price(n) + 3 // at place
}

#[no_mangle]
pub extern "C" fn aril_wrap(len: u32) -> i32 {
    place(len as i32) - 2 // at wrap
}
