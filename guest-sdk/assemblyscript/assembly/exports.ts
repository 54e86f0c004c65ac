// What the host calls. A module exports those that its extension has.
import { MAILBOX, MAILBOX_SIZE, PASS, SLOT_CONFIG, SLOT_INPUT } from "./abi";
import { Activation } from "./activation";
import { Event } from "./event";
import { Extension } from "./extension";
import { readSlot } from "./message";
import { Next, Operation } from "./operation";
import { refuse } from "./outcome";
import { Value } from "./value";

let extension: Extension | null = null;

/** Makes e the extension of this module. To be called once, at the top of the entry file. */
export function register(e: Extension): void {
  assert(extension === null, "aril: register was called twice");
  extension = e;
}

function registered(): Extension {
  const e = extension;
  if (e === null) throw new Error("aril: no extension was registered");
  return e;
}

/** Where the mailbox is. Every extension exports it. */
export function aril_abi_v1(): u64 {
  return ((<u64>MAILBOX) << 32) | MAILBOX_SIZE;
}

/** Exported by an extension that has `init`. */
export function aril_init(length: u32): i32 {
  const failed = registered().init(configuration());
  return failed === null ? PASS : refuse(failed);
}

/**
 * The configuration that the extension was loaded with, nil for none. It is
 * there in every hook but `resume`.
 */
export function configuration(): Value {
  const config = readSlot(SLOT_CONFIG, "the configuration");
  return config.missing ? Value.nil : config;
}

/** Exported by an extension that has `wrap`, or the hooks of its kinds. */
export function aril_wrap(length: u32): i32 {
  const op = new Operation(length);
  const result = registered().wrap(op, new Next(op)).conclude(op);
  op.leave();
  return result;
}

/** Exported by an extension that has `event`, or hooks of a scope. */
export function aril_event(length: u32): i32 {
  const e = new Event(length);
  const result = registered().event(e).conclude(e);
  e.leave();
  return result;
}

/** Exported by an extension that has `call`, `inputHandler` or `outputHandler`. */
export function aril_call(length: u32): i32 {
  const a = new Activation(length);
  const args = readSlot(SLOT_INPUT, "the arguments");
  const result = registered()
    .call(a.header("method").text, args.missing ? Value.nil : args)
    .conclude(a);
  a.leave();
  return result;
}

/** Exported by an extension that has `resume`. */
export function aril_resume(seed: u64): void {
  registered().resume(seed);
}

/** Exported by an extension that has `dispose`. */
export function aril_dispose(): i32 {
  registered().dispose();
  return PASS;
}
