package query_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
)

func TestDecimalsCompareAsTheirNumbers(t *testing.T) {
	t.Parallel()
	texts := []string{
		"0", "-0", "0.0", "0e5", "0e-5", "1", "1.0", "10e-1", "0.1e1", "-1", "-1.0", "-1.2", "-12", "-1.23", "12", "1.2", "1.23", "9", "10", "99", "100", "0.1", "0.01", "0.09",
		"-0.1", "-0.01", "9e399", "-1e399", "1e-401", "-1e-401", "9007199254740992", "9007199254740993", "123456789012345678901234567890", "5e-324", "1.7976931348623157e308",
	}
	for _, a := range texts {
		for _, b := range texts {
			x, err := query.ParseDecimal(a)
			require.NoError(t, err, a)
			y, err := query.ParseDecimal(b)
			require.NoError(t, err, b)
			want := rat(t, a).Cmp(rat(t, b))
			require.Equal(t, want, bytes.Compare(x.AppendKey(nil), y.AppendKey(nil)), "%s %s", a, b)
			require.Equal(t, want == 0, x == y, "%s %s", a, b)
		}
	}
}

func rat(t testing.TB, s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	require.True(t, ok, s)
	return r
}

func TestDecimalsAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "-", "+1", "01", "-01", ".5", "5.", "1e", "1e+", "e5", "0x1", "1_0", " 1", "1 ", "NaN", "Infinity", "1e400", "1e-402", "1e99999999999999999999", "0e999999",
		strings.Repeat("1", 1001), "١",
	} {
		_, err := query.ParseDecimal(s)
		require.Error(t, err, s)
	}
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-1.50e-3", "9007199254740993", "1e400", "-0.0"} {
		f.Add(s, "1")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := query.ParseDecimal(a)
		if err != nil {
			return
		}
		again, err := query.ParseDecimal(x.String())
		require.NoError(t, err)
		require.Equal(t, x, again)
		require.Zero(t, rat(t, a).Cmp(rat(t, x.String())))
		if y, err := query.ParseDecimal(b); err == nil {
			require.Equal(t, rat(t, a).Cmp(rat(t, b)), bytes.Compare(x.AppendKey(nil), y.AppendKey(nil)))
		}
	})
}
