package wasm

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Granted is what a module may import: import module → name → exact type.
type Granted map[string]map[string]FuncType

// A Policy says what a module may be and ask for. The zero value grants no
// imports and has the default limits.
type Policy struct {
	Imports Granted

	// MemoryPages is the largest minimum that a memory may declare, in pages
	// of 65,536 bytes. 0 means 256 (16 MiB). The declared maximum is not
	// judged: the host bounds growth.
	MemoryPages uint32

	// TableElements is the largest sum of the minimums of all tables. 0 means
	// 65,536.
	TableElements uint32

	// FunctionCompile and ModuleCompile bound the estimated time that the
	// engine's optimising compiler needs for one function and for all, on one
	// core of the machine that the estimate was made for. 0 means 2 s and
	// 60 s: ten times the longest function of the guests that were measured,
	// and four times the largest of them, 10 MB of Go with net/http.
	FunctionCompile, ModuleCompile time.Duration

	// Track says that the code will mark what it writes, which takes longer to
	// compile.
	Track bool

	// Interpreted says that the module will not be compiled, so that the two
	// bounds above do not apply.
	Interpreted bool
}

func (p Policy) withDefaults() Policy {
	if p.MemoryPages == 0 {
		p.MemoryPages = 256
	}
	if p.TableElements == 0 {
		p.TableElements = 65_536
	}
	if p.FunctionCompile == 0 {
		p.FunctionCompile = 2 * time.Second
	}
	if p.ModuleCompile == 0 {
		p.ModuleCompile = 60 * time.Second
	}
	return p
}

// A ReasonKind groups reasons by what the author of a module has to change.
type ReasonKind string

// The kinds of reasons.
const (
	ReasonImport   ReasonKind = "import"   // an import that is not granted, or not as it is
	ReasonExport   ReasonKind = "export"   // an export of the ABI is missing or wrong
	ReasonReserved ReasonKind = "reserved" // a name that belongs to the host
	ReasonFeature  ReasonKind = "feature"  // an instruction or global that instances cannot have
	ReasonLimit    ReasonKind = "limit"    // memory, tables
	ReasonCompile  ReasonKind = "compile"  // too slow to compile
)

// A Reason is one thing for which a module is refused.
type Reason struct {
	Kind    ReasonKind
	Message string // a phrase that begins with a verb: "imports …, which is not granted; …"
}

// An AdmissionError lists everything for which a valid module is refused.
type AdmissionError struct {
	Reasons []Reason // at least one
}

// Error gives the reasons, numbered when there are several.
func (e *AdmissionError) Error() string {
	if len(e.Reasons) == 1 {
		return "module refused: it " + e.Reasons[0].Message
	}
	var b strings.Builder
	fmt.Fprintf(&b, "module refused for %d reasons:", len(e.Reasons))
	for i, r := range e.Reasons {
		fmt.Fprintf(&b, " (%d) it %s", i+1, r.Message)
	}
	return b.String()
}

// maxReasons bounds the list: a module can be wrong in 10,000 places.
const maxReasons = 50

// Admit judges a module that Validate has accepted. size is the length of the
// file, for the report. The report is there even when the module is refused,
// so that a tool can show both. The error is an *AdmissionError.
//
// Admit only reads m; it may run in several goroutines at once.
func Admit(m *Module, size int, p Policy) (*Report, error) {
	if m.facts == nil {
		return nil, fmt.Errorf("admit: the module was not validated")
	}
	a := &admission{m: m, policy: p.withDefaults(), names: m.Names()}
	for i := range m.Imports {
		if m.Imports[i].Kind == ExternFunc {
			a.imported = append(a.imported, m.Imports[i].Type)
		}
	}
	a.imports()
	a.exports()
	a.start()
	a.globals()
	a.instructions()
	a.limits()
	a.compile()
	report := a.report(size)
	if len(a.reasons) == 0 {
		return report, nil
	}
	if a.more > 0 {
		a.reasons = append(a.reasons, Reason{a.moreKind, fmt.Sprintf("has %d more faults", a.more)})
	}
	return report, &AdmissionError{Reasons: a.reasons}
}

