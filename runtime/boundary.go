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

// appendError encodes the error of the last next for the guest. The handle in
// it stands for the Go value.
func (a *activation) appendError(dst []byte, err error) ([]byte, error) {
	msg := a.describeError(err, 0)
	if h, ok := a.handles.Hold(err); ok {
		msg.Handle = h[:]
	}
	return abi.AppendError(dst, msg), nil
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
	if broken != nil {
		return "extension broke: " + rootSentinel(broken).Error()
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
	for _, known := range knownCodes {
		if errors.Is(err, known.err) {
			return known.code
		}
	}
	return "error"
}

// knownCodes gives codes to errors that have no Code method.
var knownCodes = []struct {
	err  error
	code string
}{
	{context.Canceled, "canceled"}, {context.DeadlineExceeded, "deadline_exceeded"},
	{ErrFuel, "fuel"}, {ErrDeadline, "deadline"}, {ErrMemory, "memory"}, {ErrStack, "stack"},
	{ErrTrap, "trap"}, {ErrABI, "abi"}, {ErrDenied, "denied"}, {ErrPanic, "panic"}, {ErrType, "type"},
	{ErrNesting, "nesting"}, {ErrBreaker, "breaker"}, {ErrBusy, "busy"}, {ErrClosed, "closed"},
}

func rootSentinel(e *CallError) error {
	for _, known := range knownCodes {
		if errors.Is(e.Err, known.err) {
			return known.err
		}
	}
	return ErrTrap
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
	made, err := a.goError(msg)
	if err != nil {
		return err
	}
	if a.frame != nil && a.nexts > 0 && sameError(made, a.frame.lastErr()) {
		a.answer, a.answerIndex = answerNext, a.nexts-1
		return nil
	}
	a.answer, a.answerErr, a.changed = answerError, made, true
	return nil
}

// sameError compares by identity; errors need not be comparable.
func sameError(x, y error) (same bool) {
	defer func() { _ = recover() }() // an error type that cannot be compared is not the same
	return x == y
}

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
		host, ok := a.heldError(msg.Handle)
		if !ok {
			return nil, fmt.Errorf("%w: an error's handle: %w", ErrABI, codec.ErrStale)
		}
		if a.says(host, msg) {
			return host, nil
		}
		e.Cause = host
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

func (a *activation) heldError(handle []byte) (error, bool) {
	if len(handle) != names.HandleSize {
		return nil, false
	}
	v, ok := a.handles.Lookup([names.HandleSize]byte(handle))
	err, isErr := v.(error)
	return err, ok && isErr
}

// says reports whether a guest's error has the code and message that it read
// of the host's. The message that was read stands in slot ERROR, since a
// hidden one has a new correlation id each time.
func (a *activation) says(host error, msg *abi.Error) bool {
	s := a.slots[names.SlotError]
	if !s.ready || a.nexts == 0 || !sameError(host, a.frame.lastErr()) {
		return msg.Code == errorCode(host)
	}
	read, err := abi.DecodeError(s.bytes)
	return err == nil && read.Code == msg.Code && read.Message == msg.Message && bytes.Equal(read.Data, msg.Data)
}
