// Asks the host for what the operation's name says.
import {
  clock, context, Extension, fetch, invoke, log, Next, Operation, Outcome, random, register, Request, state, Value,
} from "../../index";

// @ts-ignore: decorator
@external("acme_stock_v1", "reserve")
declare function reserve(message: usize, length: u32): u64;

class Services extends Extension {
  wrap(op: Operation, next: Next): Outcome {
    const name = op.name;
    if (name == "log") {
      log.debug("d");
      log.info("i", Value.map().set("n", 1));
      log.warn("w");
      log.error("e", Value.map().set("absent", op.input.get("absent")));
      console.log("c");
      console.error("ce");
      console.debug("cd");
      console.warn("cw");
      console.info("ci");
      console.assert(1 == 1, "no");
      console.assert(1 == 2, "two");
      return Outcome.pass;
    }
    if (name == "random") return Outcome.of([Math.random(), Math.random()]);
    if (name == "fill") {
      const bytes = new Uint8Array(100000);
      const failed = random.fill(bytes);
      return failed === null ? Outcome.of(bytes) : Outcome.fail(failed);
    }
    if (name == "clock") {
      const before = clock.monotonic();
      const failed = clock.sleep(2.5);
      if (failed !== null) return Outcome.fail(failed);
      clock.sleep(-1);
      clock.sleep(NaN);
      return Outcome.of(Value.list().push(clock.now()).push(clock.monotonic() - before));
    }
    if (name == "state") return this.state();
    if (name == "many keys") {
      for (let i = 0; i < 700; i++) state.put("k/" + i.toString().padStart(4, "0"), i);
      const keys = state.list("k/");
      return keys.failed ? Outcome.fail(keys.error) : Outcome.of(keys.value);
    }
    if (name == "large") {
      state.putBytes("large", new Uint8Array(100000).fill(1));
      return Outcome.of(state.getBytes("large").value.length);
    }
    if (name == "state fails") {
      const failed = state.put("k", 1);
      const sum = state.add("n", 1);
      return Outcome.of([
        failed === null ? "" : failed.code, sum.failed ? sum.error.code : "", state.get("k").error.code,
        state.list().error.code, state.swap("k", null, null).error.code, state.getBytes("k").error.code,
      ]);
    }
    if (name == "context") return this.context();
    if (name == "invoke") return Outcome.of(invoke(reserve, op.input));
    if (name == "fetch") return this.fetch(op);
    return Outcome.pass;
  }

  private state(): Outcome {
    const out = Value.list();
    out.push(state.get("a").missing);
    state.put("a", [1, 2]);
    out.push(state.get("a"));
    out.push(state.add("n", 40).value).push(state.add("n", 2).value);
    state.putBytes("b", new Uint8Array(2));
    out.push(state.append("b", new Uint8Array(3)).value).push(state.getBytes("b").value);
    out.push(state.swap("c", null, Value.of("x")).value).push(state.swap("c", null, Value.of("y")).value);
    out.push(state.swap("c", state.get("c"), Value.of("z")).value).push(state.get("c"));
    out.push(state.swap("c", Value.of("z"), null).value).push(state.get("c").missing);
    out.push(state.swapBytes("b", new Uint8Array(5), new Uint8Array(1)).value);
    out.push(state.list().value);
    state.remove("a");
    state.remove("a");
    out.push(state.list().value);
    return Outcome.of(out);
  }

  private context(): Outcome {
    const out = Value.list();
    out.push(context.own.get("k").missing);
    context.own.set("k", "own");
    context.root.set("k", "root");
    context.scope.set("k", "scope");
    out.push(context.own.get("k")).push(context.root.get("k")).push(context.scope.get("k"));
    out.push(context.root.append("list", 1).value).push(context.root.append("list", "b").value).push(context.root.get("list"));
    out.push(context.own.swap("s", 1).missing).push(context.own.swap("s", "x".repeat(9000))).push(context.own.swap("s", 2).text.length);
    context.own.remove("k");
    out.push(context.own.get("k").missing);
    return Outcome.of(out);
  }

  private fetch(op: Operation): Outcome {
    const request = new Request(op.input.text).withText("hi");
    request.method = "POST";
    request.headers.set("accept", "text/plain");
    request.timeoutMilliseconds = 500;
    const got = fetch(request);
    if (got.failed) return Outcome.fail(got.error);
    const r = got.value;
    return Outcome.of(Value.map().set("ok", r.ok).set("status", r.status).set("type", r.header("Content-Type")).set("none", r.header("x")).set("text", r.text));
  }
}

register(new Services());
export { aril_abi_v1, aril_wrap } from "../../index";
