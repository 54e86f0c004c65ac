package wasm

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/aril-wasm/aril/abi"
)

// What the rewriter adds to a module. The prefix is refused in the imports and
// exports of guests.
const (
	// MeterModule and MeterRefuel name the one import that is added, of type
	// (i32 code) -> i32. A negative result ends the activation: the code that
	// asked executes unreachable.
	MeterModule = "aril.meter"
	MeterRefuel = "refuel"

	// FuelGlobal is the exported mutable i64 that holds the balance.
	FuelGlobal = "aril.fuel"

	// StackGlobal is the exported mutable i64 that holds how many bytes of
	// native stack an exported function may take, StackNeed already taken off.
	// After a call its value means nothing: the host sets it before each.
	StackGlobal = "aril.stack"

	// StartExport names what was the start function.
	StartExport = "aril.start"

	globalPrefix = "aril.g"
)

// Codes that refuel is called with.
const (
	// RefuelFuel says that the balance is negative. The host adds to it until
	// it is not, and answers 0; or it answers -1.
	RefuelFuel = 0

	// RefuelStack says that a function would take more native stack than is
	// left. The activation ends whatever the answer.
	RefuelStack = 1
)

// MaxPages is the largest memory that rewritten code can have: 2 GiB less a
// page, so that no pointer and no length is negative as an i32.
const MaxPages = 32_767

// An ImportName names an import.
type ImportName struct{ Module, Name string }

// RewriteOptions are what of the rewritten code depends on the host. The zero
// value is right for most.
type RewriteOptions struct {
	// Rename gives imports another name, for capabilities that are bound per
	// extension.
	Rename map[ImportName]ImportName

	// MaxMemoryPages clamps the maximum of the memory. Default, and largest
	// value: MaxPages. A tenant's own limit belongs into the allocator of the
	// host, so that one compilation serves all.
	MaxMemoryPages uint32

	// SparePage declares one page of memory more than the guest may have, for a
	// host whose allocator holds the limit and shrinks memory by a growth.
	SparePage bool

	// Track makes the code mark the pages that it writes, if the module allows
	// that: see Rewritten.MemoryBase.
	Track bool

	// Debug keeps what a module's DWARF says of its lines: see Rewritten.Lines.
	Debug bool

	// Unmetered leaves out fuel and stack charges, and nothing else. For
	// benchmarks: such code can run for ever.
	Unmetered bool
}

// A Rewritten is a module as the engine gets it.
type Rewritten struct {
	// Code has no start section, and no custom section where Lines is nil. It
	// depends on the module's meaning and the options alone: two encodings of the
	// same module give the same Code.
	Code   []byte
	Digest [sha256.Size]byte // SHA-256 of Code

	// Image is what the host writes into a fresh memory before it runs
	// anything, in order of Offset, without overlaps. It is empty when the
	// module uses memory.init or data.drop: its segments stay in Code then.
	// ImageEnd is the first byte past all segments, the empty ones included:
	// where it is above MemoryMin pages, instantiation must trap.
	Image    []ImageSegment
	ImageEnd uint64

	// KeepsData says that the segments are left to the engine, so that a fresh
	// memory is not zero; Image is then empty.
	KeepsData bool

	// Globals are the mutable numeric globals of the module, by which an
	// instance is saved and restored.
	Globals []ExportedGlobal

	// Start is StartExport when the module had a start function, else "". The
	// host calls it first, under limits.
	Start string

	// Names are the functions' names by their index in Code: the module's, and
	// "aril." and a word for what was added.
	Names *NameTable

	// Lines are the sources' lines, for a module with DWARF when the option Debug
	// was given, else nil. Code then has DWARF of its own, which says nothing but
	// makes the engine tell where in Code each frame of a trap is.
	Lines *LineTable

	// StackNeed is, for each exported function, how many bytes of native stack
	// a call takes at worst before anything can recur, the way to the host and
	// back included. The host takes it off what it puts into StackGlobal, and
	// refuses a module that needs more than its limit: such a function could
	// not run.
	StackNeed map[string]uint32

	// MemoryBase is where in the engine's memory the guest's begins: TrackBase
	// if the code marks pages, else 0. Below it, the byte at n is not 0 if the
	// guest may have written to its page n of TrackPage bytes, or within
	// TrackReach (above: TrackReach + 16) of it. The host may set it to 0 while
	// no code runs. MemoryMin and MemoryMax are the guest's.
	MemoryBase uint32

	MemoryMin   uint32 // pages of a fresh memory
	MemoryMax   uint32 // pages, after the clamp; 0 when there is no memory
	ImportCount int    // of functions, the added one included
}

