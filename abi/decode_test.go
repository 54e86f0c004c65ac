package abi_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

func TestLimitsOfAnErrorHoldToTheByte(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*abi.Error)
		key    string // "" when it is accepted
	}{
		"a code of 256 bytes":               {func(e *abi.Error) { e.Code = strings.Repeat("c", abi.MaxErrorCode) }, ""},
		"a code of 257 bytes":               {func(e *abi.Error) { e.Code = strings.Repeat("c", abi.MaxErrorCode+1) }, "code"},
		"a message of 64 KiB":               {func(e *abi.Error) { e.Message = strings.Repeat("m", abi.MaxErrorMessage) }, ""},
		"a message of 64 KiB and a byte":    {func(e *abi.Error) { e.Message = strings.Repeat("m", abi.MaxErrorMessage+1) }, "message"},
		"a cause with a code of 257 bytes":  {func(e *abi.Error) { e.Cause = &abi.Error{Code: strings.Repeat("c", abi.MaxErrorCode+1)} }, "cause.code"},
		"a handle of 15 bytes in a cause":   {func(e *abi.Error) { e.Cause = &abi.Error{Handle: make([]byte, 15)} }, "cause.handle"},
		"16 errors in a chain":              {func(e *abi.Error) { e.Cause = chainOf(15) }, ""},
		"17 errors in a chain":              {func(e *abi.Error) { e.Cause = chainOf(16) }, strings.Repeat("cause.", 15) + "cause"},
		"10,000 errors in a chain":          {func(e *abi.Error) { e.Cause = chainOf(9_999) }, "(scan)"},
		"data that fills it to 256 KiB":     {func(e *abi.Error) { e.Data = dataOf(abi.MaxErrorBytes - emptyWithData) }, ""},
		"data that takes it past 256 KiB":   {func(e *abi.Error) { e.Data = dataOf(abi.MaxErrorBytes - emptyWithData + 1) }, "(scan)"},
		"data that is a map of any content": {func(e *abi.Error) { e.Data = abi.Raw("\x81\xc0\xc4\x01\xff") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &abi.Error{}
			c.change(e)
			b, err := e.MarshalMsg(nil)
			require.NoError(t, err)
			got, err := abi.DecodeError(b)
			if c.key == "" {
				require.NoError(t, err)
				require.Equal(t, e, got)
				return
			}
			var bad *abi.MessageError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "Error", bad.Message)
			if c.key == "(scan)" {
				require.Empty(t, bad.Key)
				require.ErrorIs(t, err, abi.ErrOverLimit)
				return
			}
			require.Equal(t, c.key, bad.Key)
		})
	}
}

// emptyWithData is the size of an Error without text, less its data.
const emptyWithData = 1 + 6 + 9 + 5

func chainOf(n int) *abi.Error {
	var e *abi.Error
	for range n {
		e = &abi.Error{Cause: e}
	}
	return e
}

// dataOf gives a bin that takes n bytes, its head of 5 included.
func dataOf(n int) abi.Raw { return abi.Raw(msgp.AppendBytes(nil, make([]byte, n-5))) }

func TestWhatIsMalformedAndWhatIsOverALimitCanBeToldApart(t *testing.T) {
	t.Parallel()
	_, err := abi.DecodeCall([]byte{0x80})
	require.ErrorIs(t, err, abi.ErrMalformed)
	require.NotErrorIs(t, err, abi.ErrOverLimit)
	require.EqualError(t, err, "Call: method: malformed msgpack: missing")
	_, err = abi.DecodeError(bytes.Repeat([]byte{0xc0}, abi.MaxErrorBytes+1))
	require.ErrorIs(t, err, abi.ErrOverLimit)
	require.NotErrorIs(t, err, abi.ErrMalformed)
	var scan *abi.ScanError
	require.ErrorAs(t, err, &scan)
}

func TestDecodedMessagesShareNoMemoryWithTheirBytes(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		if g.Refused != nil || g.Type == "value" {
			continue
		}
		b := bytes.Clone(g.Bytes)
		m, err := decoders[g.Type](b)
		require.NoError(t, err)
		before, err := m.MarshalMsg(nil)
		require.NoError(t, err)
		clear(b)
		after, err := m.MarshalMsg(nil)
		require.NoError(t, err)
		require.Equal(t, before, after, g.Name)
	}
}

func TestEveryTruncationOfEveryGoldenIsRefused(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		if g.Refused != nil || g.Type == "value" {
			continue
		}
		for n := range g.Bytes {
			_, err := decoders[g.Type](g.Bytes[:n])
			require.Error(t, err, "%s: first %d bytes", g.Name, n)
		}
		_, err := decoders[g.Type](append(bytes.Clone(g.Bytes), 0xc0))
		require.ErrorContains(t, err, "trailing", g.Name)
	}
}

