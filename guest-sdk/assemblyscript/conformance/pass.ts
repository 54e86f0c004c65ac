// The smallest extension: runs the rest and gives its outcome on.
import { Extension, Next, Operation, Outcome, register } from "../index";

class Pass extends Extension {
  wrap(op: Operation, next: Next): Outcome {
    return next.run();
  }
}

register(new Pass());
export { aril_abi_v1, aril_wrap } from "../index";
