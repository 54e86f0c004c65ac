package store

import (
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// fits is whether a pattern stands for all of a text. SQLite's GLOB would, but
// in long texts of one letter it takes the length of the text times that of the
// pattern, and nothing ends it.
func fits(pattern []query.Piece, text string) bool {
	isAny := func(p query.Piece) bool { return p.Wild == '%' }
	n := slices.IndexFunc(pattern, isAny)
	if n < 0 {
		rest, ok := cutPrefix(pattern, text)
		return ok && rest == ""
	}
	text, ok := cutPrefix(pattern[:n], text)
	for ok {
		pattern = pattern[n+1:] // after a %
		n = slices.IndexFunc(pattern, isAny)
		if n < 0 {
			return hasSuffix(pattern, text)
		}
		// The first place leaves the most for what comes after.
		text, ok = cutFirst(pattern[:n], text)
	}
	return false
}

// cutPrefix takes pieces without % off the beginning.
func cutPrefix(pieces []query.Piece, text string) (rest string, ok bool) {
	for _, p := range pieces {
		if p.Wild == '_' {
			_, n := utf8.DecodeRuneInString(text)
			text, ok = text[n:], n > 0
		} else {
			text, ok = strings.CutPrefix(text, p.Text)
		}
		if !ok {
			return "", false
		}
	}
	return text, true
}

func hasSuffix(pieces []query.Piece, text string) (ok bool) {
	for _, p := range slices.Backward(pieces) {
		if p.Wild == '_' {
			_, n := utf8.DecodeLastRuneInString(text)
			text, ok = text[:len(text)-n], n > 0
		} else {
			text, ok = strings.CutSuffix(text, p.Text)
		}
		if !ok {
			return false
		}
	}
	return true
}

// cutFirst takes everything off up to the end of the first place where pieces
// without % are.
func cutFirst(pieces []query.Piece, text string) (rest string, ok bool) {
	for {
		if len(pieces) > 0 && pieces[0].Wild == 0 {
			at := strings.Index(text, pieces[0].Text)
			if at < 0 {
				return "", false
			}
			text = text[at:]
		}
		if rest, ok = cutPrefix(pieces, text); ok {
			return rest, true
		}
		_, n := utf8.DecodeRuneInString(text)
		if n == 0 {
			return "", false
		}
		text = text[n:]
	}
}

// A parsedPattern is one that was asked for last, and so will be for the next
// row.
type parsedPattern struct {
	text   string
	pieces []query.Piece
}

var lastPattern atomic.Pointer[parsedPattern]

// parsePattern reads what like wrote.
func parsePattern(text string) []query.Piece {
	if last := lastPattern.Load(); last != nil && last.text == text {
		return last.pieces
	}
	p := &parsedPattern{text: strings.Clone(text)}
	p.pieces = query.Condition{Op: query.Like, Values: []query.Value{{Text: p.text}}}.Pattern()
	lastPattern.Store(p)
	return p.pieces
}

// like writes a pattern as LIKE has it.
func like(pieces []query.Piece) string {
	var out strings.Builder
	for _, p := range pieces {
		if p.Wild != 0 {
			out.WriteByte(p.Wild)
			continue
		}
		for _, c := range []byte(p.Text) {
			if c == '%' || c == '_' || c == '\\' {
				out.WriteByte('\\')
			}
			out.WriteByte(c)
		}
	}
	return out.String()
}
