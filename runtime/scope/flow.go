package scope

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// A Definition describes a flow to people, extensions and validators. The zero
// value is an anonymous flow that takes and yields anything of its types.
type Definition struct {
	// Name is what operations, errors and logs call it. Default "anonymous".
	Name string

	// Version is the author's. Default none.
	Version string

	// Input and Output refuse values; Input before the handler runs and inside
	// of all extensions, Output after it. Default none.
	Input, Output Validator

	// Tags are the flow's own; they are not put into its context.
	Tags []Tagged
}

// A Validator refuses values: a JSON Schema, a struct validator. It returns a
// [*ValidationError] with paths, or any other error.
type Validator interface {
	Validate(ctx context.Context, value any) error
}

// A ValidatorFunc is a function as a [Validator].
type ValidatorFunc func(ctx context.Context, value any) error

// Validate calls f.
func (f ValidatorFunc) Validate(ctx context.Context, value any) error { return f(ctx, value) }

// A ValidationError says what is wrong with the input or the result of a flow.
type ValidationError struct {
	Flow   string
	Result bool // it is the result, else the input
	Issues []Issue
	Err    error // what the validator returned, if it was something else
}

// An Issue is one thing that is wrong with a value.
type Issue struct {
	Path   string // of the part that is wrong: "items[2].price"; "" for the whole
	Reason string
}

// Error gives every path with its reason.
func (e *ValidationError) Error() string {
	what := "input"
	if e.Result {
		what = "result"
	}
	issues := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		issues[i] = issue.Reason
		if issue.Path != "" {
			issues[i] = issue.Path + ": " + issue.Reason
		}
	}
	return fmt.Sprintf("%s of flow %q: %s", what, e.Flow, strings.Join(issues, "; "))
}

// Unwrap gives what the validator returned, if it was something else.
func (e *ValidationError) Unwrap() error { return e.Err }

// Code is what extensions in the sandbox see.
func (e *ValidationError) Code() string { return "VALIDATION_ERROR" }

// A FlowError is an error with a code and data, for handlers that want to say
// more than a message.
type FlowError struct {
	ErrorCode string
	Message   string
	Data      any
	Cause     error
}

// Error gives the message.
func (e *FlowError) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *FlowError) Unwrap() error { return e.Cause }

// Code is what extensions in the sandbox see.
func (e *FlowError) Code() string { return e.ErrorCode }

// An AnyFlow is a [Flow] of any types.
type AnyFlow interface {
	Carrier
	Definition() Definition

	// Handler is the executor of the flow's handler, which each execution
	// resolves.
	Handler() AnyExecutor

	flow() *flowCore
}

// A Flow is a piece of business logic with a name, which runs in an execution
// context: [Run] begins one, [Exec] runs the flow within another. Like an
// executor it is immutable and holds nothing; declare flows as package
// variables.
type Flow[In, Out any] struct{ flowCore }

type flowCore struct {
	definition Definition
	name       string // never empty
	handler    *Executor[flowHandler]
	in, out    reflect.Type
	self       AnyFlow
}

// flowHandler is a handler without its types.
type flowHandler func(ctx context.Context, in any) (any, error)

func (f *flowCore) Definition() Definition { return f.definition }
func (f *flowCore) Handler() AnyExecutor   { return f.handler }
func (f *flowCore) Tags() []Tagged         { return f.definition.Tags }
func (f *flowCore) flow() *flowCore        { return f }

func newFlow[In, Out any](d Definition, deps []dependency, missing bool, handler func(ctx context.Context, deps []any, in In) (Out, error)) *Flow[In, Out] {
	f := &Flow[In, Out]{flowCore{definition: d, name: d.Name, in: reflect.TypeFor[In](), out: reflect.TypeFor[Out]()}}
	if f.name == "" {
		f.name = "anonymous"
	}
	f.self = f
	lasting, values := perExecution(deps)
	f.handler = noFactory(newExecutor(lasting, []Tagged{Name(d.Name)}, func(_ context.Context, _ *Controller, resolved []any) (flowHandler, error) {
		return func(ctx context.Context, in any) (any, error) {
			all, err := values(ctx, resolved)
			if err != nil {
				return nil, err
			}
			return handler(ctx, all, as[In](in))
		}, nil
	}), missing)
	return f
}

