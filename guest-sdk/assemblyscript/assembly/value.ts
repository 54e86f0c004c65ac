import { Status } from "./abi";
import { Container } from "./container";
import { ArilError } from "./error";
import { Kind } from "./kind";
import {
  after,
  dataAt,
  EXT_OPAQUE,
  floatAt,
  integerAt,
  isSingle,
  isTextAt,
  kindAt,
  lengthAt,
  textAt,
} from "./scan";
import { Timestamp } from "./timestamp";
import { Writer } from "./writer";

const NEAR: u32 = 12;

/**
 * A value that crosses the boundary: nil, a bool, a number, a text, bytes, a
 * time, a list, a map, or something of the host's that can only be held. One
 * that came from the host is decoded as far as it is looked at.
 *
 * A value may also stand for an error: a part that is not there, an input that
 * the host does not show. `failed` tells; `get` and `at` of such a value give
 * it on; an Outcome made of it is its error; `as` ends the activation with it.
 */
export class Value {
  /** Made by Value.of and its kin. */
  constructor(
    /** What it is. */
    readonly kind: Kind,
    /** What keeps its message in memory. */
    protected readonly held: ArrayBuffer | null,
    /** Where its message is. */
    protected from: usize,
    /** How long its message is. */
    protected readonly size: u32
  ) {}

  // Room for a short message: numbers and the like need no buffer. An object
  // with these is as large, as the allocator rounds, as one without.
  private near0: u64 = 0;
  private near1: u32 = 0;

  /** The value whose well-formed message is at p, as a part of what `held` holds. */
  static part(held: ArrayBuffer, p: usize, end: usize): Value {
    const kind = kindAt(p);
    const size = <u32>(end - p);
    return kind == Kind.List || kind == Kind.Map ? new Container(kind, held, p, size) : new Value(kind, held, p, size);
  }

  /** A copy of the message at p as a value; failed if it is none. */
  static copy(p: usize, size: u32): Value {
    const held = new ArrayBuffer(<i32>size);
    memory.copy(changetype<usize>(held), p, size);
    return Value.whole(held);
  }

  /** The value that a buffer is the message of; failed if it is none. */
  static whole(held: ArrayBuffer): Value {
    const p = changetype<usize>(held);
    const end = p + <usize>held.byteLength;
    if (after(p, end) != end) return Value.refused(Status.Invalid, "a malformed message");
    return Value.part(held, p, end);
  }

  private static written(w: Writer): Value {
    const n = w.length;
    if (n > NEAR) {
      const held = w.take();
      const p = changetype<usize>(held);
      return new Value(kindAt(p), held, p, n);
    }
    const v = new Value(kindAt(w.address), null, 0, n);
    v.from = changetype<usize>(v) + offsetof<Value>("near0");
    memory.copy(v.from, w.address, n);
    return v;
  }

  /** Nil. */
  static get nil(): Value {
    return Value.written(Writer.scratch().nil());
  }

  /**
   * The value of x: null, a bool, a number, a string, a Uint8Array, a
   * Timestamp, an ArilError, a Value; an array, or a map with string keys, of
   * these; or an object with a method `toValue(): Value`.
   */
  static of<T>(x: T): Value {
    if (isBoolean<T>()) return Value.written(Writer.scratch().bool(x ? true : false));
    if (isInteger<T>()) {
      if (isSigned<T>()) return Value.written(Writer.scratch().i64(<i64>x));
      return Value.written(Writer.scratch().u64(<u64>x));
    }
    if (isFloat<T>()) {
      if (sizeof<T>() == 4) return Value.written(Writer.scratch().f32(<f32>x));
      return Value.written(Writer.scratch().f64(<f64>x));
    }
    if (isReference<T>()) {
      if (changetype<usize>(x) == 0) return Value.nil;
      return Value.ofObject<nonnull<T>>(changetype<nonnull<T>>(x));
    }
    return Value.nil;
  }