// An ImageSegment is a run of bytes of a fresh memory.
type ImageSegment struct {
	Offset uint32
	Bytes  []byte
}

// An ExportedGlobal is a mutable global under its reserved name.
type ExportedGlobal struct {
	Name string
	Type ValueType
	Init uint64 // the bits of its first value
}

// A RewriteError says why a valid module cannot be rewritten.
type RewriteError struct {
	Function int // index in the module, or -1
	Name     string
	Reason   string
}

func (e *RewriteError) Error() string {
	if e.Function < 0 {
		return "rewrite: " + e.Reason
	}
	if e.Name != "" {
		return fmt.Sprintf("rewrite: function %d (%s): %s", e.Function, e.Name, e.Reason)
	}
	return fmt.Sprintf("rewrite: function %d: %s", e.Function, e.Reason)
}

// Rewrite turns a module that Validate has accepted into what the engine gets:
// metered, bounded in its native stack, and with what the host must reach
// exported under reserved names. The rules are in abi/ABI.md#fuel. It does not
// change m. Errors are *RewriteError.
func Rewrite(m *Module, opt RewriteOptions) (*Rewritten, error) {
	if m.facts == nil {
		return nil, &RewriteError{Function: -1, Reason: "the module was not validated"}
	}
	r := &rewriter{m: m, opt: opt, imported: uint32(len(m.Imports))}
	if opt.Debug {
		r.lines = readLines(m)
	}
	for i := range m.Imports {
		if m.Imports[i].Kind != ExternFunc {
			return nil, &RewriteError{Function: -1, Reason: fmt.Sprintf("import %q.%q is no function", m.Imports[i].Module, m.Imports[i].Name)}
		}
		if strings.HasPrefix(m.Imports[i].Module, reservedPrefix) {
			return nil, &RewriteError{Function: -1, Reason: fmt.Sprintf("import of %q, which is the host's", m.Imports[i].Module)}
		}
	}
	for i := range m.Exports {
		if strings.HasPrefix(m.Exports[i].Name, reservedPrefix) {
			return nil, &RewriteError{Function: -1, Reason: fmt.Sprintf("export of %q, which is the host's", m.Exports[i].Name)}
		}
	}
	if err := r.plan(); err != nil {
		return nil, err
	}
	code, err := r.encode()
	if err != nil {
		return nil, err
	}
	out := &Rewritten{
		Code:        code,
		Digest:      sha256.Sum256(code),
		StackNeed:   r.stackNeed(),
		ImportCount: len(m.Imports) + 1,
		Names:       r.names(),
		Lines:       r.lines,
	}
	out.Globals = r.exportedGlobals()
	if out.KeepsData = r.keepData; !r.keepData {
		out.Image, out.ImageEnd = image(m.Datas)
	}
	if m.Start >= 0 {
		out.Start = StartExport
	}
	if len(m.Memories) > 0 {
		limit := r.memoryLimit()
		out.MemoryMin, out.MemoryMax = limit.Min, limit.Max
		if r.tracked {
			out.MemoryBase = TrackBase
		}
	}
	return out, nil
}

// A rewriter holds what all bodies share.
type rewriter struct {
	m        *Module
	opt      RewriteOptions
	imported uint32 // functions that the module imports; refuel's index
	survey   survey
	graph    callGraph
	helpers  helpers
	types    []FuncType // the module's, then those of what is added
	keepData bool       // data segments stay in the code
	fuel     uint32     // index of the global
	stack    uint32     // likewise
	tracked  bool
	lines    *LineTable // nil, or what the encoder completes
}

