// A host for unit tests: the functions of abi/ABI.md over maps in memory, with
// no limits and no sandbox. It is as strict as the contract where an extension
// could go wrong: the mailbox is wiped by every import, lengths are whole, slots
// are those of the last next. Memory is kept between operations, as in the
// isolation mode Single.
//
// Values are JSON; what JSON lacks is an object with one key: {"$int": "…"},
// {"$float64": "1.5"}, {"$bin": "00ff"}, {"$time": [seconds, nanoseconds]},
// {"$ext": 65, "data": "00ff"}. A number is an integer.
import { decode, encode } from "./msgpack.mjs";

/** What a function of the host may answer instead of doing what it was asked. */
export const Status = { OK: 0, FAILED: 1, NOT_FOUND: 2, DENIED: 3, PHASE: 4, LIMIT: 5, TOO_LARGE: 6, INVALID: 7, CANCELED: 8, STALE: 9, CONFLICT: 10, UNAVAILABLE: 11 };
const [MESSAGE, INPUT, RESULT, ERROR, PARAMS, CONFIG] = [0, 1, 2, 3, 4, 5];
const ABSENT = 0xffffffff;

const answer = (status, n = 0) => (BigInt(status) << 32n) | BigInt(n);

/** An extension ended itself, with the message of what it threw. */
export class Abort extends Error {}