  private static ofObject<T>(x: T): Value {
    if (isString<T>()) return Value.written(Writer.scratch().text(changetype<string>(x)));
    if (idof<T>() == idof<Uint8Array>()) {
      const bytes = changetype<Uint8Array>(x);
      return Value.written(Writer.scratch().bin(bytes.dataStart, bytes.length));
    }
    if (idof<T>() == idof<Timestamp>()) return Value.written(Writer.scratch().time(changetype<Timestamp>(x)));
    if (isArray<T>()) {
      const list = Value.list();
      // @ts-ignore: T is an array
      for (let i = 0, n = x.length; i < n; i++) list.push<valueof<T>>(x[i]);
      return list;
    }
    if (x instanceof Value) return changetype<Value>(x);
    if (x instanceof Map) {
      const map = Value.map();
      // @ts-ignore: T is a map
      const keys = x.keys();
      // @ts-ignore: T is a map
      const values = x.values();
      for (let i = 0, n = keys.length; i < n; i++) map.set<valueof<T>>(keys[i], values[i]);
      return map;
    }
    // @ts-ignore: the compiler says so where T has none
    return x.toValue();
  }

  /** A list without elements, to push to. */
  static list(): Value {
    return Container.empty(Kind.List);
  }

  /** A map without entries, to set in. */
  static map(): Value {
    return Container.empty(Kind.Map);
  }

  /** A value that stands for an error. */
  static failure(error: ArilError): Value {
    return new Failed(error.status, "", error);
  }

  /** A value that stands for a status. The error is made when it is asked for. */
  static refused(status: Status, what: string): Value {
    return new Failed(status, what, null);
  }

  /** Reads one msgpack value; failed, with the code "invalid", if it is none. */
  static decode(bytes: Uint8Array): Value {
    return Value.copy(bytes.dataStart, bytes.length);
  }

  /** The value as msgpack. One that failed gives no bytes. */
  encode(): Uint8Array {
    const w = new Writer();
    return this.write(w) === null ? w.bytes() : new Uint8Array(0);
  }

  /** Appends the value as msgpack. Gives the error that keeps it from that. */
  write(w: Writer): ArilError | null {
    w.raw(this.from, this.size);
    return null;
  }

  /**
   * The value as a T: a bool, number type, string, Uint8Array, Timestamp,
   * Value; an Array, or a Map with string keys, of these; or a class with a
   * constructor without parameters and a method `fromValue(v: Value): void`.
   * What is not one ends the activation with a message that says why, and so
   * does a number that T does not hold exactly.
   */
  as<T>(): T {
    if (isBoolean<T>()) {
      if (this.kind != Kind.Bool) this.refuse("a bool");
      return <T>(load<u8>(this.from) == 0xc3);
    }
    if (isInteger<T>()) return this.integer<T>();
    if (isFloat<T>()) return this.float<T>();
    if (isString<T>()) return changetype<T>(this.text);
    return this.object<T>();
  }

  /** The value as a T, as `as` gives it, or another where this is nil or missing. */
  or<T>(otherwise: T): T {
    return this.isNil || this.missing ? otherwise : this.as<T>();
  }

  private integer<T>(): T {
    const kind = this.kind;
    if (kind != Kind.Int && kind != Kind.Uint) this.refuse("an integer");
    const n = integerAt(this.from);
    let fits: bool;
    if (isSigned<T>()) fits = kind == Kind.Int && <i64>(<T>n) == n;
    else if (sizeof<T>() == 8) fits = kind == Kind.Uint || n >= 0;
    else fits = n >= 0 && <u64>(<T>n) == <u64>n;
    if (!fits) this.unfit(nameof<T>());
    return <T>n;
  }

  private float<T>(): T {
    if (this.kind == Kind.Float) {
      const x = floatAt(this.from);
      if (sizeof<T>() == 4 && x == x && <f64>(<f32>x) != x) this.unfit(nameof<T>());
      return <T>x;
    }
    if (this.kind != Kind.Int) this.refuse("a float");
    const n = integerAt(this.from);
    const most: i64 = sizeof<T>() == 4 ? 1 << 24 : 1 << 53; // beyond it neighbours are skipped
    if (n > most || n < -most) this.unfit(nameof<T>());
    return <T>n;
  }

