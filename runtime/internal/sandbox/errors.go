package sandbox

import "errors"

// Why an activation ended early. Package runtime exports them; see there for
// what a caller does with each.
var (
	ErrFuel     = errors.New("fuel exhausted")
	ErrDeadline = errors.New("time exhausted")
	ErrMemory   = errors.New("memory exhausted")
	ErrStack    = errors.New("stack exhausted")
	ErrTrap     = errors.New("trap")
	ErrABI      = errors.New("broke the ABI")
	ErrPanic    = errors.New("panic")
	ErrBusy     = errors.New("no instance is free")
	ErrClosed   = errors.New("closed")

	// ErrCanceled marks an activation that ended because its caller gave up.
	// It is no breakage; package runtime turns it into context.Cause.
	ErrCanceled = errors.New("canceled")
)

// unwind is the one value that host functions panic with, to leave a guest
// that has no way back. The reason stands in the activation.
type unwind struct{}

func (unwind) Error() string { return "activation ended by the host" }
