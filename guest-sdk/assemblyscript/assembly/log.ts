import { Value } from "./value";
import { Writer } from "./writer";

// @ts-ignore: decorator
@external("aril_log_v1", "write")
declare function hostLog(level: i32, msg: usize, mlen: u32, attrs: usize, alen: u32): u64;

/**
 * Writes to the host's log. Attributes are a map:
 *
 *     log.warn("trying again", Value.map().set("attempt", i));
 *
 * What the host does not want, or what is past its limit, is dropped.
 * `console.log` and its kin write there too.
 */
export namespace log {
  export function debug(message: string, attributes: Value | null = null): void {
    writeLine(-4, message, attributes);
  }

  export function info(message: string, attributes: Value | null = null): void {
    writeLine(0, message, attributes);
  }

  export function warn(message: string, attributes: Value | null = null): void {
    writeLine(4, message, attributes);
  }

  export function error(message: string, attributes: Value | null = null): void {
    writeLine(8, message, attributes);
  }
}

/** Writes a line without attributes. */
export function plainLine(level: i32, message: string): void {
  const text = String.UTF8.encode(message);
  hostLog(level, changetype<usize>(text), text.byteLength, 0, 0);
}

function writeLine(level: i32, message: string, attributes: Value | null): void {
  if (attributes === null) {
    plainLine(level, message);
    return;
  }
  const w = new Writer();
  const text = String.UTF8.encode(message);
  // A line is worth more than its attributes.
  const length = attributes.write(w) === null ? w.length : 0;
  const answer = hostLog(level, changetype<usize>(text), text.byteLength, w.address, length);
  if (answer >> 32 == 7 && length > 0) plainLine(level, message);
}
