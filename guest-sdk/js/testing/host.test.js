import assert from "node:assert/strict";
import { test } from "node:test";
import { ArilError, call, context, log, sleep, state } from "aril";
import { harness } from "aril/testing";
import roles from "../conformance/roles.js";

const fail = (code, retryable) => () => { throw new ArilError({ code, message: code, retryable }); };

test("an extension that says nothing passes", async () => {
	const h = await harness({ wrap() {} });
	assert.equal(await h.wrap({ input: 1 }, (n) => n + 1), 2);
});

test("the roles of conformance run in node", async () => {
	let h = await harness(roles, { config: { role: "retry", attempts: 3 } });
	let calls = 0;
	await assert.rejects(h.wrap({}, () => { calls++; fail("busy", true)(); }), { code: "busy" });
	assert.equal(calls, 3);
	h = await harness(roles, { config: { role: "change-input" } });
	assert.deepEqual(await h.wrap({ input: { n: 1 } }, (x) => x), { n: 2 });
	h = await harness(roles, { config: { role: "translate-error" } });
	await assert.rejects(h.wrap({}, fail("not_found")), (e) => e.code === "missing" && e.cause.code === "not_found");
	h = await harness(roles, { config: { role: "call" } });
	assert.equal(await h.call("sum", [1, 2]), 3);
	await assert.rejects(h.call("other"), { code: "no_method" });
	await assert.rejects(harness(roles, { config: { role: "x" } }), { code: "unknown_role" });
	h = await harness(roles, { config: { role: "cache" }, state: { "cache/a": "known" } });
	assert.equal(await h.wrap({ input: { id: "a" } }, fail("never")), "known");
	h = await harness(roles, { config: { role: "trap" } });
	await assert.rejects(h.wrap({}, () => 1), { panic: true, message: "the roof is on fire" });
});

test("an operation may be async, and is then only awaited", async () => {
	const h = await harness({ async wrap(op, next) { await sleep(1); return (await next()) * 2; } });
	assert.equal(await h.wrap({}, async () => 21), 42);
});

test("state, context and the log are the test's", async () => {
	const h = await harness({
		wrap(op, next) {
			context.root.append("seen", op.name);
			log.info("counted", { n: state.add("n") });
			const result = next();
			return { result: result.value, seen: context.root.get("seen") };
		},
	});
	assert.deepEqual(await h.wrap({ name: "a" }, () => 1), { result: 1, seen: ["a"] });
	assert.deepEqual(h.log, [{ level: "info", message: "counted", attrs: { n: 1 } }]);
	assert.equal(h.state.swap("x", undefined, 1), true);
	assert.deepEqual([...h.state.keys()], ["n", "x"]);
});

test("functions of the host are the test's", async () => {
	const stock = { acme_stock_v1: { reserve: ({ sku }) => ({ id: `${sku}-1` }) } };
	const extension = { wrap: () => call("acme_stock_v1", "reserve", { sku: "a" }) };
	assert.deepEqual(await (await harness(extension, { capabilities: stock })).wrap({}, () => 1), { id: "a-1" });
	await assert.rejects((await harness(extension)).wrap({}, () => 1), { code: "denied" });
});

test("fetch asks the capability", async () => {
	const http = { aril_http_v1: { fetch: ({ method, url, headers, body }) => ({ status: 201, headers: { "x-a": ["1", "2"] }, body: new TextEncoder().encode(JSON.stringify({ method, url, headers, body })) }) } };
	const h = await harness({
		async wrap() {
			const r = await fetch("https://a.example/", { method: "POST", headers: { A: "b" }, body: "x" });
			return { ok: r.ok, header: r.headers.get("X-A"), json: await r.json() };
		},
	}, { capabilities: http });
	assert.deepEqual(await h.wrap({}, () => 1), { ok: true, header: "1, 2", json: { method: "POST", url: "https://a.example/", headers: { a: ["b"] }, body: "x" } });
});

test("events reach the hooks that are for them", async () => {
	const heard = [];
	const h = await harness({ attach(scope) { heard.push(["attach", scope.id]); }, change: (e) => e.value + 1, event(e) { heard.push([e.event]); } });
	await h.event("attach", { scope: 3, name: "main" });
	assert.equal(await h.event("change", { scope: 3, name: "config", executor: 7, change: "update", value: 1 }), 2);
	await h.event("tick", { scope: 3 });
	assert.deepEqual(heard, [["attach", 3], ["tick"]]);
});

test("what cannot cross says where it is", async () => {
	const h = await harness({ wrap: () => ({ a: [() => 1] }) });
	await assert.rejects(h.wrap({}, () => 1), /a\[0\]: a function cannot cross/);
});

