package wasm

import "fmt"

const (
	maxPages        = 65_536  // of memory, by the specification
	maxTableMinimum = 1 << 27 // elements; larger than any engine takes
)

// Validate checks everything that the specification calls valid, for all
// functions, imports and segments: types of operands, index spaces, label
// depths, constant expressions, limits. It is never laxer than the
// specification, and stricter where engines are: no empty module names, no
// table that begins with 2^27 elements or more.
// https://www.w3.org/TR/wasm-core-2/#validation-algorithm%E2%91%A0
//
// An error is a *FormatError; Offset is -1 where the fault is not in a body.
// Validate also counts what Admit judges, so it is called once, before m is
// shared between goroutines.
func (m *Module) Validate() error {
	v := newValidator(m)
	for _, check := range []func() error{
		v.imports, v.limits, v.globalInits, v.exports, v.start, v.elements, v.data,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	var parts [maxParts]facts
	err := m.inParts(func(part, from, to int) error {
		v := v.fork()
		for i := from; i < to; i++ {
			if err := v.body(i, &parts[part]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.facts = &facts{}
	for part := range parts {
		m.facts.join(&parts[part])
	}
	return nil
}

// A validator holds the context of a module, and the stacks of the function
// that it is in.
type validator struct {
	m        *Module
	funcs    []uint32 // type of each function index, imports first
	globals  []GlobalType
	tables   []Table
	memories []Limit
	refs     []bool // function indices that ref.func may name in a body

	importedFuncs, importedGlobals int

	code     Code
	in       Instruction
	locals   localTypes
	stack    []ValueType // 0 is a value of unknown type
	frames   []frame
	function int    // index of the function, imports counted
	reason   string // the first fault of the current instruction
	cost     compileCost
}

func newValidator(m *Module) *validator {
	v := &validator{m: m}
	for i := range m.Imports {
		switch im := &m.Imports[i]; im.Kind {
		case ExternFunc:
			v.funcs = append(v.funcs, im.Type)
		case ExternTable:
			v.tables = append(v.tables, im.Table)
		case ExternMemory:
			v.memories = append(v.memories, im.Memory)
		case ExternGlobal:
			v.globals = append(v.globals, im.Global)
		}
	}
	v.importedFuncs, v.importedGlobals = len(v.funcs), len(v.globals)
	v.funcs = append(v.funcs, m.Funcs...)
	v.tables = append(v.tables, m.Tables...)
	v.memories = append(v.memories, m.Memories...)
	for i := range m.Globals {
		v.globals = append(v.globals, GlobalType{Type: m.Globals[i].Type, Mutable: m.Globals[i].Mutable})
	}
	v.refs = make([]bool, len(v.funcs))
	return v
}

// fork gives a validator for other bodies of the same module.
func (v *validator) fork() *validator {
	return &validator{
		m: v.m, funcs: v.funcs, globals: v.globals, tables: v.tables, memories: v.memories, refs: v.refs,
		importedFuncs: v.importedFuncs, importedGlobals: v.importedGlobals,
	}
}

func invalid(section, format string, args ...any) error {
	return &FormatError{Offset: -1, Section: section, Reason: fmt.Sprintf(format, args...)}
}

func (v *validator) imports() error {
	for i := range v.m.Imports {
		if v.m.Imports[i].Module == "" {
			return invalid("import section", "import %d has an empty module name", i)
		}
	}
	return nil
}

func (v *validator) limits() error {
	if len(v.memories) > 1 {
		return invalid("memory section", "%d memories", len(v.memories))
	}
	for _, l := range v.memories {
		if l.Min > maxPages || l.HasMax && (l.Max > maxPages || l.Max < l.Min) {
			return invalid("memory section", "limits %s are out of order or above %d pages", l, maxPages)
		}
	}
	for i, t := range v.tables {
		if t.Limit.Min > maxTableMinimum || t.Limit.HasMax && t.Limit.Max < t.Limit.Min {
			return invalid("table section", "table %d: limits %s are out of order or too large", i, t.Limit)
		}
	}
	return nil
}

func (l Limit) String() string {
	if l.HasMax {
		return fmt.Sprintf("%d..%d", l.Min, l.Max)
	}
	return fmt.Sprintf("%d..", l.Min)
}

// constant gives the type of a constant expression. Only imported globals that
// cannot change are constant.
func (v *validator) constant(e ConstExpr) (t ValueType, reason string) {
	switch e.Op {
	case OpI32Const:
		return I32, ""
	case OpI64Const:
		return I64, ""
	case OpF32Const:
		return F32, ""
	case OpF64Const:
		return F64, ""
	case OpV128Const:
		return V128, ""
	case OpRefNull:
		return ValueType(e.Bits), ""
	case OpRefFunc:
		if e.Bits >= uint64(len(v.funcs)) {
			return 0, fmt.Sprintf("function %d is not there", e.Bits)
		}
		v.refs[e.Bits] = true
		return FuncRef, ""
	case OpGlobalGet:
		if e.Bits >= uint64(v.importedGlobals) || v.globals[e.Bits].Mutable {
			return 0, fmt.Sprintf("global %d is no imported constant", e.Bits)
		}
		return v.globals[e.Bits].Type, ""
	}
	return 0, e.Op.String() + " is no constant instruction"
}

// wantConstant checks that a constant expression has a type.
func (v *validator) wantConstant(section string, index int, e ConstExpr, want ValueType) error {
	t, reason := v.constant(e)
	if reason == "" && t != want {
		reason = fmt.Sprintf("the initialiser is %s, not %s", t, want)
	}
	if reason != "" {
		return invalid(section, "%d: %s", index, reason)
	}
	return nil
}

func (v *validator) globalInits() error {
	for i := range v.m.Globals {
		g := &v.m.Globals[i]
		if err := v.wantConstant("global section", v.importedGlobals+i, g.Init, g.Type); err != nil {
			return err
		}
	}
	return nil
}

func (v *validator) exports() error {
	for i := range v.m.Exports {
		e := &v.m.Exports[i]
		var n int
		switch e.Kind {
		case ExternFunc:
			n = len(v.funcs)
		case ExternTable:
			n = len(v.tables)
		case ExternMemory:
			n = len(v.memories)
		case ExternGlobal:
			n = len(v.globals)
		}
		if int64(e.Index) >= int64(n) {
			return invalid("export section", "%q: %s %d is not there", e.Name, e.Kind, e.Index)
		}
		if e.Kind == ExternFunc {
			v.refs[e.Index] = true
		}
	}
	return nil
}

func (v *validator) start() error {
	if v.m.Start < 0 {
		return nil
	}
	if v.m.Start >= len(v.funcs) {
		return invalid("start section", "function %d is not there", v.m.Start)
	}
	if t := v.m.Types[v.funcs[v.m.Start]]; len(t.Params)+len(t.Results) > 0 {
		return invalid("start section", "the start function has type %s, not () -> ()", t)
	}
	return nil
}

func (v *validator) elements() error {
	const section = "element section"
	for i := range v.m.Elems {
		e := &v.m.Elems[i]
		if e.Mode == Active {
			if int64(e.Table) >= int64(len(v.tables)) {
				return invalid(section, "%d: table %d is not there", i, e.Table)
			}
			if t := v.tables[e.Table].Elem; t != e.Type {
				return invalid(section, "%d: entries are %s, those of table %d are %s", i, e.Type, e.Table, t)
			}
			if err := v.wantConstant(section, i, e.Offset, I32); err != nil {
				return err
			}
		}
		for _, init := range e.Init {
			if err := v.wantConstant(section, i, init, e.Type); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *validator) data() error {
	const section = "data section"
	for i := range v.m.Datas {
		d := &v.m.Datas[i]
		if d.Mode != Active {
			continue
		}
		if len(v.memories) == 0 {
			return invalid(section, "%d: there is no memory", i)
		}
		if err := v.wantConstant(section, i, d.Offset, I32); err != nil {
			return err
		}
	}
	return nil
}
