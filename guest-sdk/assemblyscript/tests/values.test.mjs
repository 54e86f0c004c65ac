import assert from "node:assert/strict";
import { test } from "node:test";
import { Abort, Host } from "../testing/host.mjs";
import { compile } from "./compile.mjs";

const module = compile("tests/guests/values.ts");
const call = (method, args) => new Host(module).call(method, args);
const int = (n) => ({ $int: n });
const f64 = (x) => ({ $float64: x });
const f32 = (x) => ({ $float32: x });

function aborts(method, args, message) {
  assert.throws(() => call(method, args), (e) => e instanceof Abort && e.message.includes(message));
}

test("numbers come as the type that is asked for", () => {
  assert.equal(call("i8", -128).value, -128);
  assert.equal(call("i64", -5).value, -5);
  assert.deepEqual(call("i64", int("-9223372036854775808")).value, int("-9223372036854775808"));
  assert.deepEqual(call("u64", int("18446744073709551615")).value, int("18446744073709551615"));
  assert.deepEqual(call("f64", 3).value, f64("3"));
  assert.deepEqual(call("f64", f32("0.5")).value, f64("0.5"));
  assert.deepEqual(call("f64", f64("NaN")).value, f64("NaN"));
  assert.deepEqual(call("f32", f64("Infinity")).value, f32("Infinity"));
});

test("a number that does not fit its type ends the activation", () => {
  aborts("i8", 128, "does not fit i8");
  aborts("i32", 2147483648, "does not fit i32");
  aborts("i64", int("9223372036854775808"), "does not fit i64");
  aborts("u8", -1, "does not fit u8");
  aborts("u8", 256, "does not fit u8");
  aborts("u64", -1, "does not fit u64");
  aborts("f64", int("9007199254740993"), "does not fit f64");
  aborts("f32", 16777217, "does not fit f32");
  aborts("f32", f64("0.1"), "does not fit f32");
});

test("a value of another kind ends the activation, and the message says which", () => {
  aborts("i32", "x", "found a text, not an integer");
  aborts("i32", f64("1.0"), "found a float, not an integer");
  aborts("string", 1, "found an integer, not a text");
  aborts("bool", null, "found nil, not a bool");
  aborts("bytes", "x", "found a text, not bytes");
  aborts("time", [], "found a list, not a time");
  aborts("strings", {}, "found a map, not");
  aborts("line", { count: 1 }, "not_found: sku");
});

test("texts, bytes, times, lists, maps and classes come and go", () => {
  for (const [method, value] of [
    ["string", "grün 🌱"], ["string", ""], ["bytes", { $bin: "00ff" }], ["bytes", { $bin: "" }], ["bool", false],
    ["time", { $time: [-1, 999999999] }], ["strings", ["a", "", "ü"]], ["strings", []],
    ["map", { b: [f64("1.5")], a: [] }], ["line", { sku: "A1", count: 3 }], ["lines", [{ sku: "A", count: 1 }, { sku: "B", count: 2 }]],
  ]) {
    assert.deepEqual(call(method, value).value, value, method);
  }
});

test("what is missing or nil has a default, and anything else has not", () => {
  assert.equal(call("or", {}).value, 7);
  assert.equal(call("or", { n: null }).value, 7);
  assert.equal(call("or", { n: 5 }).value, 5);
  assert.equal(call("or", 1).value, 7); // a number has no parts
  aborts("or", { n: "5" }, "found a text");
});

test("a part that is not there is an error with the code not_found", () => {
  assert.equal(call("path", { lines: [{}, { sku: "B" }] }).value, "B");
  assert.deepEqual(call("path", { lines: [{}] }).error, { code: "not_found", message: "not_found: 1" });
  assert.deepEqual(call("path", {}).error, { code: "not_found", message: "not_found: lines" });
});

test("a change leaves every other byte as it was", () => {
  // 5 in nine bytes and 1.5 in five are not how this SDK would write them.
  const odd = Buffer.from("83a16ecf0000000000000005a166ca3fc00000a17acc01", "hex");
  const host = new Host(module);
  const sent = Buffer.concat([Buffer.from("84a16e02", "hex"), odd.subarray(12), Buffer.from("a36e6577a178", "hex")]);
  assert.deepEqual(host.callRaw("set", odd).raw, sent);
});

test("maps and lists are changed in place, deep inside too", () => {
  assert.deepEqual(call("set", { n: 1, z: 3 }).value, { n: 2, z: 3, new: "x" });
  assert.deepEqual(call("remove", { a: 1, n: 1, z: 3 }).value, { a: 1, z: 3 });
  assert.deepEqual(call("push", ["a"]).value, ["a", 1, null, [f64("1.5")]]);
  assert.deepEqual(call("deep set of items", { lines: [{}, { count: 1 }] }).value, { lines: [{}, { count: 9 }] });
  assert.deepEqual(call("deep set", { lines: [{}, { count: 1 }] }).value, { lines: [{}, { count: 9 }] });
  assert.equal(call("many", {}).value, 14);
  aborts("set", [], "found a list, not a map");
  aborts("push", {}, "found a map, not a list");
});

test("a list made of array syntax and an empty one can be pushed to", () => {
  assert.deepEqual(call("push", []).value, [1, null, [f64("1.5")]]);
});

test("opaque values can be compared, and tell their type", () => {
  const db = { $ext: 65, data: "d82f6b10934e5ac700112233445566772a73716c2e4442" };
  const other = { $ext: 65, data: "000000000000000000112233445566772a73716c2e4442" };
  assert.equal(call("equal", [db, db]).value, true);
  assert.equal(call("equal", [db, other]).value, false);
  assert.equal(call("type", [db]).value, "*sql.DB");
  assert.equal(call("type", [1]).value, "");
});

test("a value reads like JSON", () => {
  const v = { a: [1, f64("1.5"), null, true, '"\n'], b: { $bin: "00" }, u: int("18446744073709551615"), t: { $time: [1, 2] }, e: { $ext: 5, data: "00" } };
  assert.equal(call("text", v).value, '{"a": [1, 1.5, null, true, "\\"\\u000a"], "b": <1 bytes>, "u": 18446744073709551615, "t": <1.000000002>, "e": <type 5>}');
});

test("half a surrogate pair becomes U+FFFD", () => {
  assert.equal(call("halves").value, "a\ufffdb");
});

test("errors keep within their bounds", () => {
  const { error } = call("long error");
  assert.equal(error.code, "é".repeat(128));
  assert.equal(error.message, "ü".repeat(32768));
  let depth = 0;
  for (let e = call("long chain").error; e; e = e.cause) depth++;
  assert.equal(depth, 16);
});

test("details that cannot be encoded are left out of an error", () => {
  assert.deepEqual(call("error in data", {}).error, { code: "x", message: "y" });
});

test("times before 1970 are exact", () => {
  assert.deepEqual(call("dates").value, [{ $time: [-1, 999000000] }, { $time: [-1, 999999999] }, { $time: [5, 6] }]);
});
