package enrich

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{`{}`, ` { "a" : [1 , {"b":"}\""}] ,"c":null}`, `{"a":1,"\u0061":2}`, `{"a":tru}`, `{"a":1} `, `{"a":1}x`, `[`, ``, `{"é":-1e5,"":{}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := parseObject(in)
		var want map[string]json.RawMessage
		if json.Unmarshal(in, &want) != nil || want == nil {
			require.Error(t, err)
			return
		}
		if err != nil {
			require.ErrorContains(t, err, "there twice")
			return
		}
		require.Len(t, got, len(want))
		for _, m := range got {
			require.Equal(t, string(want[m.Name]), string(m.Value))
		}
	})
}
