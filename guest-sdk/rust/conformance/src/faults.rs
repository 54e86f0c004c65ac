//! Roles that break.

use crate::Roles;
use aril::{Answer, Next, Operation, Result};

pub(crate) fn trap(_: &Roles, _: &Operation, _: &Next) -> Result<Answer> {
    panic!("the roof is on fire")
}

pub(crate) fn trap_after(_: &Roles, _: &Operation, next: &Next) -> Result<Answer> {
    next.run()?;
    panic!("the {} is on fire", "roof")
}

pub(crate) fn endless(_: &Roles, op: &Operation, _: &Next) -> Result<Answer> {
    let mut n = op.id();
    loop {
        // Read as if something else could write to it, so that the loop stays.
        n = unsafe { std::ptr::read_volatile(&n) }.wrapping_mul(3);
        if n == 0 {
            return Ok(Answer::PASS);
        }
        n |= 1;
    }
}

pub(crate) fn recurse(_: &Roles, op: &Operation, _: &Next) -> Result<Answer> {
    Ok(Answer::of(&descend(op.id() | 1)))
}

#[inline(never)]
#[allow(unconditional_recursion)]
fn descend(n: u64) -> u64 {
    let here = [n; 4];
    let below = descend(n.wrapping_add(unsafe { std::ptr::read_volatile(&here[1]) }));
    below ^ unsafe { std::ptr::read_volatile(&here[3]) }
}

pub(crate) fn hog(_: &Roles, op: &Operation, _: &Next) -> Result<Answer> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    while op.id() > 0 {
        kept.push(vec![kept.len() as u8; 1 << 16]);
    }
    Ok(Answer::of(&kept))
}
