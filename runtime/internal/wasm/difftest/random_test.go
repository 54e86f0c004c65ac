package difftest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// A generator makes random functions of i32 and i64 with structured control
// flow: valid by construction, dead code and values across branches included.
// Some never end; the reference finds those.
type generator struct {
	*rand.Rand
	m      *wasmtest.Module
	funcs  []string // signatures of the functions, the two imports first
	blocks map[string]int
	code   []byte
	locals string // letters, parameters included
	labels []string
	budget int
}

const (
	randomGlobals = 2
	randomTable   = 6
)

// randomModule makes a module with exports f0 …, all () -> i64 once their
// arguments are applied.
func randomModule(seed uint64) (code []byte, calls []call) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), m: wasmtest.New(), blocks: map[string]int{}}
	m := g.m
	m.Import("env", "inc", "i:i")
	m.Import("env", "nothing", ":")
	m.Memory(1, 3).ExportMemory("memory").Data(64, "some data to read").Data(70, "overlap").Data(5000, "far away")
	m.Global("i", true, wasm.OpI32Const, int32(int(seed)), wasm.OpEnd)
	m.Global("I", true, wasm.OpI64Const, int64(-3), wasm.OpEnd)
	m.Export("gi", wasmtest.KindGlobal, 0).Export("gI", wasmtest.KindGlobal, 1)
	g.funcs = []string{"i:i", ":"}
	signatures := []string{":I", "i:i", "iI:I", "I:", "ii:iI", "iiIi:i"}
	n := 2 + g.IntN(6)
	for range n {
		g.funcs = append(g.funcs, signatures[g.IntN(len(signatures))])
	}
	elements := make([]int, randomTable)
	for i := range elements {
		elements[i] = g.IntN(len(g.funcs))
	}
	m.Table("r", randomTable+1, randomTable+1)
	m.Elem(0, elements...)
	for i := range n {
		sig := g.funcs[i+2]
		params, results := split(sig)
		g.code, g.budget = nil, 10+g.IntN(120)
		extra := ""
		for range g.IntN(4) {
			extra += string("iI"[g.IntN(2)])
		}
		g.locals, g.labels = params+extra, []string{results}
		g.body(results)
		g.code = append(g.code, byte(wasm.OpEnd))
		f := m.FuncRaw(sig, wasmtest.Locals(extra), g.code)
		name := fmt.Sprintf("f%d", i)
		m.ExportFunc(name, f)
		for range 2 {
			c := call{export: name}
			for _, p := range params {
				v := i64s[g.IntN(len(i64s))]
				if p == 'i' {
					v = uint64(uint32(v))
				}
				c.args = append(c.args, v)
			}
			calls = append(calls, c)
		}
	}
	return m.Bytes(), calls
}

func split(sig string) (params, results string) {
	for i := range sig {
		if sig[i] == ':' {
			return sig[:i], sig[i+1:]
		}
	}
	return sig, ""
}

func (g *generator) emit(parts ...any) { g.code = append(g.code, wasmtest.Code(parts...)...) }

func (g *generator) spend() bool { g.budget--; return g.budget > 0 }

// body emits statements, then values of the given types.
func (g *generator) body(results string) {
	for range 1 + g.IntN(5) {
		g.statement()
	}
	g.values(results)
}

func (g *generator) values(types string) {
	for _, t := range types {
		g.value(byte(t))
	}
}

// block is a block type of the given parameters and results, encoded.
func (g *generator) block(params, results string) []byte {
	switch {
	case params == "" && results == "":
		return []byte{0x40}
	case params == "" && len(results) == 1:
		return wasmtest.Types(results)
	}
	return wasmtest.Code(int32(g.m.Type(params + ":" + results)))
}

var (
	i32Binary = []wasm.Opcode{wasm.OpI32Add, wasm.OpI32Sub, wasm.OpI32Mul, wasm.OpI32And, wasm.OpI32Xor, wasm.OpI32Shl, wasm.OpI32ShrS, wasm.OpI32Rotl, wasm.OpI32DivU, wasm.OpI32RemS, wasm.OpI32LtS, wasm.OpI32GeU, wasm.OpI32Eq}
	i64Binary = []wasm.Opcode{wasm.OpI64Add, wasm.OpI64Sub, wasm.OpI64Mul, wasm.OpI64Or, wasm.OpI64Xor, wasm.OpI64ShrU, wasm.OpI64Rotr, wasm.OpI64DivS, wasm.OpI64RemU}
)

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// local is a random local of a type, or -1.
func (g *generator) local(t byte) int {
	start := 0
	if len(g.locals) > 0 {
		start = g.IntN(len(g.locals))
	}
	for i := range len(g.locals) {
		if at := (start + i) % len(g.locals); g.locals[at] == t {
			return at
		}
	}
	return -1
}