func TestAManifestOfManyTinyElementsIsRefusedBeforeItAllocates(t *testing.T) {
	b := msgp.AppendMapHeader(nil, 2)
	b = msgp.AppendString(msgp.AppendString(b, "name"), "audit")
	b = msgp.AppendArrayHeader(msgp.AppendString(b, "filters"), 900_000)
	b = append(b, bytes.Repeat([]byte{0x80}, 900_000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := abi.DecodeManifest(b)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, abi.ErrOverLimit)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
}

func TestAppendErrorWritesWhatDecodeErrorAccepts(t *testing.T) {
	t.Parallel()
	cyclic := &abi.Error{Code: "loop", Message: strings.Repeat("round ", 1000)}
	cyclic.Cause = cyclic
	full := chainOf(40)
	for e := full; e != nil; e = e.Cause {
		e.Code, e.Message, e.Data = strings.Repeat("c", 1000), strings.Repeat("m", 100_000), dataOf(100_000)
	}
	deepData := abi.Raw(append(bytes.Repeat([]byte{0x91}, 63), 0x90))
	for name, c := range map[string]struct {
		in   *abi.Error
		want func(t *testing.T, out *abi.Error)
	}{
		"an ordinary one, unchanged": {
			&abi.Error{Code: "sold_out", Message: "none left", Kind: "host", Data: abi.Raw{0x2a}, Retryable: true, Handle: handle, Cause: &abi.Error{Code: "db"}},
			func(t *testing.T, out *abi.Error) {
				require.Equal(t, &abi.Error{Code: "sold_out", Message: "none left", Kind: "host", Data: abi.Raw{0x2a}, Retryable: true, Handle: handle, Cause: &abi.Error{Code: "db"}}, out)
			},
		},
		"one that is its own cause": {cyclic, func(t *testing.T, out *abi.Error) { require.Equal(t, abi.MaxErrorDepth, depthOf(out)) }},
		"one with everything too long": {full, func(t *testing.T, out *abi.Error) {
			require.Len(t, out.Code, abi.MaxErrorCode)
			require.Len(t, out.Message, abi.MaxErrorMessage)
			require.Len(t, out.Data, 100_000)
			require.Greater(t, depthOf(out), 1)
		}},
		"one whose text is cut within a character": {
			&abi.Error{Message: "x" + strings.Repeat("é", abi.MaxErrorMessage)},
			func(t *testing.T, out *abi.Error) {
				require.Equal(t, "x"+strings.Repeat("é", abi.MaxErrorMessage/2-1), out.Message)
			},
		},
		"one whose text is no UTF-8": {
			&abi.Error{Code: "\xff", Message: "a\xff\xfeb"},
			func(t *testing.T, out *abi.Error) {
				require.Equal(t, &abi.Error{Code: "?", Message: "a?b"}, out)
			},
		},
		"one whose data is no message": {&abi.Error{Data: abi.Raw{0x92, 0x01}}, func(t *testing.T, out *abi.Error) { require.Empty(t, out.Data) }},
		"one whose data is too deep":   {&abi.Error{Data: deepData}, func(t *testing.T, out *abi.Error) { require.Empty(t, out.Data) }},
		"one whose handle is short":    {&abi.Error{Handle: handle[:3]}, func(t *testing.T, out *abi.Error) { require.Empty(t, out.Handle) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := abi.AppendError([]byte("before"), c.in)
			require.Equal(t, "before", string(b[:6]))
			out, err := abi.DecodeError(b[6:])
			require.NoError(t, err)
			c.want(t, out)
		})
	}
}

func depthOf(e *abi.Error) int {
	n := 0
	for ; e != nil; e = e.Cause {
		n++
	}
	return n
}

// FuzzDecode… : what is accepted encodes to bytes that are accepted, mean the
// same, and encode to themselves. What is refused is refused without a panic.

func FuzzDecodeOperation(f *testing.F) { fuzzDecode(f, "operation") }
func FuzzDecodeError(f *testing.F)     { fuzzDecode(f, "error") }
func FuzzDecodeInit(f *testing.F)      { fuzzDecode(f, "init") }
func FuzzDecodeCall(f *testing.F)      { fuzzDecode(f, "call") }
func FuzzDecodeEvent(f *testing.F)     { fuzzDecode(f, "event") }
func FuzzDecodeManifest(f *testing.F)  { fuzzDecode(f, "manifest") }

func fuzzDecode(f *testing.F, typ string) {
	seeds := 0
	for _, g := range goldens(f) {
		if g.Type == typ {
			f.Add(g.Bytes)
			seeds++
		}
	}
	if seeds == 0 {
		f.Fatalf("no goldens of type %s", typ)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := decoders[typ](b)
		if err != nil {
			return
		}
		if err := abi.Scan(b, abi.ScanLimits{}); err != nil {
			t.Fatalf("accepted what Scan refuses: %v", err)
		}
		encoded, err := first.MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		// Encoding names each key of ours once and drops the rest: it grows
		// by keys that were shorter, never by more than a constant a level.
		if len(encoded) > 2*len(b)+64 {
			t.Fatalf("%d bytes became %d", len(b), len(encoded))
		}
		second, err := decoders[typ](encoded)
		if err != nil {
			t.Fatalf("its own encoding is refused: %v", err)
		}
		if a, b := fmt.Sprintf("%#v", emptyToNil(first)), fmt.Sprintf("%#v", emptyToNil(second)); typ != "error" && a != b {
			t.Fatalf("%s\nbecame\n%s", a, b)
		}
		again, err := second.MarshalMsg(nil)
		if err != nil || !bytes.Equal(encoded, again) {
			t.Fatalf("% x\nbecame\n% x (%v)", encoded, again, err)
		}
		if e, ok := first.(*abi.Error); ok {
			if out := abi.AppendError(nil, e); len(out) > abi.MaxErrorBytes {
				t.Fatalf("AppendError wrote %d bytes", len(out))
			} else if _, err := abi.DecodeError(out); err != nil {
				t.Fatalf("AppendError wrote what is refused: %v", err)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"operation-full", "error-minimal", "error-full", "manifest-full"} {
		for _, g := range goldens(b) {
			if g.Name != name {
				continue
			}
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(g.Bytes)))
				for b.Loop() {
					if _, err := decoders[g.Type](g.Bytes); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
