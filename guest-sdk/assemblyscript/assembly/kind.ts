/** What a value is. */
export enum Kind {
  Nil,
  Bool,
  /** An integer that an i64 holds. */
  Int,
  /** An integer above the range of an i64. */
  Uint,
  /** A float of 64 or 32 bits. */
  Float,
  Text,
  Bytes,
  List,
  Map,
  Time,
  /** Something of the host's that can only be held, compared and given back. */
  Opaque,
  /** Any other msgpack extension type. */
  Ext,
  /** An error in the place of a value. */
  Failed,
}
