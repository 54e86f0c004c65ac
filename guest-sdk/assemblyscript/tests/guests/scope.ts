// Every hook of a scope, and what may be asked of one. What it hears it keeps
// under the key "heard" of the state.
import {
  ArilError, Change, Event, Execution, Failure, Lifecycle, Next, Operation, Outcome, Pod, PodFailure, register, Release,
  Resolution, Scope, ScopeExtension, state, Tick, Value,
} from "../../index";

function heard(text: string): ArilError | null {
  const kept = state.append("heard", Uint8Array.wrap(String.UTF8.encode(text + "\n")));
  return kept.failed ? kept.error : null;
}

class Tracker extends ScopeExtension {
  attach(s: Scope): ArilError | null {
    const changes = s.onChange(["db.*"]);
    if (changes.failed) return changes.error;
    const releases = s.onRelease();
    const ticks = s.every(30000);
    return heard(`attach ${s.id} ${changes.value.id} ${releases.value.id} ${ticks.value.id}`);
  }

  start(s: Scope): ArilError | null {
    return new ArilError("not_now", "of " + s.id.toString());
  }

  detach(s: Scope): ArilError | null {
    return heard("detach " + s.id.toString());
  }

  wrap(op: Operation, next: Next): Outcome {
    if (op.name == "ask") return this.ask(op);
    if (op.name == "entries") return this.entries();
    return super.wrap(op, next);
  }

  wrapResolve(r: Resolution, next: Next): Outcome {
    return Outcome.of(`${r.name} ${r.update} ${r.scope.id} ${r.executor.id} ${r.executor.name}`);
  }

  wrapExecute(x: Execution, next: Next): Outcome {
    return Outcome.of(
      [x.name, x.mode, x.flow.name, x.flow.version, x.flowName, x.parentFlowName, x.depth.toString(), x.parallel.toString(),
        x.count.toString(), x.params.toString(), x.tags.toString(), x.context.toString(), x.scope.id.toString()]
    );
  }

  wrapLifecycle(l: Lifecycle, next: Next): Outcome {
    return Outcome.of(`${l.phase} ${l.mode} ${l.name} ${l.context} ${l.scope.id}`);
  }

  change(c: Change): Outcome {
    if (c.value.isNil) return Outcome.error("refused", c.operation);
    return c.executor.name == "db.a" ? Outcome.of(c.value.as<i32>() + <i32>c.executor.id) : Outcome.pass;
  }

  released(r: Release): ArilError | null {
    return heard(`released ${r.executor.id} ${r.executor.name}`);
  }

  tick(t: Tick): ArilError | null {
    return heard(`tick ${t.subscription} ${t.every} ${t.missed} ${t.scope.id}`);
  }

  onError(f: Failure): void {
    heard(`error ${f.executor.id} ${f.error.code}`);
  }

  initPod(p: Pod): ArilError | null {
    return p.flow.name == "no" ? new ArilError("no", "") : heard(`init ${p.flow.name} ${p.flow.version} ${p.context} ${p.scope.id}`);
  }

  onPodError(f: PodFailure): void {
    heard(`failed ${f.flow.name} ${f.error.message}`);
  }

  disposePod(p: Pod): ArilError | null {
    return heard("dispose " + p.flow.name);
  }

  event(e: Event): Outcome {
    return e.type == "a host's own" ? Outcome.of(e.data) : super.event(e);
  }

  inputHandler(args: Value): Outcome {
    return Outcome.of(Value.map().set("in", args));
  }

  outputHandler(args: Value): Outcome {
    return Outcome.of(Value.map().set("out", args));
  }

  resume(seed: u64): void {
    heard("resume " + seed.toString());
  }

  dispose(): void {
    heard("dispose");
  }

  private ask(op: Operation): Outcome {
    const s = new Scope(3);
    const e = s.executor("config");
    const found = e.lookup();
    if (found.failed) return Outcome.fail(found.error);
    const entry = found.value;
    const out = Value.list().push(entry.executor.id).push(entry.state).push(entry.value);
    const error = entry.error;
    out.push(error === null ? "" : error.code);
    out.push(entry.executor.resolve()).push(e.reload());
    const failures = [e.update([1]), e.release(), s.set("region", "eu"), s.onChange().value.cancel()];
    for (let i = 0; i < failures.length; i++) {
      const failed = failures[i];
      out.push(failed === null ? "done" : failed.code);
    }
    return Outcome.of(out.push(s.get("region")));
  }

  private entries(): Outcome {
    const all = new Scope(3).entries(true, true);
    if (all.failed) return Outcome.fail(all.error);
    const out = Value.list();
    for (let i = 0; i < all.value.length; i++) out.push(all.value[i].executor.id);
    return Outcome.of(out);
  }
}

register(new Tracker());
export { aril_abi_v1, aril_call, aril_dispose, aril_event, aril_resume, aril_wrap } from "../../index";
