// Package showtest holds an example to what its README says it prints.
package showtest

import (
	"context"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write what the example prints into its README")

var output = regexp.MustCompile("(?s)\nprints\n\n```\n(.*?)```\n")

// README runs an example and compares what it prints with the block after
// "prints" in README.md, in the folder of the test. What matches changing may be
// another text each time.
func README(t *testing.T, run func(ctx context.Context, w io.Writer) error, changing ...*regexp.Regexp) {
	t.Helper()
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out), "%s", &out)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	at := output.FindSubmatchIndex(readme)
	require.NotNil(t, at, "README.md has no block after a line \"prints\"")
	if *update {
		changed := string(readme[:at[2]]) + out.String() + string(readme[at[3]:])
		require.NoError(t, os.WriteFile("README.md", []byte(changed), 0o644))
		return
	}
	said, got := string(readme[at[2]:at[3]]), out.String()
	for _, c := range changing {
		said, got = c.ReplaceAllString(said, "…"), c.ReplaceAllString(got, "…")
	}
	require.Equal(t, said, got)
}