  private object<T>(): T {
    if (idof<T>() == idof<Value>()) return changetype<T>(this);
    if (idof<T>() == idof<Uint8Array>()) return changetype<T>(this.bytes);
    if (idof<T>() == idof<Timestamp>()) return changetype<T>(this.time);
    const object = instantiate<T>();
    if (isArray<T>()) {
      if (this.kind != Kind.List) this.refuse("a list");
      const items = this.items;
      // @ts-ignore: T is an array
      for (let i = 0, n = items.length; i < n; i++) object.push(items[i].as<valueof<T>>());
      return object;
    }
    if (object instanceof Map) {
      const keys = this.keys;
      const items = this.items;
      // @ts-ignore: T is a map
      for (let i = 0, n = keys.length; i < n; i++) object.set(keys[i].text, items[i].as<valueof<T>>());
      return object;
    }
    if (this.failed) this.refuse("");
    // @ts-ignore: the compiler says so where T has none
    object.fromValue(this);
    return object;
  }

  /** The text; anything else ends the activation. */
  get text(): string {
    if (this.kind != Kind.Text) this.refuse("a text");
    return textAt(this.from);
  }

  /** Whether it is this text. */
  is(text: string): bool {
    return this.kind == Kind.Text && isTextAt(this.from, text);
  }

  /** A copy of the bytes; anything else ends the activation. */
  get bytes(): Uint8Array {
    if (this.kind != Kind.Bytes) this.refuse("bytes");
    const bytes = new Uint8Array(<i32>lengthAt(this.from));
    memory.copy(bytes.dataStart, dataAt(this.from), bytes.length);
    return bytes;
  }

  /** The time; anything else ends the activation. */
  get time(): Timestamp {
    if (this.kind != Kind.Time) this.refuse("a time");
    return Timestamp.read(dataAt(this.from), lengthAt(this.from));
  }

  /** The elements of a list, or the values of a map, in order; anything else ends the activation. They are the value's own. */
  get items(): Value[] {
    if (this.kind != Kind.List && this.kind != Kind.Map) this.refuse("a list");
    return changetype<Container>(this).opened().values;
  }

  /** The keys of a map, in order; anything else ends the activation. They are the value's own. */
  get keys(): Value[] {
    if (this.kind != Kind.Map) this.refuse("a map");
    return changetype<Container>(this).opened().names;
  }

  private refuse(wanted: string): void {
    if (this.failed) throw new Error("aril: " + this.error.toString());
    throw new TypeError("aril: found " + kindName(this.kind) + ", not " + wanted);
  }

  private unfit(type: string): void {
    throw new RangeError("aril: the number does not fit " + type);
  }

  /** Whether it is nil. */
  get isNil(): bool {
    return this.kind == Kind.Nil;
  }

  /** Whether it stands for an error. */
  get failed(): bool {
    return this.kind == Kind.Failed;
  }

  /** Whether there is nothing: no such key, element or value. */
  get missing(): bool {
    return this.failed && changetype<Failed>(this).status == Status.NotFound;
  }

  /** The error that it stands for. Ask `failed` before: a value that did not fail ends the activation. */
  get error(): ArilError {
    if (!this.failed) throw new TypeError("aril: " + kindName(this.kind) + " is no error");
    return changetype<Failed>(this).reason();
  }

  /** How many elements a list or pairs a map has; 0 of anything else. */
  get length(): i32 {
    return this.kind == Kind.List || this.kind == Kind.Map ? changetype<Container>(this).count : 0;
  }

  /** What a map has under a key; missing if it has nothing there or is no map. */
  get(key: string): Value {
    const found = this.find(key);
    if (found !== null) return found;
    return this.failed ? this : Value.refused(Status.NotFound, key);
  }

  /** What a map has under a key; null if it has nothing there or is no map. */
  find(key: string): Value | null {
    return this.kind == Kind.Map ? changetype<Container>(this).lookup(key) : null;
  }

  /** The i-th element of a list, from 0; missing if there is none or it is no list. */
  at(i: i32): Value {
    if (this.kind == Kind.List) {
      const list = changetype<Container>(this).opened().values;
      if (<u32>i < <u32>list.length) return list[i];
    }
    return this.failed ? this : Value.refused(Status.NotFound, i.toString());
  }

  /** Sets a key of a map and gives the map. Anything but a map ends the activation. */
  set<T>(key: string, x: T): Value {
    if (this.kind != Kind.Map) this.refuse("a map");
    changetype<Container>(this).opened().put(key, Value.of<T>(x));
    return this;
  }

  /** Removes a key of a map and gives the map. Anything but a map ends the activation. */
  remove(key: string): Value {
    if (this.kind != Kind.Map) this.refuse("a map");
    changetype<Container>(this).opened().drop(key);
    return this;
  }

