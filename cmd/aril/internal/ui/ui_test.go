package ui_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/ui"
)

func TestFiguresAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		require.Equal(t, want, ui.Count(n))
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 20000: "20 KiB", 1 << 20: "1 MiB", 3 << 19: "1.5 MiB", 64 << 20: "64 MiB"} {
		require.Equal(t, want, ui.Bytes(n))
	}
	for d, want := range map[time.Duration]string{12: "12 ns", 1500: "1.5 µs", 2500 * time.Microsecond: "2.5 ms", 1250 * time.Millisecond: "1.25 s"} {
		require.Equal(t, want, ui.Duration(d))
	}
}

func TestTextOfOthersIsMadePlain(t *testing.T) {
	t.Parallel()
	require.Equal(t, "grüße\tand\nlines", ui.Plain("grüße\tand\nlines"))
	require.Equal(t, `\u001b[2J`, ui.Plain("\x1b[2J"))
	require.Equal(t, `\u009b2J`, ui.Plain("\u009b2J"))
	require.Equal(t, `a\u202eb`, ui.Plain("a\u202eb"))
	require.Equal(t, `a\u000db`, ui.Plain("a\rb"))
}

func TestABarShowsItsShare(t *testing.T) {
	t.Parallel()
	s := ui.NewScreen(new(bytes.Buffer))
	require.Equal(t, "··········", s.Bar(0, 100))
	require.Equal(t, "■·········", s.Bar(1, 100))
	require.Equal(t, "■■■■■·····", s.Bar(50, 100))
	require.Equal(t, "■■■■■■■■■■", s.Bar(300, 100))
	require.Empty(t, s.Bar(5, -1))
}

func TestNothingOfAProgressIsSeenWhereNobodyReads(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := ui.NewScreen(&b).NewProgress("running", 2)
	p.Step()
	p.Step()
	p.End()
	require.Empty(t, b.String())
}

func TestATableIsAsWideAsWhatIsInIt(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	table := ui.Table{Head: []string{"name", "n"}, Right: 1}
	table.Add("längste", "1")
	table.Add("b", "1,000")
	table.Write(ui.NewScreen(&b))
	require.Equal(t, "name         n\nlängste      1\nb        1,000\n", b.String())
}
