// The roles that ask the host for something.
import { ArilError, clock, context, log, Next, Operation, Outcome, state, Value } from "../index";

/** Plays a role of this file; null for any other. */
export function serviceRole(role: string, config: Value, op: Operation, next: Next): Outcome | null {
  if (role == "count") {
    const sum = state.add("count", 1);
    return sum.failed ? Outcome.fail(sum.error) : Outcome.of(sum.value);
  }
  if (role == "context") return keep(op, next);
  if (role == "log") return logLines();
  if (role == "flood") {
    const line = "line " + "x".repeat(1000);
    for (let i = config.get("lines").as<i32>(); i > 0; i--) log.info(line);
    return Outcome.pass;
  }
  if (role == "random") {
    const list = Value.list();
    for (let i = 0; i < 4; i++) list.push(((<u64>(Math.random() * 4294967296)) << 32) | <u64>(Math.random() * 4294967296));
    return Outcome.of(list);
  }
  if (role == "sleep") {
    const began = clock.monotonic();
    const failed = clock.sleep(config.get("ms").as<f64>());
    return failed === null ? Outcome.of((clock.monotonic() - began) / 1000000) : Outcome.fail(failed);
  }
  if (role == "clock") return Outcome.of(clock.now());
  if (role == "state") return commands(op.input);
  return null;
}

function keep(op: Operation, next: Next): Outcome {
  if (op.name == "inherit") return inherit();
  const input = op.input;
  let failed = context.own.set("own", input);
  if (failed === null) failed = context.root.set("root", input);
  if (failed === null) {
    const count = context.root.append("list", input);
    if (count.failed) failed = count.error;
  }
  if (failed !== null) return Outcome.fail(failed);
  const out = next.run();
  return out.failed ? out : inherit();
}

/** The role inherit. */
export function inherit(): Outcome {
  return Outcome.of(
    Value.map()
      .set("own", optional(context.own.get("own")))
      .set("root", optional(context.root.get("root")))
      .set("list", optional(context.root.get("list")))
  );
}

function optional(v: Value): Value {
  return v.missing ? Value.nil : v;
}

function logLines(): Outcome {
  log.debug("a debug line", Value.map().set("n", 1));
  log.info("an info line", Value.map().set("n", 2));
  log.warn("a warn line", Value.map().set("n", 3));
  log.error("an error line", Value.map().set("n", 4));
  return Outcome.pass;
}

function commands(list: Value): Outcome {
  if (list.failed) return Outcome.of(list);
  const answers = Value.list();
  for (let i = 0; i < list.length; i++) {
    const answer = command(list.at(i));
    if (answer.failed) return Outcome.of(answer);
    answers.push(answer);
  }
  return Outcome.of(answers);
}

function command(c: Value): Value {
  const what = c.at(0).text;
  const key = c.at(1).text;
  if (what == "get") return optional(state.get(key));
  if (what == "put") return done(state.put(key, c.at(2)));
  if (what == "delete") return done(state.remove(key));
  if (what == "add") {
    const sum = state.add(key, c.at(2).as<i64>());
    return sum.failed ? Value.failure(sum.error) : Value.of(sum.value);
  }
  if (what == "append") {
    const length = state.append(key, c.at(2).bytes);
    return length.failed ? Value.failure(length.error) : Value.of(length.value);
  }
  if (what == "list") {
    const keys = state.list(key);
    return keys.failed ? Value.failure(keys.error) : Value.of(keys.value);
  }
  if (what == "swap") {
    const swapped = state.swap(key, present(c.at(2)), present(c.at(3)));
    return swapped.failed ? Value.failure(swapped.error) : Value.of(swapped.value);
  }
  return Value.failure(new ArilError("unknown_command", "no such command"));
}

function done(failed: ArilError | null): Value {
  return failed === null ? Value.nil : Value.failure(failed);
}

function present(v: Value): Value | null {
  return v.isNil ? null : v;
}
