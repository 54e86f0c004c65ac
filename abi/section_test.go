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
