package capability

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
)

func TestTextForALogIsOneHarmlessLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain", "order placed", "order placed"},
		{"nothing", "", ""},
		{"a second line", "ok\nlevel=ERROR msg=forged", `ok\nlevel=ERROR msg=forged`},
		{"other ends of a line", "a\rb\vc\fd\u0085e\u2028f\u2029g", `a\rb\x0bc\x0cd\u0085e\u2028f\u2029g`},
		{"a colour for the terminal", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"an 8-bit escape sequence", "\u009b31m", `\u009b31m`},
		{"NUL, tab, delete", "\x00\t\x7f", `\x00\t\x7f`},
		{"no UTF-8", "a\xffb\xc3(\xed\xa0\x80", `a\xffb\xc3(\xed\xa0\x80`},
		{"text that runs backwards", "user\u202egpj.exe", `user\u202egpj.exe`},
		{"what cannot be seen", "a\u200bb\ufeffc\u00add\U000e0041", `a\u200bb\ufeffc\u00add\U000e0041`},
		{"words of every script", "Grüße, привет, 你好, नमस्ते, مرحبا", "Grüße, привет, 你好, नमस्ते, مرحبا"},
		{"joined emoji", "👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		{"a replacement character that was sent", "\ufffd", "\ufffd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, kept := printable([]byte(c.in), 4096)
			require.Equal(t, c.want, got)
			require.Equal(t, len(c.in), kept)
		})
	}
}

func TestTextIsCutBetweenCharactersAndMarked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		room int
		want string
		kept int
	}{
		{"abcd", 4, "abcd", 4},
		{"abcde", 4, "abcd…", 4},
		{"abcü", 4, "abc…", 3},
		{"ab\n", 4, `ab\n`, 3},
		{"abc\n", 4, `abc…`, 3},
		{"a", 0, "…", 0},
		{"", 0, "", 0},
		{"\x00", 3, "…", 0},
	} {
		got, kept := printable([]byte(c.in), c.room)
		require.Equal(t, c.want, got, "%q in %d", c.in, c.room)
		require.Equal(t, c.kept, kept, "%q in %d", c.in, c.room)
	}
}

func FuzzTextForALogIsHarmless(f *testing.F) {
	f.Add([]byte("a\x1b\xff\u202e\n"), 5)
	f.Fuzz(func(t *testing.T, in []byte, room int) {
		room = max(0, min(room, 1<<16))
		text, kept := printable(in, room)
		require.True(t, utf8.ValidString(text))
		require.LessOrEqual(t, len(text), room+len(cutMark))
		require.LessOrEqual(t, kept, len(in))
		require.Equal(t, kept < len(in), strings.HasSuffix(text, cutMark) && kept < len(in))
		for _, r := range text {
			require.False(t, hidden(r) || unicode.IsControl(r), "%q", text)
		}
	})
}

func logged(b *bench, level int64, msg string, attrs []byte) (abi.Status, uint32) {
	b.put(1000, msg)
	b.put(9000, string(attrs))
	return b.status(names.ModuleLog, "write", uint64(uint32(level)), 1000, uint64(len(msg)), 9000, uint64(len(attrs)))
}

func TestALineHasTheGuestsAttributesInAGroupOfTheirOwn(t *testing.T) {
	t.Parallel()
	attrs := msgp.AppendMapHeader(nil, 3)
	attrs = msgp.AppendString(msgp.AppendString(attrs, "extension"), "somebody else")
	attrs = msgp.AppendString(msgp.AppendString(attrs, "level"), "DEBUG")
	attrs = msgp.AppendString(msgp.AppendString(attrs, "a\n\x1b\"k"), "v\nforged=1")
	b := newBench(t)
	status, n := logged(b, names.LogWarn, "hi", attrs)
	require.Equal(t, abi.OK, status)
	require.EqualValues(t, 2, n)
	require.JSONEq(t, `{"level": "WARN", "msg": "hi", "extension": "audit",
		"guest": {"extension": "somebody else", "level": "DEBUG", "a\\n\\x1b\"k": "v\\nforged=1"}}`, b.lines())
	require.Equal(t, 1, b.guest.outside, "a slow log is not the guest's time")
}

func TestALevelIsClampedToThoseOfSlog(t *testing.T) {
	t.Parallel()
	for level, want := range map[int64]string{
		-4: "DEBUG", 0: "INFO", 4: "WARN", 8: "ERROR", 1: "INFO+1", -1: "DEBUG+3",
		-5: "DEBUG", math.MinInt32: "DEBUG", 9: "ERROR", math.MaxInt32: "ERROR",
	} {
		b := newBench(t)
		status, _ := logged(b, level, "x", nil)
		require.Equal(t, abi.OK, status)
		require.JSONEq(t, fmt.Sprintf(`{"level": %q, "msg": "x", "extension": "audit"}`, want), b.lines(), level)
	}
}

