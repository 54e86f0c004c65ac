// Package cases carries the conformance cases of this folder, so that tools
// have them without a checkout. README.md says what is in them; package
// runtime/conformance reads and runs them.
package cases

import "embed"

// Files are the cases, *.json.
//
//go:embed *.json
var Files embed.FS
