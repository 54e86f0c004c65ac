package capability

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutMark ends a text that was cut. It comes on top of what the text may have.
const cutMark = "…"

// printable makes a guest's text safe for a log and a terminal: one line, no
// escape sequences, nothing that reorders or hides what is around it. Bytes
// that are no UTF-8 and control characters appear as Go would quote them. A
// text of more than room bytes is cut and marked; kept is how many bytes of
// src are in it.
func printable(src []byte, room int) (text string, kept int) {
	if len(src) <= room && isPlain(src) {
		return string(src), len(src)
	}
	var b strings.Builder
	for kept < len(src) {
		r, size := utf8.DecodeRune(src[kept:])
		var out string
		switch {
		case r == utf8.RuneError && size == 1:
			out = fmt.Sprintf(`\x%02x`, src[kept])
		case !hidden(r):
			out = string(src[kept : kept+size])
		default:
			out = quoted(r)
		}
		if b.Len()+len(out) > room {
			b.WriteString(cutMark)
			break
		}
		b.WriteString(out)
		kept += size
	}
	return b.String(), kept
}

// isPlain reports whether b is all printable ASCII.
func isPlain(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// hidden reports whether a rune does something rather than show something.
// The two joiners stay: words and emoji are spelt with them.
func hidden(r rune) bool {
	const nonJoiner, joiner = 0x200c, 0x200d
	if r == nonJoiner || r == joiner {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

func quoted(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x1_0000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