/** An extension on a host. What it asked for is in `log`, `calls`, `state`, `context` and `slept`. */
export class Host {
  /**
   * Loads a module, or its bytes; what `init` said is in `init`.
   * `config` is the configuration.
   * `functions`: "module.name" to a function from a message of the dialect to
   * one; what it throws, with a member `error`, is an Error message.
   * `refuse`: "module.name" to the status that the function answers instead.
   */
  constructor(module, { config, functions = {}, refuse = {} } = {}) {
    if (!(module instanceof WebAssembly.Module)) module = new WebAssembly.Module(module);
    Object.assign(this, { config, functions, refuse, log: [], calls: [], state: new Map(), context: new Map(), stack: [], slept: 0, time: 1577836800n * 1000000000n });
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      const call = this.#function(from, name);
      (imports[from] ??= {})[name] = from === "env" ? call : (...args) => {
        this.calls.push(`${from}.${name}`);
        this.#bytes(this.mailbox ?? 0, this.capacity ?? 0).fill(0x3f); // every import may overwrite it
        const refused = this.refuse[`${from}.${name}`];
        return refused ? answer(refused) : call(...args);
      };
    }
    this.instance = new WebAssembly.Instance(module, imports);
    this.exports = this.instance.exports;
    const where = this.exports.aril_abi_v1();
    this.mailbox = Number(where >> 32n);
    this.capacity = Number(where & 0xffffffffn);
    if (this.exports.aril_init) {
      this.init = this.#hook("aril_init", { name: "test", version: "0", powers: 127 }, {});
    }
  }

  #bytes(ptr, n) {
    if (ptr + n > (this.exports?.memory.buffer.byteLength ?? 0)) return new Uint8Array(0);
    return new Uint8Array(this.exports.memory.buffer, ptr, n);
  }
  #take = (ptr, n) => Buffer.from(this.#bytes(ptr >>> 0, n >>> 0));
  #text = (ptr, n) => this.#take(ptr, n).toString("utf8");
  #fill(bytes, buf, limit) {
    this.#bytes(buf >>> 0, Math.min(bytes.length, limit)).set(bytes.subarray(0, limit));
    return answer(Status.OK, bytes.length);
  }
  get #top() {
    return this.stack[this.stack.length - 1];
  }

  /** Sends a message through the mailbox, or MESSAGE, and gives its length. */
  #send(bytes) {
    this.message = undefined;
    if (bytes.length <= this.capacity) this.#bytes(this.mailbox, bytes.length).set(bytes);
    else this.message = bytes;
    return bytes.length;
  }

  /** Runs a hook. Gives {pass}, {value}, {error} or {next: i}, and `raw` with what was sent. */
  #hook(name, header, slots, next) {
    this.stack.push({ slots, next, outcomes: [], outcome: undefined });
    const n = this.#send(header === undefined ? Buffer.alloc(0) : header instanceof Uint8Array ? header : encode(header));
    try {
      const result = name === "aril_dispose" ? this.exports[name]() : this.exports[name](n);
      if (result === 1) return { pass: true, last: this.#top.outcomes.at(-1) };
      if (result !== 2 || !this.#top.outcome) throw new Error(`${name} returned ${result}`);
      return this.#top.outcome;
    } finally {
      this.stack.pop();
    }
  }

  /** Runs a hook on a header that is bytes. */
  raw(name, bytes, slots = {}) {
    return this.#hook(name, bytes, slots, () => ({ value: null }));
  }

  /** Wraps an operation. `next` is given the input in the dialect and gives {value} or {error}. */
  wrap({ input = null, params, ...header } = {}, next = () => ({ value: input })) {
    const defaults = { kind: "test", name: "test", id: 1, root: 1, depth: 0, max_next: 16, powers: 127, entropy: entropy(this.stack.length) };
    return this.#hook("aril_wrap", { ...defaults, ...header }, { input, params }, next);
  }
  call(method, args = null) {
    return this.#hook("aril_call", { method, id: 1, entropy: entropy(7) }, { input: args });
  }
  /** As `call`, with arguments that are bytes. */
  callRaw(method, args) {
    return this.#hook("aril_call", { method, id: 1, entropy: entropy(7) }, { raw: args });
  }
  event(event, data = {}, header = {}) {
    return this.#hook("aril_event", { event, id: 1, scope: 3, entropy: entropy(8), ...header }, { input: data });
  }
  dispose() {
    return this.#hook("aril_dispose", undefined, {});
  }

  #function(module, name) {
    const key = `${module}.${name}`;
    const known = {
      "env.abort": (message, file, line) => {
        const text = (p) => (p ? this.#take(p, new DataView(this.exports.memory.buffer).getUint32(p - 4, true)).toString("utf16le") : "");
        throw new Abort(`${text(message)} (${text(file)}:${line})`);
      },
      "aril_v1.next": (ptr, n, flags) => this.#next(ptr, n, flags),
      "aril_v1.read": (slot, offset, buf, limit) => {
        const bytes = this.#slot(slot);
        if (typeof bytes === "number") return answer(bytes);
        const part = bytes.subarray(offset);
        this.#bytes(buf, Math.min(part.length, limit)).set(part.subarray(0, limit));
        return answer(Status.OK, bytes.length);
      },
      "aril_v1.outcome": (kind, ptr, n) => {
        const raw = this.#take(ptr, n);
        if (kind === 2) {
          if (ptr >= this.#top.outcomes.length) return answer(Status.NOT_FOUND);
          this.#top.outcome = { next: ptr };
          return answer(Status.OK);
        }
        try {
          this.#top.outcome = kind === 1 ? { error: decode(raw), raw } : { value: decode(raw), raw };
          return answer(Status.OK);
        } catch {
          this.#top.outcome = { malformed: raw };
          return answer(Status.INVALID);
        }
      },
      "aril_v1.context_get": (level, k, kn, buf, limit) => this.#get(this.context, level + "/" + this.#text(k, kn), buf, limit),
      "aril_v1.context_set": (level, k, kn, v, vn) => {
        const key = level + "/" + this.#text(k, kn);
        if (vn) this.context.set(key, this.#take(v, vn));
        else this.context.delete(key);
        return answer(Status.OK);
      },
      "aril_v1.context_append": (level, k, kn, v, vn) => {
        const key = level + "/" + this.#text(k, kn);
        const list = [...(this.context.has(key) ? decode(this.context.get(key)) : []), decode(this.#take(v, vn))];
        this.context.set(key, encode(list));
        return answer(Status.OK, list.length);
      },
      "aril_v1.context_swap": (level, k, kn, v, vn, buf, limit) => {
        const key = level + "/" + this.#text(k, kn);
        const old = this.context.get(key);
        if (old && old.length > limit) return answer(Status.TOO_LARGE, old.length);
        this.context.set(key, this.#take(v, vn));
        return old ? this.#fill(old, buf, limit) : answer(Status.NOT_FOUND);
      },
      "aril_log_v1.write": (level, msg, n, attrs, an) => {
        const message = this.#text(msg, n);
        let decoded;
        if (an) try { decoded = decode(this.#take(attrs, an)); } catch { return answer(Status.INVALID); }
        this.log.push({ level, message, attrs: decoded });
        return answer(Status.OK, n);
      },
      "aril_clock_v1.now": (which, buf) => {
        const b = Buffer.alloc(8);
        b.writeBigInt64LE(which ? this.time : this.time % 1000000000000n);
        return this.#fill(b, buf, 8);
      },
      "aril_clock_v1.sleep": (ns) => ((this.time += ns), (this.slept += Number(ns)), answer(Status.OK)),
      "aril_random_v1.fill": (buf, n) => (n > 65536 ? answer(Status.TOO_LARGE) : this.#fill(Buffer.alloc(n, 0xa5), buf, n)),
      "aril_state_v1.get": (k, kn, buf, limit) => this.#get(this.state, this.#text(k, kn), buf, limit),
      "aril_state_v1.put": (k, kn, v, vn) => (this.state.set(this.#text(k, kn), this.#take(v, vn)), answer(Status.OK)),
      "aril_state_v1.delete": (k, kn) => answer(this.state.delete(this.#text(k, kn)) ? Status.OK : Status.NOT_FOUND),
      "aril_state_v1.list": (p, pn, a, an, buf, limit) => this.#list(this.#text(p, pn), this.#text(a, an), buf, limit),
      "aril_state_v1.add": (k, kn, delta, buf) => {
        const key = this.#text(k, kn);
        const old = this.state.get(key) ?? Buffer.alloc(8);
        if (old.length !== 8) return answer(Status.INVALID);
        const sum = Buffer.alloc(8);
        sum.writeBigInt64LE(old.readBigInt64LE() + delta);
        this.state.set(key, sum);
        return this.#fill(sum, buf, 8);
      },
      "aril_state_v1.append": (k, kn, v, vn) => {
        const key = this.#text(k, kn);
        const all = Buffer.concat([this.state.get(key) ?? Buffer.alloc(0), this.#take(v, vn)]);
        this.state.set(key, all);
        return answer(Status.OK, all.length);
      },
      "aril_state_v1.compare_and_swap": (k, kn, old, on, v, vn) => {
        const key = this.#text(k, kn);
        const have = this.state.get(key);
        const same = on >>> 0 === ABSENT ? !have : have?.equals(this.#take(old, on));
        if (!same) return answer(Status.CONFLICT);
        if (vn >>> 0 === ABSENT) this.state.delete(key);
        else this.state.set(key, this.#take(v, vn));
        return answer(Status.OK);
      },
    }[key];
    if (known) return known;
    const own = this.functions[key];
    if (!own) return () => { throw new Error(`the host has no ${key}`); };
    return (ptr, n) => {
      try {
        return answer(Status.OK, this.#send(encode(own(decode(this.#take(ptr, n))))));
      } catch (e) {
        if (!e.error) throw e;
        return answer(Status.FAILED, this.#send(encode(e.error)));
      }
    };
  }

  #next(ptr, n, flags) {
    const a = this.#top;
    const input = flags & 1 ? decode(this.#take(ptr, n)) : a.slots.input;
    const outcome = a.next(input, a.outcomes.length);
    if (typeof outcome === "number") return answer(outcome); // a status: the rest did not run
    a.outcomes.push(outcome);
    const failed = "error" in outcome;
    const bytes = encode(failed ? outcome.error : outcome.value);
    let n_ = 0;
    if (flags & 2) {
      n_ = bytes.length;
      if (n_ <= this.capacity) this.#bytes(this.mailbox, n_).set(bytes);
    }
    return answer(failed ? Status.FAILED : Status.OK, n_);
  }

  #slot(slot) {
    const { slots, outcomes } = this.#top;
    const last = outcomes.at(-1);
    switch (slot) {
      case MESSAGE: return this.message ?? Status.NOT_FOUND;
      case INPUT: if (slots.raw) return slots.raw; return slots.input === undefined ? Status.NOT_FOUND : encode(slots.input);
      case PARAMS: return slots.params === undefined ? Status.NOT_FOUND : encode(slots.params);
      case RESULT: return last && "value" in last ? encode(last.value) : Status.NOT_FOUND;
      case ERROR: return last && "error" in last ? encode(last.error) : Status.NOT_FOUND;
      case CONFIG: return this.config === undefined ? Status.NOT_FOUND : encode(this.config);
      default: return Status.INVALID;
    }
  }

  #get(map, key, buf, limit) {
    const v = map.get(key);
    return v ? this.#fill(v, buf, limit) : answer(Status.NOT_FOUND);
  }

  #list(prefix, after, buf, limit) {
    const left = [...this.state.keys()].filter((k) => k.startsWith(prefix) && k > after).sort();
    const fit = [];
    let size = 5; // the longest head of a list
    for (const k of left) {
      const key = Buffer.from(k);
      size += encode(key).length;
      if (size > limit) break;
      fit.push(key);
    }
    const bytes = encode(fit);
    if (left.length && !fit.length) return answer(Status.TOO_LARGE, 5 + encode(Buffer.from(left[0])).length);
    return this.#fill(bytes, buf, limit);
  }
}

function entropy(seed) {
  return Buffer.alloc(32, seed + 1);
}
