//! The host's clocks. From `init` they answer
//! [`Status::PHASE`](crate::Status::PHASE).

use crate::status::Answered;
use crate::{sys, Result, Time};
use core::time::Duration;

const MONOTONIC: u32 = 0;
const WALL: u32 = 1;

fn read(clock: u32) -> Result<i64> {
    let mut bytes = [0; 8];
    Answered(unsafe { sys::clock::now(clock, bytes.as_mut_ptr()) }).ok()?;
    Ok(i64::from_le_bytes(bytes))
}

/// The time of day, to the microsecond.
pub fn now() -> Result<Time> {
    read(WALL).map(Time::from_unix_nanoseconds)
}

/// The time since some point before the extension began, to the microsecond.
/// It never goes back.
pub fn monotonic() -> Result<Duration> {
    read(MONOTONIC).map(|ns| Duration::from_nanos(ns.max(0) as u64))
}

/// Waits. The host bills it as waiting, which has a limit of its own. It ends
/// early, as [`Status::CANCELED`](crate::Status::CANCELED), when the caller
/// gives up.
pub fn sleep(time: Duration) -> Result<()> {
    let ns = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    Answered(unsafe { sys::clock::sleep(ns) }).ok()?;
    Ok(())
}
