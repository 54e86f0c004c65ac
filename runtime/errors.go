package runtime

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/aril-wasm/aril/runtime/internal/sandbox"
	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// How an extension can break. A *CallError wraps one of them; match with
// errors.Is.
var (
	ErrFuel     = sandbox.ErrFuel               // out of fuel
	ErrDeadline = sandbox.ErrDeadline           // out of self, wait or total time
	ErrMemory   = sandbox.ErrMemory             // out of linear memory
	ErrStack    = sandbox.ErrStack              // out of stack
	ErrTrap     = sandbox.ErrTrap               // a trap: unreachable, out of bounds, division by zero, …
	ErrABI      = sandbox.ErrABI                // did what abi/ABI.md forbids
	ErrPanic    = sandbox.ErrPanic              // a native extension panicked
	ErrDenied   = errors.New("denied")          // answered beyond its powers
	ErrType     = errors.New("wrong type")      // answered with a value of another type
	ErrNesting  = errors.New("nested too deep") // the chain's limits are used up
	ErrBreaker  = errors.New("breaker is open") // broke too often; not asked for a while
	ErrBusy     = sandbox.ErrBusy               // no instance became free in time
	ErrClosed   = sandbox.ErrClosed             // the runtime or the extension is closed
	ErrRefused  = errors.New("module refused")  // Load: the module was not admitted
	ErrNoMethod = errors.New("no such method")  // Guest.Call: the extension does not have it
)

// A FormatError says where a file stops being WebAssembly that Aril accepts.
// It matches ErrRefused.
type FormatError = wasm.FormatError

// An AdmissionError lists every reason for which a well-formed module was
// refused. It matches ErrRefused.
type AdmissionError = wasm.AdmissionError

// refusedError puts ErrRefused beside what internal/wasm said.
type refusedError struct{ err error }

func (e *refusedError) Error() string   { return e.err.Error() }
func (e *refusedError) Unwrap() []error { return []error{ErrRefused, e.err} }

// A CallError says which extension broke, doing what. The instance is gone
// when the caller sees this; the next operation gets a clean one.
type CallError struct {
	Extension string   // name given to Load, or the native extension's
	Operation string   // name of the operation, "" outside wrap
	Hook      string   // "init", "wrap", "event", "call", "dispose"
	Err       error    // wraps one of the sentinels of this package
	Detail    string   // more words, "" for none: what the guest said before it trapped, else the trap's name and where it was
	Trace     []Frame  // guest frames, innermost first; symbolised when names were kept
	Log       []string // the last 8 lines at most that the activation logged, oldest first, 256 bytes each
	Usage     Usage    // what the activation had used when it broke
	Limits    Limits   // what it might have used
	Inner     Inner    // what became of the operation itself
}

// A Frame is one function on a guest's stack.
type Frame = sandbox.Frame

// Usage is what one activation used.
type Usage = sandbox.Usage

// Inner says whether and how the operation inside an extension ran: a caller
// whose extension broke must know if the order was placed.
type Inner struct {
	Calls   int  // of next
	Running bool // the last of them had not come back
	Value   any  // what the last one yielded
	Err     error
}

// Error says what happened and how much was used of what was allowed.
func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString("extension " + strconv.Quote(e.Extension) + ": " + e.Hook + ": " + e.Err.Error())
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	switch {
	case errors.Is(e.Err, ErrFuel):
		fmt.Fprintf(&b, " (%s of %s)", thousands(e.Usage.Fuel), thousands(e.Limits.budget(e.Hook).Fuel))
	case errors.Is(e.Err, ErrDeadline):
		allowed := e.Limits.budget(e.Hook)
		fmt.Fprintf(&b, " (self time %v of %v, wait time %v of %v)",
			e.Usage.SelfTime.Round(1e3), allowed.SelfTime, e.Usage.WaitTime.Round(1e3), allowed.WaitTime)
	case errors.Is(e.Err, ErrMemory) && e.Usage.Memory > 0: // else it did not even begin
		fmt.Fprintf(&b, " (%s of %s bytes)", thousands(e.Usage.Memory), thousands(e.Limits.MemoryBytes))
	}
	return b.String()
}

// Format prints Error; with %+v also the trace, innermost frame first, and the
// last log lines, a line each.
func (e *CallError) Format(s fmt.State, verb rune) {
	text := e.Error()
	if verb == 'v' && s.Flag('+') {
		for _, f := range e.Trace {
			text += "\n\tat " + f.String()
		}
		for _, line := range e.Log {
			text += "\n\tlog: " + line
		}
	}
	fmt.Fprintf(s, strings.Replace(fmt.FormatString(s, verb), "+", "", 1), text)
}

// Unwrap gives Err.
func (e *CallError) Unwrap() error { return e.Err }

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// An Error is an operation error that an extension made. Code is for
// programs, Message for people. It may wrap an error of the host, so that
// errors.Is keeps working through it.
type Error struct {
	Extension string // who made it
	ErrorCode string // short and stable, such as "out_of_stock"
	Message   string
	Data      any  // what the extension added, generic Go values; nil for none
	Retryable bool // the maker says that another try may succeed
	Cause     error
}

// Error gives the message, then the cause. Control characters, which an
// extension may have put there, are escaped; Message has them as they came.
func (e *Error) Error() string {
	s := e.Message
	if s == "" {
		s = e.ErrorCode
	}
	if strings.ContainsFunc(s, unicode.IsControl) {
		s = strings.Trim(strconv.QuoteToGraphic(s), `"`)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Code is what a guest reads as the error's code.
func (e *Error) Code() string { return e.ErrorCode }

// PublicMessage is what a guest without ReadErrorText reads.
func (e *Error) PublicMessage() string { return e.Message }
