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
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
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
// index, or a capability's with -1. The handle in it stands for the Go value.
func (a *activation) appendError(dst []byte, err error, next int) []byte {
	shown := &shownError{err: err, next: next}
	msg := a.describeError(err, 0)
	if h, ok := a.errors.Hold(shown); ok {
		msg.Handle = h[:]
	}
	start := len(dst)
	dst = abi.AppendError(dst, msg)
	if shown.told, err = abi.DecodeError(dst[start:]); err != nil { // it may have been cut
		shown.told = msg
	}
	return dst
}

func (a *activation) describeError(err error, depth int) *abi.Error {
	msg := &abi.Error{Code: errorCode(err), Kind: names.ErrorHost}
	var own *Error
	var broken *CallError
	switch {
	case errors.As(err, &broken):
		msg.Kind = names.ErrorBroken
	case errors.As(err, &own):
		msg.Kind, msg.Retryable = names.ErrorExtension, own.Retryable
		if own.Data != nil {
			if data, err := codec.AppendValue(nil, own.Data, &a.handles, codec.Limits{}); err == nil {
				msg.Data = data
			}
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		msg.Kind = names.ErrorCanceled
	}
	if r, ok := find[interface{ Retryable() bool }](err); ok {
		msg.Retryable = r.Retryable()
	}
	msg.Message = a.errorMessage(err, own, broken)
	if cause := errors.Unwrap(err); cause != nil && depth+1 < maxCauses && (own != nil || a.powers().has(ReadErrorText)) {
		msg.Cause = a.describeError(cause, depth+1)
	}
	return msg
}

func (a *activation) errorMessage(err error, own *Error, broken *CallError) string {
	if p, ok := find[interface{ PublicMessage() string }](err); ok && !a.powers().has(ReadErrorText) {
		return p.PublicMessage()
	}
	if a.powers().has(ReadErrorText) {
		if own != nil && error(own) == err {
			return own.Message // its cause follows on its own
		}
		return err.Error()
	}
	if broken != nil { // with one of the sentinels, which are all known
		return "extension broke: " + knownError(broken.Err).err.Error()
	}
	id := correlationID()
	a.guest.rt.logHidden(a.guest, id, err)
	return "internal error " + id
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

// answerWithValue decodes a VALUE outcome.
func (a *activation) answerWithValue(src []byte) error {
	l := a.guest.codecLimits(a.guest.limits.ResultBytes)
	if a.act.Phase() != sandbox.PhaseWrap {
		v, err := codec.DecodeValue(src, &a.handles, l)
		if err != nil {
			return fmt.Errorf("%w: outcome: %w", ErrABI, err)
		}
		a.answer, a.answerValue = answerValue, v
		return nil
	}
	if err := a.frame.stageResult(src, &a.handles, l); err != nil {
		kind := ErrType
		if errors.Is(err, abi.ErrMalformed) || errors.Is(err, abi.ErrOverLimit) || errors.Is(err, codec.ErrStale) {
			kind = ErrABI
		}
		return fmt.Errorf("%w: result of operation %q: %w", kind, quoteName(a.op.Name), err)
	}
	a.answer, a.changed = answerValue, true
	return nil
}

// answerWithError decodes an ERROR outcome. One that carries the handle of a
// host error and says the same is that very error.
func (a *activation) answerWithError(src []byte) error {
	msg, err := abi.DecodeError(src)
	if err != nil {
		return fmt.Errorf("%w: outcome: %w", ErrABI, err)
	}
	if shown, ok := a.shown(msg.Handle); ok && shown.next >= 0 && shown.says(msg) {
		a.answer, a.answerIndex = answerNext, shown.next
		a.changed = a.changed || shown.next != a.nexts-1
		return nil
	}
	made, err := a.goError(msg)
	if err != nil {
		return err
	}
	a.answer, a.answerErr, a.changed = answerError, made, true
	return nil
}

// goError makes the Go error that a guest's message stands for.
func (a *activation) goError(msg *abi.Error) (error, error) {
	e := &Error{Extension: a.guest.Name(), ErrorCode: msg.Code, Message: msg.Message, Retryable: msg.Retryable}
	if len(msg.Data) > 0 && !bytes.Equal(msg.Data, []byte{msgpNil}) {
		data, err := codec.DecodeValue(msg.Data, &a.handles, a.guest.codecLimits(a.guest.limits.ResultBytes))
		if err != nil {
			return nil, fmt.Errorf("%w: error data: %w", ErrABI, err)
		}
		e.Data = data
	}
	if len(msg.Handle) > 0 {
		shown, ok := a.shown(msg.Handle)
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
		cause, err := a.goError(msg.Cause)
		if err != nil {
			return nil, err
		}
		e.Cause = cause
	}
	return e, nil
}

const msgpNil = 0xc0

func (a *activation) shown(handle []byte) (*shownError, bool) {
	if len(handle) != names.HandleSize {
		return nil, false
	}
	v, _ := a.errors.Lookup([names.HandleSize]byte(handle))
	shown, ok := v.(*shownError)
	return shown, ok
}
