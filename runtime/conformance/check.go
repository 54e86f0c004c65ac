package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aril-wasm/aril/abi"
	aril "github.com/aril-wasm/aril/runtime"
)

// A Difference is one thing that is not as expected.
type Difference struct {
	Where string `json:"where"`          // "step 2", "step 1, next 2", "log", "state", "load"
	What  string `json:"what"`           // "the value", "the error's code", "line 3"
	Path  string `json:"path,omitempty"` // of the first difference within it: ".lines[0].count"
	Want  string `json:"want"`           // as JSON of the cases' form, or in words
	Got   string `json:"got"`
}

// String is a sentence: "step 2: the value at .n: expected 2, got 1".
func (d Difference) String() string {
	at := ""
	if d.Path != "" {
		at = " at " + d.Path
	}
	return fmt.Sprintf("%s: %s%s: expected %s, got %s", d.Where, d.What, at, d.Want, d.Got)
}

// Check compares what came out of the step with what it expects.
func (s *Step) Check(o *Outcome) []Difference { return s.check(o, map[string]bool{}) }

// check is Check; seen are the elements that came out of earlier steps.
func (s *Step) check(o *Outcome, seen map[string]bool) []Difference {
	c := checker{step: s, outcome: o, seen: seen}
	differences := slices.Clone(o.inner)
	if d := c.outcomeAs(&s.expect); d != nil {
		differences = append(differences, *d)
	}
	if s.expect.inputs != nil {
		inputs := o.Inputs
		if inputs == nil {
			inputs = []any{}
		}
		if m := s.dialect.compare(s.expect.inputs, inputs); m != nil {
			differences = append(differences, Difference{s.where, "the inputs that reached the operation", m.path, m.want, m.got})
			if s.expect.kind == expectNothing {
				differences[len(differences)-1].Got += "; the outcome was " + c.got()
			}
		}
	}
	return differences
}

type checker struct {
	step    *Step
	outcome *Outcome
	seen    map[string]bool
}

func (c *checker) differs(what, want, got string) *Difference {
	return &Difference{Where: c.step.where, What: what, Want: want, Got: got}
}

// got says in words what came out.
func (c *checker) got() string {
	o := c.outcome
	var broken *aril.CallError
	switch {
	case errors.Is(o.Err, aril.ErrNoMethod):
		return "no such method"
	case errors.As(o.Err, &broken):
		return "a breakage: " + o.Err.Error() + traced(broken)
	case o.Err != nil:
		return "an error: " + c.errorText(o.Err)
	case c.step.event != nil && !o.Answered:
		return "no answer"
	}
	return "the value " + c.step.dialect.short(o.Value)
}

// traced says where it broke, and what it said last.
func traced(broken *aril.CallError) string {
	var b strings.Builder
	for i, f := range broken.Trace[:min(len(broken.Trace), 8)] {
		b.WriteString([]string{" (in ", " < "}[min(i, 1)] + f.Function)
	}
	if len(broken.Trace) > 0 {
		b.WriteString(")")
	}
	if n := len(broken.Log); n > 0 {
		b.WriteString(", having logged " + quote(broken.Log[n-1]))
	}
	return b.String()
}

func (c *checker) errorText(err error) string {
	e, err := readError(err)
	if err != nil {
		return err.Error()
	}
	return c.step.dialect.short(e.object())
}

// outcomeAs compares with one expectation.
func (c *checker) outcomeAs(e *expectation) *Difference {
	o := c.outcome
	switch e.kind {
	case expectNothing:
		var broken *aril.CallError
		if errors.As(o.Err, &broken) {
			return c.differs("the outcome", "no breakage", c.got())
		}
	case expectValue, expectDistinct:
		if o.Err != nil || c.step.event != nil && !o.Answered {
			return c.differs("the outcome", "the value "+c.wantedValue(e), c.got())
		}
		if e.kind == expectDistinct {
			return c.distinct(e.distinct)
		}
		if m := c.step.dialect.compare(e.value, o.Value); m != nil {
			return &Difference{c.step.where, "the value", m.path, m.want, m.got}
		}
	case expectError:
		return c.operationError(e.err)
	case expectBreak:
		return c.breakage(e)
	case expectSame:
		return c.same()
	case expectNoMethod:
		if !errors.Is(o.Err, aril.ErrNoMethod) {
			return c.differs("the outcome", "no such method", c.got())
		}
	case expectUnanswered:
		if o.Err != nil || o.Answered {
			return c.differs("the outcome", "no answer", c.got())
		}
	case expectAnyOf:
		return c.anyOf(e.anyOf)
	}
	return nil
}

func (c *checker) wantedValue(e *expectation) string {
	if e.kind == expectDistinct {
		return fmt.Sprintf("of a list of %d", e.distinct)
	}
	return c.step.dialect.short(e.value)
}

func (c *checker) anyOf(list []expectation) *Difference {
	var wants []string
	for i := range list {
		d := c.outcomeAs(&list[i])
		if d == nil {
			return nil
		}
		wants = append(wants, d.Want)
	}
	return c.differs("the outcome", "one of: "+strings.Join(wants, "; "), c.got())
}

