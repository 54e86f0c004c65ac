package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheReadmeShowsTheseVeryPrograms holds every Go snippet of the front page
// to the sources of this folder.
func TestTheReadmeShowsTheseVeryPrograms(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	var sources string
	for _, file := range []string{"main.go", "ext/main.go"} {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		sources += string(src)
	}
	snippets := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.Len(t, snippets, 2)
	for _, s := range snippets {
		require.Contains(t, sources, s[1])
	}
	require.True(t, strings.Contains(string(readme), "Hello, dear Ann <nil>\n whom am I to greet?"))
}
