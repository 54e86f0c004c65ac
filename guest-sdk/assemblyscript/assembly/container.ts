import { ArilError } from "./error";
import { Kind } from "./kind";
import { after, dataAt, isTextAt, lengthAt } from "./scan";
import { Value } from "./value";
import { Writer } from "./writer";

// Maps with more pairs than that are opened and indexed to find a key.
const SMALL: usize = 16;

// Stands in a container that is not open.
const NONE: Value[] = [];

/** A list or a map: a message, or its parts once they are asked for. */
export class Container extends Value {
  /** The elements of a list, the values of a map. */
  values: Value[] = NONE;
  /** The keys of a map. */
  names: Value[] = NONE;

  private open: bool = false;
  private index: Map<string, i32> | null = null;

  /** One without parts, to be filled. */
  static empty(kind: Kind): Container {
    const c = new Container(kind, null, 0, 0);
    c.values = [];
    c.names = [];
    c.open = true;
    return c;
  }

  get count(): i32 {
    return this.open ? this.values.length : <i32>lengthAt(this.from);
  }

  /** Takes the message apart. The parts are messages in their turn. */
  opened(): Container {
    if (this.open) return this;
    this.open = true;
    const n = <i32>lengthAt(this.from);
    const values = new Array<Value>(n);
    const isMap = this.kind == Kind.Map;
    const names = new Array<Value>(isMap ? n : 0);
    const held = changetype<ArrayBuffer>(this.held);
    const end = this.from + this.size;
    let p = dataAt(this.from);
    for (let i = 0; i < n; i++) {
      let next = after(p, end);
      if (isMap) {
        names[i] = Value.part(held, p, next);
        p = next;
        next = after(p, end);
      }
      values[i] = Value.part(held, p, next);
      p = next;
    }
    this.values = values;
    this.names = names;
    return this;
  }

  /** What is under a key, null for nothing. */
  lookup(key: string): Value | null {
    if (!this.open && lengthAt(this.from) <= SMALL) {
      const found = this.search(key);
      // A list or a map may be changed: it must be the one that stays here.
      if (found === null || (found.kind != Kind.List && found.kind != Kind.Map)) return found;
    }
    const i = this.opened().position(key);
    return i < 0 ? null : this.values[i];
  }

  // Looks for a key in the message.
  private search(key: string): Value | null {
    const end = this.from + this.size;
    let p = dataAt(this.from);
    for (let n = lengthAt(this.from); n > 0; n--) {
      const value = after(p, end);
      const next = after(value, end);
      if (isTextAt(p, key)) return Value.part(changetype<ArrayBuffer>(this.held), value, next);
      p = next;
    }
    return null;
  }

  private position(key: string): i32 {
    const names = this.names;
    const n = names.length;
    if (<usize>n <= SMALL) {
      for (let i = 0; i < n; i++) if (names[i].is(key)) return i;
      return -1;
    }
    let index = this.index;
    if (index === null) {
      index = new Map<string, i32>();
      for (let i = 0; i < n; i++) if (names[i].kind == Kind.Text) index.set(names[i].text, i);
      this.index = index;
    }
    return index.has(key) ? index.get(key) : -1;
  }

  /** Sets a key of an opened map. */
  put(key: string, value: Value): void {
    const i = this.position(key);
    if (i >= 0) {
      this.values[i] = value;
      return;
    }
    const index = this.index;
    if (index !== null) index.set(key, this.names.length);
    this.names.push(Value.of<string>(key));
    this.values.push(value);
  }

  /** Removes a key of an opened map. */
  drop(key: string): void {
    const i = this.position(key);
    if (i < 0) return;
    this.names.splice(i, 1);
    this.values.splice(i, 1);
    this.index = null;
  }

  write(w: Writer): ArilError | null {
    if (!this.open) {
      w.raw(this.from, this.size);
      return null;
    }
    const values = this.values;
    const names = this.names;
    const n = values.length;
    const isMap = this.kind == Kind.Map;
    if (isMap) w.map(n);
    else w.list(n);
    for (let i = 0; i < n; i++) {
      if (isMap) names[i].write(w);
      const failed = values[i].write(w);
      if (failed !== null) return failed;
    }
    return null;
  }

  /** The text of an opened one. */
  describe(): string {
    const parts = new Array<string>();
    const isMap = this.kind == Kind.Map;
    for (let i = 0; i < this.values.length; i++) {
      const value = this.values[i].toString();
      parts.push(isMap ? this.names[i].toString() + ": " + value : value);
    }
    return isMap ? "{" + parts.join(", ") + "}" : "[" + parts.join(", ") + "]";
  }
}
