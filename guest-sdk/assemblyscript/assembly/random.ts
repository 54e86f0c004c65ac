import { Status, statusOf } from "./abi";
import { running } from "./activation";
import { ArilError } from "./error";

// @ts-ignore: decorator
@external("aril_random_v1", "fill")
declare function hostFill(buf: usize, len: u32): u64;

const AT_ONCE: u32 = 65536;

/** Random bytes of the host's. For anything but keys there is Math.random. */
export namespace random {
  /** Fills an array with bytes that cannot be predicted, fit for keys. It does not work in `init`. */
  export function fill(bytes: Uint8Array): ArilError | null {
    let at = bytes.dataStart;
    for (let left = <u32>bytes.length; left > 0; ) {
      const n = min(left, AT_ONCE);
      const status = statusOf(hostFill(at, n));
      if (status != Status.OK) return ArilError.ofStatus(status, "random bytes");
      at += n;
      left -= n;
    }
    return null;
  }
}

/**
 * What Math.random begins with: entropy that the host gives each activation. It
 * draws once for each copy of memory, so under Fresh in every operation.
 */
// @ts-ignore: decorator
@global export function aril_seed(): f64 {
  const a = running();
  if (a !== null) {
    const entropy = a.header("entropy").bytes;
    return load<f64>(entropy.dataStart);
  }
  // What is drawn in init would be the same in every operation.
  throw new Error("aril: Math.random works in wrap, event and call alone");
}
