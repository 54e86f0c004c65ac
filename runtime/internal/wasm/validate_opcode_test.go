package wasm_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
	"github.com/aril-wasm/aril/runtime/internal/wasm/wasmtest"
)

// engineAccepts compiles a module with the interpreter, which validates it.
func engineAccepts(t testing.TB, b []byte) error {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().
		WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(65_536))
	defer func() { require.NoError(t, r.Close(ctx)) }()
	_, err := r.CompileModule(ctx, b)
	return err
}

// host is a module with at least one of everything that an instruction can
// name, and one function with this body.
func host(memory bool, body ...any) []byte {
	m := wasmtest.New()
	m.Type(":")
	m.Import("env", "f", "iI:f")
	if memory {
		m.Memory(1, 1).Data(0, "x")
	}
	m.Table("r", 4, wasmtest.NoMax)
	m.Table("e", 4, wasmtest.NoMax)
	m.Global("i", true, wasm.OpI32Const, int32(0), wasm.OpEnd)
	m.Global("I", false, wasm.OpI64Const, int64(0), wasm.OpEnd)
	m.Elem(0, 0)                                                                // 0: active, declares function 0
	m.ElemRaw(1, byte(0), 1, 0)                                                 // 1: passive functions
	m.ElemRaw(5, wasm.ExternRef, 1, wasm.OpRefNull, wasm.ExternRef, wasm.OpEnd) // 2: passive externref
	m.PassiveData("y").DataCount()
	m.Func(":", "iIfFvre", append(body, wasm.OpEnd)...)
	return m.Bytes()
}

// push makes a value of a type, without memory.
func push(t wasm.ValueType) []byte {
	switch t {
	case wasm.I32:
		return wasmtest.Code(wasm.OpI32Const, int32(1))
	case wasm.I64:
		return wasmtest.Code(wasm.OpI64Const, int64(1))
	case wasm.F32:
		return wasmtest.Code(wasm.OpF32Const, float32(1))
	case wasm.F64:
		return wasmtest.Code(wasm.OpF64Const, float64(1))
	case wasm.V128:
		return wasmtest.Code(wasm.OpV128Const, make([]byte, 16))
	}
	return wasmtest.Code(wasm.OpRefNull, byte(t))
}

// other is a type that is not t.
func other(t wasm.ValueType) wasm.ValueType {
	if t == wasm.I32 {
		return wasm.I64
	}
	return wasm.I32
}

// a use is one instruction with right immediates, its operands and results.
type use struct {
	op              wasm.Opcode
	imm             []any
	params, results []wasm.ValueType
	polymorphic     bool // nothing after it is checked
}

func (u use) body(operands []wasm.ValueType) []any {
	var parts []any
	for _, t := range operands {
		parts = append(parts, push(t))
	}
	return append(append(parts, u.op), u.imm...)
}

func types(t ...wasm.ValueType) []wasm.ValueType { return t }

