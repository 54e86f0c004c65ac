package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	aril "github.com/aril-wasm/aril/runtime"
)

// ParseSteps reads steps without a case around them: one, a list of them, or
// any number of values one after another, as in a .jsonl file. name is what
// errors call the text.
func ParseSteps(name string, text []byte) ([]*Step, error) {
	var texts []json.RawMessage
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var one json.RawMessage
		var list []json.RawMessage
		err := d.Decode(&one)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if json.Unmarshal(one, &list) != nil {
			list = []json.RawMessage{one}
		}
		texts = append(texts, list...)
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s: no steps", name)
	}
	errs, d := &problems{}, &dialect{}
	steps := make([]*Step, len(texts))
	for i, text := range texts {
		where := fmt.Sprintf("step %d", i+1)
		var raw rawStep
		err := keysAreUnique(text)
		if err == nil {
			err = strict(text, &raw)
		}
		errs.in(where).add(err)
		steps[i] = raw.parse(where, d, errs.in(where))
	}
	if err := errs.err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return steps, nil
}

type rawStep struct {
	Operation     *rawOperation   `json:"operation"`
	Input         json.RawMessage `json:"input"`
	Params        json.RawMessage `json:"params"`
	Next          []rawEntry      `json:"next"`
	Call          *string         `json:"call"`
	Args          json.RawMessage `json:"args"`
	Event         *rawEvent       `json:"event"`
	Data          json.RawMessage `json:"data"`
	Repeat        int             `json:"repeat"`
	AtOnce        int             `json:"at_once"`
	CancelAfterMS int64           `json:"cancel_after_ms"`
	Expect        *rawExpectation `json:"expect"`
}

type rawOperation struct {
	Kind    string          `json:"kind"`
	Name    string          `json:"name"`
	Key     string          `json:"key"`
	MaxNext int             `json:"max_next"`
	Meta    json.RawMessage `json:"meta"`
}

type rawEvent struct {
	Event string `json:"event"`
	Name  string `json:"name"`
	Scope uint64 `json:"scope"`
}

// A rawEntry is a value, an error, or a step: then it has the step's members.
type rawEntry struct {
	rawStep
	Value   json.RawMessage `json:"value"`
	Error   *rawError       `json:"error"`
	DelayMS int64           `json:"delay_ms"`
	Cancel  bool            `json:"cancel"`
}

type rawError struct {
	Code      string          `json:"code"`
	Message   json.RawMessage `json:"message"`
	Data      json.RawMessage `json:"data"`
	Cause     *rawError       `json:"cause"`
	Retryable bool            `json:"retryable"`
	Private   bool            `json:"private"`
}

// The kind and name of an operation that says none.
const defaultOperation = "conformance"

// most bounds how often a step is run.
const most = 10_000

func (raw *rawStep) parse(where string, d *dialect, errs *problems) *Step {
	s := &Step{where: where, repeat: max(raw.Repeat, 1), atOnce: max(raw.AtOnce, 1), dialect: d, cancelAfter: milliseconds(raw.CancelAfterMS)}
	if raw.Repeat < 0 || raw.AtOnce < 0 || raw.CancelAfterMS < 0 || raw.Repeat > most || raw.AtOnce > most {
		errs.add(fmt.Errorf("repeat, at_once or cancel_after_ms is below 0, or above %d", most))
	}
	called, happened := raw.Call != nil, raw.Event != nil
	operated := raw.Operation != nil || raw.Input != nil || raw.Params != nil || raw.Next != nil
	switch {
	case called && (happened || operated || raw.Data != nil):
		errs.add(errors.New("a call has args and nothing else"))
	case happened && (operated || raw.Args != nil):
		errs.add(errors.New("an event has data and nothing else"))
	case !called && !happened && (raw.Args != nil || raw.Data != nil):
		errs.add(errors.New("an operation has input, not args or data"))
	}
	switch {
	case called:
		s.method, s.input = raw.Call, errs.in("args").value(d, raw.Args, 0)
	case happened:
		s.event = &aril.Event{Type: raw.Event.Event, Name: raw.Event.Name, Scope: raw.Event.Scope}
		s.input = errs.in("data").value(d, raw.Data, 0)
	default:
		raw.parseOperation(s, errs)
	}
	if raw.Expect != nil {
		s.expect = raw.Expect.parse(d, errs.in("expect"))
		if s.expect.inputs != nil && s.operation == nil {
			errs.add(errors.New("next is expected of an operation only"))
		}
		if s.expect.kind == expectNoMethod && !called || s.expect.kind == expectUnanswered && !happened {
			errs.add(errors.New("no_method is of a call, answered of an event"))
		}
	}
	return s
}

