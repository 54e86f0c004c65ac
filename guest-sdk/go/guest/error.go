package guest

import (
	"unicode/utf8"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// An Error is an operation error: one that next ended with, or one that an
// extension makes. Returned as next gave it, it reaches the host as the very
// error value it was there, so that the host's errors.Is keeps working. An
// error of another type that wraps it, or an Error whose Cause it is, does
// too, as what is wrapped.
type Error struct {
	Code      string // stable, for programs, such as "out_of_stock"
	Message   string // for people
	Kind      string // whose error it is: "host", "extension", "broken" or "canceled"; set by the host
	Data      Value  // details, nil for none
	Cause     error  // what led to it, nil for none
	Retryable bool   // trying again may help

	handle []byte // names the host's error value within the activation
	origin origin
}

// An origin tells which next an Error came from, and what it looked like then.
type origin struct {
	a          *activation
	generation uint32
	index      uint32
	as         visible
}

// visible is what an extension may change in an Error. Data and Cause count as
// changed when they are replaced.
type visible struct {
	code, message, kind string
	retryable           bool
	cause               error
	data                *byte
}

func (e *Error) visible() visible {
	v := visible{code: e.Code, message: e.Message, kind: e.Kind, retryable: e.Retryable, cause: e.Cause}
	if len(e.Data.raw) > 0 {
		v.data = &e.Data.raw[0]
	}
	return v
}

// NewError makes an error of the extension's own.
func NewError(code, message string) *Error { return &Error{Code: code, Message: message} }

// Wrap sets the cause and gives e.
func (e *Error) Wrap(cause error) *Error {
	e.Cause = cause
	return e
}

// Error gives the message, or the code where there is none, and the cause's
// text unless the message ends in it.
func (e *Error) Error() string {
	text := e.Message
	if text == "" {
		text = e.Code
	}
	if e.Cause == nil {
		return text
	}
	cause := e.Cause.Error()
	if hasSuffix(text, cause) {
		return text
	}
	return text + ": " + cause
}

func hasSuffix(s, suffix string) bool {
	return len(s) >= len(suffix) && s[len(s)-len(suffix):] == suffix
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is tells whether target is an Error with nothing but the same code, or
// ErrCanceled for an error of the kind "canceled".
func (e *Error) Is(target error) bool {
	switch target := target.(type) {
	case Status:
		return target == ErrCanceled && e.Kind == names.ErrorCanceled
	case *Error:
		return target.Message == "" && target.Code != "" && target.Code == e.Code
	}
	return false
}

// Code gives the code of the first [Error] or [Status] in err's chain; "error"
// if there is none, and "" for nil.
func Code(err error) string {
	switch found := find(err).(type) {
	case *Error:
		return found.Code
	case Status:
		return found.Code()
	}
	if err == nil {
		return ""
	}
	return plainCode
}

// Retryable tells whether trying again may help: the host or an extension said
// so of err, or a back end did not answer.
func Retryable(err error) bool {
	switch found := find(err).(type) {
	case *Error:
		return found.Retryable
	case Status:
		return found == ErrUnavailable || found == ErrBusy
	}
	return false
}

// find gives the first *Error or Status in err's tree, nil if there is none.
// errors.As would do, at 30 KB an extension.
func find(err error) error {
	for err != nil {
		switch e := err.(type) {
		case *Error, Status:
			return e
		case interface{ Unwrap() error }:
			err = e.Unwrap()
			continue
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				if found := find(err); found != nil {
					return found
				}
			}
		}
		return nil
	}
	return nil
}

// plainCode is the code of an error that has none.
const plainCode = "error"

// asError gives err in the form that crosses the boundary. One that wraps an
// Error takes its place: same code, same host error underneath, and of the
// text what the wrapping added.
func asError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	e := &Error{Code: Code(err), Message: err.Error(), Retryable: Retryable(err)}
	if inner, ok := find(err).(*Error); ok {
		e.Data, e.Cause, e.handle = inner.Data, inner.Cause, inner.handle
		if below := ": " + inner.Error(); len(inner.handle) > 0 && hasSuffix(e.Message, below) {
			e.Message = e.Message[:len(e.Message)-len(below)]
		}
	}
	return e
}

// Bounds of an Error message, beyond which the host refuses it.
const (
	maxErrors  = 16 // with the outermost
	maxCode    = 256
	maxMessage = 64 << 10
)

// DecodeMsgpack reads an Error message, such as the data of an event of the
// type "error".
func (e *Error) DecodeMsgpack(r *msgpack.Reader) error {
	e.read(r, 1)
	return r.Err()
}

func (e *Error) read(r *msgpack.Reader, depth int) {
	for key := range r.Fields() {
		switch key {
		case names.KeyCode:
			e.Code = r.Str()
		case names.KeyMessage:
			e.Message = r.Str()
		case names.KeyKind:
			e.Kind = r.Str()
		case names.KeyData:
			e.Data = Value{raw: r.Raw()}
		case names.KeyCause:
			if depth < maxErrors && !r.Nil() {
				cause := new(Error)
				cause.read(r, depth+1)
				e.Cause = cause
			}
		case names.KeyRetryable:
			e.Retryable = r.Bool()
		case names.KeyHandle:
			e.handle = r.View()
		}
	}
	if e.Code == "" {
		e.Code = plainCode
	}
}

// decodeError reads b, which must not change afterwards.
func decodeError(b []byte) (*Error, error) {
	r := msgpack.NewReader(b)
	e := new(Error)
	e.read(r, 1)
	return e, r.End()
}

// legal gives s as UTF-8 of at most limit bytes.
func legal(s string, limit int) string {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	if len(s) <= limit {
		return s
	}
	for !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

// append appends e as an Error message, the depth-th of its chain.
func (e *Error) append(b []byte, depth int) ([]byte, error) {
	n := 2
	data, err := e.Data.bytes()
	if err != nil {
		return b, err
	}
	hasData := data[0] != nilBytes[0]
	hasCause := e.Cause != nil && depth < maxErrors
	for _, has := range [...]bool{e.Kind != "", hasData, hasCause, e.Retryable, len(e.handle) > 0} {
		if has {
			n++
		}
	}
	b = msgpack.AppendMap(b, n)
	b = appendText(b, names.KeyCode, legal(e.Code, maxCode))
	b = appendText(b, names.KeyMessage, legal(e.Message, maxMessage))
	if e.Kind != "" {
		b = appendText(b, names.KeyKind, e.Kind)
	}
	if hasData {
		b = append(appendKey(b, names.KeyData), data...)
	}
	if hasCause {
		if b, err = asError(e.Cause).append(appendKey(b, names.KeyCause), depth+1); err != nil {
			return b, err
		}
	}
	if e.Retryable {
		b = msgpack.AppendBool(appendKey(b, names.KeyRetryable), true)
	}
	if len(e.handle) > 0 {
		b = msgpack.AppendBin(appendKey(b, names.KeyHandle), e.handle)
	}
	return b, nil
}

//go:noinline
func appendKey(b []byte, key string) []byte { return msgpack.AppendStr(b, key) }

//go:noinline
func appendText(b []byte, key, text string) []byte { return appendKey(appendKey(b, key), text) }
