package httpguard

import "github.com/aril-wasm/aril/abi/names"

// An Error says why there is no response. All of its text is for guests: it
// says nothing of addresses, paths or the host's software, so it has no cause.
type Error struct {
	code      string
	message   string
	retryable bool
	detail    error // for the host's log alone
}

// Error gives the text.
func (e *Error) Error() string { return e.message }

// Code is one of those that abi/ABI.md#aril_http_v1fetch lists.
func (e *Error) Code() string { return e.code }

// PublicMessage is the same as Error.
func (e *Error) PublicMessage() string { return e.message }

// Retryable tells whether the same request may succeed later.
func (e *Error) Retryable() bool { return e.retryable }

// Detail is what really happened, for the host's log; nil for nothing more.
func (e *Error) Detail() error { return e.detail }

// NewError makes an error that trying again does not mend.
func NewError(code, message string) *Error { return &Error{code: code, message: message} }

func invalid(message string) *Error { return NewError(names.CodeInvalidRequest, message) }

func transient(code, message string, detail error) *Error {
	return &Error{code: code, message: message, retryable: true, detail: detail}
}