func (raw *rawStep) parseOperation(s *Step, errs *problems) {
	op := raw.Operation
	if op == nil {
		op = &rawOperation{}
	}
	s.operation = &aril.Operation{
		Kind: orDefault(op.Kind), Name: orDefault(op.Name), Key: op.Key, MaxNext: op.MaxNext,
		Params: errs.in("params").value(s.dialect, raw.Params, 0),
	}
	if op.MaxNext < 0 {
		errs.add(errors.New("max_next is below 0"))
	}
	if op.Meta != nil {
		meta, err := as[map[string]any](errs.in("meta").value(s.dialect, op.Meta, 0))
		errs.in("meta").add(err)
		s.operation.Meta = meta
	}
	s.input = errs.in("input").value(s.dialect, raw.Input, 0)
	for i := range raw.Next {
		where := fmt.Sprintf("next %d", i+1)
		s.next = append(s.next, raw.Next[i].parse(s.where+", "+where, s.dialect, errs.in(where)))
	}
}

func orDefault(s string) string {
	if s == "" {
		return defaultOperation
	}
	return s
}

func (raw *rawEntry) parse(where string, d *dialect, errs *problems) entry {
	e := entry{delay: milliseconds(raw.DelayMS), cancel: raw.Cancel}
	if raw.DelayMS < 0 {
		errs.add(errors.New("delay_ms is below 0"))
	}
	kinds := 0
	if raw.Value != nil {
		kinds++
		e.value = errs.in("value").value(d, raw.Value, 0)
	}
	if raw.Error != nil {
		kinds++
		e.failure = raw.Error.parse(d, errs.in("error"))
	}
	if raw.Operation != nil {
		kinds++
		e.operation = raw.rawStep.parse(where, d, errs)
	} else if raw.Input != nil || raw.Params != nil || raw.Next != nil || raw.Call != nil || raw.Event != nil || raw.Expect != nil {
		errs.add(errors.New("it has members of an operation, and no operation"))
	}
	if kinds != 1 {
		errs.add(errors.New("it has to have one of value, error and operation"))
	}
	return e
}

func (raw *rawError) parse(d *dialect, errs *problems) error {
	var cause error
	if raw.Cause != nil {
		cause = raw.Cause.parse(d, errs.in("cause"))
	}
	data := errs.in("data").value(d, raw.Data, 0)
	message, _ := errs.in("message").value(d, raw.Message, 0).(string)
	if !raw.Private {
		return &aril.Error{Extension: "inner", ErrorCode: raw.Code, Message: message, Data: data, Retryable: raw.Retryable, Cause: cause}
	}
	if data != nil {
		errs.add(errors.New("a private error has no data"))
	}
	return &privateError{code: raw.Code, message: message, retryable: raw.Retryable, cause: cause}
}

// A privateError is an error as a host program makes them.
type privateError struct {
	code, message string
	retryable     bool
	cause         error
}

func (e *privateError) Error() string   { return e.message }
func (e *privateError) Code() string    { return e.code }
func (e *privateError) Retryable() bool { return e.retryable }
func (e *privateError) Unwrap() error   { return e.cause }

type rawExpectation struct {
	Value    json.RawMessage  `json:"value"`
	Distinct int              `json:"distinct"`
	Error    *rawWantedError  `json:"error"`
	Breaks   json.RawMessage  `json:"breaks"`
	Message  string           `json:"message"`
	Traced   bool             `json:"traced"`
	Same     bool             `json:"same"`
	NoMethod bool             `json:"no_method"`
	Answered *bool            `json:"answered"`
	AnyOf    []rawExpectation `json:"any_of"`
	Next     json.RawMessage  `json:"next"`
}

