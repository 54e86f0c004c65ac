// Package ui is how the tool speaks: colours where there is a terminal that
// wants them, columns, figures, progress.
package ui

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"
)

// A Screen is a writer that knows whether a person reads it.
type Screen struct {
	io.Writer
	Terminal bool // a person reads it as it comes
	colours  bool
}

// NewScreen looks at what w is. There are no colours where NO_COLOR is set to
// anything or TERM is dumb; https://no-color.org.
func NewScreen(w io.Writer) *Screen {
	s := &Screen{Writer: w}
	if f, ok := w.(*os.File); ok {
		s.Terminal = isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd())
	}
	s.colours = s.Terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// Colours reports whether it shows them.
func (s *Screen) Colours() bool { return s.colours }

// A Style is how a word looks where there are colours.
type Style []color.Attribute

// The styles.
var (
	Good  = Style{color.FgGreen}
	Bad   = Style{color.FgRed, color.Bold}
	Warn  = Style{color.FgYellow}
	Faint = Style{color.Faint}
	Bold  = Style{color.Bold}
	Key   = Style{color.FgCyan}
)

// Paint gives text in a style.
func (s *Screen) Paint(style Style, text string) string {
	if !s.colours || text == "" {
		return text
	}
	c := color.New(style...)
	c.EnableColor()
	return c.Sprint(text)
}

// Printf writes.
func (s *Screen) Printf(format string, args ...any) { fmt.Fprintf(s, format, args...) }

// Field writes a line of a fact: a label in a column of its own, and what it
// is. Later lines of the text are put under the first.
func (s *Screen) Field(label, text string) {
	const width = 11
	pad := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(label)))
	fmt.Fprintf(s, "%s%s%s\n", s.Paint(Faint, label), pad,
		strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", width)))
}

// Bar draws how much of something was used, ten characters wide: green to
// half of it, yellow to nine tenths, then red.
func (s *Screen) Bar(used, limit int64) string {
	if limit <= 0 {
		return ""
	}
	const width = 10
	share := float64(used) / float64(limit)
	full := min(width, int(share*width+0.5))
	if used > 0 && full == 0 {
		full = 1
	}
	style := Good
	switch {
	case share >= 0.9:
		style = Bad
	case share >= 0.5:
		style = Warn
	}
	return s.Paint(style, strings.Repeat("■", full)) + s.Paint(Faint, strings.Repeat("·", width-full))
}

// Count writes a number with commas between thousands.
func Count(n int64) string {
	text := fmt.Sprint(n)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}

// Bytes writes a size in the unit that suits it.
func Bytes(n int64) string {
	switch {
	case n >= 10<<20 || n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 10<<10 || n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// Duration writes a time with three digits that say something.
func Duration(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	case d >= time.Microsecond:
		return fmt.Sprintf("%.3g µs", float64(d)/1e3)
	}
	return fmt.Sprintf("%d ns", d.Nanoseconds())
}

// Plain makes text of an extension fit for a terminal: a control character in
// it could move the cursor or hide what stands before it.
func Plain(s string) string {
	if !strings.ContainsFunc(s, unfit) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unfit(r) {
			fmt.Fprintf(&b, "\\u%04x", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unfit are control characters but tab and line feed, what turns the direction
// of text, and bytes that are no text.
func unfit(r rune) bool {
	switch {
	case r == '\n', r == '\t':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0, r == utf8.RuneError:
		return true
	}
	return r == 0x200e || r == 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
