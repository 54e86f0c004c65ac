import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Host } from "aril/testing/host.mjs";

const wasm = readFileSync("build/retry.wasm");

function place(host, outcomes) {
  let calls = 0;
  const outcome = host.wrap({ name: "order.place", input: "an order" }, () => outcomes[Math.min(calls++, outcomes.length - 1)]);
  return { ...outcome, calls };
}

const busy = { error: { code: "busy", message: "later", retryable: true } };

test("it tries three times, with pauses", () => {
  const host = new Host(wasm, { config: { pause_ms: 5 } });
  const got = place(host, [busy]);
  assert.equal(got.calls, 3);
  assert.deepEqual(got.last, busy);
  assert.equal(host.slept, 10e6);
  assert.deepEqual(host.log[1], { level: 4, message: "trying again", attrs: { operation: "order.place", attempt: 2, error: "later" } });
});

test("it stops at what succeeds, and at what trying again does not help", () => {
  assert.equal(place(new Host(wasm), [busy, { value: "done" }]).calls, 2);
  assert.equal(place(new Host(wasm), [{ error: { code: "sold_out", message: "none left" } }]).calls, 1);
});
