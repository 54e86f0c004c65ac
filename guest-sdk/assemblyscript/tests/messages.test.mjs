// The wire goldens of testdata/messages, both ways.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Abort, Host } from "../testing/host.mjs";
import { compile } from "./compile.mjs";
import { decode } from "../testing/msgpack.mjs";

const dir = join(import.meta.dirname, "../../../testdata/messages");
const module = compile("tests/guests/messages.ts");

const goldens = readdirSync(dir)
  .filter((f) => f.endsWith(".json"))
  .map((f) => ({ name: f.slice(0, -5), ...JSON.parse(readFileSync(join(dir, f))), bytes: readFileSync(join(dir, f.replace(".json", ".msgpack"))) }));

const bin = (b) => ({ $bin: b.toString("hex") });
const unbin = (v) => Buffer.from(v.$bin, "hex");

// What the guest tells of a header, less what is not in it.
function told(outcome, content) {
  const value = outcome.value;
  for (const key of Object.keys(value)) {
    if (!(key in content) && (value[key] === null || value[key] === "" || value[key] === 0)) delete value[key];
  }
  return value;
}

const readers = {
  value(host, { bytes, content, canonical }) {
    const { value } = host.call("value", bin(bytes));
    assert.deepEqual(unbin(value["as it was"]), bytes);
    const anew = unbin(value["made anew"]);
    assert.deepEqual(decode(anew), content);
    if (canonical) assert.deepEqual(anew, bytes);
  },
  error(host, { bytes, content, canonical }) {
    const again = unbin(host.call("error", bin(bytes)).value);
    if (canonical && content.code !== "") assert.deepEqual(again, bytes);
    // An empty code counts as "error", and what is nil as left out.
    const want = JSON.parse(JSON.stringify(content), (k, v) => (k === "code" && v === "" ? "error" : v));
    for (const key of ["data", "cause"]) if (want[key] === null) delete want[key];
    if (want.retryable === false) delete want.retryable;
    assert.deepEqual(decode(again), want);
  },
  operation(host, { bytes, content }) {
    assert.deepEqual(told(host.raw("aril_wrap", bytes), content), content);
  },
  event(host, { bytes, content }) {
    assert.deepEqual(told(host.raw("aril_event", bytes), content), content);
  },
  call(host, { bytes, content }) {
    assert.equal(host.raw("aril_call", bytes).value, content.method);
  },
};

test("there are goldens of every type that a guest reads", () => {
  for (const type of Object.keys(readers)) assert.ok(goldens.some((g) => g.type === type && !g.refused), type);
});

for (const golden of goldens.filter((g) => g.type in readers && !g.refused)) {
  test(`${golden.name}: ${golden.about}`, () => readers[golden.type](new Host(module), golden));
}

const hooks = { operation: "aril_wrap", event: "aril_event", call: "aril_call" };

for (const golden of goldens.filter((g) => g.refused && (g.type in readers))) {
  test(`${golden.name} is read without a crash`, () => {
    const host = new Host(module);
    try {
      if (golden.type in hooks) host.raw(hooks[golden.type], golden.bytes);
      else host.call(golden.type, bin(golden.bytes));
    } catch (e) {
      if (!(e instanceof Abort)) throw e;
    }
  });
}

test("what is malformed is a failure and no value", () => {
  const host = new Host(module);
  for (const bytes of ["", "c1", "01 02", "a2 61", "81 a1 61", "92 01", "dc 00 01", "df ff ff ff ff", "dd ff ff ff ff c0", "c6 ff ff ff ff 00", "c7 10 41 00", "d9", "cf 00"]) {
    assert.equal(host.call("value", { $bin: bytes.replaceAll(" ", "") }).error.code, "invalid", bytes);
  }
  const deep = Buffer.concat([Buffer.alloc(65, 0x91), Buffer.from([0xc0])]);
  assert.equal(host.call("value", bin(deep)).error.code, "invalid");
});

test("bytes at random never make the reader leave the message", () => {
  const host = new Host(module);
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647);
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(Array.from({ length: random() % 40 }, () => (random() % 3 ? 0x80 + (random() % 0x80) : random() % 256)));
    const { value, error } = host.call("value", bin(bytes));
    if (error) assert.equal(error.code, "invalid");
    else assert.deepEqual(unbin(value["as it was"]), bytes);
  }
});
