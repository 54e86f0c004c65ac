// Package goldens reads the wire goldens in testdata/messages for tests. The
// README there says what the files mean.
package goldens

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A Case is one golden.
type Case struct {
	Name      string
	Type      string
	Bytes     []byte
	Content   any  // ints as int64 or uint64, floats of both sizes, times, Ext
	Canonical bool // encoding Content gives Bytes
	Refused   bool // the host refuses Bytes
}

// An Ext is an extension value that is no timestamp.
type Ext struct {
	Type int8
	Data []byte
}

// Read gives all cases. It is an error if there are none.
func Read(t testing.TB) []Case {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	files, err := filepath.Glob(filepath.Join(filepath.Dir(here), "../../../../testdata/messages/*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	cases := make([]Case, len(files))
	for i, file := range files {
		cases[i] = read(t, file)
	}
	return cases
}

func read(t testing.TB, file string) Case {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var c struct {
		Type      string
		Content   any
		Canonical bool
		Refused   string
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	require.NoError(t, d.Decode(&c), file)
	base := strings.TrimSuffix(file, ".json")
	b, err := os.ReadFile(base + ".msgpack")
	require.NoError(t, err)
	return Case{filepath.Base(base), c.Type, b, value(t, c.Content), c.Canonical, c.Refused != ""}
}

// value turns the JSON form of a value into the value.
func value(t testing.TB, v any) any {
	t.Helper()
	switch v := v.(type) {
	case json.Number:
		return integer(t, v.String())
	case []any:
		for i := range v {
			v[i] = value(t, v[i])
		}
		return v
	case map[string]any:
		if s, ok := v["$int"].(string); ok {
			return integer(t, s)
		}
		if s, ok := v["$float64"].(string); ok {
			return float(t, s)
		}
		if s, ok := v["$float32"].(string); ok {
			return float32(float(t, s))
		}
		if s, ok := v["$bin"].(string); ok {
			return bytes(t, s)
		}
		if a, ok := v["$time"].([]any); ok {
			return time.Unix(value(t, a[0]).(int64), value(t, a[1]).(int64)).UTC()
		}
		if n, ok := v["$ext"]; ok {
			return Ext{int8(value(t, n).(int64)), bytes(t, v["data"].(string))}
		}
		for key := range v {
			v[key] = value(t, v[key])
		}
		return v
	}
	return v
}

func integer(t testing.TB, s string) any {
	t.Helper()
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	n, err := strconv.ParseUint(s, 10, 64)
	require.NoError(t, err)
	return n
}

func float(t testing.TB, s string) float64 {
	t.Helper()
	if s == "NaN" {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return f
}

func bytes(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}
