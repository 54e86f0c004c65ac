package enrich

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// CodeExecutionFailed is the code of a read that an extension failed.
const CodeExecutionFailed = "Extension:600001"

// An Error is a read that an extension failed, where its policy is to fail.
type Error struct {
	Code    string // CodeExecutionFailed
	Target  string // the extension's key
	Message string // "Extension 'KEY' execution failed: …"
	Err     error
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// Unwrap gives what happened.
func (e *Error) Unwrap() error { return e.Err }

// A Problem is the body of an error response, as RFC 9457 and the system
// described have it.
type Problem struct {
	Type      string              `json:"type"`
	Title     string              `json:"title"`
	Status    int                 `json:"status"`
	Detail    string              `json:"detail"`
	Instance  string              `json:"instance,omitempty"`
	Errors    map[string][]string `json:"errors"`
	ErrorCode string              `json:"errorCode"`
	Prefix    string              `json:"prefix"`
	Code      string              `json:"code"`
	TraceID   string              `json:"traceId,omitempty"`
	Target    string              `json:"target,omitempty"`
}

const problemBase = "https://errors.vnext.io"

// NewProblem makes the details of a problem with a code such as
// "Instance:100017". The prefix decides the status: validation and notsupported
// 400, unauthorized 401, forbidden 403, notfound 404, conflict 409, dependency
// 502, transient 503, everything else 500. Of r only Path and TraceID count.
func NewProblem(prefix, code, detail string, r *Request) Problem {
	status, ok := map[string]int{
		"validation": 400, "notsupported": 400, "unauthorized": 401, "forbidden": 403, "notfound": 404,
		"conflict": 409, "dependency": 502, "transient": 503,
	}[prefix]
	if !ok {
		status = 500
	}
	p := Problem{
		Type:  problemBase + "/" + itoa(status) + "/" + prefix + "/" + strings.NewReplacer(":", "/", ".", "/").Replace(code),
		Title: http.StatusText(status), Status: status, Detail: detail, Instance: r.Path, Errors: map[string][]string{},
		ErrorCode: prefix + "." + code, Prefix: prefix, Code: code, TraceID: r.TraceID,
	}
	return p
}

// WithStatus is the problem with another status than its prefix has.
func (p Problem) WithStatus(status int) Problem {
	p.Type = strings.Replace(p.Type, "/"+itoa(p.Status)+"/", "/"+itoa(status)+"/", 1)
	p.Status, p.Title = status, http.StatusText(status)
	return p
}

// ProblemOf turns an error of Enrich into the body and the status that the
// system described answers with. What is no [Error] says nothing of itself.
func ProblemOf(err error, r *Request) Problem {
	var failed *Error
	if errors.As(err, &failed) {
		p := NewProblem("validation", failed.Code, failed.Message, r)
		p.Target = failed.Target
		return p
	}
	return NewProblem("failure", "App:900000", "The response could not be enriched.", r)
}

// ProblemOfPublish lists issues by member.
func ProblemOfPublish(err *PublishError, r *Request) Problem {
	p := NewProblem("validation", "App:900002", "The definitions are not valid.", r)
	for _, i := range err.Issues {
		name := orElse(i.Member, "general")
		p.Errors[name] = append(p.Errors[name], i.String())
	}
	return p
}

// Write answers with the problem.
func (p Problem) Write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client may have gone
}
