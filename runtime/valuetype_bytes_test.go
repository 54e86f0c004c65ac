package runtime

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/runtime/internal/codec"
)

// Bytes go past the codec where they can; nobody may see a difference. Named
// bytes always go through it.
func TestBytesAreEncodedAndDecodedAsByTheCodec(t *testing.T) {
	t.Parallel()
	type named []byte
	var quick valueType[[]byte]
	var slow valueType[named]
	op := &Operation{}
	quick.set(op, "InputType", nil, true)
	slow.set(op, "InputType", nil, true)

	for _, size := range []int{-1, 0, 1, 255, 256, 65535, 65536, quickBytes - 5, quickBytes, quickBytes + 1} {
		var value []byte
		if size >= 0 {
			value = bytes.Repeat([]byte{7}, size)
		}
		for _, limit := range []int{-1, 0, 1, size - 1, size, size + 1, size + 2, size + 3, size + 5, size + 6, 4 << 20} {
			l := codec.Limits{Bytes: limit}
			before := []byte("before")
			as, same := value, named(value)
			got, err := quick.append(before, &as, nil, l)
			want, wantErr := slow.append(before, &same, nil, l)
			require.Equal(t, want, got, "%d bytes, limit %d", size, limit)
			require.Equal(t, wantErr == nil, err == nil, "%d bytes, limit %d: %v", size, limit, err)
		}
	}

	base := []byte("base")
	long := bytes.Repeat([]byte{9}, quickBytes)
	for _, message := range [][]byte{
		msgp.AppendBytes(nil, []byte{}), msgp.AppendBytes(nil, []byte("a")), msgp.AppendBytes(nil, long), msgp.AppendBytes(nil, long[:quickBytes-5]),
		{0xc5, 0, 1, 'a'}, {0xc6, 0, 0, 0, 1, 'a'}, // longer heads than are needed
		{}, {0xc0}, {0xc4}, {0xc4, 1}, {0xc4, 1, 'a', 'b'}, {0xc5, 0}, {0xc5, 0, 2, 'a'}, {0xc6, 0, 0, 0}, {0xc6, 0xff, 0xff, 0xff, 0xff, 'a'},
		{0xa1, 'a'}, {0x92, 1, 2}, {0xc1}, {0x80},
	} {
		for _, limit := range []int{-1, 0, 1, len(message) - 1, len(message), 4 << 20} {
			l := codec.Limits{Bytes: limit}
			got, want := []byte("old"), named("old")
			from := named(base)
			err, wantErr := quick.decode(message, &got, &base, nil, l), slow.decode(message, &want, &from, nil, l)
			say := "0x" + hex.EncodeToString(message[:min(len(message), 8)])
			require.Equal(t, want == nil, got == nil, "%s, limit %d", say, limit)
			require.Equal(t, []byte(want), got, "%s, limit %d", say, limit)
			require.Equal(t, wantErr == nil, err == nil, "%s, limit %d: %v", say, limit, err)
			if err == nil && len(got) > 0 {
				got[0]++
				require.NotEqual(t, got[0], message[len(message)-len(got)], "it must not be a view")
			}
		}
	}
	require.Equal(t, "base", string(base))
}
