package guesttest

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/inprocess"
	"github.com/aril-wasm/aril/runtime/state"
)

// An activation is one call of one hook; the imports of the instance go to it.
type activation struct {
	inprocess.Activation
	id, root uint64
	depth    uint32
}

func randomHandle() (h [names.HandleSize]byte) {
	_, _ = rand.Read(h[:]) // never fails
	return h
}

// values are a host's that knows generic form alone.
type values struct {
	handles
	powers guest.Powers
}

func (v *values) Append(dst []byte, x any) ([]byte, error) { return v.encode(dst, x), nil }

func (v *values) Decode(src []byte, _ inprocess.Part) (any, error) { return v.decode(src) }

func (v *values) AppendError(dst []byte, err error) []byte {
	return abi.AppendError(dst, v.describe(err))
}

func (v *values) DecodeError(src []byte) (error, error) {
	e, err := abi.DecodeError(src)
	if err != nil {
		return nil, err
	}
	return v.goError(e)
}

func (*values) Stale(err error) bool { return err == errStaleValue }

// describe tells a guest of a Go error.
func (v *values) describe(err error) *abi.Error {
	e := &abi.Error{Code: "error", Message: err.Error(), Kind: names.ErrorHost, Handle: v.hold(err)}
	if c, ok := find[interface{ Code() string }](err); ok {
		e.Code = c.Code()
	}
	if r, ok := find[interface{ Retryable() bool }](err); ok {
		e.Retryable = r.Retryable()
	}
	switch own, _ := find[*Error](err); {
	case own != nil:
		e.Kind, e.Retryable = names.ErrorExtension, own.Retryable
		if own == err {
			e.Message = own.Message
		}
		if own.Data != nil {
			e.Data = v.encode(nil, generic(own.Data))
		}
	case errors.Is(err, context.Canceled):
		e.Kind, e.Code = names.ErrorCanceled, "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Code = names.ErrorCanceled, "deadline_exceeded"
	case !v.powers.Has(guest.ReadErrorText):
		e.Message = "internal error"
		if p, ok := find[interface{ PublicMessage() string }](err); ok {
			e.Message = p.PublicMessage()
		}
		return e
	}
	if cause := errors.Unwrap(err); cause != nil {
		e.Cause = v.describe(cause)
	}
	return e
}

func find[T any](err error) (t T, ok bool) {
	ok = errors.As(err, &t)
	return t, ok
}

// goError gives the host's error for a guest's.
func (v *values) goError(e *abi.Error) (error, error) {
	made := &Error{ErrorCode: e.Code, Message: e.Message, Retryable: e.Retryable}
	var err error
	if len(e.Data) > 0 {
		if made.Data, err = v.decode(e.Data); err != nil {
			return nil, err
		}
	}
	if len(e.Handle) > 0 {
		held, ok := v.lookup(e.Handle)
		if made.Cause, _ = held.(error); !ok || made.Cause == nil {
			return nil, errStaleValue
		}
		if was := v.describe(made.Cause); was.Code == e.Code && was.Message == e.Message {
			return made.Cause, nil
		}
		return made, nil
	}
	if e.Cause != nil {
		made.Cause, err = v.goError(e.Cause)
	}
	return made, err
}

// epoch is when the fake's clock starts, so that tests may compare times.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Context is one that nobody gives up.
func (f *fake) Context() context.Context { return context.Background() }

func (f *fake) Canceled() bool { return false }

func (f *fake) write(level int32, message string, pairs map[string]any) {
	f.recorder.add(Entry{Level: int(level), Message: message, Pairs: pairs})
}

func (f *fake) now(clock uint32) int64 {
	if clock == names.ClockMonotonic {
		return int64(f.slept)
	}
	return epoch.Add(f.slept).UnixNano()
}

func (f *fake) sleep(ns int64) { f.slept += time.Duration(ns) }

// services are what the fake offers to extensions.
type services struct{ *fake }

func (s services) Log(level int32, message string, pairs map[string]any) {
	s.write(level, message, pairs)
}

func (s services) Now(clock uint32) int64 { return s.now(clock) }

func (s services) Sleep(ns int64) bool {
	s.sleep(ns)
	return true
}

func (s services) State() state.State { return s.state }

// Call runs a function of the host program's own.
func (s services) Call(a *inprocess.Activation, module, function string, message []byte) uint64 {
	f := s.config.Functions[module+"."+function]
	if f == nil {
		return abi.Pack(abi.Denied, 0)
	}
	argument, problem := a.Argument(message)
	if problem != abi.OK {
		return abi.Pack(problem, 0)
	}
	answer, err := f(argument)
	if err != nil {
		return a.Fail(err)
	}
	return a.Answer(generic(answer))
}