func TestALineOver4KiBIsCut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	status, n := logged(b, 0, strings.Repeat("x", 4096), nil)
	require.Equal(t, abi.OK, status)
	require.EqualValues(t, 4096, n)
	require.NotContains(t, b.lines(), cutMark)
	b = newBench(t)
	status, n = logged(b, 0, strings.Repeat("x", 4097), nil)
	require.Equal(t, abi.OK, status)
	require.EqualValues(t, 4096, n)
	require.Contains(t, b.lines(), "xxx"+cutMark)
	require.LessOrEqual(t, b.guest.charged, uint64(4097), "what is not read is not billed")
}

func TestWhatIsNoMapOfStringsIsInvalidAndNotLogged(t *testing.T) {
	t.Parallel()
	for name, attrs := range map[string]string{
		"nil": "\xc0", "an array": "\x90", "an integer key": "\x81\x01\x02", "cut off": "\x81\xa1", "two values": "\x80\x80",
		"a reserved byte": "\x81\xa1k\xc1", "more than there is": "\xdf\xff\xff\xff\xff", "too deep": "\x81\xa1k" + strings.Repeat("\x91", 16) + "\x01",
		"a bad key after 32 good ones": "\xde\x00\x21" + strings.Repeat("\xa1k\x01", 32) + "\x01\x01",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			status, _ := logged(b, 0, "x", []byte(attrs))
			require.Equal(t, abi.Invalid, status)
			require.Empty(t, b.lines())
			require.EqualValues(t, 64<<10, b.owner.logBytes)
		})
	}
	b := newBench(t)
	status, _ := b.status(names.ModuleLog, "write", 0, 0, 0, 100, logAttrsBytes+1)
	require.Equal(t, abi.Invalid, status)
	require.Zero(t, b.guest.charged)
}

