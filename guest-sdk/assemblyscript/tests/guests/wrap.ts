// Wraps as the operation's name says.
import { ArilError, configuration, Extension, Next, Operation, Outcome, register, Status, Value } from "../../index";

let earlier: Operation | null = null;
let earlierNext: Next | null = null;
let earlierOutcome: Outcome | null = null;

class Wraps extends Extension {
  init(config: Value): ArilError | null {
    return config.isNil ? null : new ArilError("bad_config", config.toString());
  }

  wrap(op: Operation, next: Next): Outcome {
    const name = op.name;
    if (name == "pass") return Outcome.pass;
    if (name == "run") return next.run();
    if (name == "fetch") {
      const out = next.fetch();
      return out.failed ? Outcome.of(Value.of(out.error)) : Outcome.of(out.value);
    }
    if (name == "first of three") {
      const first = next.run();
      next.run();
      next.run();
      return first;
    }
    if (name == "stale result") {
      const first = next.run();
      next.run();
      return Outcome.of(first.value);
    }
    if (name == "kept result") {
      const first = next.run();
      const kept = first.value;
      next.run();
      return Outcome.of(Value.list().push(kept).push(first.value));
    }
    if (name == "replace") return next.runWith(op.input.set("n", 2));
    if (name == "replace and fetch") return Outcome.of(next.fetchWith(Value.of("other")).value);
    if (name == "replace by a failure") return next.runWith(op.input.get("absent"));
    if (name == "error again") return Outcome.fail(next.run().error);
    if (name == "error as cause") return Outcome.fail(new ArilError("mine", "first").because(next.run().error));
    if (name == "status") {
      const out = next.run();
      return Outcome.of(
        Value.map().set("status", <i32>out.error.status).set("code", out.error.code).set("retryable", out.retryable).set("failed", out.failed)
      );
    }
    if (name == "value of an error") return Outcome.of(next.run().value);
    if (name == "error of a value") return Outcome.fail(next.run().error);
    if (name == "failed answer") return Outcome.of(op.input.get("absent"));
    if (name == "params") return Outcome.of(op.params);
    if (name == "input") return Outcome.of(op.input);
    if (name == "input twice") return Outcome.of(op.input === op.input);
    if (name == "raw") return Outcome.raw(Value.of("raw").encode());
    if (name == "config") return Outcome.of(configuration());
    if (name == "keep") {
      earlier = op;
      earlierNext = next;
      const out = next.run();
      earlierOutcome = out;
      return out;
    }
    if (name == "use what was kept") return stale();
    if (name == "give on what was kept") return earlierOutcome!;
    if (name == "nested") return nested(op, next);
    if (name == "garbage") return garbage(op, next);
    if (name == "nothing") return Outcome.error("trap", "");
    return Outcome.pass;
  }
}

function stale(): Outcome {
  const before = earlier!;
  return Outcome.of([
    before.input.failed && before.input.error.status == Status.Stale,
    before.header("name").error.status == Status.Stale,
    earlierNext!.run().error.status == Status.Stale,
    earlierOutcome!.value.error.status == Status.Stale,
  ]);
}

// What is held over next must be the same after it, whoever entered meanwhile.
function nested(op: Operation, next: Next): Outcome {
  const input = op.input;
  const label = "of " + op.id.toString();
  const out = next.run();
  return Outcome.of(
    Value.map().set("label", label).set("id", op.id).set("input", input).set("out", out.value).set("same", op.input === input)
  );
}

function garbage(op: Operation, next: Next): Outcome {
  const kept = new Array<Value>();
  for (let i = 0; i < 50; i++) kept.push(Value.map().set("i", i).set("text", "t".repeat(i)));
  let out = next.run();
  for (let i = 0; i < 20000; i++) Value.map().set("garbage", i.toString());
  out = next.fetch();
  for (let i = 0; i < 50; i++) {
    const v = kept[i];
    if (v.get("i").as<i32>() != i || v.get("text").text.length != i) return Outcome.error("lost", i.toString());
  }
  return Outcome.of(Value.list().push(op.input).push(out.value).push(kept.length));
}

register(new Wraps());
export { aril_abi_v1, aril_init, aril_wrap } from "../../index";
