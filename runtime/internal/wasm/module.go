package wasm

// A ValueType is the byte that the binary format uses for it.
// https://www.w3.org/TR/wasm-core-2/#binary-valtype
type ValueType byte

const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// PageSize is the size of a page of linear memory, in bytes.
const PageSize = 65_536

// A FuncType is the type of a function or of a block.
type FuncType struct {
	Params, Results []ValueType
}

// ExternKind says which index space an import or export is in.
type ExternKind byte

const (
	ExternFunc   ExternKind = 0
	ExternTable  ExternKind = 1
	ExternMemory ExternKind = 2
	ExternGlobal ExternKind = 3
)

// A Limit is the size range of a table or a memory, in elements or pages.
type Limit struct {
	Min, Max uint32
	HasMax   bool
}

// An Import is one import. Only functions are accepted by admission.
type Import struct {
	Module, Name string
	Kind         ExternKind
	Type         uint32     // index of the type, for functions
	Table        Table      // for tables
	Memory       Limit      // for memories
	Global       GlobalType // for globals
}

// An Export is one export.
type Export struct {
	Name  string
	Kind  ExternKind
	Index uint32
}

// A Table is one table.
type Table struct {
	Elem  ValueType
	Limit Limit
}

// A GlobalType is the type of an imported global.
type GlobalType struct {
	Type    ValueType
	Mutable bool
}

// A Global is one global with its initialiser.
type Global struct {
	Type    ValueType
	Mutable bool
	Init    ConstExpr
}

// A ConstExpr is a constant expression: exactly one instruction and end, as
// V2 without extended-const has it.
type ConstExpr struct {
	Op    Opcode // i32.const …, v128.const, global.get, ref.null, ref.func
	Bits  uint64 // the constant, the index, or the null's type
	Bits2 uint64 // upper half of a v128
}

// A SegmentMode says when a segment is used.
type SegmentMode byte

const (
	Active SegmentMode = iota
	Passive
	Declarative // elements alone
)

// An Elem is one element segment.
type Elem struct {
	Mode   SegmentMode
	Table  uint32
	Offset ConstExpr
	Type   ValueType
	Init   []ConstExpr // ref.func, ref.null or global.get
}

// A Data is one data segment. Bytes alias the module's.
type Data struct {
	Mode   SegmentMode
	Offset ConstExpr
	Bytes  []byte
}

// A LocalRun is Count locals of one type.
type LocalRun struct {
	Count uint32
	Type  ValueType
}

// A Body is one function's code. Code aliases the module's bytes: the
// instructions after the locals, the final end included. Parse has seen that
// the locals are within bounds; the parameters count on top of them.
type Body struct {
	Locals []LocalRun
	Code   []byte
	Offset int // of Code in the module, for messages
}

// A Module is a decoded module. It aliases the bytes that it was parsed from
// and is not changed after Validate.
type Module struct {
	Types     []FuncType
	Imports   []Import
	Funcs     []uint32 // type indices of the functions defined here
	Tables    []Table
	Memories  []Limit // pages
	Globals   []Global
	Exports   []Export
	Start     int // function index, or -1
	Elems     []Elem
	Datas     []Data
	DataCount int // from the data count section, or -1
	Bodies    []Body
	CodeStart int // of the code section's content in the module
	CodeSize  int // of that content
	Custom    []CustomSection

	facts *facts // left by Validate
}

// A CustomSection is one custom section. Bytes alias the module's.
type CustomSection struct {
	Name  string
	Bytes []byte
}
