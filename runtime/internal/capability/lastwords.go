package capability

import "strings"

// lastWords finds, in what a guest writes to stderr or logs at error level, how
// its language says that it is about to trap: the trap itself says
// "unreachable" and no more.
type lastWords struct {
	text string
	more bool // the next line belongs to it
}

// lastWordsBytes bounds what is kept.
const lastWordsBytes = 1 << 10

// hear takes a line and reports whether text has changed. The first panic
// counts: what comes after it is its consequence.
func (w *lastWords) hear(line string) bool {
	switch {
	case w.more:
		w.more = false
		line = w.text + " " + line
	case w.text != "" || !announcesTrap(line):
		return false
	}
	// Since 1.73 Rust has the message on a line of its own.
	w.more = w.text == "" && strings.HasPrefix(line, "thread '") && strings.HasSuffix(line, ":")
	w.text, _ = printable([]byte(line), lastWordsBytes)
	return true
}

func announcesTrap(line string) bool {
	for _, prefix := range []string{
		"panic: ",           // Go, and whoever logs it
		"fatal error: ",     // Go
		"Assertion failed:", // C
		"libc++abi: ",       // C++
	} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	// Rust: "thread 'main' panicked at …". Zig: "thread 1 panic: …".
	return strings.HasPrefix(line, "thread ") && strings.Contains(line, " panic")
}
