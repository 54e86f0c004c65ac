package msgpackgen_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/msgpackgen"
	"github.com/aril-wasm/aril/cmd/aril/internal/msgpackgen/testdata/all"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

func TestTheCommittedFileIsWhatIsMade(t *testing.T) {
	t.Parallel()
	made, err := msgpackgen.File("testdata/all/all.go")
	require.NoError(t, err)
	committed, err := os.ReadFile("testdata/all/all_msgpack.go")
	require.NoError(t, err)
	require.Equal(t, string(committed), string(made), "run go generate ./... in cmd/aril")
}

func TestEveryFieldComesBack(t *testing.T) {
	t.Parallel()
	number := 7
	for name, in := range map[string]*all.All{
		"all of them": {
			Bool: true, Text: "grüß", Int: -5, Small: math.MinInt8, Wide: math.MinInt64, Unsigned: math.MaxUint64,
			Single: 1.5, Double: math.Inf(-1), Bytes: []byte{0, 1}, Status: "open", Level: math.MaxUint8,
			Part: all.Part{Name: "a", Next: &all.Part{Name: "b"}}, Maybe: &all.Part{Name: "c"}, Number: &number,
			Parts: []all.Part{{Name: "d"}, {Name: "e"}}, Grid: [][]int{{1, 2}, nil, {}},
			By: map[string][]all.Status{"x": {"open", "shut"}, "y": nil}, Ptrs: []*all.Part{nil, {Name: "f"}},
			When: msgpack.Timestamp{Seconds: 5, Nanoseconds: 6}, At: time.Unix(7, 8), For: 9,
			Thing: map[string]any{"k": []any{int64(1), "two"}}, Rarely: 3, List: []string{"g"},
			NoTag: "h", A: true, B: true, Another: msgpack.Timestamp{Seconds: 1},
		},
		"none of them": {At: time.Unix(0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out all.All
			r := msgpack.NewReader(in.AppendMsgpack(nil))
			require.NoError(t, out.DecodeMsgpack(r))
			require.NoError(t, r.End())
			if in.Grid != nil {
				in.Grid[2] = nil // an empty list comes back as none
			}
			require.Equal(t, in, &out)
		})
	}
}

func TestWhatIsEmptyAndMayBeLeftOutIs(t *testing.T) {
	t.Parallel()
	v, err := msgpack.NewReader((&all.All{}).AppendMsgpack(nil)).Any(), error(nil)
	require.NoError(t, err)
	m := v.(map[string]any)
	require.NotContains(t, m, "rarely")
	require.NotContains(t, m, "list")
	require.NotContains(t, m, "another")
	require.NotContains(t, m, "Left")
	require.Contains(t, m, "int")
}

func TestANumberThatDoesNotFitIsAnError(t *testing.T) {
	t.Parallel()
	b, err := msgpack.AppendAny(nil, map[string]any{"small": 128})
	require.NoError(t, err)
	require.ErrorContains(t, new(all.All).DecodeMsgpack(msgpack.NewReader(b)), "does not fit int8")
}

func TestEveryCutOfAMessageIsAnError(t *testing.T) {
	t.Parallel()
	whole := (&all.All{By: map[string][]all.Status{"x": {"y"}}, Parts: []all.Part{{Name: "z"}}}).AppendMsgpack(nil)
	for n := range len(whole) {
		require.Error(t, new(all.All).DecodeMsgpack(msgpack.NewReader(whole[:n])), "cut at %d", n)
	}
}

func TestWhatCannotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"type T struct { C chan int }":                                "type T, field C: a chan int has no form as a message",
		"type T struct { F func() }":                                  "field F: a func() has no form",
		"type T struct { M map[int]string }":                          "field M: a map's key must be a string",
		"type T struct { A [3]int }":                                  "field A: an array of fixed length",
		"type T struct { S struct{ X int } }":                         "field S: give the struct a name",
		"type T struct { E error }":                                   "field E: a error has no form",
		"type T struct { U }; type U struct{}":                        "an embedded field",
		"type T[P any] struct { X P }":                                "with parameters",
		"type T int":                                                  "no struct type without the two methods",
		"type T struct { X int `msg:\"a\"`; Y int `json:\"a\"` }":     `two fields are called "a"`,
		"type T struct { X pkg.Thing }":                               "pkg is not imported",
		"type T struct { X U `msg:\",omitempty\"` }; type U struct{}": "omitempty does not go with a U",
	} {
		path := filepath.Join(t.TempDir(), "t.go")
		require.NoError(t, os.WriteFile(path, []byte("package t\n"+source), 0o600))
		_, err := msgpackgen.File(path)
		require.ErrorContains(t, err, want, source)
	}
}

func TestTypesThatAreNamedAreMadeAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t.go")
	require.NoError(t, os.WriteFile(path, []byte("package t\ntype A struct{}\ntype B struct{ N int }"), 0o600))
	text, err := msgpackgen.File(path, "B")
	require.NoError(t, err)
	require.Contains(t, string(text), "func (x *B) AppendMsgpack")
	require.NotContains(t, string(text), "*A)")
	_, err = msgpackgen.File(path, "C")
	require.ErrorContains(t, err, "there is no struct type C")
}
