package abi_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

var update = flag.Bool("update", false, "write the .msgpack goldens from their .hex")

const goldenDir = "../testdata/messages"

// A golden is one case of testdata/messages; its README.md explains the fields.
type golden struct {
	Name  string `json:"-"`
	Bytes []byte `json:"-"`

	Type      string
	About     string
	Canonical bool
	Refused   *string
	Content   any
}

// message is what all generated types can do.
type message interface {
	msgp.Marshaler
	msgp.Unmarshaler
}

// decoders gives each type of golden the function that a host reads it with.
var decoders = map[string]func([]byte) (message, error){
	"operation": func(b []byte) (message, error) { return as(abi.DecodeOperation(b)) },
	"error":     func(b []byte) (message, error) { return as(abi.DecodeError(b)) },
	"init":      func(b []byte) (message, error) { return as(abi.DecodeInit(b)) },
	"call":      func(b []byte) (message, error) { return as(abi.DecodeCall(b)) },
	"event":     func(b []byte) (message, error) { return as(abi.DecodeEvent(b)) },
	"manifest":  func(b []byte) (message, error) { return as(abi.DecodeManifest(b)) },
}

// as keeps a nil pointer from becoming a message that is not nil.
func as[T message](v T, err error) (message, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}

func TestGoldensOfHexAndMsgpackAreTheSameBytes(t *testing.T) {
	if *update {
		hexes, err := filepath.Glob(filepath.Join(goldenDir, "*.hex"))
		require.NoError(t, err)
		for _, path := range hexes {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			b, err := parseHex(string(text))
			require.NoError(t, err, path)
			require.NoError(t, os.WriteFile(strings.TrimSuffix(path, ".hex")+".msgpack", b, 0o644))
		}
	}
	for _, g := range goldens(t) {
		text, err := os.ReadFile(filepath.Join(goldenDir, g.Name+".hex"))
		require.NoError(t, err)
		b, err := parseHex(string(text))
		require.NoError(t, err, g.Name)
		require.Equal(t, b, g.Bytes, "%s: run go test ./abi -run Goldens -update", g.Name)
		require.True(t, strings.HasPrefix(string(text), "# "+g.About+"\n"), "%s: .hex and .json say different things", g.Name)
	}
}

func TestGoldensDecodeToWhatTheirJSONSays(t *testing.T) {
	for _, g := range goldens(t) {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			if g.Refused != nil {
				_, err := g.decode()
				require.ErrorContains(t, err, *g.Refused)
				return
			}
			b := g.Bytes
			if g.Type != "value" {
				m, err := g.decode()
				require.NoError(t, err)
				b, err = m.MarshalMsg(nil)
				require.NoError(t, err)
				require.Equal(t, g.Canonical, bytes.Equal(g.Bytes, b), "canonical: got % x", b)
			}
			require.NoError(t, abi.Scan(b, abi.ScanLimits{}))
			tree, rest, err := treeOf(b)
			require.NoError(t, err)
			require.Empty(t, rest)
			require.Equal(t, normalize(g.Content), tree)
		})
	}
}

func TestGoldensDecodeToTheGoValuesOfTheTable(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range goldens(t) {
		if g.Refused != nil || g.Type == "value" {
			continue
		}
		want, ok := expected[g.Name]
		require.True(t, ok, "%s is not in the table", g.Name)
		got, err := g.decode()
		require.NoError(t, err, g.Name)
		require.Equal(t, want, emptyToNil(got), g.Name)
		seen[g.Name] = true
	}
	for name := range expected {
		require.True(t, seen[name], "no golden %s", name)
	}
}

func TestGoldensCoverEachMessage(t *testing.T) {
	count := map[string]int{}
	refused := map[string]int{}
	unknown := map[string]int{}
	for _, g := range goldens(t) {
		if g.Refused != nil {
			refused[g.Type]++
			continue
		}
		count[g.Type]++
		if strings.HasSuffix(g.Name, "-unknown-keys") {
			unknown[g.Type]++
		}
	}
	for typ := range decoders {
		require.GreaterOrEqual(t, count[typ], 3, typ)
		require.GreaterOrEqual(t, refused[typ], 1, typ)
		require.GreaterOrEqual(t, unknown[typ], 1, typ)
	}
	require.GreaterOrEqual(t, count["value"], 8)
}

func TestADirectoryWithoutGoldensIsAnError(t *testing.T) {
	_, err := readGoldens(t.TempDir())
	require.ErrorContains(t, err, "no goldens")
}

func TestADirectoryWithHalfAGoldenIsAnError(t *testing.T) {
	for _, ext := range []string{".hex", ".json", ".msgpack"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "call-x"+ext), []byte("{}"), 0o600))
		_, err := readGoldens(dir)
		require.Error(t, err, ext)
	}
}

func (g golden) decode() (message, error) {
	if g.Type == "value" {
		return nil, abi.Scan(g.Bytes, abi.ScanLimits{})
	}
	return decoders[g.Type](g.Bytes)
}

func goldens(t testing.TB) []golden {
	t.Helper()
	all, err := readGoldens(goldenDir)
	require.NoError(t, err)
	return all
}

