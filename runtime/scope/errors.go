package scope

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

var (
	// ErrClosed is what everything but reading answers once the scope is
	// disposed. It is the runtime's ErrClosed.
	ErrClosed = aril.ErrClosed

	// ErrReentrant means that an extension, while it wraps the resolution of
	// an executor, asked for that same executor again.
	ErrReentrant = errors.New("resolved again by an extension that is wrapping it")

	// ErrCircular means that an executor needs itself. A *DependencyError has
	// the way round.
	ErrCircular = errors.New("circular dependency")

	// ErrNotResolved means that an executor has no value yet: to update,
	// release or read.
	ErrNotResolved = errors.New("executor is not resolved")

	// ErrType means that a value is not of the executor's type. It is the
	// runtime's ErrType.
	ErrType = aril.ErrType

	// ErrNoTag means that a tag that something depends on is not there.
	ErrNoTag = errors.New("tag is missing")

	errNilFactory    = errors.New("the factory is nil")
	errReactiveInPod = errors.New("reactive dependencies cannot be used in a pod")
	errNilExecutor   = errors.New("the executor is nil")
	errNilDependency = errors.New("a dependency is nil")
)

// A Code tells kinds of errors apart, short and stable.
type Code string

// The codes. Their texts are those of the system the package is modelled on;
// at [CompatGen2] three of them read as that generation's do.
const (
	CodeFactory            Code = "F002"   // the factory failed or panicked
	CodeDependencyNotFound Code = "D001"   // there is no such dependency
	CodeCircular           Code = "D002"   // it depends on itself
	CodeInvalidFactory     Code = "C003"   // the executor has no usable factory, tag or dependency
	CodePreset             Code = "C004"   // a preset, or a replacement, that does not fit
	CodeCallback           Code = "SYS001" // a callback of OnChange failed
	CodeNotResolved        Code = "S002"   // it has no value
	CodeCleanup            Code = "S004"   // a cleanup failed
	CodeReactiveInPod      Code = "S005"   // a reactive dependency in a pod
)

// A Category says whose error it is.
type Category string

// The categories.
const (
	CategoryUser       Category = "USER_ERROR"
	CategorySystem     Category = "SYSTEM_ERROR"
	CategoryValidation Category = "VALIDATION_ERROR"
)

// A Stage says how far a resolution had come.
type Stage string

// The stages.
const (
	StageDependencies Stage = "dependency-resolution"
	StageFactory      Stage = "factory-execution"
	StagePost         Stage = "post-processing" // OnChange callbacks
	StageValidation   Stage = "validation"
)

// A ResolutionError says why an executor could not be resolved. Every error
// of a resolution is one, or a [*FactoryError] or [*DependencyError], which
// errors.As finds as a *ResolutionError too. Errors that a wrap of an
// extension made come as they are.
type ResolutionError struct {
	Code     Code
	Category Category
	Executor AnyExecutor
	Stage    Stage
	Chain    []AnyExecutor // from the one that was asked for to Executor
	ScopeID  uint64
	Time     time.Time
	Err      error // the cause
}

// Error names the executor, then the cause.
func (e *ResolutionError) Error() string {
	return "executor " + strconv.Quote(ExecutorName(e.Executor)) + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *ResolutionError) Unwrap() error { return e.Err }

// ErrorCode is the code as text.
func (e *ResolutionError) ErrorCode() string { return string(e.Code) }

// A FactoryError says that an executor's factory returned an error or
// panicked. The cause is what it returned, or a [*PanicError].
type FactoryError struct{ ResolutionError }

// Error names the executor, then what the factory said.
func (e *FactoryError) Error() string {
	return "factory of executor " + strconv.Quote(ExecutorName(e.Executor)) + ": " + e.Err.Error()
}

// As makes it a *ResolutionError for errors.As.
func (e *FactoryError) As(target any) bool { return asResolution(target, &e.ResolutionError) }

// A DependencyError says that what an executor depends on could not be had:
// it is circular, or a tag that is missing.
type DependencyError struct {
	ResolutionError
	Missing string        // the label of the tag that is missing, "" for none
	Circle  []AnyExecutor // the way round, first and last the same; nil if it is no circle
}

// Error names the executor, and the way round of a circle.
func (e *DependencyError) Error() string {
	if e.Circle != nil {
		return ErrCircular.Error() + ": " + strings.Join(BuildDependencyChain(e.Circle...), " -> ")
	}
	return "dependencies of " + e.ResolutionError.Error()
}

// As makes it a *ResolutionError for errors.As.
func (e *DependencyError) As(target any) bool { return asResolution(target, &e.ResolutionError) }

func asResolution(target any, e *ResolutionError) bool {
	if t, ok := target.(**ResolutionError); ok {
		*t = e
		return true
	}
	return false
}

// A PanicError is the panic of a factory, a callback or a hook.
type PanicError struct {
	Value any
	Stack []byte // of the goroutine that panicked
}

// Error gives the value, not the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap gives the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ExecutorName is what to call an executor: its name, else "executor-" and
// its ID.
func ExecutorName(e AnyExecutor) string {
	switch {
	case e == nil:
		return "none"
	case e.Name() != "":
		return e.Name()
	}
	return "executor-" + strconv.FormatUint(e.ID(), 10)
}

// BuildDependencyChain gives the names of executors, for messages.
func BuildDependencyChain(executors ...AnyExecutor) []string {
	names := make([]string, len(executors))
	for i, e := range executors {
		names[i] = ExecutorName(e)
	}
	return names
}
