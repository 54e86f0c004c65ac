import assert from "node:assert/strict";
import { test } from "node:test";
import { Abort, Host, Status } from "../testing/host.mjs";
import { compile } from "./compile.mjs";

const module = compile("tests/guests/wrap.ts");
const host = (options) => new Host(module, options);
const wrap = (name, op, next) => host().wrap({ name, ...op }, next);

test("nothing but what is called is imported", () => {
  const imports = WebAssembly.Module.imports(module).map((i) => `${i.module}.${i.name}`).sort();
  assert.deepEqual(imports, ["aril_v1.next", "aril_v1.outcome", "aril_v1.read", "env.abort"]);
});

test("only the hooks that are exported are there", () => {
  const exports = WebAssembly.Module.exports(module).map((e) => e.name).sort();
  assert.deepEqual(exports, ["aril_abi_v1", "aril_init", "aril_wrap", "memory"]);
});

test("an error of init is the load's error", () => {
  assert.deepEqual(host().init, { pass: true, last: undefined });
  assert.deepEqual(host({ config: { n: 1 } }).init.error, { code: "bad_config", message: '{"n": 1}' });
});

test("passing calls nothing", () => {
  const h = host();
  h.calls.length = 0;
  assert.ok(h.wrap({ name: "pass" }).pass);
  assert.deepEqual(h.calls, []);
});

test("an outcome that is given on is not read and not encoded", () => {
  for (const outcome of [{ value: "x" }, { error: { code: "a", message: "b" } }]) {
    const h = host();
    h.calls.length = 0;
    assert.ok(h.wrap({ name: "run" }, () => outcome).pass);
    assert.deepEqual(h.calls, ["aril_v1.next"]);
  }
});

test("a result that is fetched comes with next", () => {
  const h = host();
  h.calls.length = 0;
  assert.equal(h.wrap({ name: "fetch" }, () => ({ value: "x" })).value, "x");
  assert.deepEqual(h.calls, ["aril_v1.next", "aril_v1.outcome"]);
  const error = { code: "a", message: "b", kind: "host", handle: { $bin: "00".repeat(16) } };
  assert.deepEqual(host().wrap({ name: "fetch" }, () => ({ error })).value, error);
});

test("a result that is larger than the mailbox is read whole", () => {
  for (const n of [4000, 4090, 4093, 4094, 5000, 200000]) {
    const value = { $bin: "ab".repeat(n) };
    assert.deepEqual(wrap("fetch", {}, () => ({ value })).value, value, String(n));
    assert.deepEqual(wrap("input", { input: value }).value, value, String(n));
  }
  assert.equal(wrap("fetch", {}, () => ({ error: { code: "x", message: "m".repeat(9000) } })).value.message.length, 9000);
});

test("an earlier outcome can stand", () => {
  assert.deepEqual(wrap("first of three"), { next: 0 });
});

test("a result must be read before the following next", () => {
  assert.equal(wrap("stale result").error.code, "stale");
  let n = 0;
  assert.deepEqual(wrap("kept result", {}, () => ({ value: ++n })).value, [1, 1]);
});

test("next can run on another input", () => {
  const seen = [];
  const next = (input) => (seen.push(input), { value: input });
  assert.ok(wrap("replace", { input: { n: 1, m: "x" } }, next).pass);
  assert.equal(wrap("replace and fetch", {}, next).value, "other");
  assert.deepEqual(seen, [{ n: 2, m: "x" }, "other"]);
});

test("a failure given to next is the outcome, and next does not run", () => {
  const got = wrap("replace by a failure", { input: {} }, () => assert.fail("next ran"));
  assert.equal(got.error.code, "not_found");
});

test("an error that is returned keeps the host's handle, as a cause too", () => {
  const error = { code: "a", message: "b", kind: "host", data: { n: 1 }, retryable: true, handle: { $bin: "0123456789abcdef".repeat(2) } };
  assert.deepEqual(wrap("error again", {}, () => ({ error })).error, error);
  assert.deepEqual(wrap("error as cause", {}, () => ({ error })).error, { code: "mine", message: "first", cause: error });
});

