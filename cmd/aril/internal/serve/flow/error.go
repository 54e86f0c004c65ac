package flow

import (
	"fmt"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// An Error is an answer to whoever asked: prefix and code as in
// [enrich.NewProblem].
type Error struct {
	Prefix  string // such as "validation"
	Code    string // such as "Transition:100006"
	Message string

	// Members are the messages by member, such as "applicant.income" or
	// "items[2]"; "general" is for the whole. Nil where there are none.
	Members map[string][]string
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// Problem is the body to answer with.
func (e *Error) Problem(r *enrich.Request) enrich.Problem {
	p := enrich.NewProblem(e.Prefix, e.Code, e.Message, r)
	if e.Members != nil {
		p.Errors = e.Members
	}
	return p
}

// The codes that this package answers with.
const (
	CodeNoInitialState   = "Instance:100003"   // the workflow has no states
	CodeVersionGone      = "Instance:100002"   // no version is loaded that can go on with an instance
	CodeNoWorkflow       = "Instance:100015"   // no such workflow
	CodeCompleted        = "Instance:100018"   // the instance is in a final state
	CodeNoTransition     = "Transition:100004" // the workflow has no such transition
	CodeInvalidState     = "Transition:100005" // the workflow has no such state any more
	CodeInvalidData      = "Transition:100006" // the data are not what a schema says
	CodeRoleDenied       = "Transition:100010" // none of the caller's roles may
	CodeNotInState       = "Transition:100020" // it is for another state
	CodeSharedNotInState = "Transition:100021" // it is a shared one, and not for this state
	CodeNotByHand        = "App:900004"        // it is automatic, or for a timer or an event
	CodeValidation       = "App:900002"        // the data cannot be read
)

func problem(prefix, code, format string, args ...any) *Error {
	return &Error{Prefix: prefix, Code: code, Message: fmt.Sprintf(format, args...)}
}
