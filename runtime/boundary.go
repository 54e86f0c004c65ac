package runtime

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/codec"
)

// What of a Go error a guest may see. Code: the error's own Code method, or a
// name for errors that everybody knows. Message: what is meant for the public,
// or all of it with the power ReadErrorText; otherwise a correlation id that
// stands in the host's log beside the real text.

// find looks for an error with certain methods in err's tree.
func find[T any](err error) (T, bool) {
	var t T
	return t, errors.As(err, &t)
}

// outside reports whether err, of a chain that has own, stands before it. There
// may be no own.
func outside(err error, own *Error) bool {
	within, _ := find[*Error](err)
	return within == own
}

// maxCauses bounds the chain of causes that a guest sees.
const maxCauses = 8

// A shownError is what stands behind a handle: the Go error, and what the guest
// was told of it.
type shownError struct {
	err  error
	told *abi.Error
	next int // the next whose outcome it is, or -1
}

// says reports whether a guest's message is what it was told.
func (s *shownError) says(msg *abi.Error) bool {
	return msg.Code == s.told.Code && msg.Message == s.told.Message && bytes.Equal(msg.Data, s.told.Data)
}

// appendError encodes an error for the guest: the outcome of the next of that
// index, or of something else with -1. The handle in it stands for the Go
// value.
func (v *Values) appendError(dst []byte, err error, next int) []byte {
	shown := &shownError{err: err, next: next}
	msg := v.describeError(err, 0)
	if h, ok := v.errors.Hold(shown); ok {
		msg.Handle = h[:]
	}
	start := len(dst)
	dst = abi.AppendError(dst, msg)
	if shown.told, err = abi.DecodeError(dst[start:]); err != nil { // it may have been cut
		shown.told = msg
	}
	return dst
}

func (v *Values) describeError(err error, depth int) *abi.Error {
	msg := &abi.Error{Code: errorCode(err), Kind: names.ErrorHost}
	own, _ := find[*Error](err)
	broken, _ := find[*CallError](err)
	if broken != nil && !outside(broken, own) {
		broken = nil // the cause of what the extension says
	}
	switch {
	case broken != nil:
		msg.Kind = names.ErrorBroken
	case own != nil:
		msg.Kind, msg.Retryable = names.ErrorExtension, own.Retryable
		if own.Data != nil {
			if data, err := codec.AppendValue(nil, own.Data, &v.handles, codec.Limits{}); err == nil {
				msg.Data = data
			}
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		msg.Kind = names.ErrorCanceled
	}
	if r, ok := find[interface {
		error
		Retryable() bool
	}](err); ok && outside(r, own) {
		msg.Retryable = r.Retryable()
	}
	msg.Message = v.errorMessage(err, own, broken)
	if cause := errors.Unwrap(err); cause != nil && depth+1 < maxCauses && (own != nil || v.Powers.Has(ReadErrorText)) {
		msg.Cause = v.describeError(cause, depth+1)
	}
	return msg
}

func (v *Values) errorMessage(err error, own *Error, broken *CallError) string {
	if p, ok := find[interface{ PublicMessage() string }](err); ok && !v.Powers.Has(ReadErrorText) {
		return p.PublicMessage()
	}
	if v.Powers.Has(ReadErrorText) {
		if own != nil && error(own) == err {
			return own.Message // its cause follows on its own
		}
		return err.Error()
	}
	if broken != nil {
		if known := knownError(broken.Err); known != nil {
			return "extension broke: " + known.err.Error()
		}
	}
	id := correlationID()
	if v.Hidden != nil {
		v.Hidden(id, err)
	}
	return "internal error " + id
}

// goError makes the Go error that a guest's message stands for.
func (v *Values) goError(msg *abi.Error, l codec.Limits) (error, error) {
	e := &Error{Extension: v.Extension, ErrorCode: msg.Code, Message: msg.Message, Retryable: msg.Retryable}
	if len(msg.Data) > 0 && !bytes.Equal(msg.Data, []byte{msgpNil}) {
		data, err := codec.DecodeValue(msg.Data, &v.handles, l)
		if err != nil {
			return nil, fmt.Errorf("%w: error data: %w", ErrABI, err)
		}
		e.Data = data
	}
	if len(msg.Handle) > 0 {
		shown, ok := v.shown(msg.Handle)
		if !ok {
			return nil, fmt.Errorf("%w: an error's handle: %w", ErrABI, codec.ErrStale)
		}
		if shown.says(msg) {
			return shown.err, nil
		}
		e.Cause = shown.err
		return e, nil
	}
	if msg.Cause != nil {
		cause, err := v.goError(msg.Cause, l)
		if err != nil {
			return nil, err
		}
		e.Cause = cause
	}
	return e, nil
}

const msgpNil = 0xc0

func (v *Values) shown(handle []byte) (*shownError, bool) {
	if len(handle) != names.HandleSize {
		return nil, false
	}
	held, _ := v.errors.Lookup([names.HandleSize]byte(handle))
	shown, ok := held.(*shownError)
	return shown, ok
}

func correlationID() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

func errorCode(err error) string {
	if c, ok := find[interface{ Code() string }](err); ok {
		return c.Code()
	}
	if known := knownError(err); known != nil {
		return known.code
	}
	return "error"
}

// A codedError is an error that everybody knows, with its code.
type codedError struct {
	err  error
	code string
}

// knownCodes gives codes to errors that have no Code method.
var knownCodes = []codedError{
	{context.Canceled, "canceled"}, {context.DeadlineExceeded, "deadline_exceeded"},
	{ErrFuel, "fuel"}, {ErrDeadline, "deadline"}, {ErrMemory, "memory"}, {ErrStack, "stack"},
	{ErrTrap, "trap"}, {ErrABI, "abi"}, {ErrDenied, "denied"}, {ErrPanic, "panic"}, {ErrType, "type"},
	{ErrNesting, "nesting"}, {ErrBreaker, "breaker"}, {ErrBusy, "busy"}, {ErrClosed, "closed"},
}

func knownError(err error) *codedError {
	for i := range knownCodes {
		if errors.Is(err, knownCodes[i].err) {
			return &knownCodes[i]
		}
	}
	return nil
}
