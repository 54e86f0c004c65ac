package guesttest

import (
	"errors"
	"testing"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	aril "github.com/aril-wasm/aril/runtime"
)

// A Config is what the extension is loaded with, and what surrounds it.
type Config struct {
	// Name is the extension's name. Default "test".
	Name string

	// Config is its configuration. Default none.
	Config any

	// Script is for extensions that are interpreters. Default none.
	Script []byte

	// Powers is what it may do to operations. Default, and for 0: all.
	Powers guest.Powers

	// NoPowers leaves it nothing but to look on, whatever Powers says.
	NoPowers bool

	// Isolation says what of the extension's memory later operations meet.
	// Default Fresh.
	Isolation Isolation

	// State is what the extension's store holds at first.
	State map[string][]byte

	// Functions answer the host program's own functions, by module and name:
	// "acme_stock_v1.reserve". An [*Error] reaches the extension as it is.
	Functions map[string]func(argument any) (any, error)
}

// An Isolation is one of the runtime's modes.
type Isolation uint8

// The modes.
const (
	Fresh  Isolation = iota // each operation begins from what Init left
	Pooled                  // instances keep what operations left; nested ones take another
	Single                  // one instance, which nested operations enter again; for Native alone
)

// An Operation is what an extension is wrapped around.
type Operation struct {
	Kind    string // default "test"
	Name    string // default "test"
	Key     string
	MaxNext int // default 16
	Meta    map[string]any
	Params  any
}

func (op Operation) withDefaults() Operation {
	if op.Kind == "" {
		op.Kind = "test"
	}
	if op.Name == "" {
		op.Name = "test"
	}
	if op.MaxNext == 0 {
		op.MaxNext = 16
	}
	return op
}

// meta is in generic form, nil when there is none.
func (op Operation) meta() map[string]any {
	m, _ := generic(op.Meta).(map[string]any)
	return m
}

// An Event is told to an extension.
type Event struct {
	Type  string
	Scope uint64
	Name  string
	Data  any
}

// An Entry is one line of the log.
type Entry struct {
	Level   int // as log/slog's
	Message string
	Pairs   map[string]any
}

// A Harness has an extension loaded. It is for one goroutine.
type Harness struct{ backend }

// A backend runs an extension. Values are in generic form.
type backend interface {
	// Wrap runs an operation within the extension. An error that rest returns
	// and the extension passes on comes out as it is; one that the extension
	// makes is an [*Error]; an extension that breaks is a [*Broken]. rest may
	// run operations itself.
	Wrap(op Operation, input any, rest func(input any) (any, error)) (any, error)

	// Event tells of an event and gives the answer, nil if there is none.
	Event(e Event) (any, error)

	// Call calls a method. [ErrNoMethod] means that there is none.
	Call(method string, args any) (any, error)

	// Unload disposes of the extension. It is done when the test ends, if not
	// before.
	Unload() error

	// Log is what the extension has logged so far.
	Log() []Entry

	// State is what the extension's store holds.
	State() map[string][]byte

	// extension is what a scope takes.
	extension() (aril.Extension, error)
}

// ErrNoMethod says that an extension does not have the method it was called
// with.
var ErrNoMethod = errors.New("the extension has no such method")

// An Error is one that an extension made. errors.Is and errors.As see its
// Cause.
type Error struct {
	ErrorCode string
	Message   string
	Data      any
	Retryable bool
	Cause     error
}

// Error gives the message and the cause.
func (e *Error) Error() string {
	s := e.Message
	if s == "" {
		s = e.ErrorCode
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Code is what an extension further out sees as the code.
func (e *Error) Code() string { return e.ErrorCode }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// A Broken error says that an extension broke: it panicked, overran a limit,
// or answered beyond its powers.
type Broken struct {
	Reason string
	Err    error // nil natively
}

// Error gives the reason.
func (e *Broken) Error() string { return "the extension broke: " + e.Reason }

// Unwrap gives what the runtime said.
func (e *Broken) Unwrap() error { return e.Err }

// A Target is a way to run an extension.
type Target struct {
	name string
	open func(testing.TB, Config) (backend, error)
}

// New loads an extension. A configuration that it refuses ends the test.
func New(t testing.TB, target Target, cfg Config) *Harness {
	t.Helper()
	h, err := Open(t, target, cfg)
	if err != nil {
		t.Fatalf("loading the extension: %v", err)
	}
	return h
}

// Open loads an extension, or gives the error with which it refused its
// configuration: an [*Error].
func Open(t testing.TB, target Target, cfg Config) (*Harness, error) {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "test"
	}
	switch {
	case cfg.NoPowers:
		cfg.Powers = 0
	case cfg.Powers == 0:
		cfg.Powers = allPowers
	}
	b, err := target.open(t, cfg)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = b.Unload() })
	return &Harness{b}, nil
}

const allPowers = guest.ReadInput | guest.ReadResult | guest.ReadErrorText | guest.ChangeInput | guest.ChangeResult | guest.Skip | guest.Repeat

// Run runs f as a subtest for each target, with the extension loaded.
func Run(t *testing.T, targets []Target, cfg Config, f func(t *testing.T, h *Harness)) {
	t.Helper()
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) { f(t, New(t, target, cfg)) })
	}
}