// value emits code that leaves one value.
func (g *generator) value(t byte) {
	small := func() {
		if l := g.local(t); l >= 0 && g.IntN(2) == 0 {
			g.emit(wasm.OpLocalGet, l)
		} else if t == 'i' {
			g.emit(wasm.OpI32Const, int32(pick(g, i32s)))
		} else {
			g.emit(wasm.OpI64Const, int64(pick(g, i64s)))
		}
	}
	if !g.spend() {
		small()
		return
	}
	switch g.IntN(12) {
	case 0, 1, 2:
		small()
	case 3, 4:
		g.value(t)
		g.value(t)
		if t == 'i' {
			g.emit(pick(g, i32Binary))
		} else {
			g.emit(pick(g, i64Binary))
		}
	case 5:
		if t == 'i' {
			g.value('I')
			g.emit(pick(g, []wasm.Opcode{wasm.OpI32WrapI64, wasm.OpI64Eqz}))
		} else {
			g.value('i')
			g.emit(pick(g, []wasm.Opcode{wasm.OpI64ExtendI32S, wasm.OpI64ExtendI32U}))
		}
	case 6:
		g.emit(wasm.OpGlobalGet, map[byte]int{'i': 0, 'I': 1}[t])
	case 7:
		g.value('i')
		g.emit(wasm.OpI32Const, int32(0xffff), wasm.OpI32And)
		if t == 'i' {
			g.emit(pick(g, []wasm.Opcode{wasm.OpI32Load8S, wasm.OpI32Load8U}), 0, g.IntN(8))
		} else {
			g.emit(pick(g, []wasm.Opcode{wasm.OpI64Load16S, wasm.OpI64Load32U}), 0, g.IntN(8))
		}
	case 8:
		g.structured(string(t))
	case 9:
		g.value(t)
		if l := g.local(t); l >= 0 {
			g.emit(wasm.OpLocalTee, l)
		}
	case 10:
		g.value(t)
		g.value(t)
		g.value('i')
		g.emit(wasm.OpSelect)
	case 11:
		g.callFor(string(t))
	}
}

// callFor calls something with the given results, or makes them otherwise.
func (g *generator) callFor(results string) {
	f := g.IntN(len(g.funcs))
	params, got := split(g.funcs[f])
	if got != results {
		g.values(results)
		return
	}
	g.values(params)
	if g.IntN(3) == 0 {
		g.value('i')
		g.emit(wasm.OpI32Const, int32(7), wasm.OpI32And, wasm.OpCallIndirect, g.m.Type(g.funcs[f]), 0)
		return
	}
	g.emit(wasm.OpCall, f)
}

// structured emits a block, loop or if with the given results.
func (g *generator) structured(results string) {
	params := ""
	if g.IntN(4) == 0 {
		params = []string{"i", "I", "iI"}[g.IntN(3)]
		g.values(params)
	}
	kind := g.IntN(3)
	if kind == 2 {
		g.value('i')
	}
	g.emit([]wasm.Opcode{wasm.OpBlock, wasm.OpLoop, wasm.OpIf}[kind], g.block(params, results))
	label := results
	if kind == 1 {
		label = params
	}
	g.labels = append(g.labels, label)
	arm := func() {
		for i := len(params) - 1; i >= 0; i-- {
			if l := g.local(params[i]); l >= 0 {
				g.emit(wasm.OpLocalSet, l)
			} else {
				g.emit(wasm.OpDrop)
			}
		}
		g.body(results)
	}
	arm()
	if kind == 2 && (results != params || g.IntN(2) == 0) {
		g.emit(wasm.OpElse)
		arm()
	}
	g.emit(wasm.OpEnd)
	g.labels = g.labels[:len(g.labels)-1]
}

