package dwarf

import (
	"bytes"
	stdwarf "debug/dwarf"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A module is what of one these tests need.
type module struct {
	custom map[string][]byte
	code   int // bytes of the code section
}

func (m module) section(name string) []byte { return m.custom[name] }

// open takes a module apart that a toolchain made.
func open(t testing.TB, file string) module {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	m := module{custom: map[string][]byte{}}
	for b = b[8:]; len(b) > 0; {
		size, n := binary.Uvarint(b[1:])
		id, content := b[0], b[1+n:1+n+int(size)]
		b = b[1+n+int(size):]
		switch id {
		case 0:
			size, n := binary.Uvarint(content)
			m.custom[string(content[n:n+int(size)])] = content[n+int(size):]
		case 10:
			m.code = int(size)
		}
	}
	return m
}

func fixtures(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.wasm")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// TestEveryOffsetIsWhereTheStandardLibrarySaysItIs compares with debug/dwarf,
// which is the oracle for what is well formed.
func TestEveryOffsetIsWhereTheStandardLibrarySaysItIs(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			requireOracle(t, open(t, file))
		})
	}
}

func TestADebugBuildOfRustIsReadAsTheStandardLibraryReadsIt(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/usr/lib/rustlib/wasm32-unknown-unknown"); err != nil {
		missing(t, "Rust for WebAssembly")
	}
	out := filepath.Join(t.TempDir(), "trap.wasm")
	compile(t, "/usr/bin/rustc", "--edition", "2021", "--target", "wasm32-unknown-unknown", "-g", "-C", "opt-level=2", "-C", "panic=abort",
		"../../../testdata/trace/trap.rs", "-o", out)
	requireOracle(t, open(t, out))
}

func TestCommittedModulesAreWhatTheirSourceBuilds(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	if _, err := exec.LookPath("clang-19"); err != nil {
		missing(t, "clang-19")
	}
	said, err := exec.CommandContext(t.Context(), "testdata/build.sh", out).CombinedOutput()
	require.NoError(t, err, "%s", said)
	for _, file := range fixtures(t) {
		want, err := os.ReadFile(filepath.Join(out, filepath.Base(file)))
		require.NoError(t, err)
		got, err := os.ReadFile(file)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "%s: run testdata/build.sh", file)
	}
}

func compile(t *testing.T, tool string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		missing(t, tool)
	}
	said, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	require.NoError(t, err, "%s", said)
}

// missing skips a test whose toolchain is not installed, or fails it where
// everything must be there.
func missing(t *testing.T, tool string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: .ci/install.sh installs it", tool)
	}
	t.Skipf("SKIPPED: %s is missing; .ci/install.sh installs it", tool)
}

func requireOracle(t *testing.T, m module) {
	t.Helper()
	table := Read(m.section, m.code)
	require.NotNil(t, table)
	want := oracle(t, m)
	known, inlined := 0, 0
	for offset := range uint32(m.code) {
		got := table.At(offset)
		for i := range got {
			got[i].File, got[i].Linkage = path.Base(got[i].File), ""
			if got[i].File == "." {
				got[i].File = ""
			}
		}
		if w := want[offset]; len(w) > 0 && (w[0].Line > 0 || len(w) > 1) {
			require.Equal(t, w, got, "offset %#x", offset)
			known++
			if len(w) > 1 {
				inlined++
			}
		} else if len(got) > 0 {
			require.Zero(t, got[0].Line, "offset %#x", offset)
			require.Len(t, got, 1, "offset %#x", offset)
		}
	}
	require.Greater(t, known, m.code/4)
	t.Logf("%d of %d offsets have a line, %d are inlined", known, m.code, inlined)
}

// oracle is what debug/dwarf says of each offset, files by the last element of
// their path.
func oracle(t *testing.T, m module) [][]Place {
	t.Helper()
	d, err := stdwarf.New(m.section(".debug_abbrev"), nil, nil, m.section(".debug_info"), m.section(".debug_line"), nil, m.section(".debug_ranges"), m.section(".debug_str"))
	require.NoError(t, err)
	for _, name := range []string{".debug_addr", ".debug_line_str", ".debug_str_offsets", ".debug_rnglists"} {
		require.NoError(t, d.AddSection(name, m.section(name)))
	}
	places := make([][]Place, m.code)
	r := d.Reader()
	var files []*stdwarf.LineFile
	type call struct {
		entry *stdwarf.Entry
		files []*stdwarf.LineFile
	}
	var calls []call // outermost first
	for {
		e, err := r.Next()
		require.NoError(t, err)
		if e == nil {
			break
		}
		switch e.Tag {
		case stdwarf.TagCompileUnit:
			files = nil
			lr, err := d.LineReader(e)
			require.NoError(t, err)
			if lr != nil {
				oracleLines(t, lr, places)
				files = lr.Files()
			}
		case stdwarf.TagInlinedSubroutine:
			calls = append(calls, call{e, files})
		}
	}
	for _, c := range calls {
		ranges, err := d.Ranges(c.entry)
		require.NoError(t, err)
		origin := c.entry
		name := ""
		for name == "" {
			at, ok := origin.Val(stdwarf.AttrAbstractOrigin).(stdwarf.Offset)
			if !ok {
				at, ok = origin.Val(stdwarf.AttrSpecification).(stdwarf.Offset)
			}
			require.True(t, ok)
			of := d.Reader()
			of.Seek(at)
			origin, err = of.Next()
			require.NoError(t, err)
			name, _ = origin.Val(stdwarf.AttrName).(string)
		}
		file, _ := c.entry.Val(stdwarf.AttrCallFile).(int64)
		line, _ := c.entry.Val(stdwarf.AttrCallLine).(int64)
		for _, pair := range ranges {
			for at := pair[0]; at > 0 && pair[1] <= uint64(m.code) && at < pair[1]; at++ {
				p := places[at]
				if len(p) == 0 {
					p = []Place{{}}
				}
				// The call that is further in comes later: it splits what is innermost.
				inner := p[0]
				inner.Function = name
				rest := Place{File: path.Base(c.files[file].Name), Line: uint32(line)}
				if len(p) > 1 {
					rest.Function = p[0].Function
				}
				places[at] = append([]Place{inner, rest}, p[1:]...)
			}
		}
	}
	return places
}

func oracleLines(t *testing.T, lr *stdwarf.LineReader, places [][]Place) {
	t.Helper()
	var last, e stdwarf.LineEntry
	for first := true; ; first = e.EndSequence {
		err := lr.Next(&e)
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		if !first && last.Address > 0 && e.Address <= uint64(len(places)) {
			for at := last.Address; at < e.Address; at++ {
				places[at] = []Place{{File: path.Base(last.File.Name), Line: uint32(last.Line)}}
			}
		}
		last = e
	}
}
