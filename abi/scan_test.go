package abi

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

// scanCases has one message of every format, each well-formed.
func scanCases() map[string][]byte {
	text := func(n int) []byte { return msgp.AppendString(nil, strings.Repeat("x", n)) }
	bin := func(n int) []byte { return msgp.AppendBytes(nil, bytes.Repeat([]byte{0xc1}, n)) }
	array := func(n uint32) []byte {
		return append(msgp.AppendArrayHeader(nil, n), bytes.Repeat([]byte{0xc0}, int(n))...)
	}
	maps := func(n uint32) []byte {
		return append(msgp.AppendMapHeader(nil, n), bytes.Repeat([]byte{0x01, 0xc0}, int(n))...)
	}
	return map[string][]byte{
		"nil":                               {0xc0},
		"false":                             {0xc2},
		"true":                              {0xc3},
		"positive fixint":                   {0x7f},
		"negative fixint":                   {0xe0},
		"uint8":                             {0xcc, 1},
		"uint16":                            {0xcd, 1, 2},
		"uint32":                            {0xce, 1, 2, 3, 4},
		"uint64":                            msgp.AppendUint64(nil, math.MaxUint64),
		"int8":                              {0xd0, 1},
		"int16":                             {0xd1, 1, 2},
		"int32":                             {0xd2, 1, 2, 3, 4},
		"int64":                             msgp.AppendInt64(nil, math.MinInt64),
		"float32":                           msgp.AppendFloat32(nil, 1.5),
		"float64":                           msgp.AppendFloat64(nil, math.NaN()),
		"empty fixstr":                      text(0),
		"fixstr":                            text(31),
		"str8":                              text(32),
		"str16":                             text(256),
		"str32":                             text(65536),
		"empty bin":                         bin(0),
		"bin8":                              bin(255),
		"bin16":                             bin(256),
		"bin32":                             bin(65536),
		"fixext1":                           {0xd4, 1, 0},
		"fixext2":                           {0xd5, 1, 0, 0},
		"fixext4":                           append([]byte{0xd6, 0xff}, make([]byte, 4)...),
		"fixext8":                           append([]byte{0xd7, 0xff}, make([]byte, 8)...),
		"fixext16":                          append([]byte{0xd8, 0x41}, make([]byte, 16)...),
		"empty ext8":                        {0xc7, 0, 1},
		"ext8":                              append([]byte{0xc7, 12, 0xff}, make([]byte, 12)...),
		"ext16":                             append([]byte{0xc8, 1, 0, 1}, make([]byte, 256)...),
		"ext32":                             append([]byte{0xc9, 0, 1, 0, 0, 1}, make([]byte, 65536)...),
		"empty fixarray":                    array(0),
		"fixarray":                          array(15),
		"array16":                           array(16),
		"array32":                           array(65536),
		"empty fixmap":                      maps(0),
		"fixmap":                            maps(15),
		"map16":                             maps(16),
		"map32":                             maps(65536),
		"timestamp":                         msgp.AppendTimeExt(nil, time.Unix(1, 2)),
		"siblings after a nested container": {0x93, 0x92, 0x01, 0x91, 0x02, 0x81, 0xa1, 'k', 0x90, 0x03},
	}
}

func TestScanAcceptsEveryFormat(t *testing.T) {
	t.Parallel()
	for name, b := range scanCases() {
		require.NoError(t, Scan(b, ScanLimits{}), name)
		rest, err := msgp.Skip(b)
		require.NoError(t, err, name)
		require.Empty(t, rest, name)
	}
}

func TestScanRefusesEveryTruncation(t *testing.T) {
	t.Parallel()
	for name, b := range scanCases() {
		step := max(1, len(b)/200)
		for n := 0; n < len(b); n += step {
			require.ErrorIs(t, Scan(b[:n], ScanLimits{}), ErrMalformed, "%s cut to %d", name, n)
		}
		require.ErrorIs(t, Scan(b[:len(b)-1], ScanLimits{}), ErrMalformed, name)
	}
}

func TestScanRefusesTrailingBytes(t *testing.T) {
	t.Parallel()
	for name, b := range scanCases() {
		err := Scan(append(bytes.Clone(b), 0xc0), ScanLimits{})
		var scan *ScanError
		require.ErrorAs(t, err, &scan, name)
		require.Equal(t, "trailing bytes", scan.Reason, name)
		require.Equal(t, len(b), scan.Offset, name)
	}
}

