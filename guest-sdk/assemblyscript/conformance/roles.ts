// The extension that this SDK is tested with: every role of
// testdata/conformance. Its configuration says which one it plays.
import { ArilError, Event, Extension, log, Next, Operation, Outcome, register, state, Value } from "../index";
import { breakRole } from "./breaking";
import { rebuild } from "./rebuild";
import { inherit, serviceRole } from "./services";

const ROLES = [
  "pass", "through", "read", "rebuild", "change-result", "change-input", "short-circuit", "retry", "fallback",
  "choose", "cache", "count", "deny", "translate-error", "explain", "describe", "context", "inherit", "log", "flood",
  "trap", "trap-after", "loop", "recurse", "hog", "huge", "malformed", "random", "sleep", "clock", "state", "call",
  "events", "change", "init-error", "init-state", "dispose",
];

class Conformance extends Extension {
  private role: string = "";
  private config: Value = Value.nil;
  private kept: i64 = 0;

  init(config: Value): ArilError | null {
    this.role = config.get("role").or<string>("");
    if (!ROLES.includes(this.role)) return new ArilError("unknown_role", this.role + " is no role of this extension");
    if (this.role == "init-error") return new ArilError("bad_config", "refused");
    this.config = config;
    this.kept = 40;
    return null;
  }

  wrap(op: Operation, next: Next): Outcome {
    const role = this.role;
    if (role == "through") return next.run();
    if (role == "read") return this.read(next);
    if (role == "rebuild") return next.runWith(rebuild(op.input));
    if (role == "change-result") return this.changeResult(next);
    if (role == "change-input") return this.changeInput(op, next);
    if (role == "short-circuit") return Outcome.of(this.config.get("answer"));
    if (role == "retry") return this.retry(next);
    if (role == "fallback") return this.fallback(next);
    if (role == "choose") return this.choose(next);
    if (role == "cache") return this.cache(op, next);
    if (role == "deny") return this.deny(op);
    if (role == "translate-error") return this.translate(next);
    if (role == "explain") return this.explain(next);
    if (role == "describe") return this.describe(op);
    if (role == "init-state") return Outcome.of(++this.kept);
    if (role == "inherit") return inherit();
    const served = serviceRole(role, this.config, op, next);
    if (served !== null) return served;
    return breakRole(role, this.config, next);
  }

  private read(next: Next): Outcome {
    const out = next.fetch();
    if (out.failed) out.error;
    else if (out.value.failed) return Outcome.of(out.value);
    return out;
  }

  private changeResult(next: Next): Outcome {
    const out = next.run();
    if (out.failed) return out;
    return Outcome.of(Value.map().set("was", rebuild(out.value)).set("by", this.config.get("by")));
  }

  private changeInput(op: Operation, next: Next): Outcome {
    const input = op.input;
    if (input.failed) return Outcome.of(input);
    return next.runWith(input.set("n", input.get("n").as<i64>() + 1));
  }

  private retry(next: Next): Outcome {
    const attempts = this.config.get("attempts").or<i32>(3);
    let out = next.run();
    for (let i = 1; i < attempts && out.retryable; i++) out = next.run();
    return out;
  }

  private fallback(next: Next): Outcome {
    const out = next.run();
    return out.failed ? Outcome.of(this.config.get("answer")) : out;
  }

  private choose(next: Next): Outcome {
    const times = this.config.get("times").as<i32>();
    const which = this.config.get("which").as<i32>();
    let chosen = Outcome.pass;
    for (let i = 0; i < times; i++) {
      const out = next.run();
      if (i == which) chosen = out;
    }
    return chosen;
  }

  private cache(op: Operation, next: Next): Outcome {
    const id = op.input.get("id");
    if (id.failed) return Outcome.of(id);
    const key = "cache/" + id.text;
    const held = state.get(key);
    if (!held.missing) return Outcome.of(held);
    const out = next.run();
    if (out.failed) return out;
    const failed = state.put(key, out.value);
    return failed === null ? out : Outcome.fail(failed);
  }

  private deny(op: Operation): Outcome {
    const role = op.input.get("role");
    if (role.failed) return Outcome.of(role);
    if (role.text == "admin") return Outcome.pass;
    return Outcome.fail(new ArilError("denied", "not for " + role.text).with(Value.map().set("role", role)));
  }

  private translate(next: Next): Outcome {
    const out = next.run();
    if (!out.failed || out.error.code != "not_found") return out;
    const e = new ArilError("missing", "no such thing: " + out.error.message).because(out.error);
    e.retryable = true;
    return Outcome.fail(e);
  }

  private explain(next: Next): Outcome {
    const out = next.run();
    if (!out.failed) return out;
    const e = out.error;
    if (e.status != 0) return out;
    const cause = e.cause;
    return Outcome.of(
      Value.map()
        .set("code", e.code)
        .set("message", e.message)
        .set("retryable", e.retryable)
        .set("data", e.data)
        .set<string | null>("cause", cause === null ? null : cause.code)
    );
  }

  private describe(op: Operation): Outcome {
    return Outcome.of(
      Value.map()
        .set("kind", op.kind)
        .set("name", op.name)
        .set("key", op.key)
        .set("depth", op.depth)
        .set("max_next", op.maxNext)
        .set("meta", op.meta)
        .set("params", op.params)
    );
  }

  call(method: string, args: Value): Outcome {
    if (this.role != "call") return Outcome.pass;
    if (method == "echo") return Outcome.of(args);
    if (method == "fail") return Outcome.fail(new ArilError("failed", "as asked").with(args));
    if (method != "sum") return Outcome.pass;
    const list = args.as<Array<i64>>();
    let sum: i64 = 0;
    for (let i = 0; i < list.length; i++) sum += list[i];
    return Outcome.of(sum);
  }

  event(e: Event): Outcome {
    if (this.role != "events" && this.role != "change") return Outcome.pass;
    const type = e.type;
    const kept = state.append("events", Uint8Array.wrap(String.UTF8.encode(type + "\n")));
    if (kept.failed) return Outcome.fail(kept.error);
    if (this.role != "change" || type != "change") return Outcome.pass;
    return Outcome.of(Value.map().set("changed", e.data));
  }

  dispose(): void {
    if (this.role != "dispose") return;
    const failed = state.put("disposed", true);
    if (failed !== null) log.error("disposed is lost", Value.map().set("error", failed));
  }
}

register(new Conformance());
export { aril_abi_v1, aril_call, aril_dispose, aril_event, aril_init, aril_wrap } from "../index";
