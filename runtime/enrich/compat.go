package enrich

import "fmt"

// Compat says whose behaviour counts where the document that describes
// extensions and the systems that were released differ. COMPAT.md lists every
// difference.
type Compat uint8

const (
	// CompatDocs does what the document says. The default.
	CompatDocs Compat = iota

	// Compat0026 does what release 0.0.26 did.
	Compat0026

	// Compat0033 does what releases from 0.0.33 on do.
	Compat0033
)

// String is the level's name: "docs", "0.0.26" or "0.0.33".
func (c Compat) String() string {
	if int(c) < len(compatNames) {
		return compatNames[c]
	}
	return fmt.Sprintf("Compat(%d)", uint8(c))
}

var compatNames = []string{"docs", "0.0.26", "0.0.33"}

// ParseCompat reads what String writes.
func ParseCompat(name string) (Compat, error) {
	for i, n := range compatNames {
		if n == name {
			return Compat(i), nil
		}
	}
	return 0, fmt.Errorf("compatibility level %q: want docs, 0.0.26 or 0.0.33", name)
}

// A Type says in which workflows an extension runs and what naming it in a
// request does.
type Type uint8

const (
	Global                  Type = 1 // in all workflows
	GlobalAndRequested      Type = 2 // in all workflows; naming others leaves it out
	DefinedFlows            Type = 3 // in the workflows that list it
	DefinedFlowAndRequested Type = 4 // in those; naming others leaves it out
)

// String is the name that the document gives the type.
func (t Type) String() string {
	switch t {
	case Global:
		return "Global"
	case GlobalAndRequested:
		return "GlobalAndRequested"
	case DefinedFlows:
		return "DefinedFlows"
	case DefinedFlowAndRequested:
		return "DefinedFlowAndRequested"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// everywhere reports whether extensions of the type need no workflow that
// lists them.
func (t Type) everywhere() bool { return t == Global || t == GlobalAndRequested }

// A Scope says at which reads an extension runs.
type Scope uint8

const (
	GetInstance     Scope = 1 // of one instance
	GetAllInstances Scope = 2 // of lists; at level docs also of the transition history
	Everywhere      Scope = 3 // all
)

// String is the name that the document gives the scope.
func (s Scope) String() string {
	switch s {
	case GetInstance:
		return "GetInstance"
	case GetAllInstances:
		return "GetAllInstances"
	case Everywhere:
		return "Everywhere"
	}
	return fmt.Sprintf("Scope(%d)", uint8(s))
}

// A Read is the kind of request that is being answered.
type Read uint8

const (
	ReadInstance Read = iota // one instance, or its data
	ReadList                 // instances of a workflow
	ReadHistory              // the transitions of an instance
	ReadOther                // any other GET
	reads                    // how many there are
)

// String is "instance", "list", "history" or "other".
func (r Read) String() string {
	if r < reads {
		return [...]string{"instance", "list", "history", "other"}[r]
	}
	return fmt.Sprintf("Read(%d)", uint8(r))
}

// scopeMatches tells whether extensions of a scope take part in a read.
func (c Compat) scopeMatches(s Scope, r Read) bool {
	if r == ReadHistory {
		switch c {
		case Compat0026:
			return s == GetInstance || s == Everywhere // each row was read as an instance
		case Compat0033:
			return false
		}
		return s == GetAllInstances || s == Everywhere
	}
	switch s {
	case GetInstance:
		return r == ReadInstance
	case GetAllInstances:
		return r == ReadList
	}
	return s == Everywhere
}

// typeRuns is the truth table of types: named says that the request names
// this extension, some that it names any. Whether the workflow lists the
// extension, where the type asks for that, is for the caller to know.
func (c Compat) typeRuns(t Type, named, some bool) bool {
	switch t {
	case Global:
		return true
	case GlobalAndRequested:
		switch c {
		case Compat0026:
			return true
		case Compat0033:
			return named
		}
		return named || !some
	case DefinedFlows:
		return c == CompatDocs || named || !some
	case DefinedFlowAndRequested:
		return named || c == CompatDocs && !some
	}
	return false
}

// fails is the policy for a failure where the extension has none of its own.
func (c Compat) fails() bool { return c == Compat0033 }

// cancelsSiblings tells whether a failure that does not fail the read ends the
// phase that it happened in.
func (c Compat) cancelsSiblings() bool { return c == Compat0026 }