func TestScanRefusesHostileMessages(t *testing.T) {
	t.Parallel()
	nested := func(head []byte, n int) []byte { return bytes.Repeat(head, n) }
	for name, c := range map[string]struct {
		b      []byte
		limits ScanLimits
		want   error
		offset int
	}{
		"an empty message":                        {nil, ScanLimits{}, ErrMalformed, 0},
		"the reserved byte":                       {[]byte{0xc1}, ScanLimits{}, ErrMalformed, 0},
		"the reserved byte in an array":           {[]byte{0x92, 0x01, 0xc1}, ScanLimits{}, ErrMalformed, 2},
		"an array of 4 Gi elements":               {[]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, ScanLimits{}, ErrMalformed, 0},
		"a map of 4 Gi pairs":                     {[]byte{0xdf, 0xff, 0xff, 0xff, 0xff, 0, 0, 0}, ScanLimits{}, ErrMalformed, 0},
		"a string of 4 GiB":                       {[]byte{0xdb, 0xff, 0xff, 0xff, 0xff, 'x'}, ScanLimits{}, ErrMalformed, 0},
		"an ext of 4 GiB":                         {[]byte{0xc9, 0xff, 0xff, 0xff, 0xff, 1, 'x'}, ScanLimits{}, ErrMalformed, 0},
		"a million arrays in each other":          {nested([]byte{0x91}, 1e6), ScanLimits{}, ErrOverLimit, 64},
		"a million maps in each other":            {nested([]byte{0x81, 0x01}, 1e6), ScanLimits{}, ErrOverLimit, 128},
		"big counts in each other":                {append(nested([]byte{0xdc, 0xff, 0xff}, 60), make([]byte, 1e5)...), ScanLimits{}, ErrMalformed, 3},
		"a map that ends after a key":             {[]byte{0x81, 0xa1, 'k'}, ScanLimits{}, ErrMalformed, 3},
		"a count that only its parent's fills":    {[]byte{0x92, 0x92, 0x01, 0x02}, ScanLimits{}, ErrMalformed, 1},
		"65 levels":                               {append(nested([]byte{0x91}, 64), 0x90), ScanLimits{}, ErrOverLimit, 64},
		"65 levels, though unlimited is asked":    {append(nested([]byte{0x91}, 64), 0x90), ScanLimits{Depth: Unlimited}, ErrOverLimit, 64},
		"2 levels where 1 may be":                 {[]byte{0x91, 0x90}, ScanLimits{Depth: 1}, ErrOverLimit, 1},
		"more bytes than may be":                  {make([]byte, 11), ScanLimits{Bytes: 10}, ErrOverLimit, 0},
		"more bytes than the default":             {msgp.AppendBytes(nil, make([]byte, 4<<20)), ScanLimits{}, ErrOverLimit, 0},
		"more elements than may be":               {[]byte{0x93, 1, 2, 3}, ScanLimits{Elements: 3}, ErrOverLimit, 0},
		"map keys count as elements":              {[]byte{0x81, 1, 2}, ScanLimits{Elements: 2}, ErrOverLimit, 0},
		"more elements than the default":          {append([]byte{0xdd, 0, 0x10, 0, 0}, make([]byte, 1<<20)...), ScanLimits{}, ErrOverLimit, 0},
		"elements are summed over all containers": {[]byte{0x92, 0x91, 1, 0x91, 2}, ScanLimits{Elements: 4}, ErrOverLimit, 3},
	} {
		err := Scan(c.b, c.limits)
		var scan *ScanError
		require.ErrorAs(t, err, &scan, name)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.offset, scan.Offset, name)
		require.Contains(t, err.Error(), scan.Reason, name)
	}
}

func TestScanAcceptsWhatIsJustWithinItsLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		b      []byte
		limits ScanLimits
	}{
		"64 levels":                    {append(bytes.Repeat([]byte{0x91}, 63), 0x90), ScanLimits{}},
		"as many bytes as may be":      {[]byte{0x92, 1, 2}, ScanLimits{Bytes: 3}},
		"as many elements as may be":   {[]byte{0x92, 1, 2}, ScanLimits{Elements: 3}},
		"as many levels as may be":     {[]byte{0x92, 0x90, 0x90}, ScanLimits{Depth: 2}},
		"unlimited bytes and elements": {append([]byte{0xdd, 0, 0x50, 0, 0}, make([]byte, 5<<20)...), ScanLimits{Bytes: Unlimited, Elements: Unlimited}},
	} {
		require.NoError(t, Scan(c.b, c.limits), name)
	}
}

func TestScanDoesNotAllocate(t *testing.T) {
	b := scanCases()["map32"]
	require.Zero(t, testing.AllocsPerRun(10, func() {
		if err := Scan(b, ScanLimits{}); err != nil {
			panic(err)
		}
	}))
}

// FuzzScan holds Scan against msgp.Skip: without limits in the way they
// accept the same messages, and what Scan accepts is within its limits.
func FuzzScan(f *testing.F) {
	for _, b := range scanCases() {
		if len(b) <= 1024 {
			f.Add(b)
		}
	}
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Add(bytes.Repeat([]byte{0x91}, 70))
	f.Fuzz(func(t *testing.T, b []byte) {
		err := Scan(b, ScanLimits{Bytes: 4096, Depth: 8, Elements: 100})
		if errors.Is(err, ErrOverLimit) {
			// Skip believes counts, so it is only asked about what Scan's
			// widest limits can tell.
			if err = Scan(b, ScanLimits{Bytes: Unlimited, Elements: Unlimited}); errors.Is(err, ErrOverLimit) {
				return
			}
		}
		rest, skipErr := msgp.Skip(b)
		whole := skipErr == nil && len(rest) == 0
		require.Equal(t, whole, err == nil, "scan: %v, skip: %v, rest %d", err, skipErr, len(rest))
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	text := func(n int) []byte { return msgp.AppendString(nil, strings.Repeat("x", n)) }
	for name, msg := range map[string][]byte{
		"1,000 strings":   append(msgp.AppendArrayHeader(nil, 1000), bytes.Repeat(text(8), 1000)...),
		"64 KiB of bytes": msgp.AppendBytes(nil, make([]byte, 64<<10)),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(msg)))
			for b.Loop() {
				if err := Scan(msg, ScanLimits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
