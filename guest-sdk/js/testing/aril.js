// Module "aril" in node: register.js puts it in the place of the engine's.
import { aril } from "./host.js";

export default aril;
export const { ArilError, log, sleep, nanoseconds, timestamp, state, context, Scope, call, panic, encode, decode, raw, Opaque } = aril;
