package dwarf

import (
	"bytes"
	"encoding/binary"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const hostileCode = 1 << 20

// sized puts the length of 4 bytes before a unit.
func sized(parts ...[]byte) []byte {
	b := bytes.Join(parts, nil)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func uleb(v uint64) []byte { return binary.AppendUvarint(nil, v) }

// lineUnit5 is a line table of version 5 with these entries and this program.
func lineUnit5(entries, program []byte) []byte {
	header := append([]byte{1, 1, 1, 0xff, 1, 10, 0, 1, 1, 1, 1, 0, 0, 0, 1}, entries...)
	return sized([]byte{5, 0, 4, 0}, sized(header), program)
}

// unit4 is a unit of version 4.
func unit4(entries ...byte) []byte {
	return sized([]byte{4, 0, 0, 0, 0, 0, 4}, entries)
}

// inlinedAbbrevs has a compile unit as entry 1, without attributes, and an
// inlined call as entry 2 with these.
func inlinedAbbrevs(attrs ...byte) []byte {
	return append(append([]byte{1, tagCompileUnit, 1, 0, 0, 2, tagInlinedSubroutine, 0}, attrs...), 0, 0, 0)
}

func TestCountsThatLieCostNothing(t *testing.T) {
	t.Parallel()
	// A row at address 1 and the end of the sequence at 2.
	program := []byte{0, 5, lneSetAddress, 1, 0, 0, 0, 1, lnsAdvancePC, 1, 0, 1, lneEndSequence}
	huge := uleb(1 << 40)
	for _, c := range []struct {
		name     string
		sections map[string][]byte
	}{
		{"directories", map[string][]byte{".debug_line": lineUnit5(append([]byte{1, lnctPath, formString}, huge...), program)}},
		{"directories that take no bytes", map[string][]byte{".debug_line": lineUnit5(append([]byte{0}, huge...), program)}},
		{"directories of forms that take no bytes", map[string][]byte{".debug_line": lineUnit5(append(append([]byte{255}, bytes.Repeat([]byte{9, formFlagPresent}, 255)...), huge...), program)}},
		{"files that take no bytes", map[string][]byte{".debug_line": lineUnit5(append([]byte{0, 0, 0}, huge...), program)}},
		{"a line table without end", map[string][]byte{".debug_line": {0xff, 0xff, 0xff, 0xef, 5, 0}}},
		{"a line table of 64 bits without end", map[string][]byte{".debug_line": append([]byte{0xff, 0xff, 0xff, 0xff}, bytes.Repeat([]byte{0xff}, 8)...)}},
		{"a header without end", map[string][]byte{".debug_line": sized([]byte{5, 0, 4, 0, 0xff, 0xff, 0xff, 0xff})}},
		{"a unit without end", map[string][]byte{".debug_info": {0xff, 0xff, 0xff, 0xef, 4, 0}}},
		{"a block without end", map[string][]byte{
			".debug_abbrev": inlinedAbbrevs(attrName, formBlock), ".debug_info": unit4(append([]byte{1, 2}, huge...)...)}},
		{"an abbreviation table past the end", map[string][]byte{".debug_info": sized([]byte{4, 0, 0xff, 0xff, 0xff, 0xff, 4}, []byte{1})}},
		{"an address table past the end", map[string][]byte{
			".debug_abbrev": inlinedAbbrevs(attrLowPC, formAddrx, attrHighPC, formData1), ".debug_info": unit4(append(append([]byte{1, 2}, huge...), 1)...)}},
		{"a list of ranges past the end", map[string][]byte{
			".debug_abbrev": inlinedAbbrevs(attrRanges, formSecOffset), ".debug_info": unit4(1, 2, 0xff, 0xff, 0xff, 0xff), ".debug_ranges": {1}}},
		{"an origin outside the unit", map[string][]byte{
			".debug_abbrev": inlinedAbbrevs(attrAbstractOrigin, formRef4), ".debug_info": unit4(1, 2, 0xff, 0xff, 0xff, 0xff)}},
		{"an origin outside the section", map[string][]byte{
			".debug_abbrev": inlinedAbbrevs(attrAbstractOrigin, formRefAddr), ".debug_info": unit4(1, 2, 0xff, 0xff, 0xff, 0xff)}},
		{"an indirect form of an indirect form", map[string][]byte{
			".debug_abbrev": inlinedAbbrevs(attrName, formIndirect), ".debug_info": unit4(1, 2, formIndirect, formIndirect)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := reading(func(name string) []byte { return c.sections[name] }, hostileCode)
			require.Empty(t, d.calls)
			require.LessOrEqual(t, len(d.files), 1)
			require.LessOrEqual(t, d.filesKept, maxFiles)
			if d.table() != nil {
				require.Equal(t, uint32(1), d.table().At(1)[0].Line)
			}
		})
	}
}

func TestAnEntryThatIsItsOwnOriginHasNoName(t *testing.T) {
	t.Parallel()
	// The unit's header has 11 bytes, its first entry 1: the call is at 12.
	sections := map[string][]byte{
		".debug_abbrev": inlinedAbbrevs(attrAbstractOrigin, formRef1, attrLowPC, formAddr, attrHighPC, formData1, attrCallLine, formData1),
		".debug_info":   unit4(1, 2, 12, 5, 0, 0, 0, 3, 7),
	}
	table := Read(func(name string) []byte { return sections[name] }, hostileCode)
	require.Equal(t, []Place{{}, {Line: 7}}, table.At(5))
	require.Equal(t, []Place{{}, {Line: 7}}, table.At(7))
	require.Nil(t, table.At(4))
	require.Nil(t, table.At(8))
}

func TestCallsNestNoDeeperThanTheBound(t *testing.T) {
	t.Parallel()
	entries := []byte{1}
	for i := range byte(100) { // each is within the one before
		entries = append(entries, 2, 1+i, 0, 0, 0, 255-2*i)
	}
	sections := map[string][]byte{
		".debug_abbrev": inlinedAbbrevs(attrLowPC, formAddr, attrHighPC, formData1),
		".debug_info":   unit4(entries...),
	}
	table := Read(func(name string) []byte { return sections[name] }, hostileCode)
	require.Len(t, table.At(100), maxInlined+1)
}

func TestRangesThatOverlapAreCut(t *testing.T) {
	t.Parallel()
	sections := map[string][]byte{
		".debug_abbrev": inlinedAbbrevs(attrLowPC, formAddr, attrHighPC, formData1, attrCallLine, formData1),
		".debug_info":   unit4(1, 2, 10, 0, 0, 0, 10, 1, 2, 15, 0, 0, 0, 10, 2), // 10 to 20, and 15 to 25
	}
	table := Read(func(name string) []byte { return sections[name] }, hostileCode)
	require.Equal(t, []Place{{}, {Line: 1}}, table.At(14))
	require.Equal(t, []Place{{}, {Line: 2}, {Line: 1}}, table.At(19))
	require.Nil(t, table.At(20))
}

// TestBombsEndSoon has modules of the size that admission takes which ask for
// as much work and memory as they can.
func TestBombsEndSoon(t *testing.T) {
	const size = 15 << 20
	rows := append([]byte{0, 5, lneSetAddress, 1, 0, 0, 0}, bytes.Repeat([]byte{15, 9 + 3}, size/2)...) // up five lines, down two, an address on
	names := bytes.Repeat([]byte("abcdefgh\x00\x00\x00\x00"), size/12)
	zeroes := append(bytes.Repeat([]byte{9, formFlagPresent}, 1<<18), 0, 0)
	manyUnits := bytes.Repeat(sized([]byte{4, 0, 0, 0, 0, 0, 4}, []byte{1}), size/12)
	for i := 6; i < len(manyUnits); i += 12 { // each begins to read abbreviations elsewhere
		binary.LittleEndian.PutUint32(manyUnits[i:], uint32(i/12%8))
	}
	list := append(bytes.Repeat([]byte{1, 0, 0, 0, 2, 0, 0, 0}, size/16), make([]byte, 8)...)
	for _, c := range []struct {
		name     string
		sections map[string][]byte
	}{
		{"rows", map[string][]byte{".debug_line": lineUnit5([]byte{0, 0, 0, 0}, rows)}},
		{"names of files", map[string][]byte{".debug_line": lineUnit5(append(append([]byte{0, 0, 1, lnctPath, formString}, uleb(1<<40)...), names...), nil)}},
		{"entries with attributes that take no bytes", map[string][]byte{
			".debug_abbrev": append([]byte{1, tagCompileUnit, 1}, zeroes...), ".debug_info": unit4(bytes.Repeat([]byte{1}, size)...)}},
		{"units with abbreviations of their own", map[string][]byte{
			".debug_abbrev": bytes.Repeat([]byte{1, tagCompileUnit, 1, 0, 0, 1, tagCompileUnit, 1}, size/16), ".debug_info": manyUnits}},
		{"calls with one list of ranges", map[string][]byte{
			".debug_abbrev": inlinedAbbrevs(attrRanges, formSecOffset), ".debug_info": unit4(append([]byte{1}, bytes.Repeat([]byte{2, 0, 0, 0, 0}, size/10)...)...),
			".debug_ranges": list}},
		{"origins in one long string", map[string][]byte{
			".debug_abbrev": append([]byte{1, tagCompileUnit, 1, 0, 0, 2, tagInlinedSubroutine, 0, attrAbstractOrigin, formRef4, 0, 0},
				'x', tagCompileUnit, 0, attrName, formString, 0, 0, 0),
			".debug_info": unit4(append(append([]byte{1}, origins(size/10)...), bytes.Repeat([]byte("x"), size/2)...)...)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			section := func(name string) []byte { return c.sections[name] }
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			d := reading(section, hostileCode)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%v, %d MiB allocated, %d steps left, %d rows, %d calls", took, allocated, d.steps, len(d.rows), len(d.calls))
			require.Less(t, allocated, uint64(256), "MiB")
			require.Less(t, took, 20*time.Second) // half a second where nothing else runs
		})
	}
}

// origins are calls, each with an origin of its own behind them all.
func origins(n int) []byte {
	var b []byte
	for i := range n {
		b = binary.LittleEndian.AppendUint32(append(b, 2), uint32(12+5*n+i))
	}
	return b
}

func TestWhatIsCutShortIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	for _, file := range fixtures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			m := open(t, file)
			for name, content := range m.custom {
				if !strings.HasPrefix(name, ".debug_") {
					continue
				}
				for n := range content {
					cut := module{custom: map[string][]byte{}, code: m.code}
					for k, v := range m.custom {
						cut.custom[k] = v
					}
					cut.custom[name] = content[:n:n]
					requireHarmless(t, cut)
					changed := bytes.Clone(content)
					changed[n] ^= 0xff
					cut.custom[name] = changed
					requireHarmless(t, cut)
				}
			}
		})
	}
}

