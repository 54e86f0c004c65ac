// Package difftest holds tests that run rewritten modules on an engine, which
// package wasm itself knows none of: original against rewritten, compiler
// against interpreter, fuel against an independent count.
package difftest
