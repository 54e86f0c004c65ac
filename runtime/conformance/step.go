package conformance

import (
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// A Step is one thing that is done with an extension: an operation, a call or
// an event, and what is expected of it.
type Step struct {
	where string // in differences: "step 2"

	// One of the three.
	operation *aril.Operation
	method    *string
	event     *aril.Event

	input       any // args of a call, data of an event
	next        []entry
	repeat      int
	atOnce      int
	cancelAfter time.Duration
	expect      expectation
	dialect     *dialect
}

// An entry is how an operation itself answers one next.
type entry struct {
	value     any
	failure   error
	operation *Step
	delay     time.Duration
	cancel    bool
}

// An expectation is what must come out of a step.
type expectation struct {
	kind     expected
	value    any
	distinct int
	err      *wantedError
	breaks   []string // names of sentinels
	message  string   // of breaks: what the error must contain
	traced   bool
	anyOf    []expectation

	inputs []any // of next; nil: not compared
}

type expected uint8

const (
	expectNothing expected = iota // whatever comes out
	expectValue
	expectDistinct
	expectError
	expectBreak
	expectSame
	expectNoMethod
	expectUnanswered
	expectAnyOf
)

// A wantedError is what is expected of an operation error. What is nil is not
// compared.
type wantedError struct {
	code, message *any
	data          *any
	retryable     *bool
	cause         *wantedError
	wraps         bool
}

// A wantedLine is a line of the log.
type wantedLine struct {
	level   string
	message any
	attrs   map[string]any
}
