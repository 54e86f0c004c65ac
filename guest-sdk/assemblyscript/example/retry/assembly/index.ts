// An extension that tries an operation again when trying again may help.
import { ArilError, clock, Extension, log, Next, Operation, Outcome, register, Value } from "aril";

class Retry extends Extension {
  private attempts: i32 = 0;
  private pause: f64 = 0;

  init(config: Value): ArilError | null {
    this.attempts = config.get("attempts").or<i32>(3);
    this.pause = config.get("pause_ms").or<f64>(10);
    return null;
  }

  wrap(op: Operation, next: Next): Outcome {
    let outcome = next.run();
    for (let i = 1; i < this.attempts && outcome.retryable; i++) {
      log.warn("trying again", Value.map().set("operation", op.name).set("attempt", i).set("error", outcome.error.message));
      if (clock.sleep(this.pause) !== null) break; // the caller has given up
      outcome = next.run();
    }
    return outcome;
  }
}

register(new Retry());
export { aril_abi_v1, aril_init, aril_wrap } from "aril";
