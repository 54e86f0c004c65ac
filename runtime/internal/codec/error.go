package codec

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/aril-wasm/aril/abi"
)

// ErrStale means that a message names an opaque value by a handle that is
// unknown to the session: made up, or of an activation that is over.
var ErrStale = errors.New("stale handle")

// ErrDepth means that a value is nested more than 64 deep, or contains itself.
var ErrDepth = fmt.Errorf("%w: too deep, or contains itself", abi.ErrOverLimit)

// An Error says where in a value encoding or decoding stopped, and why.
type Error struct {
	// Path leads from the value to the part, as in "lines[2].quantity", in
	// ASCII and cut after 300 bytes; keys are quoted unless they are plain
	// words. Empty for the value itself.
	Path string
	// Type is the Go type of the part, without package paths. May be empty.
	Type string
	// Reason is what is wrong there. It may quote up to 32 bytes of a guest's
	// string, escaped.
	Reason error
}

// Error gives the path and the reason.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason.Error()
	}
	return e.Path + ": " + e.Reason.Error()
}

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Reason }

var (
	errSame    = errors.New("cannot decode a value onto itself")
	errBytes   = fmt.Errorf("%w: too many bytes", abi.ErrOverLimit)
	errMemory  = fmt.Errorf("%w: too much memory", abi.ErrOverLimit)
	errHandles = fmt.Errorf("%w: too many opaque values", abi.ErrOverLimit)
	errChanged = errors.New("map was changed while it was encoded")
)

// asError makes err an *Error with a path as callers see it. Paths are built
// from the inside out while an error travels up, so no path is kept while all
// is well.
func asError(err error) error {
	if err == nil {
		return nil
	}
	e, ok := err.(*Error)
	if !ok {
		return &Error{Reason: err}
	}
	e.Path = strings.TrimPrefix(e.Path, ".")
	return e
}

// at puts a step in front of err's path.
func at(step string, err error) error {
	e, ok := err.(*Error)
	if !ok {
		e = &Error{Reason: err}
	}
	if e.Path = step + e.Path; len(e.Path) > 300 {
		e.Path = e.Path[:297] + "..." // ASCII, so nothing is split
	}
	return e
}

func atIndex(i int, err error) error { return at("["+strconv.Itoa(i)+"]", err) }

// atKey takes keys from guests too, so it escapes and shortens them.
func atKey(key string, err error) error {
	if isWord(key) {
		return at("."+key, err)
	}
	return at("["+quote(key)+"]", err)
}

func isWord(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// quote escapes s and cuts it after 32 bytes.
func quote(s string) string {
	if len(s) > 32 {
		return strconv.QuoteToASCII(s[:32]) + "..."
	}
	return strconv.QuoteToASCII(s)
}

// A methodError is what a method of the host's types returned or panicked
// with. Its text is made at once, since Error methods may panic too, cut, and
// free of control characters, since methods like to quote what they read.
type methodError struct {
	text string
	err  error // nil after a panic with something else
}

// Error gives the method and the text.
func (e *methodError) Error() string { return e.text }

// Unwrap gives the method's own error.
func (e *methodError) Unwrap() error { return e.err }

// failed is the error of a method, nil if err is.
func failed(method string, err error) error {
	if err == nil {
		return nil
	}
	return &methodError{clean(fmt.Sprintf("%s: %v", method, err)), err}
}

// panicked is the error for a value that was recovered.
func panicked(r any) error {
	err, _ := r.(error)
	return &methodError{clean(fmt.Sprintf("panic: %v", r)), err}
}

// clean cuts text after 200 bytes and replaces what is no printable character.
func clean(text string) string {
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// typeName gives t's name without package paths, cut after 100 bytes.
func typeName(t reflect.Type) string {
	full := t.String()
	var b strings.Builder
	word := 0 // where the current word begins in full
	for i := 0; i <= len(full); i++ {
		if i < len(full) && full[i] == '/' {
			word = i + 1
			continue
		}
		if i == len(full) || strings.IndexByte("[]*,(){} ;<-", full[i]) >= 0 {
			b.WriteString(full[word:i])
			if i < len(full) {
				b.WriteByte(full[i])
			}
			word = i + 1
		}
	}
	name := b.String()
	if len(name) > 100 {
		return strings.ToValidUTF8(name[:100], "")
	}
	return name
}
