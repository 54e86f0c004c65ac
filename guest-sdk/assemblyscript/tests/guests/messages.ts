// Reads and writes the messages that a test sends it.
import { rebuild } from "../../conformance/rebuild";
import { ArilError, Event, Extension, Next, Operation, Outcome, register, Value } from "../../index";

class Messages extends Extension {
  wrap(op: Operation, next: Next): Outcome {
    return Outcome.of(
      Value.map()
        .set("kind", op.kind)
        .set("name", op.name)
        .set("key", op.key)
        .set("id", op.id)
        .set("root", op.root)
        .set("depth", op.depth)
        .set("max_next", op.maxNext)
        .set("powers", op.powers)
        .set("entropy", op.header("entropy"))
        .set("meta", op.meta)
    );
  }

  event(e: Event): Outcome {
    return Outcome.of(
      Value.map().set("event", e.type).set("id", e.id).set("scope", e.scope).set("name", e.name).set("entropy", e.header("entropy"))
    );
  }

  call(method: string, args: Value): Outcome {
    if (method == "value") {
      const v = Value.decode(args.bytes);
      if (v.failed) return Outcome.of(v);
      return Outcome.of(Value.map().set("as it was", v.encode()).set("made anew", rebuild(v).encode()));
    }
    if (method == "error") {
      const v = Value.decode(args.bytes);
      return v.failed ? Outcome.of(v) : Outcome.of(ArilError.of(v).toValue().encode());
    }
    return Outcome.of(method);
  }
}

register(new Messages());
export { aril_abi_v1, aril_call, aril_event, aril_wrap } from "../../index";
