//! Texts without the machinery of `core::fmt`, which costs an extension
//! kilobytes.

use alloc::string::String;

/// Appends a number in decimal.
pub(crate) fn push_number(text: &mut String, mut n: u64) {
    let mut digits = [0u8; 20];
    let mut used = 0;
    for digit in digits.iter_mut() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
        used += 1;
        if n == 0 {
            break;
        }
    }
    for &digit in digits.iter().take(used).rev() {
        text.push(char::from(digit));
    }
}

/// Gives the longest beginning of at most `limit` bytes.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    loop {
        match text.get(..end) {
            Some(part) => return part,
            None => end -= 1,
        }
    }
}
