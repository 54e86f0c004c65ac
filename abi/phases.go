package abi

import "github.com/aril-wasm/aril/abi/names"

// Phases is a set of the points at which a guest runs. Host functions say
// from which of them they may be called: abi/ABI.md#phases.
type Phases uint8

// The phases, in the order of an extension's life.
const (
	PhaseInitialize Phases = 1 << iota // the start function, _initialize and aril_abi_v1
	PhaseInit                          // aril_init
	PhaseResume                        // aril_resume
	PhaseWrap                          // aril_wrap
	PhaseEvent                         // aril_event
	PhaseCall                          // aril_call
	PhaseDispose                       // aril_dispose

	// PhasesMessage are those of an embedder's functions, and of Aril's own
	// that have their shape.
	PhasesMessage = PhaseWrap | PhaseEvent | PhaseCall | PhaseDispose

	PhasesAll = PhaseInitialize | PhaseInit | PhaseResume | PhaseWrap | PhaseEvent | PhaseCall | PhaseDispose
)

var phaseNames = [...]string{"initialize", "init", "resume", "wrap", "event", "call", "dispose"}

// String lists the phases with spaces between, as abi/ABI.md names them.
func (p Phases) String() string {
	var s string
	for i, name := range phaseNames {
		if p&(1<<i) != 0 {
			if s != "" {
				s += " "
			}
			s += name
		}
	}
	return s
}

// Has reports whether all phases of q are in p.
func (p Phases) Has(q Phases) bool { return p&q == q }

// SlotPhases says from which phases a slot of aril_v1.read may be read. It is
// 0 for a number that is no slot.
func SlotPhases(slot uint32) Phases {
	switch slot {
	case names.SlotMessage:
		return PhaseInit | PhaseWrap | PhaseEvent | PhaseCall
	case names.SlotInput:
		return PhaseWrap | PhaseEvent | PhaseCall
	case names.SlotResult, names.SlotError, names.SlotParams:
		return PhaseWrap
	case names.SlotConfig, names.SlotScript:
		return PhaseInit | PhaseWrap | PhaseEvent | PhaseCall | PhaseDispose
	}
	return 0
}

// OutcomePhases says from which phases a kind of aril_v1.outcome may be
// given. It is 0 for a number that is no kind.
func OutcomePhases(kind uint32) Phases {
	switch kind {
	case names.OutcomeValue:
		return PhaseWrap | PhaseEvent | PhaseCall
	case names.OutcomeError:
		return PhaseInit | PhaseWrap | PhaseEvent | PhaseCall
	case names.OutcomeNext:
		return PhaseWrap
	}
	return 0
}