func (c *checker) distinct(n int) *Difference {
	list, ok := plain(c.outcome.Value).([]any)
	if !ok || len(list) != n {
		return c.differs("the value", fmt.Sprintf("a list of %d", n), c.step.dialect.short(c.outcome.Value))
	}
	for _, e := range list {
		text := c.step.dialect.format(e)
		if c.seen[text] {
			return c.differs("the value", "elements that differ, also from those of earlier steps", text+" again")
		}
		if c.seen != nil {
			c.seen[text] = true
		}
	}
	return nil
}

// same looks whether what came out is what the last next ended with.
func (c *checker) same() *Difference {
	o := c.outcome
	switch {
	case len(o.Inputs) == 0:
		return c.differs("the outcome", "what next ended with", "an operation that was not run")
	case o.failed != nil:
		if o.Err != o.failed {
			return c.differs("the outcome", "the very error of the last next, "+c.errorText(o.failed), c.got())
		}
	case o.Err != nil || o.Value != o.last:
		return c.differs("the outcome", "the very value of the last next, "+c.step.dialect.short(o.last), "another one: "+c.got())
	}
	return nil
}

func (c *checker) breakage(e *expectation) *Difference {
	want := "a breakage with " + strings.Join(e.breaks, " or ")
	var broken *aril.CallError
	if !errors.As(c.outcome.Err, &broken) || !slices.ContainsFunc(e.breaks, func(name string) bool { return errors.Is(broken, sentinels[name]) }) {
		return c.differs("the outcome", want, c.got())
	}
	if !strings.Contains(broken.Error(), e.message) {
		return c.differs("the breakage", "one that says "+quote(e.message), c.got())
	}
	if e.traced && !slices.ContainsFunc(broken.Trace, func(f aril.Frame) bool { return !strings.HasPrefix(f.Function, "$") }) {
		return c.differs("the breakage's trace", "functions by their names", c.got())
	}
	return nil
}

func (c *checker) operationError(w *wantedError) *Difference {
	want := "an error " + c.step.dialect.short(w.object())
	err := c.outcome.Err
	if _, broken := err.(*aril.CallError); broken || err == nil || errors.Is(err, aril.ErrNoMethod) {
		return c.differs("the outcome", want, c.got())
	}
	e, unread := readError(err)
	if unread != nil {
		return c.differs("the error", want, unread.Error())
	}
	if m := w.compare(c.step.dialect, e); m != nil {
		return &Difference{c.step.where, "the error", m.path, m.want, m.got + ", of " + c.errorText(err)}
	}
	if w.wraps && (c.outcome.failed == nil || !errors.Is(err, c.outcome.failed)) {
		return c.differs("the error's chain", "the very error of the last next in it", "another one")
	}
	return nil
}

// A readableError is an operation error as an extension would read it.
type readableError struct {
	code, message string
	data          any
	retryable     bool
	cause         *readableError
}

func readError(err error) (*readableError, error) {
	values := &aril.Values{}
	told, bad := abi.DecodeError(values.AppendError(nil, err))
	if bad != nil {
		return nil, bad
	}
	return readable(values, told)
}

func readable(values *aril.Values, told *abi.Error) (e *readableError, err error) {
	e = &readableError{code: told.Code, message: told.Message, retryable: told.Retryable}
	if len(told.Data) > 0 {
		if e.data, err = values.Decode(told.Data, nil, nil); err != nil {
			return nil, err
		}
	}
	if told.Cause != nil {
		e.cause, err = readable(values, told.Cause)
	}
	return e, err
}

func (e *readableError) object() any {
	m := map[string]any{"code": e.code, "message": e.message}
	if e.data != nil {
		m["data"] = e.data
	}
	if e.retryable {
		m["retryable"] = true
	}
	if e.cause != nil {
		m["cause"] = e.cause.object()
	}
	return m
}

func (w *wantedError) object() any {
	m := map[string]any{}
	for key, member := range map[string]*any{"code": w.code, "message": w.message, "data": w.data} {
		if member != nil {
			m[key] = *member
		}
	}
	if w.retryable != nil {
		m["retryable"] = *w.retryable
	}
	if w.cause != nil {
		m["cause"] = w.cause.object()
	}
	return m
}

func (w *wantedError) compare(d *dialect, e *readableError) *mismatch {
	for _, member := range []struct {
		name string
		want *any
		got  any
	}{{"code", w.code, e.code}, {"message", w.message, e.message}, {"data", w.data, e.data}} {
		if member.want != nil {
			if m := d.compareAt("."+member.name, *member.want, member.got); m != nil {
				return m
			}
		}
	}
	if w.retryable != nil && *w.retryable != e.retryable {
		return &mismatch{".retryable", fmt.Sprint(*w.retryable), fmt.Sprint(e.retryable)}
	}
	if w.cause == nil {
		return nil
	}
	if e.cause == nil {
		return &mismatch{".cause", d.short(w.cause.object()), "no cause"}
	}
	m := w.cause.compare(d, e.cause)
	if m != nil {
		m.path = ".cause" + m.path
	}
	return m
}
