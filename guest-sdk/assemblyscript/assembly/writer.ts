import { Timestamp } from "./timestamp";

let scratch: Writer | null = null;

/** Writes msgpack, each value in its shortest form. */
export class Writer {
  private buffer: ArrayBuffer;
  private used: usize = 0;

  constructor(capacity: i32 = 256) {
    this.buffer = new ArrayBuffer(capacity);
  }

  /** A writer for what is written and taken at once. There is one for all. */
  static scratch(): Writer {
    let w = scratch;
    if (w === null) {
      w = new Writer();
      scratch = w;
    }
    w.used = 0;
    return w;
  }

  /** What was written, in a buffer of its own. */
  take(): ArrayBuffer {
    const b = new ArrayBuffer(<i32>this.used);
    memory.copy(changetype<usize>(b), this.address, this.used);
    return b;
  }

  /** The address of what was written; it moves when more is. */
  get address(): usize {
    return changetype<usize>(this.buffer);
  }

  /** How many bytes were written. */
  get length(): u32 {
    return <u32>this.used;
  }

  /** A copy of what was written. */
  bytes(): Uint8Array {
    const b = new Uint8Array(<i32>this.used);
    memory.copy(b.dataStart, this.address, this.used);
    return b;
  }

  private room(n: usize): usize {
    const need = this.used + n;
    const have = <usize>this.buffer.byteLength;
    if (need > have) {
      const larger = new ArrayBuffer(<i32>max(need, have << 1));
      memory.copy(changetype<usize>(larger), this.address, this.used);
      this.buffer = larger;
    }
    const at = this.address + this.used;
    this.used = need;
    return at;
  }

  private head1(head: u32): void {
    store<u8>(this.room(1), head);
  }

  private head2(head: u32, n: u32): void {
    const at = this.room(2);
    store<u8>(at, head);
    store<u8>(at, n, 1);
  }

  private head3(head: u32, n: u32): void {
    const at = this.room(3);
    store<u8>(at, head);
    store<u16>(at, bswap<u16>(<u16>n), 1);
  }

  private head5(head: u32, n: u32): void {
    const at = this.room(5);
    store<u8>(at, head);
    store<u32>(at, bswap<u32>(n), 1);
  }

  private head9(head: u32, n: u64): void {
    const at = this.room(9);
    store<u8>(at, head);
    store<u64>(at, bswap<u64>(n), 1);
  }

  nil(): Writer {
    this.head1(0xc0);
    return this;
  }

  bool(x: bool): Writer {
    this.head1(x ? 0xc3 : 0xc2);
    return this;
  }

  i64(x: i64): Writer {
    if (x >= 0) return this.u64(x);
    if (x >= -32) this.head1(<u32>x & 0xff);
    else if (x >= -128) this.head2(0xd0, <u32>x);
    else if (x >= -32768) this.head3(0xd1, <u32>x);
    else if (x >= -2147483648) this.head5(0xd2, <u32>x);
    else this.head9(0xd3, x);
    return this;
  }

  u64(x: u64): Writer {
    if (x < 128) this.head1(<u32>x);
    else if (x < 256) this.head2(0xcc, <u32>x);
    else if (x < 65536) this.head3(0xcd, <u32>x);
    else if (x < 4294967296) this.head5(0xce, <u32>x);
    else this.head9(0xcf, x);
    return this;
  }

  f64(x: f64): Writer {
    this.head9(0xcb, reinterpret<u64>(x));
    return this;
  }

  f32(x: f32): Writer {
    this.head5(0xca, reinterpret<u32>(x));
    return this;
  }

  /** A text, as UTF-8. Half a surrogate pair becomes U+FFFD. */
  text(s: string): Writer {
    const n = <u32>String.UTF8.byteLength(s);
    if (n < 32) this.head1(0xa0 | n);
    else if (n < 256) this.head2(0xd9, n);
    else if (n < 65536) this.head3(0xda, n);
    else this.head5(0xdb, n);
    const at = this.room(n);
    String.UTF8.encodeUnsafe(changetype<usize>(s), s.length, at, false, String.UTF8.ErrorMode.REPLACE);
    return this;
  }

  /** The n bytes at an address. */
  bin(ptr: usize, n: u32): Writer {
    if (n < 256) this.head2(0xc4, n);
    else if (n < 65536) this.head3(0xc5, n);
    else this.head5(0xc6, n);
    return this.raw(ptr, n);
  }

  /** Begins a list of n elements. */
  list(n: u32): Writer {
    if (n < 16) this.head1(0x90 | n);
    else if (n < 65536) this.head3(0xdc, n);
    else this.head5(0xdd, n);
    return this;
  }

  /** Begins a map of n pairs. */
  map(n: u32): Writer {
    if (n < 16) this.head1(0x80 | n);
    else if (n < 65536) this.head3(0xde, n);
    else this.head5(0xdf, n);
    return this;
  }

  time(t: Timestamp): Writer {
    const s = <u64>t.seconds;
    const ns = t.nanoseconds;
    if (s >> 34 != 0) {
      this.ext(-1, 12);
      store<u32>(this.room(4), bswap<u32>(ns));
      store<u64>(this.room(8), bswap<u64>(s));
    } else if (ns != 0 || s >> 32 != 0) {
      this.ext(-1, 8);
      store<u64>(this.room(8), bswap<u64>((<u64>ns << 34) | s));
    } else {
      this.ext(-1, 4);
      store<u32>(this.room(4), bswap<u32>(<u32>s));
    }
    return this;
  }

  /** Begins an extension value of n bytes, which `raw` writes. */
  ext(type: i32, n: u32): Writer {
    if (n == 1 || n == 2 || n == 4 || n == 8 || n == 16) this.head1(0xd4 + ctz(n));
    else if (n < 256) this.head2(0xc7, n);
    else if (n < 65536) this.head3(0xc8, n);
    else this.head5(0xc9, n);
    this.head1(<u32>type & 0xff);
    return this;
  }

  /** Bytes as they are. */
  raw(ptr: usize, n: u32): Writer {
    memory.copy(this.room(n), ptr, n);
    return this;
  }
}
