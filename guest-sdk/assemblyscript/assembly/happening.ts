// What the hooks of a scope are told.
import { Event } from "./event";
import { ArilError } from "./error";
import { Operation } from "./operation";
import { Executor, Scope } from "./scope";
import { Value } from "./value";

/** A flow's name and version, "" for no version. */
export class Flow {
  constructor(readonly name: string, readonly version: string) {}

  /** Reads the key `flow` of what the host says of an execution. */
  static in(v: Value): Flow {
    const flow = v.get("flow");
    return new Flow(flow.get("name").or<string>(""), flow.get("version").or<string>(""));
  }
}

/** Something that happened to an executor. */
export class Happening {
  constructor(protected readonly e: Event) {}

  get scope(): Scope {
    return new Scope(this.e.scope);
  }

  get executor(): Executor {
    return new Executor(this.e.scope, this.e.data.get("executor").or<u64>(0), this.e.name);
  }
}

/** A value is about to be stored. */
export class Change extends Happening {
  /** "resolve" or "update". */
  get operation(): string {
    return this.e.data.get("change").or<string>("");
  }

  /** The new value; missing without the power ReadResult. */
  get value(): Value {
    return this.e.data.get("value");
  }
}

/** A value was let go of. */
export class Release extends Happening {}

/** Something did not resolve. */
export class Failure extends Happening {
  get error(): ArilError {
    return ArilError.of(this.e.data.get("error"));
  }
}

/** So much time has passed. */
export class Tick {
  constructor(private readonly e: Event) {}

  get scope(): Scope {
    return new Scope(this.e.scope);
  }

  /** The id of the Subscription. */
  get subscription(): u64 {
    return this.e.data.get("subscription").or<u64>(0);
  }

  /** What was asked for, in milliseconds. */
  get every(): i64 {
    return this.e.data.get("every").or<i64>(0) / 1000000;
  }

  /** How many fell out before this one, because the extension or the scope was busy. */
  get missed(): i32 {
    return this.e.data.get("missed").or<i32>(0);
  }
}

/** A root execution of a flow, which the host runs in a scope of its own or not. */
export class Pod {
  constructor(protected readonly e: Event) {}

  get scope(): Scope {
    return new Scope(this.e.scope);
  }

  get flow(): Flow {
    return Flow.in(this.e.data);
  }

  /** The id of its execution context. */
  get context(): u64 {
    return this.e.data.get("context").or<u64>(0);
  }
}

/** A root execution that ended with an error. */
export class PodFailure extends Pod {
  get error(): ArilError {
    return ArilError.of(this.e.data.get("error"));
  }
}

/** An operation of kind "resolve": an executor is resolved or updated. */
export class Resolution {
  constructor(
    /** The operation itself: its input, tags, …. */
    readonly operation: Operation
  ) {}

  /** The executor's, "" if it has none. */
  get name(): string {
    return this.operation.name;
  }

  /** Whether a value is replaced; the input is the new one then. */
  get update(): bool {
    return this.operation.params.get("operation").or<string>("") == "update";
  }

  get scope(): Scope {
    return new Scope(this.operation.params.get("scope").or<u64>(0));
  }

  get executor(): Executor {
    const p = this.operation.params;
    return new Executor(p.get("scope").or<u64>(0), p.get("executor").or<u64>(0), this.operation.name);
  }
}

/** An operation of kind "execution": a flow, a step of one, or several at once. */
export class Execution {
  constructor(
    /** The operation itself: its input, key, …. */
    readonly operation: Operation
  ) {}

  /** The flow's, "fn" of a step, "parallel" or "parallel-settled". */
  get name(): string {
    return this.operation.name;
  }

  /** "sequential", "parallel" or "parallel-settled". */
  get mode(): string {
    return this.operation.params.get("mode").or<string>("");
  }

  /** What is executed, if it is a flow. */
  get flow(): Flow {
    return Flow.in(this.operation.params);
  }

  /** Name of the flow that it is, or is a part of; "" for none. */
  get flowName(): string {
    return this.operation.params.get("flow_name").or<string>("");
  }

  /** Name of the flow around that one, "" for none. */
  get parentFlowName(): string {
    return this.operation.params.get("parent").or<string>("");
  }

  /** How many flows are around that one. */
  get depth(): i32 {
    return this.operation.params.get("depth").or<i32>(0);
  }

  /** Whether it is in an item that runs at once with others. */
  get parallel(): bool {
    return this.operation.params.get("parallel").or<bool>(false);
  }

  /** Of several at once: how many items. */
  get count(): i32 {
    return this.operation.params.get("count").or<i32>(0);
  }

  /** Of a step: what it was called with, a list; missing otherwise. */
  get params(): Value {
    return this.operation.params.get("params");
  }

  /** The tags of the execution context, a map; missing where there are none. */
  get tags(): Value {
    return this.operation.params.get("tags");
  }

  /** The id of the execution context. */
  get context(): u64 {
    return this.operation.params.get("context").or<u64>(0);
  }

  get scope(): Scope {
    return new Scope(this.operation.params.get("scope").or<u64>(0));
  }
}

/** An operation of kind "context-lifecycle": an execution context begins or ends. */
export class Lifecycle {
  constructor(readonly operation: Operation) {}

  /** "create", "closing" or "closed". */
  get phase(): string {
    return this.operation.name;
  }

  /** Of closing and closed: "graceful" or "abort"; else "". */
  get mode(): string {
    return this.operation.params.get("mode").or<string>("");
  }

  /** The context's: its flow's, or another that the host gave. */
  get name(): string {
    return this.operation.params.get("name").or<string>("");
  }

  /** The id of the context. */
  get context(): u64 {
    return this.operation.params.get("context").or<u64>(0);
  }

  get scope(): Scope {
    return new Scope(this.operation.params.get("scope").or<u64>(0));
  }
}
