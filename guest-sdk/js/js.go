// Package js makes extensions of scripts: the engine, which is QuickJS with
// this SDK around it, and a script in a section of its own. Nothing is
// compiled, so it takes no toolchain and no time, and a host compiles the
// engine once for all of them.
package js

import (
	"embed"
	"fmt"

	"github.com/aril-wasm/aril/abi"
)

// Engine is the module that runs scripts. It is not to be written to.
//
//go:generate ./build.sh engine
//go:embed engine/engine.wasm
var Engine []byte

// Compat is module "aril/compat", for bundling: the engine has only "aril".
//
//go:embed compat/compat.js
var Compat string

// Files are what an author's project has beside the script: the types, and
// what runs its unit tests in node, with the licence of the engine.
//
//go:embed aril.d.ts compat/compat.js testing/aril.js testing/host.js testing/register.js engine/prelude.js engine/LICENSE.quickjs
var Files embed.FS

// Module returns the extension that a script makes: the engine with the
// script, an ES module in UTF-8, in section "aril.script". It does not look at
// the script; one with an error is refused when it is loaded. TypeScript, and
// what is imported from other files, must be bundled before (`aril build`
// does).
func Module(script []byte) []byte {
	module, err := abi.PackScript(Engine, script)
	if err != nil {
		panic(fmt.Sprintf("js: the embedded engine is no module: %v", err)) // a broken build of this package
	}
	return module
}
