import { ArilError } from "./error";
import { Event } from "./event";
import { Extension } from "./extension";
import { Change, Execution, Failure, Lifecycle, Pod, PodFailure, Release, Resolution, Tick } from "./happening";
import { Next, Operation } from "./operation";
import { Outcome } from "./outcome";
import { Scope } from "./scope";

/**
 * An extension for hosts that have scopes. `wrap` leads to a hook for each kind
 * of operation, `event` to one for each kind of event; who overrides those two
 * calls `super` for the rest. Export `aril_wrap` and `aril_event` as usual.
 */
export abstract class ScopeExtension extends Extension {
  /** Leads to the hook of the operation's kind; passes any other kind. */
  wrap(op: Operation, next: Next): Outcome {
    const kind = op.kind;
    if (kind == "resolve") return this.wrapResolve(new Resolution(op), next);
    if (kind == "execution") return this.wrapExecute(new Execution(op), next);
    if (kind == "context-lifecycle") return this.wrapLifecycle(new Lifecycle(op), next);
    return Outcome.pass;
  }

  /**
   * Around each resolution of an executor, also of those that another depends
   * on or that have their value already, and each update. What it gives goes to
   * that one resolver.
   */
  wrapResolve(r: Resolution, next: Next): Outcome {
    return Outcome.pass;
  }

  /** Around flows, their steps, and what runs at once. A further `next` runs the execution again. */
  wrapExecute(x: Execution, next: Next): Outcome {
    return Outcome.pass;
  }

  /** An execution context begins or ends. What it gives changes nothing, but an error in "create" keeps the execution from beginning. */
  wrapLifecycle(l: Lifecycle, next: Next): Outcome {
    return Outcome.pass;
  }

  /** Leads to the hook of the event; passes any other event. */
  event(e: Event): Outcome {
    const type = e.type;
    if (type == "change") return this.change(new Change(e));
    if (type == "error") this.onError(new Failure(e));
    else if (type == "pod_error") this.onPodError(new PodFailure(e));
    else {
      const failed = this.tell(type, e);
      if (failed !== null) return Outcome.fail(failed);
    }
    return Outcome.pass;
  }

  private tell(type: string, e: Event): ArilError | null {
    if (type == "tick") return this.tick(new Tick(e));
    if (type == "release") return this.released(new Release(e));
    if (type == "attach") return this.attach(new Scope(e.scope));
    if (type == "start") return this.start(new Scope(e.scope));
    if (type == "detach") return this.detach(new Scope(e.scope));
    if (type == "init_pod") return this.initPod(new Pod(e));
    if (type == "dispose_pod") return this.disposePod(new Pod(e));
    return null;
  }

  /**
   * The extension is added to a scope, before anything happens there.
   * Subscriptions are made here. The scope waits: what takes long belongs into
   * `start`. An error keeps the extension out.
   */
  attach(scope: Scope): ArilError | null {
    return null;
  }

  /** After `attach`, in the background: it may take as long as an operation may. */
  start(scope: Scope): ArilError | null {
    return null;
  }

  /** The scope ends, its values still there, or goes on without the extension. An error is reported. */
  detach(scope: Scope): ArilError | null {
    return null;
  }

  /** A value that was asked for with Scope.onChange is about to be stored. A value is stored instead, an error refuses the change. */
  change(c: Change): Outcome {
    return Outcome.pass;
  }

  /** A value that was asked for with Scope.onRelease was let go of. An error is reported. */
  released(r: Release): ArilError | null {
    return null;
  }

  /** So much time has passed as was asked for with Scope.every. An error is reported. */
  tick(t: Tick): ArilError | null {
    return null;
  }

  /** Something did not resolve; once for each executor. */
  onError(f: Failure): void {}

  /** Before a root execution. An error ends it, which needs the power Skip. */
  initPod(p: Pod): ArilError | null {
    return null;
  }

  /** A root execution ended with an error; before `disposePod`. */
  onPodError(f: PodFailure): void {}

  /** A root execution is over, also one that another extension kept from running. An error is reported. */
  disposePod(p: Pod): ArilError | null {
    return null;
  }
}