func (raw *rawExpectation) parse(d *dialect, errs *problems) expectation {
	e := expectation{message: raw.Message, traced: raw.Traced}
	kinds := 0
	is := func(there bool, kind expected) bool {
		if there {
			e.kind = kind
			kinds++
		}
		return there
	}
	if is(raw.Value != nil, expectValue) {
		e.value = errs.in("value").value(d, raw.Value, withPatterns)
	}
	if is(raw.Distinct != 0, expectDistinct) {
		e.distinct = raw.Distinct
	}
	if is(raw.Error != nil, expectError) {
		e.err = raw.Error.parse(d, errs.in("error"))
	}
	if is(raw.Breaks != nil, expectBreak) {
		e.breaks = parseBreaks(raw.Breaks, errs.in("breaks"))
	} else if raw.Message != "" || raw.Traced {
		errs.add(errors.New("message and traced stand beside breaks"))
	}
	if is(raw.Answered != nil, expectUnanswered) && *raw.Answered {
		errs.add(errors.New("answered is false; an answer is expected as a value"))
	}
	is(raw.Same, expectSame)
	is(raw.NoMethod, expectNoMethod)
	if is(raw.AnyOf != nil, expectAnyOf) {
		for i := range raw.AnyOf {
			one := raw.AnyOf[i].parse(d, errs.in(fmt.Sprintf("any_of %d", i+1)))
			if one.inputs != nil || one.kind == expectNothing {
				errs.add(errors.New("any_of is a list of expectations, and next stands beside it"))
			}
			e.anyOf = append(e.anyOf, one)
		}
	}
	if kinds > 1 || kinds == 0 && raw.Next == nil {
		errs.add(errors.New("it has to have one of value, distinct, error, breaks, same, no_method, answered and any_of"))
	}
	if raw.Next != nil {
		list, err := as[[]any](errs.in("next").value(d, raw.Next, withPatterns))
		errs.in("next").add(err)
		e.inputs = list
	}
	return e
}

func parseBreaks(text json.RawMessage, errs *problems) []string {
	var list []string
	if one := ""; json.Unmarshal(text, &one) == nil {
		list = []string{one}
	} else if err := json.Unmarshal(text, &list); err != nil || len(list) == 0 {
		errs.add(errors.New("it is a text or a list of texts"))
	}
	for _, name := range list {
		if _, ok := sentinels[name]; !ok {
			errs.add(fmt.Errorf("%q is none of %s", name, listed(sentinels)))
		}
	}
	return list
}

// sentinels are the ways to break.
var sentinels = map[string]error{
	"ErrFuel": aril.ErrFuel, "ErrDeadline": aril.ErrDeadline, "ErrMemory": aril.ErrMemory, "ErrStack": aril.ErrStack,
	"ErrTrap": aril.ErrTrap, "ErrABI": aril.ErrABI, "ErrPanic": aril.ErrPanic, "ErrDenied": aril.ErrDenied, "ErrType": aril.ErrType,
	"ErrNesting": aril.ErrNesting, "ErrBusy": aril.ErrBusy,
}

type rawWantedError struct {
	Code      json.RawMessage `json:"code"`
	Message   json.RawMessage `json:"message"`
	Data      json.RawMessage `json:"data"`
	Cause     *rawWantedError `json:"cause"`
	Retryable *bool           `json:"retryable"`
	Wraps     bool            `json:"wraps"`
}

func (raw *rawWantedError) parse(d *dialect, errs *problems) *wantedError {
	member := func(name string, text json.RawMessage) *any {
		if text == nil {
			return nil
		}
		v := errs.in(name).value(d, text, withPatterns)
		return &v
	}
	w := &wantedError{
		code: member("code", raw.Code), message: member("message", raw.Message), data: member("data", raw.Data),
		retryable: raw.Retryable, wraps: raw.Wraps,
	}
	if raw.Cause != nil {
		w.cause = raw.Cause.parse(d, errs.in("cause"))
	}
	return w
}
