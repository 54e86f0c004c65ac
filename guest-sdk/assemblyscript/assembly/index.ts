export { Power, Operation, Next } from "./operation";
export { Status } from "./abi";
export { ArilError } from "./error";
export { Event } from "./event";
export {
  aril_abi_v1,
  aril_call,
  aril_dispose,
  aril_event,
  aril_init,
  aril_resume,
  aril_wrap,
  configuration,
  register,
} from "./exports";
export { Extension } from "./extension";
export { Kind } from "./kind";
export { Outcome } from "./outcome";
export { Timestamp } from "./timestamp";
export { Value } from "./value";
export { Writer } from "./writer";
export { clock } from "./clock";
export { aril_console } from "./console";
export { context, Level } from "./context";
export { fetch, Request, Response } from "./http";
export { HostFunction, invoke } from "./invoke";
export { log } from "./log";
export { aril_seed, random } from "./random";
export { Result } from "./result";
export { state } from "./state";
export {
  Change,
  Execution,
  Failure,
  Flow,
  Happening,
  Lifecycle,
  Pod,
  PodFailure,
  Release,
  Resolution,
  Tick,
} from "./happening";
export { Entry, Executor, Scope, Subscription } from "./scope";
export { ScopeExtension } from "./scope_extension";
