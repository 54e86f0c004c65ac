package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// files writes a README and columns, and gives their names.
func files(t *testing.T, columns map[string]string) (readme string, list []string, dir string) {
	t.Helper()
	dir = t.TempDir()
	readme = filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(readme, []byte("# before\n"+begin+"old\n"+end+"after\n"), 0o600))
	for _, sdk := range []string{"c", "go"} {
		file := filepath.Join(dir, sdk+".json")
		require.NoError(t, os.WriteFile(file, []byte(columns[sdk]), 0o600))
		list = append(list, sdk+"="+file)
	}
	return readme, list, dir
}

const (
	c        = `{"ok": true, "cases": {"passed": 3}, "figures": {"retry": {"fuel": 1234, "bytes": 20, "median_us": 7}}}`
	goColumn = `{"ok": true, "cases": {"passed": 2, "known to fail": 1}, "figures": {"retry": {"fuel": 20000, "bytes": 20, "median_us": 70}, "pass": {"fuel": 80, "bytes": 0, "median_us": 2}}}`
)

func TestTheTableIsWrittenBetweenItsMarks(t *testing.T) {
	t.Parallel()
	readme, list, _ := files(t, map[string]string{"c": c, "go": goColumn})
	require.NoError(t, run(readme, list, "", false))
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	require.Equal(t, "# before\n"+begin+`
| cases | c | go |
|---|---|---|
| known to fail | – | 1 |
| passed | 3 | 2 |

| fuel | c | go |
|---|---|---|
| pass | – | 80 |
| retry | 1,234 | 20,000 |

| bytes | c | go |
|---|---|---|
| pass | – | 0 |
| retry | 20 | 20 |

| µs | c | go |
|---|---|---|
| pass | – | 2 |
| retry | 7 | 70 |

`+end+"after\n", string(text))
	require.NoError(t, run(readme, list, "", true))
}

func TestATableThatIsNotWhatWasMeasuredIsTold(t *testing.T) {
	t.Parallel()
	for change, want := range map[[2]string]string{
		{`"fuel": 20000`, `"fuel": 20900`}:                                 "",
		{`"median_us": 70`, `"median_us": 7000`}:                           "",
		{`"fuel": 80`, `"fuel": 81`}:                                       "",
		{`"fuel": 20000`, `"fuel": 22000`}:                                 "fuel of retry, go: the table has 20000, measured was 22000",
		{`"bytes": 20`, `"bytes": 21`}:                                     "bytes of retry, go: the table has 20, measured was 21",
		{`"passed": 2`, `"passed": 3`}:                                     "cases of passed, go: the table has 2, measured was 3",
		{`"known to fail": 1`, `"failed": 1`}:                              "cases of known to fail, go: the table has 1, measured was nothing",
		{`"pass": {"fuel": 80, "bytes": 0`, `"x": {"fuel": 1, "bytes": 0`}: "fuel of x, go: the table has nothing, measured was 1",
	} {
		readme, list, dir := files(t, map[string]string{"c": c, "go": goColumn})
		require.NoError(t, run(readme, list, "", false))
		require.Contains(t, goColumn, change[0])
		text := strings.Replace(goColumn, change[0], change[1], 1)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.json"), []byte(text), 0o600))
		err := run(readme, list, "", true)
		if want == "" {
			require.NoError(t, err, change)
			continue
		}
		require.ErrorContains(t, err, want)
	}
	readme, list, dir := files(t, map[string]string{"c": c, "go": goColumn})
	require.NoError(t, run(readme, list, "", false))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.json"), []byte(strings.Replace(c, "1234", "1235", 1)), 0o600))
	require.ErrorContains(t, run(readme, list, "", true), "fuel of retry, c: the table has 1234, measured was 1235")
	readme, list, _ = files(t, map[string]string{"c": c, "go": goColumn})
	require.ErrorContains(t, run(readme, list, "", true), `"old" is no row`)
	require.NoError(t, run(readme, list, "", false))
	require.ErrorContains(t, run(readme, list[:1], "", true), "SDKs: the table has [c go]")
}

func TestSizesLeaveOutCustomSectionsAndAreBounded(t *testing.T) {
	t.Parallel()
	module := []byte("\x00asm\x01\x00\x00\x00" + "\x01\x04\x01\x60\x00\x00" + "\x00\x05\x04name")
	n, err := runningBytes(module)
	require.NoError(t, err)
	require.Equal(t, 14, n)
	for _, bad := range [][]byte{nil, module[:7], module[:12]} {
		_, err := runningBytes(bad)
		require.Error(t, err)
	}
	readme, list, dir := files(t, map[string]string{"c": c, "go": goColumn})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c-pass.wasm"), module, 0o600))
	require.NoError(t, run(readme, list, dir, false))
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	require.Contains(t, string(text), "| smallest extension, bytes | 14 | – |\n")
	large := append(module[:8:8], append([]byte{1, 0x80, 0x80, 0x01}, make([]byte, 1<<14)...)...)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c-pass.wasm"), large, 0o600))
	require.ErrorContains(t, run(readme, list, dir, false), "the limit is 4096")
}

func TestWhatIsMissingIsTold(t *testing.T) {
	t.Parallel()
	readme, list, dir := files(t, map[string]string{"c": c, "go": goColumn})
	require.ErrorContains(t, run(readme, []string{"c"}, "", false), "not of the form")
	require.Error(t, run(filepath.Join(dir, "none.md"), list, "", false))
	require.NoError(t, os.WriteFile(readme, []byte("no marks"), 0o600))
	require.ErrorContains(t, run(readme, list, "", false), "it lacks the lines")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "c.json"), []byte("{}"), 0o600))
	require.ErrorContains(t, run(readme, list, "", false), "has no figures")
}