type admission struct {
	m        *Module
	policy   Policy
	names    *NameTable
	imported []uint32 // types of the imported functions
	reasons  []Reason
	more     int // reasons that were not listed
	moreKind ReasonKind
}

func (a *admission) refuse(kind ReasonKind, format string, args ...any) {
	if len(a.reasons) == maxReasons {
		a.more++
		a.moreKind = kind
		return
	}
	a.reasons = append(a.reasons, Reason{kind, fmt.Sprintf(format, args...)})
}

func (a *admission) start() {
	if a.m.Start >= 0 && a.m.Start < len(a.imported) {
		a.refuse(ReasonFeature, "starts with a function that it imports; start with one of its own")
	}
}

// globals refuses what could carry a reference from one instance into another,
// and what a snapshot cannot hold.
func (a *admission) globals() {
	for i := range a.m.Globals {
		if g := &a.m.Globals[i]; g.Mutable && (g.Type.IsRef() || g.Type == V128) {
			a.refuse(ReasonFeature, "has the mutable global %d of type %s, which a snapshot cannot hold", i, g.Type)
		}
	}
}

// refusedInstructions change tables or segments, or make references, after
// the template was taken.
var refusedInstructions = []Opcode{
	OpTableSet, OpTableFill, OpTableCopy, OpTableInit, OpElemDrop, OpDataDrop, OpRefFunc,
}

func (a *admission) instructions() {
	for _, op := range refusedInstructions {
		if function, ok := a.m.facts.first[op]; ok {
			a.refuse(ReasonFeature, "uses %s (first in %s), which a snapshot cannot undo; rebuild it without", op, a.function(function))
		}
	}
}

func (a *admission) limits() {
	for _, memory := range a.m.Memories {
		if memory.Min > a.policy.MemoryPages {
			a.refuse(ReasonLimit, "begins with %d pages of memory, more than the limit of %d; raise Limits.MemoryBytes or rebuild it with a smaller stack and less data",
				memory.Min, a.policy.MemoryPages)
		}
	}
	elements := uint64(0)
	for _, t := range a.m.Tables {
		elements += uint64(t.Limit.Min)
	}
	if elements > uint64(a.policy.TableElements) {
		a.refuse(ReasonLimit, "has tables of %d elements, more than the limit of %d", elements, a.policy.TableElements)
	}
}

func (a *admission) compile() {
	if a.policy.Interpreted {
		return
	}
	f := a.m.facts.compileTime(a.policy.Track)
	if f.slowest > a.policy.FunctionCompile {
		a.refuse(ReasonCompile, "would take about %s to compile %s, more than %s; split that function: it has too many branches, loops or locals",
			f.slowest.Round(time.Millisecond), a.function(f.slowestIndex), a.policy.FunctionCompile)
	}
	if f.compile > a.policy.ModuleCompile {
		a.refuse(ReasonCompile, "would take about %s to compile, more than %s; make it smaller",
			f.compile.Round(time.Millisecond), a.policy.ModuleCompile)
	}
}

// function is how a message calls a function.
func (a *admission) function(index int) string {
	if name := a.names.Function(uint32(index)); name != "" {
		return fmt.Sprintf("function %d, %s", index, shown(name))
	}
	return fmt.Sprintf("function %d", index)
}

// shown makes a name from the module fit for a message: quoted unless it is
// plain, and cut when it is long.
func shown(name string) string {
	const limit = 100
	cut := name
	if len(cut) > limit {
		cut = strings.ToValidUTF8(cut[:limit], "")
	}
	odd := func(b byte) bool { return b <= ' ' || b > '~' || b == '"' || b == '\\' }
	if cut == "" || slices.ContainsFunc([]byte(cut), odd) {
		cut = fmt.Sprintf("%+q", cut)
	}
	if len(name) > limit {
		cut += "…"
	}
	return cut
}