// uses gives right uses of every opcode.
func uses() []use {
	const i, I, f, F, v, r, e = wasm.I32, wasm.I64, wasm.F32, wasm.F64, wasm.V128, wasm.FuncRef, wasm.ExternRef
	list := []use{
		{op: wasm.OpUnreachable, polymorphic: true},
		{op: wasm.OpBlock, imm: []any{I, wasm.OpI64Const, int64(0), wasm.OpEnd}, results: types(I)},
		{op: wasm.OpLoop, imm: []any{byte(0x40), wasm.OpEnd}},
		{op: wasm.OpIf, imm: []any{byte(0x40), wasm.OpEnd}, params: types(i)},
		{op: wasm.OpIf, imm: []any{f, push(f), wasm.OpElse, push(f), wasm.OpEnd}, params: types(i), results: types(f)},
		{op: wasm.OpBr, imm: []any{0}, polymorphic: true},
		{op: wasm.OpBrIf, imm: []any{0}, params: types(i)},
		{op: wasm.OpBrTable, imm: []any{2, 0, 0, 0}, params: types(i), polymorphic: true},
		{op: wasm.OpReturn, polymorphic: true},
		{op: wasm.OpCall, imm: []any{0}, params: types(i, I), results: types(f)},
		{op: wasm.OpCallIndirect, imm: []any{1, 0}, params: types(i, I, i), results: types(f)},
		{op: wasm.OpRefNull, imm: []any{r}, results: types(r)},
		{op: wasm.OpRefNull, imm: []any{e}, results: types(e)},
		{op: wasm.OpGlobalGet, imm: []any{1}, results: types(I)},
		{op: wasm.OpGlobalSet, imm: []any{0}, params: types(i)},
		{op: wasm.OpTableGet, imm: []any{1}, params: types(i), results: types(e)},
		{op: wasm.OpTableSet, imm: []any{0}, params: types(i, r)},
		{op: wasm.OpTableGrow, imm: []any{1}, params: types(e, i), results: types(i)},
		{op: wasm.OpTableFill, imm: []any{0}, params: types(i, r, i)},
	}
	for index, t := range types(i, I, f, F, v, r, e) {
		list = append(list,
			use{op: wasm.OpDrop, params: types(t)},
			use{op: wasm.OpSelectT, imm: []any{1, t}, params: types(t, t, i), results: types(t)},
			use{op: wasm.OpLocalGet, imm: []any{index}, results: types(t)},
			use{op: wasm.OpLocalSet, imm: []any{index}, params: types(t)},
			use{op: wasm.OpLocalTee, imm: []any{index}, params: types(t), results: types(t)})
		if t.IsRef() {
			list = append(list, use{op: wasm.OpRefIsNull, params: types(t), results: types(i)})
		} else {
			list = append(list, use{op: wasm.OpSelect, params: types(t, t, i), results: types(t)})
		}
	}
	for _, op := range wasm.Opcodes() {
		if info := op.Info(); info.Fixed {
			list = append(list, use{op: op, imm: immediates(info), params: info.Params, results: info.Results})
		}
	}
	return list
}

// immediates are right for host.
func immediates(info *wasm.OpInfo) []any {
	switch info.Imm {
	case wasm.ImmMemArg:
		return []any{int(info.Align), 7}
	case wasm.ImmMemLane:
		return []any{int(info.Align), 7, info.Lanes - 1}
	case wasm.ImmLane:
		return []any{info.Lanes - 1}
	case wasm.ImmShuffle:
		return []any{wasmtest.Repeat(16, info.Lanes-1)}
	case wasm.ImmV128:
		return []any{make([]byte, 16)}
	case wasm.ImmI32:
		return []any{int32(-1)}
	case wasm.ImmI64:
		return []any{int64(-1)}
	case wasm.ImmF32:
		return []any{float32(1)}
	case wasm.ImmF64:
		return []any{float64(1)}
	case wasm.ImmMemory, wasm.ImmFunc, wasm.ImmTable, wasm.ImmElem, wasm.ImmData:
		return []any{0}
	case wasm.ImmMemories, wasm.ImmTables, wasm.ImmDataMemory, wasm.ImmElemTable:
		return []any{0, 0}
	}
	return nil
}

func drops(results []wasm.ValueType) []any {
	var parts []any
	for range results {
		parts = append(parts, wasm.OpDrop)
	}
	return parts
}

func TestUsesCoverEveryOpcode(t *testing.T) {
	t.Parallel()
	seen := map[wasm.Opcode]bool{wasm.OpElse: true, wasm.OpEnd: true}
	for _, u := range uses() {
		seen[u.op] = true
	}
	for _, op := range wasm.Opcodes() {
		require.True(t, seen[op], "%s has no use", op)
	}
	require.Len(t, wasm.Opcodes(), 437)
}

func TestEveryOpcodeIsAcceptedWithARightBody(t *testing.T) {
	t.Parallel()
	for _, u := range uses() {
		t.Run(fmt.Sprint(u.op, u.params), func(t *testing.T) {
			t.Parallel()
			b := host(true, append(u.body(u.params), drops(u.results)...)...)
			require.NoError(t, check(b, wasm.Caps{}))
			require.NoError(t, engineAccepts(t, b))
		})
	}
}

