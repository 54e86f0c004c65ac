package difftest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

type suiteCommand struct {
	Type, Filename, Text, Name string
	Line                       int
	Action                     struct {
		Type, Field, Module string
		Args                []suiteValue
	}
	Expected []suiteValue
}

type suiteValue struct {
	Type     string
	LaneType string `json:"lane_type"`
	Value    json.RawMessage
}

// suiteDiffers are files of the suite in which rewritten modules differ on
// purpose.
var suiteDiffers = map[string]string{
	"table_grow.json": "tables do not grow",
	"table_size.json": "tables do not grow",
	"table_set.json":  "tables do not grow",
	"table_get.json":  "tables do not grow",
	"table_fill.json": "tables do not grow",
	"linking.json":    "is about modules that share memories and tables",
}

// TestSuiteOfTheSpecificationHoldsForRewrittenModules runs every assertion of
// the suite about modules that stand alone.
func TestSuiteOfTheSpecificationHoldsForRewrittenModules(t *testing.T) {
	t.Parallel()
	dir := wasmtest.SuiteDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	require.NoError(t, err)
	for _, e := range engines {
		held := 0
		for _, file := range files {
			if suiteDiffers[filepath.Base(file)] != "" {
				continue
			}
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			var suite struct{ Commands []suiteCommand }
			require.NoError(t, json.Unmarshal(raw, &suite))
			s := suiteRun{engine: e, dir: dir, file: filepath.Base(file), named: map[string]*machine{}}
			for _, c := range suite.Commands {
				held += s.command(t, c)
			}
			s.close(t)
		}
		require.Greater(t, held, 45_000, e.name)
	}
}

// A suiteRun runs the commands of one file.
type suiteRun struct {
	engine    engine
	dir, file string
	last      *machine
	named     map[string]*machine
	runtimes  []wazero.Runtime
}

func (s *suiteRun) close(t *testing.T) {
	for _, rt := range s.runtimes {
		require.NoError(t, rt.Close(t.Context()))
	}
}

// command runs one command, and counts the assertions that held.
func (s *suiteRun) command(t *testing.T, c suiteCommand) int {
	where := fmt.Sprintf("%s: %s:%d", s.engine.name, s.file, c.Line)
	switch c.Type {
	case "module":
		if s.last = s.instantiate(t, c.Filename); s.last == nil {
			clear(s.named) // it may have reached into the others
		}
		if c.Name != "" {
			s.named[c.Name] = s.last
		}
		return 0
	case "assert_return", "assert_trap", "assert_exhaustion", "action":
	default:
		return 0
	}
	m := s.last
	if c.Action.Module != "" {
		m = s.named[c.Action.Module]
	}
	if m == nil || c.Action.Type != "invoke" {
		return 0
	}
	var args []uint64
	for _, a := range c.Action.Args {
		bits, ok := a.bits()
		if !ok {
			return 0
		}
		args = append(args, bits...)
	}
	results, err := m.call(c.Action.Field, args...)
	switch c.Type {
	case "assert_trap":
		require.ErrorContains(t, err, strings.SplitN(suiteTrap(c.Text), ",", 2)[0], where)
		return 1
	case "assert_exhaustion":
		require.Error(t, err, where)
		return 1
	}
	require.NoError(t, err, where)
	for _, want := range c.Expected {
		if strings.HasSuffix(want.Type, "ref") {
			return 0
		}
		n := 1
		if want.Type == "v128" {
			n = 2
		}
		require.True(t, want.matches(results[:n]), "%s: %s: %x, not %s", where, c.Action.Field, results[:n], want.Value)
		results = results[n:]
	}
	return 1
}

// suiteTrap is what the engine says where the suite says something else.
func suiteTrap(text string) string {
	switch text {
	case "undefined element", "uninitialized element", "uninitialized element 2", "undefined element 7", "out of bounds table access":
		return "invalid table access"
	case "indirect call type mismatch":
		return "indirect call type mismatch"
	}
	return text
}