func readGoldens(dir string) ([]golden, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := map[string]int{}
	for _, f := range files {
		switch ext := filepath.Ext(f.Name()); ext {
		case ".hex", ".json", ".msgpack":
			names[strings.TrimSuffix(f.Name(), ext)]++
		case ".md":
		default:
			return nil, fmt.Errorf("%s is no part of a golden", f.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no goldens in %s", dir)
	}
	var all []golden
	for name, parts := range names {
		if parts != 3 {
			return nil, fmt.Errorf("golden %s has %d files of 3", name, parts)
		}
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			return nil, err
		}
		g := golden{Name: name}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		d.DisallowUnknownFields()
		if err := d.Decode(&g); err != nil {
			return nil, fmt.Errorf("%s.json: %w", name, err)
		}
		if decoders[g.Type] == nil && g.Type != "value" {
			return nil, fmt.Errorf("%s.json: unknown type %q", name, g.Type)
		}
		if g.Bytes, err = os.ReadFile(filepath.Join(dir, name+".msgpack")); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

// parseHex reads hexadecimal pairs; # begins a comment.
func parseHex(text string) ([]byte, error) {
	var digits strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	return hex.DecodeString(digits.String())
}

// treeOf decodes the first value of b to what the JSON of a golden says.
func treeOf(b []byte) (any, []byte, error) {
	if len(b) > 2 && (b[0] == 0xc7 || 0xd4 <= b[0] && b[0] <= 0xd8) {
		return extension(b)
	}
	switch typ := msgp.NextType(b); typ {
	case msgp.MapType:
		n, b, err := msgp.ReadMapHeaderBytes(b)
		m := map[string]any{}
		for ; n > 0 && err == nil; n-- {
			var key string
			if key, b, err = msgp.ReadStringBytes(b); err == nil {
				m[key], b, err = treeOf(b)
			}
		}
		return m, b, err
	case msgp.ArrayType:
		n, b, err := msgp.ReadArrayHeaderBytes(b)
		list := []any{}
		for ; n > 0 && err == nil; n-- {
			var v any
			v, b, err = treeOf(b)
			list = append(list, v)
		}
		return list, b, err
	case msgp.NilType:
		b, err := msgp.ReadNilBytes(b)
		return nil, b, err
	case msgp.BoolType:
		return msgp.ReadBoolBytes(b)
	case msgp.StrType:
		return msgp.ReadStringBytes(b)
	case msgp.BinType:
		v, b, err := msgp.ReadBytesBytes(b, nil)
		return map[string]any{"$bin": hex.EncodeToString(v)}, b, err
	case msgp.UintType:
		v, b, err := msgp.ReadUint64Bytes(b)
		return integer(strconv.FormatUint(v, 10), v < 1<<53), b, err
	case msgp.IntType:
		v, b, err := msgp.ReadInt64Bytes(b)
		return integer(strconv.FormatInt(v, 10), -1<<53 < v && v < 1<<53), b, err
	case msgp.Float64Type:
		v, b, err := msgp.ReadFloat64Bytes(b)
		return map[string]any{"$float64": floatText(v)}, b, err
	case msgp.Float32Type:
		v, b, err := msgp.ReadFloat32Bytes(b)
		return map[string]any{"$float32": floatText(float64(v))}, b, err
	default:
		return nil, nil, fmt.Errorf("type %v", typ)
	}
}

func integer(text string, small bool) any {
	if small {
		return json.Number(text)
	}
	return map[string]any{"$int": text}
}

// floatText is one spelling for each float, all NaNs alike.
func floatText(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// normalize gives the floats of a golden's JSON the spelling of floatText.
func normalize(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = normalize(v[i])
		}
	case map[string]any:
		for k := range v {
			if s, ok := v[k].(string); ok && strings.HasPrefix(k, "$float") {
				f, err := strconv.ParseFloat(strings.Replace(s, "Infinity", "Inf", 1), 64)
				if err != nil && !errors.Is(err, strconv.ErrRange) {
					panic(err)
				}
				v[k] = floatText(f)
				continue
			}
			v[k] = normalize(v[k])
		}
	}
	return v
}

// extension reads an ext value of less than 256 bytes. Type -1 is a timestamp.
// https://github.com/msgpack/msgpack/blob/master/spec.md#timestamp-extension-type
func extension(b []byte) (any, []byte, error) {
	head, size := 2, 0
	if b[0] == 0xc7 {
		head, size = 3, int(b[1])
	} else {
		size = 1 << (b[0] - 0xd4)
	}
	if len(b) < head+size {
		return nil, nil, msgp.ErrShortBytes
	}
	typ, data, rest := int8(b[head-1]), b[head:head+size], b[head+size:]
	if typ != -1 {
		return map[string]any{"$ext": json.Number(strconv.Itoa(int(typ))), "data": hex.EncodeToString(data)}, rest, nil
	}
	var sec, nsec int64
	switch size {
	case 4:
		sec = int64(binary.BigEndian.Uint32(data))
	case 8:
		v := binary.BigEndian.Uint64(data)
		sec, nsec = int64(v&(1<<34-1)), int64(v>>34)
	case 12:
		sec, nsec = int64(binary.BigEndian.Uint64(data[4:])), int64(binary.BigEndian.Uint32(data))
	default:
		return nil, nil, fmt.Errorf("timestamp of %d bytes", size)
	}
	return map[string]any{"$time": []any{integer(strconv.FormatInt(sec, 10), true), integer(strconv.FormatInt(nsec, 10), true)}}, rest, nil
}