// plan settles everything that one body cannot know of the others.
func (r *rewriter) plan() error {
	m := r.m
	if len(m.Memories) > 0 && m.Memories[0].Min > r.maxPages() {
		return &RewriteError{Function: -1, Reason: fmt.Sprintf("the memory begins with %d pages of at most %d", m.Memories[0].Min, r.maxPages())}
	}
	if err := r.survey.module(m); err != nil {
		return err
	}
	r.graph.build(m, &r.survey)
	for i, need := range r.graph.need {
		if r.survey.frames[i] > maxFrame {
			index := i + int(r.imported)
			return &RewriteError{Function: index, Name: m.Names().Function(uint32(index)),
				Reason: fmt.Sprintf("takes up to %d bytes of native stack a call, of at most %d; split it or give it fewer values", r.survey.frames[i], maxFrame)}
		}
		if need > maxNeed {
			index := i + int(r.imported)
			return &RewriteError{Function: index, Name: m.Names().Function(uint32(index)),
				Reason: fmt.Sprintf("takes up to %d bytes of native stack with what it calls, of at most %d", need, maxNeed)}
		}
	}
	r.keepData = r.survey.usesSegments || !constOffsets(m.Datas)
	r.fuel = uint32(len(m.Globals))
	r.stack = r.fuel + 1
	r.tracked = r.tracks()
	r.types = m.Types[:len(m.Types):len(m.Types)]
	r.helpers.plan(r)
	return nil
}

// function is the index in the rewritten code of one in the module.
func (r *rewriter) function(index uint32) uint32 {
	if index < r.imported {
		return index
	}
	return index + 1
}

// typeIndex finds or adds a type.
func (r *rewriter) typeIndex(t FuncType) uint32 {
	for i := range r.types {
		if r.types[i].Equal(t) {
			return uint32(i)
		}
	}
	r.types = append(r.types, t)
	return uint32(len(r.types) - 1)
}

func (r *rewriter) maxPages() uint32 {
	if r.tracked {
		return min(TrackMaxPages, r.opt.maxPages())
	}
	return r.opt.maxPages()
}

func (o *RewriteOptions) maxPages() uint32 {
	if o.MaxMemoryPages == 0 {
		return MaxPages
	}
	return min(o.MaxMemoryPages, MaxPages)
}

func (r *rewriter) memoryLimit() Limit {
	limit := r.m.Memories[0]
	if !limit.HasMax || limit.Max > r.maxPages() {
		limit.Max, limit.HasMax = r.maxPages(), true
	}
	return limit
}

func (r *rewriter) exportedGlobals() []ExportedGlobal {
	var out []ExportedGlobal
	for i, g := range r.m.Globals {
		if saved(g) {
			out = append(out, ExportedGlobal{Name: globalName(i), Type: g.Type, Init: globalBits(g.Init)})
		}
	}
	return out
}

// saved tells whether a global can change, and be saved and restored by the
// engine's interface.
func saved(g Global) bool {
	return g.Mutable && g.Type != V128 && !g.Type.IsRef()
}

func globalName(index int) string { return fmt.Sprintf("%s%d", globalPrefix, index) }

// globalBits is the first value of a global.
func globalBits(init ConstExpr) uint64 {
	switch init.Op {
	case OpI32Const, OpF32Const:
		return init.Bits & 0xffffffff
	}
	return init.Bits
}

// stackNeed is what the host takes off for each export.
func (r *rewriter) stackNeed() map[string]uint32 {
	need := map[string]uint32{}
	add := func(name string, index uint32) {
		switch {
		case index < r.imported:
			need[name] = leafBytes
		case r.graph.chargeable[index-r.imported]:
			need[name] = leafBytes // it charges itself
		default:
			need[name] = uint32(r.graph.need[index-r.imported]) + leafBytes
		}
	}
	for _, e := range r.m.Exports {
		if e.Kind == ExternFunc {
			add(e.Name, e.Index)
		}
	}
	if r.m.Start >= 0 {
		add(StartExport, uint32(r.m.Start))
	}
	return need
}

// fuelOf is what an opcode costs before arity and length.
var fuelOf = func() (costs [opCount]uint32) {
	for i := range costs {
		costs[i] = abi.FuelInstruction
	}
	for _, c := range abi.FuelCosts {
		for _, row := range opcodeTable {
			if row.name == c.Instruction {
				costs[row.op.slot()] = c.Fuel
			}
		}
	}
	return costs
}()

// names are the functions' names by their index in the rewritten code, what
// was added included.
func (r *rewriter) names() *NameTable {
	names := r.m.Names().Shift(r.imported, 1)
	if names == nil {
		names = &NameTable{}
	}
	first := r.imported + 1 + uint32(len(r.m.Bodies))
	ends, text := slices.Clip(names.ends), names.text
	for i, h := range r.helpers.list {
		names.indices = append(names.indices, first+uint32(i))
		text += h.name
		ends = append(ends, uint32(len(text)))
	}
	return &NameTable{indices: names.indices, ends: ends, text: text}
}
