import { plainLine } from "./log";

/** AssemblyScript's console, by `--use console=aril_console`: to the host's log. */
// @ts-ignore: decorator
@global export namespace aril_console {
  export function assert<T>(condition: T, message: string = ""): void {
    if (!condition) plainLine(8, "assertion failed: " + message);
  }
  export function log(message: string = ""): void {
    plainLine(0, message);
  }
  export function debug(message: string = ""): void {
    plainLine(-4, message);
  }
  export function info(message: string = ""): void {
    plainLine(0, message);
  }
  export function warn(message: string = ""): void {
    plainLine(4, message);
  }
  export function error(message: string = ""): void {
    plainLine(8, message);
  }
}
