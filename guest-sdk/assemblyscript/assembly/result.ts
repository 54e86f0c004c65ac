import { ArilError } from "./error";

/** What a function of the host answered, or why it did not. */
export class Result<T> {
  private constructor(
    private readonly got: T,
    private readonly why: ArilError | null
  ) {}

  static ok<T>(value: T): Result<T> {
    return new Result<T>(value, null);
  }

  /** `none` stands where the value would. */
  static fail<T>(error: ArilError, none: T): Result<T> {
    return new Result<T>(none, error);
  }

  /** Whether there is an error instead of a value. */
  get failed(): bool {
    return this.why !== null;
  }

  /** The value. Ask `failed` before: with an error the activation ends. */
  get value(): T {
    const why = this.why;
    if (why !== null) throw new Error("aril: " + why.toString());
    return this.got;
  }

  /** The error. Ask `failed` before: with a value the activation ends. */
  get error(): ArilError {
    const why = this.why;
    if (why === null) throw new Error("aril: the result is a value, not an error");
    return why;
  }

  /** The value, or another where there is an error. */
  or(otherwise: T): T {
    return this.why === null ? this.got : otherwise;
  }
}