  /** Appends to a list and gives the list. Anything but a list ends the activation. */
  push<T>(x: T): Value {
    if (this.kind != Kind.List) this.refuse("a list");
    changetype<Container>(this).opened().values.push(Value.of<T>(x));
    return this;
  }

  /** Whether both are the same message, byte for byte. What failed equals nothing. */
  equals(other: Value): bool {
    const a = new Writer();
    const b = new Writer();
    if (this.write(a) !== null || other.write(b) !== null || a.length != b.length) return false;
    return memory.compare(a.address, b.address, a.length) == 0;
  }

  /** The name of the Go type of an opaque value; "" of anything else. */
  get typeName(): string {
    if (this.kind != Kind.Opaque) return "";
    const n = lengthAt(this.from);
    return n > 16 ? String.UTF8.decodeUnsafe(dataAt(this.from) + 16, n - 16) : ""; // after the handle
  }

  /** The type of an extension value; 0 of anything else. */
  get extension(): i32 {
    if (this.kind == Kind.Opaque) return EXT_OPAQUE;
    return this.kind == Kind.Ext || this.kind == Kind.Time ? load<i8>(dataAt(this.from) - 1) : 0;
  }

  /** A copy of what an extension value holds; empty of anything else. */
  get content(): Uint8Array {
    if (this.kind != Kind.Opaque && this.kind != Kind.Ext) return new Uint8Array(0);
    const bytes = new Uint8Array(<i32>lengthAt(this.from));
    memory.copy(bytes.dataStart, dataAt(this.from), bytes.length);
    return bytes;
  }

  /** Whether it is a float of 32 bits. */
  get single(): bool {
    return this.kind == Kind.Float && isSingle(this.from);
  }

  /** The value as people read it, much like JSON. */
  toString(): string {
    switch (this.kind) {
      case Kind.Nil:
        return "null";
      case Kind.Bool:
        return this.as<bool>() ? "true" : "false";
      case Kind.Int:
        return integerAt(this.from).toString();
      case Kind.Uint:
        return (<u64>integerAt(this.from)).toString();
      case Kind.Float:
        return floatAt(this.from).toString();
      case Kind.Text:
        return quote(this.text);
      case Kind.Bytes:
        return "<" + lengthAt(this.from).toString() + " bytes>";
      case Kind.Time:
        return "<" + this.time.toString() + ">";
      case Kind.Opaque:
        return "<" + this.typeName + ">";
      case Kind.Ext:
        return "<type " + this.extension.toString() + ">";
      case Kind.Failed:
        return "!" + this.error.toString();
      default:
        return changetype<Container>(this).opened().describe();
    }
  }
}

/** An error in the place of a value. */
class Failed extends Value {
  constructor(
    readonly status: Status,
    private readonly what: string,
    private why: ArilError | null
  ) {
    super(Kind.Failed, null, 0, 0);
  }

  reason(): ArilError {
    const known = this.why;
    if (known !== null) return known;
    const e = ArilError.ofStatus(this.status, this.what);
    this.why = e;
    return e;
  }

  write(w: Writer): ArilError | null {
    return this.reason();
  }
}

function kindName(kind: Kind): string {
  switch (kind) {
    case Kind.Nil:
      return "nil";
    case Kind.Bool:
      return "a bool";
    case Kind.Int:
    case Kind.Uint:
      return "an integer";
    case Kind.Float:
      return "a float";
    case Kind.Text:
      return "a text";
    case Kind.Bytes:
      return "bytes";
    case Kind.List:
      return "a list";
    case Kind.Map:
      return "a map";
    case Kind.Time:
      return "a time";
    case Kind.Opaque:
      return "an opaque value";
    default:
      return "an extension value";
  }
}

/** A text as JSON has it. */
export function quote(s: string): string {
  let out = '"';
  for (let i = 0, n = s.length; i < n; i++) {
    const c = s.charCodeAt(i);
    if (c == 0x22 || c == 0x5c) out += "\\" + String.fromCharCode(c);
    else if (c >= 0x20) out += String.fromCharCode(c);
    else out += "\\u00" + (c < 16 ? "0" : "") + c.toString(16);
  }
  return out + '"';
}
