// msgpack for the tests, in the JSON dialect of testdata/messages: what JSON
// lacks is an object with one key, such as {"$int": "18446744073709551615"}.

/** Encodes a value of the dialect, each in its shortest form. */
export function encode(value) {
  const parts = [];
  write(parts, value);
  return Buffer.concat(parts);
}

function write(out, v) {
  if (v === null || v === undefined) out.push(Buffer.from([0xc0]));
  else if (v === true || v === false) out.push(Buffer.from([v ? 0xc3 : 0xc2]));
  else if (typeof v === "bigint") integer(out, v);
  else if (typeof v === "number") integer(out, BigInt(v));
  else if (typeof v === "string") text(out, Buffer.from(v, "utf8"));
  else if (v instanceof Uint8Array) bin(out, v);
  else if (Array.isArray(v)) {
    sized(out, v.length, 16, 0x90, null, 0xdc, 0xdd);
    for (const x of v) write(out, x);
  } else object(out, v);
}

function object(out, v) {
  if ("$int" in v) return integer(out, BigInt(v.$int));
  if ("$float64" in v) return float(out, 0xcb, 8, "writeDoubleBE", v.$float64);
  if ("$float32" in v) return float(out, 0xca, 4, "writeFloatBE", v.$float32);
  if ("$bin" in v) return bin(out, Buffer.from(v.$bin, "hex"));
  if ("$ext" in v) return ext(out, v.$ext, Buffer.from(v.data, "hex"));
  if ("$time" in v) return time(out, BigInt(v.$time[0]), v.$time[1]);
  const keys = Object.keys(v);
  sized(out, keys.length, 16, 0x80, null, 0xde, 0xdf);
  for (const key of keys) {
    write(out, key);
    write(out, v[key]);
  }
}

function integer(out, n) {
  const forms =
    n >= 0n
      ? [[0xffn, 0xcc, "writeUInt8", 1], [0xffffn, 0xcd, "writeUInt16BE", 2], [0xffffffffn, 0xce, "writeUInt32BE", 4], [1n << 64n, 0xcf, "writeBigUInt64BE", 8]]
      : [[0x80n, 0xd0, "writeInt8", 1], [0x8000n, 0xd1, "writeInt16BE", 2], [0x80000000n, 0xd2, "writeInt32BE", 4], [1n << 63n, 0xd3, "writeBigInt64BE", 8]];
  if (n >= -32n && n < 128n) return out.push(Buffer.from([Number(n) & 0xff]));
  const [, head, method, size] = forms.find(([most]) => (n >= 0n ? n : -n) <= most);
  const b = Buffer.alloc(1 + size);
  b[0] = head;
  b[method](size === 8 ? n : Number(n), 1);
  out.push(b);
}

function float(out, head, size, method, text) {
  const b = Buffer.alloc(1 + size);
  b[0] = head;
  b[method](text === "NaN" ? NaN : Number(text), 1);
  out.push(b);
}

function text(out, b) {
  sized(out, b.length, 32, 0xa0, 0xd9, 0xda, 0xdb);
  out.push(b);
}

function bin(out, b) {
  sized(out, b.length, 0, 0, 0xc4, 0xc5, 0xc6);
  out.push(Buffer.from(b));
}

function ext(out, type, b) {
  const fixed = [1, 2, 4, 8, 16].indexOf(b.length);
  if (fixed >= 0) out.push(Buffer.from([0xd4 + fixed]));
  else sized(out, b.length, 0, 0, 0xc7, 0xc8, 0xc9);
  out.push(Buffer.from([type & 0xff]), b);
}

function time(out, seconds, ns) {
  let b;
  if (seconds < 0n || seconds >> 34n) {
    b = Buffer.alloc(12);
    b.writeUInt32BE(ns);
    b.writeBigInt64BE(seconds, 4);
  } else if (ns || seconds >> 32n) {
    b = Buffer.alloc(8);
    b.writeBigUInt64BE((BigInt(ns) << 34n) | seconds);
  } else {
    b = Buffer.alloc(4);
    b.writeUInt32BE(Number(seconds));
  }
  ext(out, -1, b);
}