func TestAttributesAreWhatTheyAreOrText(t *testing.T) {
	t.Parallel()
	at := time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, c := range []struct {
		name   string
		packed []byte
		want   slog.Value
	}{
		{"nil", []byte{0xc0}, slog.StringValue("null")},
		{"true", []byte{0xc3}, slog.BoolValue(true)},
		{"a small int", []byte{0x07}, slog.Int64Value(7)},
		{"a negative int", []byte{0xe0}, slog.Int64Value(-32)},
		{"the largest int", msgp.AppendUint64(nil, math.MaxUint64), slog.Uint64Value(math.MaxUint64)},
		{"the smallest int", msgp.AppendInt64(nil, math.MinInt64), slog.Int64Value(math.MinInt64)},
		{"a float", msgp.AppendFloat64(nil, 1.5), slog.Float64Value(1.5)},
		{"a short float", msgp.AppendFloat32(nil, 1.5), slog.Float64Value(1.5)},
		{"no number", msgp.AppendFloat64(nil, math.NaN()), slog.StringValue("NaN")},
		{"infinity", msgp.AppendFloat64(nil, math.Inf(-1)), slog.StringValue("-Inf")},
		{"a string", msgp.AppendString(nil, "a\nb"), slog.StringValue(`a\nb`)},
		{"bytes", msgp.AppendBytes(nil, []byte{0, 255}), slog.StringValue("0x00ff")},
		{"a time", msgp.AppendTimeExt(nil, at), slog.TimeValue(at)},
		{"a time in year 292277026596", []byte{0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, slog.Value{}},
		{"a time of one byte", []byte{0xd4, 0xff, 1}, slog.StringValue("ext(3 bytes)")},
		{"an opaque value", []byte{0xd4, 0x41, 1}, slog.StringValue("ext(3 bytes)")},
		{"an array", []byte{0x93, 1, 0xa2, 'a', '"', 0xc0}, slog.StringValue(`[1,"a\"",null]`)},
		{"a map", []byte{0x82, 0xa1, 'k', 0x91, 0xc2, 7, 0x80}, slog.StringValue(`{"k":[false],7:{}}`)},
		{"a time within", append([]byte{0x91}, msgp.AppendTimeExt(nil, at)...), slog.StringValue("[2020-01-02T03:04:05.000000006Z]")},
		{"a new line within", []byte{0x91, 0xa3, 'a', '\n', 0xff}, slog.StringValue(`["a\n\xff"]`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			packed := append([]byte{0x81, 0xa1, 'k'}, c.packed...)
			attrs, dropped, ok := logAttrs(packed, 4096)
			require.True(t, ok)
			require.Zero(t, dropped)
			require.Len(t, attrs, 1)
			require.Equal(t, "k", attrs[0].Key)
			if c.want.Kind() == slog.KindAny {
				require.Equal(t, slog.KindString, attrs[0].Value.Kind(), attrs[0].Value)
				return
			}
			require.True(t, c.want.Equal(attrs[0].Value), "%v is not %v", attrs[0].Value, c.want)
		})
	}
}

func TestAttributesPastABoundAreCutOrLeftOut(t *testing.T) {
	t.Parallel()
	many := msgp.AppendMapHeader(nil, 40)
	for i := range 40 {
		many = msgp.AppendInt(msgp.AppendString(many, fmt.Sprint("k", i)), i)
	}
	attrs, dropped, ok := logAttrs(many, 4096)
	require.True(t, ok)
	require.Len(t, attrs, 32)
	require.Equal(t, 8, dropped)

	long := msgp.AppendMapHeader(nil, 4)
	long = msgp.AppendString(msgp.AppendString(long, strings.Repeat("k", 200)), strings.Repeat("v", 300))
	long = msgp.AppendBytes(msgp.AppendString(long, "b"), make([]byte, 300))
	long = msgp.AppendString(msgp.AppendArrayHeader(msgp.AppendString(long, "a"), 1), strings.Repeat("ü", 300))
	long = msgp.AppendInt(msgp.AppendString(long, "i"), 1)
	for room := range 1700 {
		attrs, dropped, ok = logAttrs(long, room)
		require.True(t, ok)
		require.Equal(t, 4, len(attrs)+dropped)
		for _, a := range attrs {
			if a.Value.Kind() == slog.KindString {
				require.True(t, utf8.ValidString(a.Value.String()))
			}
		}
		require.LessOrEqual(t, attrsSize(attrs), room+8+2*len(cutMark))
	}
	require.Zero(t, dropped)
	require.Equal(t, strings.Repeat("k", 128)+cutMark, attrs[0].Key)

	b := newBench(t)
	status, _ := logged(b, 0, strings.Repeat("x", 4096), many)
	require.Equal(t, abi.OK, status)
	require.Contains(t, b.lines(), `"attrs_dropped":40`)
	require.NotContains(t, b.lines(), `"guest"`)
}

func FuzzAttributesOfWellFormedMapsAreRead(f *testing.F) {
	f.Add([]byte("\x81\xa1k\x92\xd4\xff\x01\xc7\x00\x03"), 4096)
	f.Add([]byte("\x82\xa0\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00\xa0\xd6\xff\x00\x00\x00\x00"), 40)
	f.Fuzz(func(t *testing.T, packed []byte, room int) {
		room = max(0, min(room, 4096))
		attrs, dropped, ok := logAttrs(packed, room)
		if !ok || len(packed) == 0 {
			return
		}
		count, _, err := msgp.ReadMapHeaderBytes(packed)
		require.NoError(t, err)
		require.EqualValues(t, count, len(attrs)+dropped)
		require.LessOrEqual(t, attrsSize(attrs), room+attrScalar+2*len(cutMark))
		b := newBench(t)
		b.owner.logger.LogAttrs(t.Context(), slog.LevelInfo, "x", guestAttrs(attrs, dropped)...)
		require.True(t, json.Valid(b.log.Bytes()), b.lines())
		require.NotContains(t, b.lines(), "\n")
		if !bytes.Contains(packed, []byte("!ERROR")) {
			require.NotContains(t, b.lines(), "!ERROR", "a value that the log cannot write")
		}
	})
}

func TestPastItsShareOfTheLogLinesAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	lines := 0
	for {
		status, _ := logged(b, 0, strings.Repeat("x", 1000), nil)
		if status == abi.Limit {
			break
		}
		require.Equal(t, abi.OK, status)
		lines++
	}
	require.Equal(t, (64<<10)/(1000+logOverhead)+1, lines)
	require.Zero(t, b.owner.logBytes)
	require.Equal(t, 1, b.owner.dropped)
	require.Len(t, strings.Split(b.lines(), "\n"), lines)
}

func TestEmptyLinesAreNotFree(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 64 << 10 / logOverhead {
		status, _ := logged(b, 0, "", nil)
		require.Equal(t, abi.OK, status)
	}
	status, _ := logged(b, 0, "", nil)
	require.Equal(t, abi.Limit, status)
}

func TestALineThatTheLoggerDoesNotWantIsAnsweredAndCostsNoShare(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.owner.logger = slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	status, n := logged(b, names.LogDebug, "détail", []byte("\x80"))
	require.Equal(t, abi.OK, status)
	require.EqualValues(t, 7, n)
	status, _ = logged(b, names.LogDebug, "x", []byte("\x90"))
	require.Equal(t, abi.Invalid, status)
	require.Empty(t, b.lines())
	require.EqualValues(t, 64<<10, b.owner.logBytes)
}

func TestTheLogGetsTheCallersContext(t *testing.T) {
	t.Parallel()
	type ctxKey struct{}
	b := newBench(t)
	b.guest.ctx = context.WithValue(t.Context(), ctxKey{}, "trace 7")
	h := &ctxHandler{Handler: b.owner.logger.Handler()}
	b.owner.logger = slog.New(h)
	logged(b, 0, "x", nil)
	require.Equal(t, "trace 7", h.ctx.Value(ctxKey{}))
}

type ctxHandler struct {
	slog.Handler
	ctx context.Context
}

func (h *ctxHandler) Handle(ctx context.Context, r slog.Record) error {
	h.ctx = ctx
	return h.Handler.Handle(ctx, r)
}