// perExecution parts a flow's dependencies: those that the scope resolves
// once, with the handler, and tags, which each execution has its own of.
func perExecution(deps []dependency) (lasting []dependency, values func(ctx context.Context, resolved []any) ([]any, error)) {
	for _, d := range deps {
		if d.tag == nil {
			lasting = append(lasting, d)
		}
	}
	if len(lasting) == len(deps) {
		return lasting, func(_ context.Context, resolved []any) ([]any, error) { return resolved, nil }
	}
	return lasting, func(ctx context.Context, resolved []any) (all []any, err error) {
		c := Current(ctx)
		for _, d := range deps {
			var v any
			if d.tag == nil {
				v, resolved = resolved[0], resolved[1:]
			} else if v, err = d.tag(c); err != nil {
				return nil, fmt.Errorf("flow %q: %w", c.name, err)
			}
			all = append(all, v)
		}
		return all, nil
	}
}

// NewFlow makes a flow of a handler. The handler's context belongs to its
// execution: [Current] finds the execution context, and what is run with it is
// part of it. A panic of the handler is the execution's error, a
// [*PanicError].
//
// A nil handler makes a flow that cannot run: the error has the code
// [CodeInvalidFactory].
func NewFlow[In, Out any](d Definition, handler func(ctx context.Context, in In) (Out, error)) *Flow[In, Out] {
	return newFlow(d, nil, handler == nil, func(ctx context.Context, _ []any, in In) (Out, error) { return handler(ctx, in) })
}

// DeriveFlow makes a flow whose handler has a dependency. The scope resolves
// it before the handler first runs; a tag is read anew for each execution, from
// its context.
func DeriveFlow[A, In, Out any](d Definition, a Dependency[A], handler func(ctx context.Context, a A, in In) (Out, error)) *Flow[In, Out] {
	return newFlow(d, []dependency{of(a)}, handler == nil, func(ctx context.Context, deps []any, in In) (Out, error) {
		return handler(ctx, as[A](deps[0]), in)
	})
}

// DeriveFlow2 is [DeriveFlow] with two dependencies.
func DeriveFlow2[A, B, In, Out any](d Definition, a Dependency[A], b Dependency[B], handler func(ctx context.Context, a A, b B, in In) (Out, error)) *Flow[In, Out] {
	return newFlow(d, []dependency{of(a), of(b)}, handler == nil, func(ctx context.Context, deps []any, in In) (Out, error) {
		return handler(ctx, as[A](deps[0]), as[B](deps[1]), in)
	})
}

// validate asks a validator and names the flow in its answer.
func (f *flowCore) validate(ctx context.Context, v Validator, value any, result bool) (err error) {
	if v == nil {
		return nil
	}
	err = recovered(func() error { return v.Validate(ctx, value) })
	if err == nil {
		return nil
	}
	e := &ValidationError{Flow: f.name, Result: result}
	var told *ValidationError
	if errors.As(err, &told) {
		e.Issues, e.Err = told.Issues, told.Err
	} else {
		e.Issues, e.Err = []Issue{{Reason: err.Error()}}, err
	}
	return e
}

// A Result is a flow's answer that tells a business failure apart from an
// error: ok with data, or ko with a reason. A ko is an ordinary value to
// extensions. Make it with [Ok] and [Ko].
type Result[S, E any] struct {
	Type  string `msg:"type"` // "ok" or "ko"
	Data  S      `msg:"data"`
	Fail  E      `msg:"fail"`
	Cause error  `msg:"cause"`
}

// Ok is a success.
func Ok[S, E any](data S) Result[S, E] { return Result[S, E]{Type: "ok", Data: data} }

// Ko is a business failure; cause may be nil.
func Ko[S, E any](fail E, cause error) Result[S, E] {
	return Result[S, E]{Type: "ko", Fail: fail, Cause: cause}
}

// IsOk reports a success.
func (r Result[S, E]) IsOk() bool { return r.Type == "ok" }

// IsKo reports a business failure.
func (r Result[S, E]) IsKo() bool { return r.Type == "ko" }

// isKo reports whether v is the Result of a business failure.
func isKo(v any) bool {
	k, ok := v.(interface{ IsKo() bool })
	return ok && k.IsKo()
}
