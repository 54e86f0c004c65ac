package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/query"
	"github.com/aril-wasm/aril/cmd/aril/internal/serve/store"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A refusal is an error that its receiver is told.
type refusal struct {
	prefix, code, message string
	status                int // 0 for the prefix's
	members               map[string][]string
}

func (r *refusal) Error() string { return r.message }

func refuse(prefix, code, format string, args ...any) *refusal {
	return &refusal{prefix: prefix, code: code, message: fmt.Sprintf(format, args...)}
}

// invalid is about one member of a body, or one parameter.
func invalid(member, format string, args ...any) *refusal {
	message := fmt.Sprintf(format, args...)
	return &refusal{prefix: "validation", code: "App:900002", message: "The request is not valid.", members: map[string][]string{member: {message}}}
}

func (r *refusal) with(status int) *refusal {
	r.status = status
	return r
}

var (
	errNoInstance = refuse("notfound", "Instance:100017", "There is no such instance.")
	errContended  = refuse("conflict", "Transition:100009", "Another transition changed the instance meanwhile.")
)

// fail answers with the problem that err is.
func (s *service) fail(w http.ResponseWriter, r *http.Request, c *call, err error) {
	p := problemOf(err, r, c.about)
	if p.Status >= 500 && r.Context().Err() == nil {
		s.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "trace", c.about.TraceID, "status", p.Status, "error", err)
	}
	switch p.Status {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	case http.StatusUnsupportedMediaType:
		w.Header().Set("Accept", "application/json")
	}
	p.Write(w)
}

func problemOf(err error, r *http.Request, about *enrich.Request) enrich.Problem {
	var (
		refused  *refusal
		ofFlow   *flow.Error
		ofQuery  *query.Error
		ofIssues *enrich.PublishError
	)
	switch {
	case errors.As(err, &refused):
		p := enrich.NewProblem(refused.prefix, refused.code, refused.message, about)
		for member, messages := range refused.members {
			p.Errors[member] = messages
		}
		if refused.status != 0 {
			p = p.WithStatus(refused.status)
		}
		return p
	case errors.As(err, &ofFlow):
		return ofFlow.Problem(about)
	case errors.As(err, &ofQuery):
		return queryProblem(ofQuery, about)
	case errors.As(err, &ofIssues):
		return enrich.ProblemOfPublish(ofIssues, about)
	case errors.Is(err, store.ErrNotFound):
		return problemOf(errNoInstance, r, about)
	case errors.Is(err, store.ErrChanged):
		return problemOf(errContended, r, about)
	case errors.Is(err, store.ErrTooLarge):
		return problemOf(errPageBytes, r, about)
	case errors.Is(err, store.ErrKeyTaken):
		return enrich.NewProblem("conflict", "Instance:100019", "Another instance has that key.", about)
	case errors.Is(err, store.ErrInvalid):
		p := enrich.NewProblem("validation", "App:900002", "The request is not valid.", about)
		p.Errors["general"] = []string{clean(err.Error())}
		return p
	case errors.Is(err, store.ErrBusy):
		return enrich.NewProblem("transient", "App:900001", "The database has too much to do.", about)
	case errors.Is(err, enrich.ErrClosed):
		return enrich.NewProblem("transient", "App:900000", "The service is shutting down.", about)
	case errors.Is(err, context.DeadlineExceeded), r.Context().Err() != nil:
		return enrich.NewProblem("transient", "App:900000", "The response was not ready in the time that it may take.", about)
	}
	return enrich.NewProblem("failure", "App:900000", "The service failed to answer.", about)
}

func queryFault(format string, args ...any) error {
	return &query.Error{Code: query.InvalidPage, Message: fmt.Sprintf(format, args...)}
}

// queryProblem names the parameter that is wrong. The code of the documents'
// own shape begins the message.
func queryProblem(e *query.Error, about *enrich.Request) enrich.Problem {
	p := enrich.NewProblem("validation", "App:900002", e.Message, about)
	member := map[string]string{"invalid_sort": "sort", "invalid_page": "page"}[e.Code]
	if member == "" {
		member = "filter"
	}
	message := e.Code + ": " + e.Message
	if len(e.Supported) > 0 {
		message += " Supported: " + strings.Join(e.Supported, ", ") + "."
	}
	p.Errors[member] = []string{message}
	return p
}

// clean makes what a client sent fit to be repeated: short, and one line.
func clean(s string) string {
	const most = 100
	cut := ""
	if len(s) > most {
		s, cut = s[:most], "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?")) + cut
}

// quote is clean, of one segment of an escaped path.
func quote(segment string) string {
	if plain, err := url.PathUnescape(segment); err == nil {
		segment = plain
	}
	return fmt.Sprintf("%q", clean(segment))
}
