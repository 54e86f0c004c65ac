import { ArilError } from "./error";
import { Event } from "./event";
import { Next, Operation } from "./operation";
import { Outcome } from "./outcome";
import { Value } from "./value";

/**
 * Middleware. A subclass overrides the hooks that it wants; `register` makes
 * one object of it the extension, and the module exports the hooks:
 *
 *     register(new Retry());
 *     export { aril_abi_v1, aril_init, aril_wrap } from "aril";
 *
 * What is not exported the host does not call.
 */
export abstract class Extension {
  /**
   * Told its configuration once, before all else: export `aril_init`. An error
   * makes the host refuse the extension. Of the host's functions only the log
   * works here, and what this leaves in memory is what each operation of a
   * Fresh extension begins with.
   */
  init(config: Value): ArilError | null {
    return null;
  }

  /**
   * Stands around operations: export `aril_wrap`. It may look at the operation,
   * run `next` any number of times or not at all, and gives the outcome.
   */
  wrap(op: Operation, next: Next): Outcome {
    return Outcome.pass;
  }

  /** Hears of what happens outside operations: export `aril_event`. */
  event(e: Event): Outcome {
    return Outcome.pass;
  }

  /**
   * Answers methods that the host calls by name: export `aril_call`. Of itself
   * it leads `input_handler` and `output_handler` to the methods below; passing
   * means that there is no such method.
   */
  call(method: string, args: Value): Outcome {
    if (method == "input_handler") return this.inputHandler(args);
    if (method == "output_handler") return this.outputHandler(args);
    return Outcome.pass;
  }

  /** The method `input_handler` of a mapping: export `aril_call`. */
  inputHandler(args: Value): Outcome {
    return Outcome.pass;
  }

  /** The method `output_handler` of a mapping: export `aril_call`. */
  outputHandler(args: Value): Outcome {
    return Outcome.pass;
  }

  /**
   * Told that its memory was set back to what `init` left, before what follows:
   * export `aril_resume`. `seed` is random.
   */
  resume(seed: u64): void {}

  /** Told, once, that the host unloads the extension: export `aril_dispose`. */
  dispose(): void {}
}
