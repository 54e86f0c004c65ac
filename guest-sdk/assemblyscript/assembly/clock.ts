import { Status, statusOf } from "./abi";
import { ArilError } from "./error";
import { Timestamp } from "./timestamp";

// @ts-ignore: decorator
@external("aril_clock_v1", "now")
declare function hostNow(clock: u32, buf: usize): u64;
// @ts-ignore: decorator
@external("aril_clock_v1", "sleep")
declare function hostSleep(ns: i64): u64;

const NANOSECONDS: usize = memory.data(8, 8);

/** Time, as the host tells it. */
export namespace clock {
  /** The time of day, to the microsecond. 1970 where the host does not say, as in `init`. */
  export function now(): Timestamp {
    return Timestamp.fromNanoseconds(read(1));
  }

  /**
   * Nanoseconds since some point before the extension began, to the
   * microsecond. Differences do not depend on the time of day being set.
   */
  export function monotonic(): i64 {
    return read(0);
  }

  /**
   * Waits. The host bills it as waiting, which has a limit of its own. An error
   * with the status Canceled says that the caller has given up.
   */
  export function sleep(milliseconds: f64): ArilError | null {
    if (!(milliseconds > 0)) return null;
    // 2⁶² nanoseconds are 146 years.
    const status = statusOf(hostSleep(<i64>min(milliseconds * 1e6, 4611686018427387904.0)));
    return status == Status.OK ? null : ArilError.ofStatus(status, "sleep");
  }
}

function read(which: u32): i64 {
  return statusOf(hostNow(which, NANOSECONDS)) == Status.OK ? load<i64>(NANOSECONDS) : 0;
}
