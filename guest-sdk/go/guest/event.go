package guest

import "github.com/aril-wasm/aril/abi/names"

// Types of events.
const (
	EventAttach  = names.EventAttach  // the extension is added to a scope
	EventStart   = names.EventStart   // in the background, after that
	EventDetach  = names.EventDetach  // a scope ends
	EventError   = names.EventError   // something failed in a scope
	EventChange  = names.EventChange  // a value is about to be stored; the answer replaces it
	EventRelease = names.EventRelease // a value is let go of
	EventTick    = names.EventTick    // time has passed

	EventInitPod    = names.EventInitPod    // a root execution is about to run
	EventDisposePod = names.EventDisposePod // a root execution is over
	EventPodError   = names.EventPodError   // a root execution ended with an error
)

// An Event is something that happened outside operations. It is valid until
// Event returns.
type Event struct{ a *activation }

// Type is one of the constants above, or a type that is newer than this SDK.
func (e *Event) Type() string {
	h := e.a.header.parse()
	return same(h.event, &h.eventText)
}

// ID is unique among events and operations of the host's Runtime.
func (e *Event) ID() uint64 { return e.a.header.parse().id }

// Scope names the scope it happened in, 0 for none.
func (e *Event) Scope() uint64 { return e.a.header.parse().scope }

// Name is what it happened to, "" for nothing in particular.
func (e *Event) Name() string {
	h := e.a.header.parse()
	return same(h.name, &h.nameText)
}

// Data is what comes with it. It stays with the host until it is looked at.
func (e *Event) Data() Value { return e.a.input.value() }
