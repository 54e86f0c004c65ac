// Reads msgpack where it lies. `after` checks that a value is well-formed; the
// other functions take what it has passed, and look at no bounds.
import { Kind } from "./kind";

/** The msgpack extension type of an opaque value. */
export const EXT_OPAQUE: i32 = 0x41;
/** The msgpack extension type of a time. */
export const EXT_TIME: i32 = -1;

/** How deep values may be nested. */
export const MAX_DEPTH: i32 = 64;

/** The address after the value at p; 0 if none that is well-formed ends before `end`. */
export function after(p: usize, end: usize, depth: i32 = MAX_DEPTH): usize {
  if (p >= end) return 0;
  const head = <u32>load<u8>(p);
  if (head < 0x80 || head >= 0xe0) return p + 1;
  if (head < 0x90) return elements(p + 1, end, (head & 15) << 1, depth);
  if (head < 0xa0) return elements(p + 1, end, head & 15, depth);
  if (head < 0xc0) return fixed(p, end, 1 + (head & 31));
  switch (head) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return p + 1;
    case 0xcc: // uint 8
    case 0xd0: // int 8
      return fixed(p, end, 2);
    case 0xcd: // uint 16
    case 0xd1: // int 16
    case 0xd4: // ext of 1
      return fixed(p, end, 3);
    case 0xd5: // ext of 2
      return fixed(p, end, 4);
    case 0xca: // float 32
    case 0xce: // uint 32
    case 0xd2: // int 32
      return fixed(p, end, 5);
    case 0xd6: // ext of 4
      return fixed(p, end, 6);
    case 0xcb: // float 64
    case 0xcf: // uint 64
    case 0xd3: // int 64
      return fixed(p, end, 9);
    case 0xd7: // ext of 8
      return fixed(p, end, 10);
    case 0xd8: // ext of 16
      return fixed(p, end, 18);
    case 0xc1:
      return 0;
  }
  // What is left says its size in 1, 2 or 4 bytes.
  const width = widthOf(head);
  if (end - p < 1 + width) return 0;
  const n = sizeAt(p + 1, width);
  p += 1 + width;
  if (head >= 0xde) return n > end - p ? 0 : elements(p, end, n << 1, depth); // map
  if (head >= 0xdc) return elements(p, end, n, depth); // list
  if (head >= 0xc7 && head <= 0xc9) return end - p < 1 ? 0 : fixed(p + 1, end, n); // ext
  return fixed(p, end, n); // bin, str
}

function fixed(p: usize, end: usize, n: usize): usize {
  return n <= end - p ? p + n : 0;
}

function elements(p: usize, end: usize, n: usize, depth: i32): usize {
  if (depth <= 0 || n > end - p) return 0;
  for (; n > 0 && p != 0; n--) p = after(p, end, depth - 1);
  return p;
}

// How many bytes say the size, for the heads that have one.
function widthOf(head: u32): usize {
  if (head <= 0xc6) return (<usize>1) << (head - 0xc4); // bin
  if (head <= 0xc9) return (<usize>1) << (head - 0xc7); // ext
  if (head <= 0xdb) return (<usize>1) << (head - 0xd9); // str
  return head & 1 ? 4 : 2; // list, map
}

function sizeAt(p: usize, width: usize): usize {
  if (width == 1) return load<u8>(p);
  return width == 2 ? bswap<u16>(load<u16>(p)) : bswap<u32>(load<u32>(p));
}

/** The kind of the value at p. */
export function kindAt(p: usize): Kind {
  const head = <u32>load<u8>(p);
  if (head < 0x80 || head >= 0xe0) return Kind.Int;
  if (head < 0x90) return Kind.Map;
  if (head < 0xa0) return Kind.List;
  if (head < 0xc0) return Kind.Text;
  if (head == 0xc0) return Kind.Nil;
  if (head <= 0xc3) return Kind.Bool;
  if (head <= 0xc6) return Kind.Bytes;
  if (head == 0xca || head == 0xcb) return Kind.Float;
  if (head == 0xcf) return load<i8>(p, 1) < 0 ? Kind.Uint : Kind.Int;
  if (head >= 0xde) return Kind.Map;
  if (head >= 0xdc) return Kind.List;
  if (head >= 0xd9) return Kind.Text;
  if (head >= 0xcc && head <= 0xd3) return Kind.Int;
  const type = <i32>load<i8>(dataAt(p) - 1);
  if (type == EXT_OPAQUE) return Kind.Opaque;
  const n = lengthAt(p);
  return type == EXT_TIME && (n == 4 || n == 8 || n == 12) ? Kind.Time : Kind.Ext;
}

/** How many bytes a text, bytes or an extension value holds, or how many elements or pairs a list or map. */
export function lengthAt(p: usize): usize {
  const head = <u32>load<u8>(p);
  if (head < 0xa0) return head & 15;
  if (head < 0xc0) return head & 31;
  if (head >= 0xd4 && head <= 0xd8) return (<usize>1) << (head - 0xd4);
  return sizeAt(p + 1, widthOf(head));
}

/** Where the content of such a value begins; of an extension value after its type. */
export function dataAt(p: usize): usize {
  const head = <u32>load<u8>(p);
  if (head < 0xc0) return p + 1;
  if (head >= 0xd4 && head <= 0xd8) return p + 2;
  return p + 1 + widthOf(head) + usize(head >= 0xc7 && head <= 0xc9);
}

/** The integer at p, of whatever width. */
export function integerAt(p: usize): i64 {
  const head = <u32>load<u8>(p);
  switch (head) {
    case 0xcc:
      return load<u8>(p, 1);
    case 0xcd:
      return bswap<u16>(load<u16>(p, 1));
    case 0xce:
      return bswap<u32>(load<u32>(p, 1));
    case 0xd0:
      return load<i8>(p, 1);
    case 0xd1:
      return <i16>bswap<u16>(load<u16>(p, 1));
    case 0xd2:
      return <i32>bswap<u32>(load<u32>(p, 1));
    case 0xcf:
    case 0xd3:
      return bswap<u64>(load<u64>(p, 1));
    default:
      return <i8>head;
  }
}

/** Whether the float at p is one of 32 bits. */
export function isSingle(p: usize): bool {
  return load<u8>(p) == 0xca;
}

/** The float at p. */
export function floatAt(p: usize): f64 {
  if (isSingle(p)) return reinterpret<f32>(bswap<u32>(load<u32>(p, 1)));
  return reinterpret<f64>(bswap<u64>(load<u64>(p, 1)));
}

/** The text at p. */
export function textAt(p: usize): string {
  return String.UTF8.decodeUnsafe(dataAt(p), lengthAt(p));
}

/** Whether there is a text at p, and this one. */
export function isTextAt(p: usize, want: string): bool {
  if (kindAt(p) != Kind.Text) return false;
  const n = lengthAt(p);
  const length = <usize>want.length;
  if (n < length) return false; // UTF-8 has no fewer bytes than UTF-16 has units
  if (n > length) return n <= length * 3 && textAt(p) == want;
  const data = dataAt(p);
  const chars = changetype<usize>(want);
  for (let i: usize = 0; i < n; i++) {
    if (<u32>load<u8>(data + i) != <u32>load<u16>(chars + (i << 1))) return false;
  }
  return true;
}
