package store

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

func TestPatternsFitTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"%", "", true}, {"_", "", false}, {"_", "ä", true}, {"_", "ab", false}, {"a%", "a", true}, {"a%", "ba", false}, {"%a", "ba", true}, {"%a", "ab", false},
		{"a%a", "a", false}, {"a%a", "aa", true}, {"%ab%ab%", "abab", true}, {"%ab%ab%", "abxb", false}, {"%ab%ab", "ab", false}, {"a_c%", "abcd", true},
		{"%_b_%", "abb", true}, {"%_b_%", "bb", false}, {"%a_c%e", "xaxcaace", true}, {"%aab%", "aaab", true}, {"%a_b%", "aaxab", false}, {"%a_b%", "aaxb", true}, {"__", "😀é", true}, {"%__", "é", false},
		{`\%`, "a%", true}, {`\_%`, "_a", true}, {`\_%`, "aa", false},
	} {
		pieces := query.Condition{Op: query.Like, Values: []query.Value{{Text: c.pattern}}}.Pattern()
		require.Equal(t, c.want, fits(pieces, c.text), "%s %s", c.pattern, c.text)
		require.Equal(t, pieces, parsePattern(like(pieces)), c.pattern)
	}
}

func TestLongPatternsDoNotHoldAListUp(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("a", 1<<20)
	for _, pattern := range []string{
		strings.Repeat("a", 999) + "b", strings.Repeat("%a", query.MaxWildcards) + "b", "%" + strings.Repeat("a", 499) + "_" + strings.Repeat("a", 499) + "b%",
		"%" + strings.Repeat("_", query.MaxWildcards-2) + "b%", "%" + strings.Repeat(strings.Repeat("a", 50)+"_", query.MaxWildcards-2) + "b%",
	} {
		pieces := query.Condition{Op: query.Like, Values: []query.Value{{Text: pattern}}}.Pattern()
		began := time.Now()
		require.False(t, fits(pieces, text))
		require.Less(t, time.Since(began), 10*time.Second) // going back at each % would take for ever
	}
}
