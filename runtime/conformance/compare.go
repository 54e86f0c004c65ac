package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A mismatch is the first place at which two values differ.
type mismatch struct {
	path      string
	want, got string
}

// compare finds the first difference; nil if there is none. want may hold
// patterns.
func (d *dialect) compare(want, got any) *mismatch { return d.compareAt("", want, got) }

func (d *dialect) compareAt(path string, want, got any) *mismatch {
	want, got = plain(want), plain(got)
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return d.compareMaps(path, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok {
			return d.compareLists(path, want, got)
		}
	case string:
		if got, ok := got.(string); ok && got != want {
			return d.textMismatch(path, want, got)
		}
	}
	if matches(want, got) {
		return nil
	}
	return &mismatch{path, d.short(want), d.short(got)}
}

func (d *dialect) compareMaps(path string, want, got map[string]any) *mismatch {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		at := path + keyPath(key)
		g, ok := got[key]
		if !ok {
			return &mismatch{at, d.short(want[key]), "no such key"}
		}
		if m := d.compareAt(at, want[key], g); m != nil {
			return m
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			return &mismatch{path + keyPath(key), "no such key", d.short(got[key])}
		}
	}
	return nil
}

func (d *dialect) compareLists(path string, want, got []any) *mismatch {
	for i := range min(len(want), len(got)) {
		if m := d.compareAt(path+"["+strconv.Itoa(i)+"]", want[i], got[i]); m != nil {
			return m
		}
	}
	if len(want) != len(got) {
		return &mismatch{path, counted(len(want), "element") + ": " + d.short(want), counted(len(got), "element") + ": " + d.short(got)}
	}
	return nil
}

// textMismatch shows long texts around their first difference.
func (d *dialect) textMismatch(path, want, got string) *mismatch {
	if len(want)+len(got) <= shown {
		return &mismatch{path, d.format(want), d.format(got)}
	}
	at := 0
	for at < min(len(want), len(got)) && want[at] == got[at] {
		at++
	}
	around := func(s string) string {
		from := max(0, at-20)
		return fmt.Sprintf("%s at byte %d: … %s", counted(len(s), "byte"), at, cut(quote(strings.ToValidUTF8(s[min(from, len(s)):], "\ufffd"))))
	}
	return &mismatch{path, around(want), around(got)}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// keyPath is a step into a map: .name, or ["not a name"].
func keyPath(key string) string {
	for i, c := range key {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return "[" + strconv.Quote(key) + "]"
		}
	}
	if key == "" {
		return `[""]`
	}
	return "." + key
}

// shown is how much of a value a difference shows, in bytes.
const shown = 160

func (d *dialect) short(v any) string { return cut(d.format(v)) }

func cut(s string) string {
	if len(s) <= shown {
		return s
	}
	return strings.ToValidUTF8(s[:shown], "") + "…"
}

// matches compares what is neither list nor map.
func matches(want, got any) bool {
	switch want := want.(type) {
	case anything:
		return true
	case contains:
		s, ok := got.(string)
		return ok && strings.Contains(s, string(want))
	case between:
		return isNumber(got) && order(want.low, got) <= 0 && order(got, want.high) <= 0
	case justNow:
		t, ok := got.(time.Time)
		return ok && time.Since(t).Abs() < time.Minute
	case stored:
		b, ok := got.(stored)
		return ok && bytes.Equal(want, b)
	case []byte:
		b, ok := got.([]byte)
		return ok && bytes.Equal(want, b)
	case time.Time:
		t, ok := got.(time.Time)
		return ok && want.Equal(t)
	case nil, bool, string, opaque:
		return scalar(got) && want == got
	}
	return isNumber(want) && isNumber(got) && sameNumber(want, got)
}

// scalar keeps == from values that it panics on.
func scalar(v any) bool {
	switch v.(type) {
	case nil, bool, string, opaque:
		return true
	}
	return false
}

// sameNumber compares by value. A float that is an integer equals that
// integer; -0 equals itself alone, and so does NaN.
func sameNumber(want, got any) bool {
	w, wantFloat := want.(float64)
	g, gotFloat := got.(float64)
	if wantFloat && gotFloat {
		return w == g && math.Signbit(w) == math.Signbit(g) || math.IsNaN(w) && math.IsNaN(g)
	}
	if wantFloat && w == 0 && math.Signbit(w) || gotFloat && g == 0 && math.Signbit(g) {
		return false
	}
	return order(want, got) == 0
}

// order compares two numbers; NaN is after everything.
func order(a, b any) int {
	x, y := exact(a), exact(b)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	return x.Cmp(y)
}

// exact gives a number without loss, nil for NaN.
func exact(v any) *big.Float {
	f := new(big.Float).SetPrec(64)
	switch v := v.(type) {
	case int64:
		return f.SetInt64(v)
	case uint64:
		return f.SetUint64(v)
	case float64:
		if math.IsNaN(v) {
			return nil
		}
		return f.SetFloat64(v)
	}
	return nil
}
