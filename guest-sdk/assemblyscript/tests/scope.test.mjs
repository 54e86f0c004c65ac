import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "../testing/host.mjs";
import { compile } from "./compile.mjs";

const module = compile("tests/guests/scope.ts");

function host(answers = {}) {
  const asked = [];
  const ask = (name, answer) => (request) => {
    asked.push([name, request]);
    return typeof answer === "function" ? answer(request) : answer;
  };
  const all = { lookup: null, entries: [], resolve: "v", update: null, release: null, subscribe: 9, unsubscribe: null, get: "eu", set: null, ...answers };
  const functions = Object.fromEntries(Object.entries(all).map(([n, a]) => [`aril_scope_v1.${n}`, ask(n, a)]));
  return Object.assign(new Host(module, { functions }), { asked });
}

const heard = (h) => (h.state.get("heard") ?? "").toString().trimEnd().split("\n");
const fail = (error) => () => { throw Object.assign(new Error(), { error }); };

test("subscriptions are asked for when the extension is attached", () => {
  const h = host();
  assert.ok(h.event("attach").pass);
  assert.deepEqual(h.asked, [
    ["subscribe", { scope: 3, event: "change", names: ["db.*"], every: 0 }],
    ["subscribe", { scope: 3, event: "release", names: [], every: 0 }],
    ["subscribe", { scope: 3, event: "tick", names: [], every: 30e9 }],
  ]);
  assert.deepEqual(heard(h), ["attach 3 9 9 9"]);
  assert.equal(host({ subscribe: fail({ code: "limit", message: "64" }) }).event("attach").error.code, "limit");
});

test("each event leads to its hook", () => {
  const h = host();
  assert.deepEqual(h.event("start").error, { code: "not_now", message: "of 3" });
  const pod = { context: 12, flow: { name: "checkout", version: "2" }, scope: 3 };
  for (const [event, data, header] of [
    ["release", { executor: 7 }, { name: "db" }],
    ["tick", { subscription: 1, every: 30e9, missed: 2 }],
    ["error", { executor: 7, error: { code: "down", message: "" } }],
    ["init_pod", pod, { name: "checkout" }], ["pod_error", { ...pod, error: { code: "x", message: "lost" } }], ["dispose_pod", pod],
    ["detach", {}], ["of a later version", {}],
  ]) {
    assert.ok(h.event(event, data, header).pass, event);
  }
  assert.deepEqual(heard(h), ["released 7 db", "tick 1 30000 2 3", "error 7 down", "init checkout 2 12 3", "failed checkout lost", "dispose checkout", "detach 3"]);
  assert.equal(h.event("init_pod", { ...pod, flow: { name: "no", version: "" } }).error.code, "no");
  assert.deepEqual(h.event("a host's own", { n: 1 }).value, { n: 1 });
});

test("a change can be answered, refused and left", () => {
  const change = (data, name) => host().event("change", { change: "update", executor: 7, ...data }, { name });
  assert.equal(change({ value: 1 }, "db.a").value, 8);
  assert.deepEqual(change({ value: null }, "db.b").error, { code: "refused", message: "update" });
  assert.ok(change({ value: 1 }, "db.b").pass);
});

test("each kind of operation leads to its hook", () => {
  const wrap = (op) => host().wrap(op);
  assert.equal(wrap({ kind: "resolve", name: "config", params: { operation: "update", executor: 7, scope: 3 } }).value, "config true 3 7 config");
  const params = { scope: 3, context: 13, mode: "sequential", flow_name: "charge", depth: 1, parallel: false, flow: { name: "charge", version: "" }, parent: "checkout", params: [1], tags: { a: 1 } };
  assert.deepEqual(wrap({ kind: "execution", name: "charge", params }).value, [
    "charge", "sequential", "charge", "", "charge", "checkout", "1", "false", "0", "[1]", '{"a": 1}', "13", "3",
  ]);
  const closing = { scope: 3, context: 13, phase: "closing", name: "charge", mode: "graceful" };
  assert.equal(wrap({ kind: "context-lifecycle", name: "closing", params: closing }).value, "closing graceful charge 13 3");
  assert.ok(wrap({ kind: "another" }).pass);
});

test("a scope is asked in the messages that it takes", () => {
  const h = host({ lookup: { id: 7, name: "config", state: "rejected", error: { code: "down", message: "" } }, release: fail({ code: "denied", message: "" }) });
  assert.deepEqual(h.wrap({ name: "ask" }).value, [7, "rejected", null, "down", "v", "v", "done", "denied", "done", "done", "eu"]);
  assert.deepEqual(h.asked, [
    ["lookup", { scope: 3, name: "config" }],
    ["resolve", { scope: 3, executor: 7, force: false }],
    ["resolve", { scope: 3, name: "config", force: true }],
    ["update", { scope: 3, name: "config", value: [1] }],
    ["release", { scope: 3, name: "config" }],
    ["set", { scope: 3, key: "region", value: "eu" }],
    ["subscribe", { scope: 3, event: "change", names: [], every: 0 }],
    ["unsubscribe", { scope: 3, subscription: 9 }],
    ["get", { scope: 3, key: "region" }],
  ]);
  assert.equal(host({ lookup: fail({ code: "not_found", message: "" }) }).wrap({ name: "ask" }).error.code, "not_found");
});

test("entries are listed page by page", () => {
  const entries = ({ after, limit, registered, values }) => {
    assert.deepEqual([limit, registered, values], [50, true, true]);
    return Array.from({ length: Math.min(limit, 120 - after) }, (_, i) => ({ id: after + i + 1, name: "", state: "none" }));
  };
  const h = host({ entries });
  assert.deepEqual(h.wrap({ name: "entries" }).value, Array.from({ length: 120 }, (_, i) => i + 1));
  assert.equal(h.asked.length, 4);
});

test("mappings have their methods, and there are no others", () => {
  assert.deepEqual(host().call("input_handler", 1).value, { in: 1 });
  assert.deepEqual(host().call("output_handler", [2]).value, { out: [2] });
  assert.ok(host().call("another").pass);
});

test("resume and dispose are told of", () => {
  const h = host();
  h.exports.aril_resume(-1n);
  assert.ok(h.dispose().pass);
  assert.deepEqual(heard(h), ["resume 18446744073709551615", "dispose"]);
});