func (g *generator) statement() {
	if !g.spend() {
		return
	}
	depth := g.IntN(len(g.labels))
	label := g.labels[len(g.labels)-1-depth]
	switch g.IntN(16) {
	case 0, 1, 2:
		t := "iI"[g.IntN(2)]
		l := g.local(t)
		g.value(t)
		if l >= 0 {
			g.emit(wasm.OpLocalSet, l)
		} else {
			g.emit(wasm.OpDrop)
		}
	case 3:
		t := "iI"[g.IntN(2)]
		g.value(t)
		g.emit(wasm.OpGlobalSet, map[byte]int{'i': 0, 'I': 1}[t])
	case 4, 5, 6:
		g.structured("")
	case 7:
		g.emit(wasm.OpI32Const, int32(g.IntN(65000)))
		g.value('i')
		g.emit(wasm.OpI32Store8, 0, g.IntN(16))
	case 8, 9, 10: // a branch that counts down, so that most loops end
		g.values(label)
		g.emit(wasm.OpGlobalGet, 0, wasm.OpI32Const, int32(1), wasm.OpI32Sub, wasm.OpGlobalSet, 0, wasm.OpGlobalGet, 0, wasm.OpI32Const, int32(3))
		g.emit(pick(g, []wasm.Opcode{wasm.OpI32And, wasm.OpI32RemS, wasm.OpI32GtU}))
		g.emit(wasm.OpBrIf, depth)
		for range label {
			g.emit(wasm.OpDrop)
		}
	case 11:
		g.dead(func(deeper int) {
			g.values(label)
			g.emit(wasm.OpBr, depth+deeper)
		})
	case 12:
		g.dead(func(int) {
			g.values(g.labels[0])
			g.emit(wasm.OpReturn)
		})
	case 13:
		g.dead(func(int) {
			same := []any{}
			for i := range g.labels {
				if g.labels[len(g.labels)-1-i] == label {
					same = append(same, i)
				}
			}
			g.values(label)
			g.value('i')
			g.emit(wasm.OpBrTable, len(same)-1)
			g.emit(same...)
		})
	case 14:
		switch g.IntN(4) {
		case 0:
			g.emit(wasm.OpNop)
		case 1:
			g.emit(wasm.OpI32Const, int32(g.IntN(2)), wasm.OpMemoryGrow, byte(0), wasm.OpGlobalSet, 0)
		case 2:
			g.emit(wasm.OpI32Const, int32(g.IntN(66000)), wasm.OpI32Const, int32(g.IntN(256)), wasm.OpI32Const, int32(g.IntN(600)), wasm.OpMemoryFill, byte(0))
		case 3:
			g.emit(wasm.OpI32Const, int32(g.IntN(66000)), wasm.OpI32Const, int32(g.IntN(1000)), wasm.OpI32Const, int32(g.IntN(600)), wasm.OpMemoryCopy, byte(0), byte(0))
		}
	case 15:
		g.callFor("")
	}
}

// dead emits code that does not go on, under a condition most of the time,
// and now and then something after it that is never reached.
func (g *generator) dead(leave func(deeper int)) {
	if g.IntN(8) == 0 {
		leave(0)
		if g.IntN(2) == 0 {
			g.emit(wasm.OpUnreachable, wasm.OpI32Add, wasm.OpDrop)
		}
		return
	}
	g.value('i')
	g.emit(wasm.OpIf, byte(0x40))
	g.labels = append(g.labels, "")
	leave(1)
	g.labels = g.labels[:len(g.labels)-1]
	g.emit(wasm.OpEnd)
}

// randomModules is how many seeds are tried.
const randomModules = 600

func TestRandomProgramsGiveTheSameAndBurnWhatTheReferenceCounts(t *testing.T) {
	ended, trapped := 0, 0
	for seed := range uint64(randomModules) {
		code, calls := randomModule(seed)
		m := load(t, code)
		r := newReference(m, 200_000)
		var kept []call
		var want []outcome
		for _, c := range calls {
			before := r.fuel
			results, err := r.call(int(exportIndex(t, m, c.export)), c.args)
			var trap referenceTrap
			if err != nil && !errors.As(err, &trap) {
				require.Contains(t, []error{errSteps, errDepth}, err, "seed %d", seed)
				break // its effects are half done: what follows cannot be compared
			}
			kept = append(kept, c)
			if err != nil {
				trapped++
				want = append(want, outcome{trap: err.Error()})
			} else {
				ended++
				want = append(want, outcome{results: append([]uint64(nil), results...), fuel: r.fuel - before})
			}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			for i, got := range (comparison{}.run(t, code, kept)) {
				require.Equal(t, want[i], outcome{results: got.results, trap: got.trap, fuel: got.fuel}, kept[i].export)
			}
		})
	}
	require.Greater(t, ended, randomModules)
	require.Greater(t, trapped, randomModules/10)
}
