package wasm

import (
	"strconv"
	"strings"
)

// demangle gives the path that a mangled name of Rust stands for, and any other
// name as it is: the linker has demangled those of C++, and nobody else mangles.
// https://doc.rust-lang.org/rustc/symbol-mangling/
func demangle(name string) string {
	rest, ok := strings.CutPrefix(name, "_ZN")
	if !ok {
		return name
	}
	var path []string
	for !strings.HasPrefix(rest, "E") {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil || n > len(rest)-digits {
			return name
		}
		path = append(path, rest[digits:digits+n])
		rest = rest[digits+n:]
	}
	// The last element is a hash. Without it the name is C++'s.
	last := len(path) - 1
	if last < 1 || !isHash(path[last]) {
		return name
	}
	for i := range path[:last] {
		path[i] = unescape(path[i])
	}
	return strings.Join(path[:last], "::")
}

// isHash tells whether an element is "h" and 16 hexadecimal digits.
func isHash(s string) bool {
	return len(s) == 17 && s[0] == 'h' && strings.Trim(s[1:], "0123456789abcdef") == ""
}

// escapes are what stands for characters that linkers do not like.
var escapes = strings.NewReplacer(
	"..", "::", "$SP$", "@", "$BP$", "*", "$RF$", "&", "$LT$", "<", "$GT$", ">", "$LP$", "(", "$RP$", ")", "$C$", ",",
	"$u20$", " ", "$u22$", `"`, "$u27$", "'", "$u2b$", "+", "$u3b$", ";", "$u5b$", "[", "$u5d$", "]", "$u7b$", "{", "$u7d$", "}", "$u7e$", "~",
)

func unescape(s string) string {
	if strings.HasPrefix(s, "_$") {
		s = s[1:]
	}
	return escapes.Replace(s)
}