function sized(out, n, small, fix, head1, head2, head4) {
  if (n < small) return out.push(Buffer.from([fix | n]));
  if (head1 !== null && n < 256) return out.push(Buffer.from([head1, n]));
  const b = Buffer.alloc(n < 65536 ? 3 : 5);
  b[0] = n < 65536 ? head2 : head4;
  if (n < 65536) b.writeUInt16BE(n, 1);
  else b.writeUInt32BE(n, 1);
  out.push(b);
}

/** Decodes one value into the dialect; throws if it is not exactly one. */
export function decode(bytes) {
  const b = Buffer.from(bytes);
  const at = { p: 0 };
  const v = read(b, at);
  if (at.p !== b.length) throw new Error(`${b.length - at.p} bytes after the value`);
  return v;
}

function read(b, at) {
  const head = take(b, at, 1)[0];
  if (head < 0x80) return head;
  if (head < 0x90) return readMap(b, at, head & 15);
  if (head < 0xa0) return readList(b, at, head & 15);
  if (head < 0xc0) return take(b, at, head & 31).toString("utf8");
  if (head >= 0xe0) return head - 256;
  const size = (w) => Number(take(b, at, w).readUIntBE(0, w));
  switch (head) {
    case 0xc0: return null;
    case 0xc2: return false;
    case 0xc3: return true;
    case 0xc4: case 0xc5: case 0xc6: return { $bin: take(b, at, size(1 << (head - 0xc4))).toString("hex") };
    case 0xc7: case 0xc8: case 0xc9: return readExt(b, at, size(1 << (head - 0xc7)));
    case 0xca: return { $float32: floatText(take(b, at, 4).readFloatBE()) };
    case 0xcb: return { $float64: floatText(take(b, at, 8).readDoubleBE()) };
    case 0xcc: case 0xcd: case 0xce: return size(1 << (head - 0xcc));
    case 0xcf: return exact(take(b, at, 8).readBigUInt64BE());
    case 0xd0: return take(b, at, 1).readInt8();
    case 0xd1: return take(b, at, 2).readInt16BE();
    case 0xd2: return take(b, at, 4).readInt32BE();
    case 0xd3: return exact(take(b, at, 8).readBigInt64BE());
    case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return readExt(b, at, 1 << (head - 0xd4));
    case 0xd9: case 0xda: case 0xdb: return take(b, at, size(1 << (head - 0xd9))).toString("utf8");
    case 0xdc: return readList(b, at, size(2));
    case 0xdd: return readList(b, at, size(4));
    case 0xde: return readMap(b, at, size(2));
    case 0xdf: return readMap(b, at, size(4));
    default: throw new Error(`the byte ${head.toString(16)} begins no value`);
  }
}

function take(b, at, n) {
  if (at.p + n > b.length) throw new Error("the message ends too early");
  return b.subarray(at.p, (at.p += n));
}

const exact = (n) => (n < 1n << 53n && n > -(1n << 53n) ? Number(n) : { $int: n.toString() });
const floatText = (x) => (Object.is(x, -0) ? "-0.0" : x === 0 ? "0.0" : String(x));
const readList = (b, at, n) => Array.from({ length: n }, () => read(b, at));
const readMap = (b, at, n) => Object.fromEntries(Array.from({ length: n }, () => [read(b, at), read(b, at)]));

function readExt(b, at, n) {
  const type = take(b, at, 1).readInt8();
  const data = take(b, at, n);
  if (type !== -1) return { $ext: type, data: data.toString("hex") };
  if (n === 4) return { $time: [data.readUInt32BE(), 0] };
  if (n === 12) return { $time: [Number(data.readBigInt64BE(4)), data.readUInt32BE()] };
  const both = data.readBigUInt64BE();
  return { $time: [Number(both & 0x3ffffffffn), Number(both >> 34n)] };
}