// requireHarmless reads and asks. It runs so often that it does without
// package require.
func requireHarmless(t *testing.T, m module) {
	t.Helper()
	table := Read(m.section, m.code)
	for offset := uint32(0); offset < uint32(m.code+2); offset += 5 {
		places := table.At(offset)
		if len(places) > maxInlined+1 {
			t.Fatalf("%d places", len(places))
		}
		for i, p := range places {
			if max(len(p.File), len(p.Function), len(p.Linkage)) > maxText || i == len(places)-1 && p.Function != "" {
				t.Fatalf("place %d of %d: %q", i, len(places), p)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	sections := []string{
		".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_line_str", ".debug_str_offsets",
		".debug_addr", ".debug_ranges", ".debug_rnglists",
	}
	for _, file := range fixtures(f) {
		m := open(f, file)
		s := sections
		f.Add(m.custom[s[0]], m.custom[s[1]], m.custom[s[2]], m.custom[s[3]], m.custom[s[4]], m.custom[s[5]], m.custom[s[6]], m.custom[s[7]], m.custom[s[8]])
	}
	f.Fuzz(func(t *testing.T, info, abbrev, line, str, lineStr, strOffsets, addr, ranges, rnglists []byte) {
		content := [][]byte{info, abbrev, line, str, lineStr, strOffsets, addr, ranges, rnglists}
		m := module{custom: map[string][]byte{}, code: 600}
		for i, name := range sections {
			m.custom[name] = content[i]
		}
		requireHarmless(t, m)
	})
}
