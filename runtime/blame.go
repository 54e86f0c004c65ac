package runtime

import (
	"slices"
	"strings"
)

// panicFunctions are those by which languages end a program that broke, by the
// beginning of their names: not they are to blame, but who called them.
var panicFunctions = []string{
	"core::panicking::", "std::panicking::", "std::sys_common::backtrace::", "std::sys::backtrace::", "panic_abort::",
	"__rust_start_panic", "rust_panic", "rust_begin_unwind", "__rustc::rust_", // Rust
	"builtin.default_panic", "debug.defaultPanic", // Zig
}

// blamedBytes is how much of its name an error has: templates make long ones.
const blamedBytes = 100

// blamed is the frame of a trap that says most: the innermost one with a name
// that is none of the language's own. It is "" when there is none.
func blamed(trace []Frame) string {
	for _, f := range trace {
		own := slices.ContainsFunc(panicFunctions, func(p string) bool { return strings.HasPrefix(f.Function, p) })
		if !own && !strings.HasPrefix(f.Function, "$") {
			f.Function = cut(f.Function, blamedBytes)
			return f.String()
		}
	}
	return ""
}
