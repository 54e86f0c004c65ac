// Package guestsdk holds the sources of the SDKs, so that the authors' tool
// carries them: what `aril new` lays beside an extension needs no network.
package guestsdk

import "embed"

// Files are the SDKs as they lie in this folder, without what builds and tests
// them, and the LICENSE that they are under.
//
//go:embed LICENSE */README.md
//go:embed go/guest/*.go go/guest/msgpack/*.go go/internal/host/*.go
//go:embed rust/Cargo.toml rust/src
//go:embed c/*.h
//go:embed assemblyscript/*.json assemblyscript/*.ts assemblyscript/assembly
//go:embed zig/*.zig
var Files embed.FS
