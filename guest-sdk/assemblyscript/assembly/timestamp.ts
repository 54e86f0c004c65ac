/** A point in time, to the nanosecond. */
export class Timestamp {
  constructor(
    /** Since 1970-01-01 UTC; negative before it. */
    public seconds: i64,
    /** 0 to 999,999,999, on top of the seconds. */
    public nanoseconds: u32 = 0
  ) {}

  /** From the n bytes of a msgpack timestamp: 4, 8 or 12. */
  static read(p: usize, n: usize): Timestamp {
    if (n == 4) return new Timestamp(bswap<u32>(load<u32>(p)));
    if (n == 12) return new Timestamp(bswap<u64>(load<u64>(p, 4)), bswap<u32>(load<u32>(p)));
    const both = bswap<u64>(load<u64>(p));
    return new Timestamp(both & 0x3ffffffff, <u32>(both >> 34));
  }

  /** From nanoseconds since 1970. */
  static fromNanoseconds(ns: i64): Timestamp {
    let seconds = ns / 1000000000;
    let rest = ns % 1000000000;
    if (rest < 0) {
      rest += 1000000000;
      seconds--;
    }
    return new Timestamp(seconds, <u32>rest);
  }

  /** From milliseconds since 1970, as Date has them. */
  static fromMilliseconds(ms: i64): Timestamp {
    let seconds = ms / 1000;
    let rest = ms % 1000;
    if (rest < 0) {
      rest += 1000;
      seconds--;
    }
    return new Timestamp(seconds, <u32>rest * 1000000);
  }

  /** In milliseconds since 1970, for Date; smaller parts are cut off. */
  get milliseconds(): i64 {
    return this.seconds * 1000 + this.nanoseconds / 1000000;
  }

  // @ts-ignore: decorator
  @operator("==") equals(other: Timestamp): bool {
    return this.seconds == other.seconds && this.nanoseconds == other.nanoseconds;
  }

  // @ts-ignore: decorator
  @operator("!=") differs(other: Timestamp): bool {
    return !this.equals(other);
  }

  /** Seconds and nanoseconds: "1577836800.000000006". */
  toString(): string {
    return this.seconds.toString() + "." + this.nanoseconds.toString().padStart(9, "0");
  }
}