// instantiate is nil for modules that do not stand alone.
func (s *suiteRun) instantiate(t *testing.T, name string) *machine {
	code, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(t, err)
	m, err := wasm.Parse(code, wasm.Caps{})
	if err != nil || m.Validate() != nil {
		return nil // stricter on purpose: the test of package wasm knows which
	}
	r, err := wasm.Rewrite(m, wasm.RewriteOptions{})
	if err != nil {
		return nil
	}
	for _, imp := range m.Imports {
		if imp.Module != "spectest" {
			return nil
		}
	}
	ctx := t.Context()
	rt := wazero.NewRuntimeWithConfig(ctx, s.engine.config())
	s.runtimes = append(s.runtimes, rt)
	machine := &machine{budget: budget{left: plenty, slice: 100_000, stack: 200_000}, need: r.StackNeed}
	i32 := []api.ValueType{api.ValueTypeI32}
	_, err = rt.NewHostModuleBuilder(wasm.MeterModule).NewFunctionBuilder().
		WithGoModuleFunction(api.GoModuleFunc(machine.refuel), i32, i32).Export(wasm.MeterRefuel).Instantiate(ctx)
	require.NoError(t, err)
	if !stubs(t, rt, m) {
		return nil
	}
	machine.mod, err = rt.InstantiateWithConfig(ctx, r.Code, wazero.NewModuleConfig().WithStartFunctions().WithName(""))
	if err != nil {
		return nil
	}
	for _, segment := range r.Image {
		machine.mod.Memory().Write(segment.Offset, segment.Bytes)
	}
	if r.Start != "" {
		_, err = machine.call(r.Start)
		require.NoError(t, err, name)
	}
	return machine
}

// words are the value's lanes as the suite writes them.
func (v suiteValue) words() []string {
	var one string
	if json.Unmarshal(v.Value, &one) == nil {
		return []string{one}
	}
	var many []string
	_ = json.Unmarshal(v.Value, &many)
	return many
}

func (v suiteValue) lane() string {
	if v.Type == "v128" {
		return v.LaneType
	}
	return v.Type
}

var laneBytes = map[string]int{"i8": 1, "i16": 2, "i32": 4, "f32": 4, "i64": 8, "f64": 8}

// bits are the value as the engine's interface has it. A reference is 0
// or, for the engine, some pointer. ok is false for patterns of NaN.
func (v suiteValue) bits() (bits []uint64, ok bool) {
	if v.Type == "externref" || v.Type == "funcref" {
		if n, err := strconv.ParseUint(v.words()[0], 10, 32); err == nil {
			return []uint64{n + 1}, true
		}
		return []uint64{0}, true // null
	}
	size := laneBytes[v.lane()]
	raw := make([]byte, 0, 16)
	for _, word := range v.words() {
		n, err := strconv.ParseUint(word, 10, 64)
		if err != nil {
			signed, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				return nil, false
			}
			n = uint64(signed)
		}
		raw = append(raw, binary.LittleEndian.AppendUint64(nil, n)[:size]...)
	}
	for len(raw)%8 != 0 {
		raw = append(raw, 0)
	}
	for ; len(raw) > 0; raw = raw[8:] {
		bits = append(bits, binary.LittleEndian.Uint64(raw))
	}
	return bits, true
}

// matches compares a result with what the suite expects, lane by lane.
func (v suiteValue) matches(got []uint64) bool {
	lane := v.lane()
	size := laneBytes[lane]
	var raw []byte
	for _, word := range got {
		raw = binary.LittleEndian.AppendUint64(raw, word)
	}
	for _, word := range v.words() {
		var buffer [8]byte
		copy(buffer[:], raw[:size])
		raw = raw[size:]
		n := binary.LittleEndian.Uint64(buffer[:])
		if strings.HasPrefix(word, "nan:") {
			if lane == "f32" && !math.IsNaN(float64(math.Float32frombits(uint32(n)))) || lane == "f64" && !math.IsNaN(math.Float64frombits(n)) {
				return false
			}
			continue
		}
		one := suiteValue{Type: lane, Value: json.RawMessage(strconv.Quote(word))}
		want, ok := one.bits()
		if !ok || want[0] != n {
			return false
		}
	}
	return true
}
