import assert from "node:assert/strict";
import { test } from "node:test";
import { Abort, Host, Status } from "../testing/host.mjs";
import { compile } from "./compile.mjs";

const module = compile("tests/guests/services.ts");
const functions = {
  "acme_stock_v1.reserve": (args) => {
    if (args.sku === "none") throw Object.assign(new Error(), { error: { code: "sold_out", message: "none left", retryable: true } });
    return { receipt: args.sku.repeat(args.count) };
  },
  "aril_http_v1.fetch": (request) => {
    if (request.url === "http://down/") throw Object.assign(new Error(), { error: { code: "refused", message: "no", kind: "host", retryable: true } });
    return { status: 200, headers: { "content-type": ["text/plain", "x"], x: [] }, body: { $bin: Buffer.from(JSON.stringify(request)).toString("hex") } };
  },
};
const host = (options) => new Host(module, { functions, ...options });
const run = (name, input, options) => host(options).wrap({ name, input });

test("the log has levels and attributes, and console writes there", () => {
  const h = host();
  h.wrap({ name: "log", input: {} });
  assert.deepEqual(h.log.map((l) => [l.level, l.message, l.attrs]), [
    [-4, "d", undefined], [0, "i", { n: 1 }], [4, "w", undefined], [8, "e", undefined],
    [0, "c", undefined], [8, "ce", undefined], [-4, "cd", undefined], [4, "cw", undefined], [0, "ci", undefined],
    [8, "assertion failed: two", undefined],
  ]);
});

test("Math.random begins with the host's entropy", () => {
  const draw = (seed) => host().wrap({ name: "random", entropy: Buffer.alloc(32, seed) }).value.map((x) => x.$float64);
  const [a, b] = draw(1);
  assert.notEqual(a, b);
  assert.deepEqual(draw(1), [a, b]);
  assert.notDeepEqual(draw(2), [a, b]);
});

test("random bytes come in as many calls as it takes", () => {
  const h = host();
  assert.equal(h.wrap({ name: "fill" }).value.$bin, "a5".repeat(100000));
  assert.equal(h.calls.filter((c) => c === "aril_random_v1.fill").length, 2);
  assert.equal(run("fill", null, { refuse: { "aril_random_v1.fill": Status.PHASE } }).error.code, "phase");
});

test("the clock tells both times, and sleeping passes them", () => {
  const h = host();
  assert.deepEqual(h.wrap({ name: "clock" }).value, [{ $time: [1577836800, 2500000] }, 2500000]);
  assert.equal(h.slept, 2500000);
  assert.equal(run("clock", null, { refuse: { "aril_clock_v1.sleep": Status.CANCELED } }).error.code, "canceled");
});

test("state is read, written, added to, appended to, swapped and listed", () => {
  assert.deepEqual(run("state").value, [
    true, [1, 2], 40, 42, 5, { $bin: "0000000000" }, true, false, true, "z", true, true, true, ["a", "b", "n"], ["b", "n"],
  ]);
});

test("a list of keys longer than the mailbox is listed whole, and a large value read", () => {
  const keys = run("many keys").value;
  assert.equal(keys.length, 700);
  assert.deepEqual([keys[0], keys[699]], ["k/0000", "k/0699"]);
  assert.equal(run("large").value, 100000);
});

test("what the store answers instead is an error with the status's name", () => {
  const names = ["put", "add", "get", "list", "compare_and_swap"];
  const refuse = Object.fromEntries(names.map((n) => [`aril_state_v1.${n}`, Status.UNAVAILABLE]));
  assert.deepEqual(run("state fails", null, { refuse }).value, Array(6).fill("unavailable"));
});

test("values live at three levels along the chain", () => {
  assert.deepEqual(run("context").value, [true, "own", "root", "scope", 1, 2, [1, "b"], true, 1, 9000, true]);
});

test("a function of the host program takes a value and gives one", () => {
  assert.deepEqual(run("invoke", { sku: "ab", count: 2 }).value, { receipt: "abab" });
  assert.equal(run("invoke", { sku: "ab", count: 5000 }).value.receipt.length, 10000); // larger than the mailbox
  assert.deepEqual(run("invoke", { sku: "none" }).error, { code: "sold_out", message: "none left", retryable: true });
  assert.equal(run("invoke", {}, { refuse: { "acme_stock_v1.reserve": Status.INVALID } }).error.code, "invalid");
});

test("HTTP requests are sent whole, and errors come with their codes", () => {
  const got = run("fetch", "http://up/").value;
  assert.deepEqual({ ...got, text: JSON.parse(got.text) }, {
    ok: true, status: 200, type: "text/plain", none: "",
    text: { method: "POST", url: "http://up/", headers: { accept: "text/plain" }, body: { $bin: "6869" }, timeout_ms: 500 },
  });
  assert.deepEqual(run("fetch", "http://down/").error, { code: "refused", message: "no", kind: "host", retryable: true });
  assert.throws(() => run("fetch", 1), (e) => e instanceof Abort && e.message.includes("found an integer, not a text"));
});
