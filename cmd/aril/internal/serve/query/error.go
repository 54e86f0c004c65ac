package query

import "fmt"

// The codes of an Error.
const (
	InvalidFilter       = "invalid_filter"
	UnsupportedOperator = "unsupported_operator"
	InvalidColumn       = "invalid_column"
	InvalidSort         = "invalid_sort"
	InvalidPage         = "invalid_page"
)

// An Error says what is wrong with a request.
type Error struct {
	Code      string
	Message   string   // for the client
	Supported []string // operators or columns that would do; nil for other codes
}

func (e *Error) Error() string { return e.Message }

func invalid(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// clip shortens what a message repeats of a request.
func clip(s string) string {
	const most = 60
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
