package abi

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackingReplacesTheManifestAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	module := append([]byte(nil), moduleHeader...)
	module = append(module, 1, 1, 0)                     // an empty type section
	module = append(module, 0, 5, 4, 'n', 'a', 'm', 'e') // a custom section of another name
	first, err := PackManifest(module, &Manifest{Name: "one"})
	require.NoError(t, err)
	require.Equal(t, module, first[:len(module)])
	second, err := PackManifest(first, &Manifest{Name: "two"})
	require.NoError(t, err)
	require.Equal(t, module, second[:len(module)])
	m, err := DecodeManifest(second[len(module)+2+5:])
	require.NoError(t, err)
	require.Equal(t, "two", m.Name)
}

func TestPackingRefusesWhatIsNoModule(t *testing.T) {
	t.Parallel()
	good := &Manifest{Name: "x"}
	for name, module := range map[string][]byte{
		"nothing":              nil,
		"another magic":        []byte("\x7fELF\x01\x00\x00\x00"),
		"a section cut short":  append(append([]byte(nil), moduleHeader...), 1, 9, 0),
		"a section id alone":   append(append([]byte(nil), moduleHeader...), 1),
		"a size without end":   append(append([]byte(nil), moduleHeader...), 1, 0x80, 0x80),
		"a size of 2^63 bytes": append(append([]byte(nil), moduleHeader...), 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := PackManifest(module, good)
			require.Error(t, err)
		})
	}
	_, err := PackManifest(moduleHeader, &Manifest{Name: "NOT A NAME"})
	require.Error(t, err)
}

func TestAModuleIsSplitIntoWhatRunsAndWhatTheHostReads(t *testing.T) {
	t.Parallel()
	plain := append(append([]byte(nil), moduleHeader...), 1, 1, 0)
	tail := []byte{0, 5, 4, 'n', 'a', 'm', 'e'}
	named, err := PackManifest(plain, &Manifest{Name: "x"})
	require.NoError(t, err)
	both, err := PackScript(named, []byte("run()"))
	require.NoError(t, err)
	s, err := SplitSections(both)
	require.NoError(t, err)
	require.Equal(t, plain, s.Core)
	require.Same(t, &both[0], &s.Core[0], "nothing is copied when the two come last")
	require.Equal(t, []byte("run()"), s.Script)
	m, err := DecodeManifest(s.Manifest)
	require.NoError(t, err)
	require.Equal(t, "x", m.Name)

	between, err := SplitSections(append(append([]byte(nil), both...), tail...))
	require.NoError(t, err)
	require.Equal(t, append(append([]byte(nil), plain...), tail...), between.Core)
	require.Equal(t, s.Script, between.Script)
	require.Equal(t, byte(0), both[len(plain)], "the module is as it was")

	empty, err := PackScript(plain, nil)
	require.NoError(t, err)
	s, err = SplitSections(empty)
	require.NoError(t, err)
	require.NotNil(t, s.Script)

	again := append(append([]byte(nil), both...), both[len(named):]...)
	_, err = SplitSections(again)
	require.ErrorContains(t, err, `two sections "aril.script"`)
	for _, broken := range [][]byte{nil, []byte("\x7fELF"), append(both, 0), append(both, 0, 0xff), append(both, 0, 1, 9)} {
		s, err := SplitSections(broken)
		require.NoError(t, err)
		require.LessOrEqual(t, len(s.Core), len(broken))
		require.True(t, len(broken) < 8 || len(s.Core) > len(plain), "what is no section is left for admission")
	}
}
