// Package wasm reads, checks and rewrites WebAssembly modules before the
// engine sees a byte of them. It knows no engine.
//
//	Parse    bytes → Module: the strict section walker
//	Validate Module → error: the whole validation of the specification
//	Admit    Module → Report: policy; every reason at once
//	Rewrite  Module → Rewritten: metering, stack bounds, reserved exports
//
// A module goes through them in this order, and never to the engine without.
package wasm