test("a status of next is an error with its name", () => {
  for (const [status, code, retryable] of [["DENIED", "denied", false], ["LIMIT", "limit", false], ["CANCELED", "canceled", false], ["UNAVAILABLE", "unavailable", true], ["TOO_LARGE", "too_large", false]]) {
    const next = () => Status[status];
    assert.deepEqual(wrap("status", {}, next).value, { status: Status[status], code, retryable, failed: true });
    assert.deepEqual(wrap("run", {}, next).error, { code, message: code });
  }
  assert.deepEqual(wrap("run", {}, () => 77).error, { code: "failed", message: "failed" });
});

test("the value of an error is a failure, and the error of a value is none", () => {
  assert.equal(wrap("value of an error", {}, () => ({ error: { code: "a", message: "b" } })).error.code, "a");
  assert.throws(() => wrap("error of a value"), (e) => e instanceof Abort && e.message.includes("a value, not an error"));
});

test("an answer that failed is an error", () => {
  assert.deepEqual(wrap("failed answer", { input: {} }).error, { code: "not_found", message: "not_found: absent" });
});

test("an input that is not shown is an error", () => {
  const h = host({ refuse: { "aril_v1.read": Status.DENIED } });
  assert.deepEqual(h.wrap({ name: "input" }).error, { code: "denied", message: "denied: the input" });
});

test("what the operation is made of can be read", () => {
  assert.equal(wrap("params").value, null);
  assert.deepEqual(wrap("params", { params: { a: 1 } }).value, { a: 1 });
  assert.equal(wrap("input twice", { input: [] }).value, true);
  assert.equal(wrap("raw").value, "raw");
  assert.equal(wrap("config").value, null);
});

test("a header larger than the mailbox is read", () => {
  assert.equal(wrap("input", { input: 5, meta: { long: "x".repeat(10000) } }).value, 5);
});

test("what belongs to an operation that is over is stale", () => {
  const h = host();
  h.wrap({ name: "keep" });
  assert.deepEqual(h.wrap({ name: "use what was kept" }).value, [true, true, true, true]);
  assert.equal(h.wrap({ name: "give on what was kept" }).error.code, "stale");
});

test("an instance that is entered again keeps what it held", () => {
  const h = host();
  const level = (id) => h.wrap({ name: "nested", id, input: { id, long: "x".repeat(id * 1000) } }, () => ({ value: id < 6 ? level(id + 1) : "inner" })).value;
  let got = level(1);
  for (let id = 1; id <= 6; id++, got = got.out) {
    assert.equal(got.label, `of ${id}`);
    assert.equal(got.id, id);
    assert.equal(got.input.long.length, id * 1000);
    assert.equal(got.same, true);
  }
  assert.equal(got, "inner");
});

test("what is entered from next while an operation holds values may collect garbage", () => {
  const h = host();
  const inner = () => h.wrap({ name: "garbage", id: 2, input: "inner" }, () => ({ value: "result" })).value;
  const got = h.wrap({ name: "garbage", id: 1, input: { outer: ["x"] } }, () => ({ value: inner() })).value;
  assert.deepEqual(got, [{ outer: ["x"] }, ["inner", "result", 50], 50]);
});

test("many operations on one instance do not grow its memory", () => {
  const h = host();
  const run = () => h.wrap({ name: "nested", input: { text: "x".repeat(3000) } });
  for (let i = 0; i < 200; i++) run();
  const before = h.exports.memory.buffer.byteLength;
  for (let i = 0; i < 5000; i++) run();
  assert.equal(h.exports.memory.buffer.byteLength, before);
});

test("an outcome that the host does not take ends the activation", () => {
  const h = host({ refuse: { "aril_v1.outcome": Status.DENIED } });
  assert.throws(() => h.wrap({ name: "nothing" }), (e) => e instanceof Abort && e.message.includes("the host takes no outcome"));
});
