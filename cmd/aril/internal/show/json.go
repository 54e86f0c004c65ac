package show

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aril-wasm/aril/cmd/aril/internal/load"
	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/conformance"
)

func (p *Printer) json(n int, s *conformance.Step, o *conformance.Outcome, reports []*aril.Report, lines []load.Line, different []conformance.Difference) {
	r := record{Step: n, What: s.Name(), Took: micro(o.Took)}
	var broke *aril.CallError
	switch {
	case errors.As(o.Err, &broke):
		r.Broke = broke.Error()
		for _, f := range broke.Trace {
			r.Trace = append(r.Trace, f.Function+place(f))
		}
	case o.Err != nil:
		r.Error = wrongOf(o.Err)
	case !strings.HasPrefix(s.Name(), "event ") || o.Answered:
		r.Value = dialect(o.Value)
	}
	if o.Inputs != nil {
		r.Next = dialect(o.Inputs)
	}
	for _, l := range lines {
		made := line{Level: strings.ToLower(l.Level.String()), Message: l.Message}
		for _, a := range l.Attrs {
			if made.Attrs == nil {
				made.Attrs = map[string]json.RawMessage{}
			}
			made.Attrs[a.Key] = dialect(a.Value.Resolve().Any())
		}
		r.Log = append(r.Log, made)
	}
	if len(reports) > 0 {
		last := reports[len(reports)-1]
		r.Usage = &usage{last.Fuel, micro(last.SelfTime), micro(last.WaitTime), last.Memory, last.Moved, last.HostCalls, last.NextCalls, last.LogBytes}
	}
	for _, d := range different {
		r.Different = append(r.Different, d.String())
	}
	e := json.NewEncoder(p.Screen)
	e.SetEscapeHTML(false)
	_ = e.Encode(r) // a closed pipe ends the tool anyway
}

func micro(d time.Duration) float64 { return float64(d) / 1e3 }

// dialect writes a value in the cases' form of JSON.
func dialect(v any) json.RawMessage {
	text := conformance.FormatValue(v)
	if !json.Valid([]byte(text)) {
		quoted, err := json.Marshal(text)
		if err != nil {
			return nil
		}
		return quoted
	}
	return json.RawMessage(text)
}

// wrongOf takes an operation's error apart.
func wrongOf(err error) *wrong {
	w := &wrong{Code: "error", Message: err.Error()}
	if c, ok := err.(interface{ Code() string }); ok {
		w.Code = c.Code()
	}
	if r, ok := err.(interface{ Retryable() bool }); ok {
		w.Retryable = r.Retryable()
	}
	if e, ok := err.(*aril.Error); ok {
		w.Message, w.Retryable = e.Message, e.Retryable
		if e.Data != nil {
			w.Data = dialect(e.Data)
		}
		if e.Cause != nil {
			w.Cause = wrongOf(e.Cause)
		}
	}
	return w
}

// errorText says on one line what an error is.
func errorText(err error) string {
	w := wrongOf(err)
	text := fmt.Sprintf("%s: %s", w.Code, w.Message)
	if w.Retryable {
		text += "  (retryable)"
	}
	if w.Data != nil {
		text += "  data " + string(w.Data)
	}
	if w.Cause != nil {
		text += "  caused by " + w.Cause.Code + ": " + w.Cause.Message
	}
	return text
}
