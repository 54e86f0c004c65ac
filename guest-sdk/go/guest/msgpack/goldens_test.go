package msgpack_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/goldens"
)

// plain turns what Any gives into what goldens have. NaN becomes a text:
// it is not equal to itself.
func plain(t *testing.T, v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) {
			return "NaN"
		}
	case msgpack.Timestamp:
		return time.Unix(v.Unix(), int64(v.Nanosecond())).UTC()
	case msgpack.Ext:
		return goldens.Ext{Type: v.Type, Data: v.Data}
	case msgpack.Opaque:
		typ, data := msgpack.NewReader(v.AppendMsgpack(nil)).Ext()
		require.Contains(t, string(data), v.Type())
		return goldens.Ext{Type: typ, Data: data}
	case []any:
		for i := range v {
			v[i] = plain(t, v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(t, v[key])
		}
	}
	return v
}

func TestValueGoldensAreReadAndWritten(t *testing.T) {
	t.Parallel()
	read := 0
	for _, c := range goldens.Read(t) {
		if c.Type != "value" || c.Refused {
			continue
		}
		read++
		r := msgpack.NewReader(c.Bytes)
		v := r.Any()
		require.NoError(t, r.End(), c.Name)
		if c.Canonical {
			b, err := msgpack.AppendAny(nil, v)
			require.NoError(t, err, c.Name)
			require.Equal(t, c.Bytes, b, c.Name)
		}
		require.Equal(t, plain(t, c.Content), plain(t, v), c.Name)
	}
	require.NotZero(t, read)
}

func TestRefusedValueGoldensAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range goldens.Read(t) {
		if c.Type == "value" && c.Refused {
			r := msgpack.NewReader(c.Bytes)
			r.Any()
			require.Error(t, r.End(), c.Name)
		}
	}
}

func TestNoGoldenCutShortIsAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range goldens.Read(t) {
		if c.Refused {
			continue
		}
		for n := range min(len(c.Bytes), 2000) {
			r := msgpack.NewReader(c.Bytes[:n])
			r.Any()
			require.Error(t, r.End(), "%s cut to %d bytes", c.Name, n)
			r = msgpack.NewReader(c.Bytes[:n])
			r.Skip()
			require.Error(t, r.End(), "%s cut to %d bytes", c.Name, n)
		}
	}
}
