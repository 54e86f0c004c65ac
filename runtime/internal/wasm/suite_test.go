package wasm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// suiteStricter are valid modules that are refused on purpose, and why.
var suiteStricter = map[string]string{
	"binary-leb128.81.wasm": "a prefixed opcode in five bytes; wazero reads the same bytes as something else",
}

// TestSuiteOfTheSpecificationIsJudgedRightly runs every module of the suite:
// valid ones are accepted, malformed and invalid ones refused.
func TestSuiteOfTheSpecificationIsJudgedRightly(t *testing.T) {
	t.Parallel()
	dir := wasmtest.SuiteDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	valid, refused := 0, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var suite struct {
			Commands []struct {
				Type, Filename, Text string
				Line                 int
				ModuleType           string `json:"module_type"`
			}
		}
		require.NoError(t, json.Unmarshal(raw, &suite))
		for _, c := range suite.Commands {
			if c.ModuleType == "text" || c.Filename == "" {
				continue
			}
			b, err := os.ReadFile(filepath.Join(dir, c.Filename))
			require.NoError(t, err)
			err = check(b, wasm.Caps{})
			switch c.Type {
			case "assert_malformed", "assert_invalid":
				refused++
				if err == nil {
					t.Errorf("%s:%d %s is accepted; the suite says: %s", filepath.Base(file), c.Line, c.Filename, c.Text)
				}
			default:
				valid++
				if _, stricter := suiteStricter[c.Filename]; (err != nil) != stricter {
					t.Errorf("%s:%d %s: %v", filepath.Base(file), c.Line, c.Filename, err)
				}
			}
		}
	}
	require.Greater(t, valid, 1500)
	require.Greater(t, refused, 2500)
}

// check is Parse and Validate.
func check(b []byte, caps wasm.Caps) error {
	m, err := wasm.Parse(b, caps)
	if err != nil {
		return err
	}
	return m.Validate()
}
