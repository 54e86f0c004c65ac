package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

// text is whether both databases can keep s.
func text(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// maxIndexed is how many bytes a text may have that is part of an index: an
// entry of three must fit a third of a page of PostgreSQL.
const maxIndexed = 800

// check finds what one of the databases could not keep, so that a client's
// mistake is told as one.
func check(in *Instance, t *Transition) error {
	texts := []struct{ name, value string }{
		{"domain", in.Domain}, {"workflow", in.Workflow}, {"key", in.Key}, {"state", in.State}, {"status", string(in.Status)}, // in indexes
		{"flow version", in.FlowVersion}, {"etag", in.ETag}, {"created by", in.CreatedBy}, {"modified by", in.ModifiedBy},
		{"transition: key", t.Key}, {"transition: from", t.From}, {"transition: to", t.To}, {"transition: by", t.By},
	}
	for _, tag := range in.Tags {
		texts = append(texts, struct{ name, value string }{"tag", tag})
	}
	for _, x := range texts {
		if !text(x.value) {
			return fmt.Errorf("%w: %s: not UTF-8, or with U+0000 in it", ErrInvalid, x.name)
		}
	}
	for _, x := range texts[:5] {
		if len(x.value) > maxIndexed {
			return fmt.Errorf("%w: %s: more than %d bytes", ErrInvalid, x.name, maxIndexed)
		}
	}
	for _, at := range []int{in.CreatedAt.Year(), in.ModifiedAt.Year(), in.CompletedAt.Year(), t.At.Year()} {
		if at < 0 || at > 9999 {
			return fmt.Errorf("%w: a time outside the years 0 to 9999", ErrInvalid)
		}
	}
	if err := checkJSON(in.Attributes); err != nil {
		return fmt.Errorf("%w: attributes: %s", ErrInvalid, err)
	}
	if in.Attributes[slices.IndexFunc(in.Attributes, notSpace)] != '{' {
		return fmt.Errorf("%w: attributes: not an object", ErrInvalid)
	}
	if t.Attributes != nil {
		if err := checkJSON(t.Attributes); err != nil {
			return fmt.Errorf("%w: transition: attributes: %s", ErrInvalid, err)
		}
	}
	return nil
}

func notSpace(c byte) bool { return c != ' ' && c != '\t' && c != '\n' && c != '\r' }

// maxNesting is below what PostgreSQL takes.
const maxNesting = 1000

// checkJSON is for texts of JSON that both databases take whole: PostgreSQL
// fails at a query, not at the write, on \u0000, on halves of a surrogate pair
// and on numbers past its bounds.
func checkJSON(raw json.RawMessage) error {
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return fmt.Errorf("not JSON in UTF-8")
	}
	depth := 0
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '{' || c == '[':
			if depth++; depth > maxNesting {
				return fmt.Errorf("nested more than %d deep", maxNesting)
			}
			i++
		case c == '}' || c == ']':
			depth--
			i++
		case c == '"':
			n, err := checkText(raw[i:])
			if err != nil {
				return err
			}
			i += n
		case c == '-' || c >= '0' && c <= '9':
			n := numberLen(raw[i:])
			if _, err := query.ParseDecimal(string(raw[i : i+n])); err != nil {
				return err
			}
			i += n
		default:
			i++
		}
	}
	return nil
}

// checkText goes over a text of valid JSON and gives its length with quotes.
func checkText(s []byte) (int, error) {
	high := false // half of a pair that waits for the other
	for i := 1; ; {
		c := s[i]
		if c == '\\' && s[i+1] == 'u' {
			u := hex4(s[i+2:])
			low := u >= 0xdc00 && u < 0xe000
			if u == 0 {
				return 0, fmt.Errorf("a text has U+0000 in it")
			}
			if low != high {
				return 0, errSurrogate
			}
			high = u >= 0xd800 && u < 0xdc00
			i += 6
			continue
		}
		if high {
			return 0, errSurrogate
		}
		switch c {
		case '"':
			return i + 1, nil
		case '\\':
			i += 2
		default:
			i++
		}
	}
}

var errSurrogate = fmt.Errorf("a text has half of a surrogate pair in it")

func hex4(s []byte) (u rune) {
	for _, c := range s[:4] {
		u <<= 4
		switch {
		case c <= '9':
			u |= rune(c - '0')
		default:
			u |= rune(c|0x20-'a') + 10
		}
	}
	return u
}

func numberLen(s []byte) int {
	for i, c := range s {
		if !(c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E') {
			return i
		}
	}
	return len(s)
}