func TestEveryOpcodeIsRefusedWithAWrongBody(t *testing.T) {
	t.Parallel()
	for _, u := range uses() {
		t.Run(fmt.Sprint(u.op, u.params), func(t *testing.T) {
			t.Parallel()
			refused := func(why string, b []byte) {
				t.Helper()
				require.Error(t, check(b, wasm.Caps{}), why)
			}
			for i := range u.params {
				if u.op == wasm.OpDrop || u.op == wasm.OpRefIsNull {
					continue // takes any
				}
				wrong := append(append(types(), u.params[:i]...), other(u.params[i]))
				wrong = append(wrong, u.params[i+1:]...)
				refused(fmt.Sprintf("operand %d", i), host(true, append(u.body(wrong), drops(u.results)...)...))
			}
			if len(u.params) > 0 {
				refused("an operand too few", host(true, append(u.body(u.params[1:]), drops(u.results)...)...))
			}
			if u.polymorphic {
				return
			}
			refused("one value too many", host(true, append(u.body(append(types(wasm.I32), u.params...)), drops(u.results)...)...))
			for i, result := range u.results {
				body := append(u.body(u.params), drops(u.results[i+1:])...)
				refused("the result used as another type", host(true, append(body, wasm.OpLocalSet, map[bool]int{true: 1, false: 0}[result == wasm.I32])...))
			}
			if len(u.results) == 0 {
				refused("a result that is not there", host(true, append(u.body(u.params), wasm.OpDrop)...))
			}
		})
	}
}

func TestWrongImmediatesAreRefused(t *testing.T) {
	t.Parallel()
	for _, u := range uses() {
		info := u.op.Info()
		wrong := map[string][]any{}
		switch info.Imm {
		case wasm.ImmMemArg, wasm.ImmMemLane:
			wrong["alignment"] = append([]any{int(info.Align) + 1}, u.imm[1:]...)
			if info.Imm == wasm.ImmMemLane {
				wrong["lane"] = []any{int(info.Align), 7, info.Lanes}
			}
			require.Error(t, check(host(false, append(u.body(u.params), drops(u.results)...)...), wasm.Caps{}), "%s without memory", u.op)
		case wasm.ImmLane:
			wrong["lane"] = []any{info.Lanes}
		case wasm.ImmShuffle:
			wrong["lane"] = []any{wasmtest.Repeat(15, byte(0)), info.Lanes}
		case wasm.ImmLabel:
			wrong["label"] = []any{1}
		case wasm.ImmLabels:
			wrong["label"] = []any{2, 0, 1, 0}
			wrong["default"] = []any{2, 0, 0, 1}
		case wasm.ImmMemory, wasm.ImmData, wasm.ImmFunc, wasm.ImmLocal, wasm.ImmGlobal, wasm.ImmTable, wasm.ImmElem:
			wrong["index"] = []any{9}
		case wasm.ImmMemories, wasm.ImmTables, wasm.ImmElemTable, wasm.ImmDataMemory, wasm.ImmCallIndirect:
			wrong["first index"] = []any{9, u.imm[1]}
			wrong["second index"] = []any{u.imm[0], 9}
		case wasm.ImmRefType:
			wrong["type"] = []any{wasm.I32}
		case wasm.ImmTypes:
			wrong["no type"] = []any{0}
			wrong["two types"] = []any{2, u.imm[1], u.imm[1]}
			wrong["type"] = []any{1, byte(0x40)}
		case wasm.ImmBlock:
			wrong["type"] = append([]any{100}, u.imm[1:]...)
		}
		for what, imm := range wrong {
			w := u
			w.imm = imm
			require.Error(t, check(host(true, append(w.body(u.params), drops(u.results)...)...), wasm.Caps{}), "%s: %s", u.op, what)
		}
		if info.Imm != wasm.ImmNone {
			code := wasmtest.Code(append([]any{u.op}, u.imm...)...)
			for n := range len(code) - 1 {
				c := wasm.NewCode(code[:n+1])
				var in wasm.Instruction
				if err := c.Next(&in); err == nil {
					require.Less(t, in.End, len(code), "%s", u.op)
					require.Equal(t, wasm.ImmBlock, info.Imm, "%s is complete after %d of %d bytes", u.op, n+1, len(code))
				}
			}
		}
	}
}
