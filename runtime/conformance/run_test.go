package conformance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	aril "github.com/aril-wasm/aril/runtime"
)

// An imitation is an extension of Go functions, to see what the runner says of
// what they do.
type imitation struct {
	wrap  func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error)
	call  func(method string, args any) (any, error)
	event func(e aril.Event) (any, bool, error)
	open  func(s Setup) error
	close func(s Setup) error
}

func (i *imitation) Name() string    { return "imitation" }
func (i *imitation) Sandboxed() bool { return false }

func (i *imitation) Wrap(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
	if i.wrap == nil {
		return next(ctx)
	}
	return i.wrap(ctx, op, next)
}

func (i *imitation) Open(_ context.Context, s Setup) (*Session, error) {
	if i.open != nil {
		if err := i.open(s); err != nil {
			return nil, err
		}
	}
	return &Session{
		Extension: i,
		Call:      func(_ context.Context, method string, args any) (any, error) { return i.call(method, args) },
		Event:     func(_ context.Context, e aril.Event) (any, bool, error) { return i.event(e) },
		Close: func(context.Context) error {
			if i.close != nil {
				return i.close(s)
			}
			return nil
		},
	}, nil
}

// runCase runs one case, whose members are given.
func runCase(t *testing.T, subject Subject, members string) *Result {
	t.Helper()
	f, err := ParseFile("f.json", []byte(`{"cases": [{"name": "it", `+members+`}]}`))
	require.NoError(t, err)
	report, err := Run(t.Context(), subject, &Suite{Files: []*File{f}}, Options{Rounds: 3})
	require.NoError(t, err)
	require.Len(t, report.Results, 1)
	return report.Results[0]
}

// answering wraps with a fixed answer.
func answering(v any, err error) *imitation {
	return &imitation{wrap: func(context.Context, *aril.Invocation, aril.Next) (any, error) { return v, err }}
}

var through = &imitation{}

// copying gives a copy of what next yields.
var copying = &imitation{wrap: func(ctx context.Context, _ *aril.Invocation, next aril.Next) (any, error) {
	v, err := next(ctx)
	if err != nil {
		return nil, fmt.Errorf("again: %w", err)
	}
	return plain(v), nil
}}

func TestWhatIsAsExpectedPassesAndWhatIsNotIsToldInWords(t *testing.T) {
	t.Parallel()
	broken := &aril.CallError{Extension: "x", Hook: "wrap", Err: aril.ErrTrap, Detail: "on fire", Trace: []aril.Frame{{Function: "$3"}, {Function: "f"}}, Log: []string{"one", "two"}}
	own := &aril.Error{ErrorCode: "c", Message: "m", Data: map[string]any{"n": 1}, Retryable: true, Cause: &aril.Error{ErrorCode: "d", Message: "k"}}
	for _, c := range []struct {
		name    string
		subject Subject
		step    string
		want    string // "" when it passes
	}{
		{"a value", answering(7, nil), `"expect": {"value": 7}`, ""},
		{"another value", answering(map[string]any{"a": []any{1}}, nil), `"expect": {"value": {"a": [2]}}`, "step 1: the value at .a[0]: expected 2, got 1"},
		{"an error for a value", answering(nil, own), `"expect": {"value": 7}`, `step 1: the outcome: expected the value 7, got an error: {"cause": {"code": "d", "message": "k"}, "code": "c", "data": {"n": 1}, "message": "m", "retryable": true}`},
		{"a breakage for a value", answering(nil, broken), `"expect": {"value": 7}`, `step 1: the outcome: expected the value 7, got a breakage: extension "x": wrap: trap: on fire (in $3 < f), having logged "two"`},
		{"an error", answering(nil, own), `"expect": {"error": {"code": "c", "message": "m", "data": {"n": 1}, "retryable": true, "cause": {"code": "d"}}}`, ""},
		{"any error", answering(nil, own), `"expect": {"error": {}}`, ""},
		{"another code", answering(nil, own), `"expect": {"error": {"code": "d"}}`, `step 1: the error at .code: expected "d", got "c", of {"cause"`},
		{"another message", answering(nil, own), `"expect": {"error": {"message": {"$has": "x"}}}`, `the error at .message: expected {"$has": "x"}, got "m"`},
		{"other data", answering(nil, own), `"expect": {"error": {"data": {"n": 2}}}`, `the error at .data.n: expected 2, got 1`},
		{"not retryable", answering(nil, own), `"expect": {"error": {"retryable": false}}`, `the error at .retryable: expected false, got true`},
		{"another cause", answering(nil, own), `"expect": {"error": {"cause": {"message": "l"}}}`, `the error at .cause.message: expected "l", got "k"`},
		{"no cause", answering(nil, own.Cause), `"expect": {"error": {"cause": {"code": "l"}}}`, `the error at .cause: expected {"code": "l"}, got no cause`},
		{"a value for an error", answering(7, nil), `"expect": {"error": {"code": "c"}}`, `step 1: the outcome: expected an error {"code": "c"}, got the value 7`},
		{"a breakage for an error", answering(nil, broken), `"expect": {"error": {}}`, "expected an error {}, got a breakage"},
		{"an error that wraps", copying, `"next": [{"error": {"code": "c", "message": "m", "private": true}}], "expect": {"error": {"code": "c", "message": "again: m", "wraps": true}}`, ""},
		{"an error that wraps another", answering(nil, own), `"expect": {"error": {"wraps": true}}`, "the error's chain: expected the very error of the last next in it, got another one"},
		{"a breakage", answering(nil, broken), `"expect": {"breaks": ["ErrFuel", "ErrTrap"], "message": "on fire", "traced": true}`, ""},
		{"another breakage", answering(nil, broken), `"expect": {"breaks": ["ErrFuel", "ErrStack"]}`, "expected a breakage with ErrFuel or ErrStack, got a breakage: "},
		{"other last words", answering(nil, broken), `"expect": {"breaks": "ErrTrap", "message": "flooded"}`, `the breakage: expected one that says "flooded", got`},
		{"no names", answering(nil, &aril.CallError{Err: aril.ErrTrap, Trace: []aril.Frame{{Function: "$3"}}}), `"expect": {"breaks": "ErrTrap", "traced": true}`, "the breakage's trace: expected functions by their names"},
		{"an error for a breakage", answering(nil, own), `"expect": {"breaks": "ErrTrap"}`, "expected a breakage with ErrTrap, got an error"},
		{"nothing expected", answering(nil, own), `"repeat": 1`, ""},
		{"nothing expected, and a breakage", answering(nil, broken), `"repeat": 1`, "expected no breakage"},
		{"the same value", through, `"next": [{"value": 7}], "expect": {"same": true}`, ""},
		{"a copy", copying, `"next": [{"value": 7}], "expect": {"same": true}`, "expected the very value of the last next, 7, got another one: the value 7"},
		{"the same error", through, `"next": [{"error": {"code": "c"}}], "expect": {"same": true}`, ""},
		{"an error around it", copying, `"next": [{"error": {"code": "c", "message": "m"}}], "expect": {"same": true}`, `the outcome: expected the very error of the last next, {"code": "c", "message": "m"}, got an error: {"`},
		{"the same of nothing", answering(7, nil), `"expect": {"same": true}`, "an operation that was not run"},
		{"one of several", answering(7, nil), `"expect": {"any_of": [{"value": 6}, {"value": 7}]}`, ""},
		{"none of several", answering(7, nil), `"expect": {"any_of": [{"value": 6}, {"breaks": "ErrFuel"}]}`, "expected one of: 6; a breakage with ErrFuel, got the value 7"},
		{"the inputs", through, `"input": {"n": 1}, "expect": {"next": [{"n": 1}]}`, ""},
		{"other inputs", through, `"input": {"n": 1}, "expect": {"next": [{"n": 2}]}`, "the inputs that reached the operation at [0].n: expected 2, got 1"},
		{"an input too many", through, `"expect": {"same": true, "next": []}`, "expected 0 elements: [], got 1 element: [null]"},
		{"the same map of an extension further in", &imitation{wrap: func(ctx context.Context, op *aril.Invocation, next aril.Next) (any, error) {
			if op.Name == "inner" {
				return map[string]any{"n": 1}, nil
			}
			return next(ctx)
		}}, `"next": [{"operation": {"name": "inner"}, "expect": {"value": {"n": 1}}}], "expect": {"same": true}`, ""},
		{"within", through, `"next": [{"operation": {"name": "inner"}, "next": [{"value": 1}], "expect": {"value": 2}}]`, "step 1, next 1: the value: expected 2, got 1"},
		{"distinct", answering([]any{1, 2}, nil), `"expect": {"distinct": 2}`, ""},
		{"not distinct", answering([]any{1, 1}, nil), `"expect": {"distinct": 2}`, "got 1 again"},
		{"not distinct from before", answering([]any{1, 2}, nil), `"repeat": 2, "expect": {"distinct": 2}`, "got 1 again"},
		{"too few", answering([]any{1}, nil), `"expect": {"distinct": 2}`, "expected a list of 2, got [1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := runCase(t, c.subject, `"steps": [{`+c.step+`}]`)
			if c.want == "" {
				require.Empty(t, r.Differences)
				require.Equal(t, Passed, r.Status)
				return
			}
			require.Equal(t, Failed, r.Status)
			require.Contains(t, r.Differences[0].String(), c.want)
		})
	}
}

func TestTheIthNextAnswersWithTheIthEntryAndTheLastAgain(t *testing.T) {
	t.Parallel()
	var got []any
	subject := &imitation{wrap: func(ctx context.Context, _ *aril.Invocation, next aril.Next) (any, error) {
		for range 4 {
			v, err := next(ctx)
			if err != nil {
				v = err.Error()
			}
			got = append(got, plain(v))
		}
		return nil, nil
	}}
	r := runCase(t, subject, `"steps": [{"next": [{"value": "a"}, {"error": {"code": "c", "message": "b"}}, {"value": "d", "delay_ms": 1}]}]`)
	require.Equal(t, Passed, r.Status)
	require.Equal(t, []any{"a", "b", "d", "d"}, got)
}

func TestCallsAndEventsAreCompared(t *testing.T) {
	t.Parallel()
	subject := &imitation{
		call: func(method string, args any) (any, error) {
			if method == "echo" {
				return args, nil
			}
			return nil, fmt.Errorf("%w: %q", aril.ErrNoMethod, method)
		},
		event: func(e aril.Event) (any, bool, error) { return e.Data, e.Type == "change", nil },
	}
	for step, want := range map[string]string{
		`{"call": "echo", "args": 1, "expect": {"value": 1}}`:                             "",
		`{"call": "echo", "args": 1, "expect": {"value": 2}}`:                             "expected 2, got 1",
		`{"call": "other", "expect": {"no_method": true}}`:                                "",
		`{"call": "other", "expect": {"error": {}}}`:                                      "got no such method",
		`{"call": "echo", "expect": {"no_method": true}}`:                                 "expected no such method, got the value null",
		`{"event": {"event": "change"}, "data": {"n": 1}, "expect": {"value": {"n": 1}}}`: "",
		`{"event": {"event": "change"}, "data": {"n": 1}, "expect": {"answered": false}}`: `expected no answer, got the value {"n": 1}`,
		`{"event": {"event": "tick"}, "data": {"n": 1}, "expect": {"answered": false}}`:   "",
		`{"event": {"event": "tick"}, "data": {"n": 1}, "expect": {"value": {"n": 1}}}`:   "got no answer",
	} {
		r := runCase(t, subject, `"steps": [`+step+`]`)
		if want == "" {
			require.Empty(t, r.Differences, step)
			continue
		}
		require.Equal(t, Failed, r.Status, step)
		require.Contains(t, r.Differences[0].String(), want, step)
	}
}

func TestTheLogIsComparedLineByLine(t *testing.T) {
	t.Parallel()
	var logger *slog.Logger
	subject := &imitation{
		open: func(s Setup) error { logger = s.Logger; return nil },
		wrap: func(context.Context, *aril.Invocation, aril.Next) (any, error) {
			logger.Info("hello", slog.Group("guest", "n", 1))
			logger.Warn("extension broke", "hook", "wrap") // the host's own
			return nil, nil
		},
	}
	for log, want := range map[string]string{
		`[{"level": "info", "message": "hello", "attrs": {"n": 1}}]`:                      "",
		`[{"level": "info", "message": {"$has": "ell"}, "attrs": {"n": {"$any": true}}}]`: "",
		`[{"level": "warn", "message": "hello", "attrs": {"n": 1}}]`:                      `log: line 1 at .level: expected "warn", got "info"`,
		`[{"level": "info", "message": "hello"}]`:                                         "log: line 1 at .attrs.n: expected no such key, got 1",
		`[]`: `log: the number of lines: expected 0, got 1, such as info "hello"`,
	} {
		r := runCase(t, subject, `"expect": {"log": `+log+`}`)
		if want == "" {
			require.Empty(t, r.Differences, log)
			continue
		}
		require.Equal(t, want, r.Differences[0].String())
	}
	r := runCase(t, subject, `"measured": true, "expect": {"log": [{"level": "info", "message": "hello", "attrs": {"n": 1}}]}`)
	require.Empty(t, r.Differences, "what is logged while it is measured does not count")
	require.NotNil(t, r.Figures)
}

func TestTheStateIsSetBeforeAndComparedAfterTheEnd(t *testing.T) {
	t.Parallel()
	subject := &imitation{close: func(s Setup) error {
		if _, err := s.State.Add(context.Background(), "count", 1); err != nil {
			return err
		}
		return s.State.Put(context.Background(), "kept", []byte{0x01})
	}}
	for state, want := range map[string]string{
		`{"count": {"$count": 42}, "kept": 1, "raw": {"$raw": "ab"}}`:               "",
		`{"count": {"$count": 42}, "kept": 1, "raw": {"$raw": {"$bytes": "YWI="}}}`: "",
		`{"count": {"$any": true}, "kept": {"$any": true}, "raw": {"$any": true}}`:  "",
		`{"count": {"$count": 42}, "kept": 2, "raw": {"$raw": "ab"}}`:               "state: what is kept at .kept: expected 2, got 1",
		`{"count": {"$count": 42}, "kept": 1}`:                                      `state: what is kept at .raw: expected no such key, got {"$raw": "ab"}`,
	} {
		r := runCase(t, subject, `"state": {"count": {"$count": 41}, "raw": {"$raw": "ab"}}, "expect": {"state": `+state+`}`)
		if want == "" {
			require.Empty(t, r.Differences, state)
			continue
		}
		require.Equal(t, want, r.Differences[0].String())
	}
}

func TestLoadingFailsAsExpectedOrNot(t *testing.T) {
	t.Parallel()
	refusing := func(code string) *imitation {
		return &imitation{open: func(Setup) error { return fmt.Errorf("load: %w", &aril.Error{ErrorCode: code, Message: "refused"}) }}
	}
	missing := runCase(t, refusing("unknown_role"), `"config": {"role": "x"}`)
	require.Equal(t, NotImplemented, missing.Status)
	require.False(t, (&Report{Results: []*Result{missing, {}}}).OK(), "a role that is not there fails the run")
	require.Equal(t, Failed, runCase(t, refusing("unknown_role"), `"config": {}`).Status, "who plays no role has to load")
	require.Equal(t, Passed, runCase(t, refusing("bad"), `"init_error": {"code": "bad", "message": "refused"}`).Status)
	r := runCase(t, refusing("bad"), `"init_error": {"code": "worse"}`)
	require.Contains(t, r.Differences[0].String(), `load: the error at .code: expected "worse", got "bad"`)
	r = runCase(t, refusing("bad"), `"config": {"role": "x"}`)
	require.Contains(t, r.Differences[0].String(), "load: the outcome: expected no error, got load: refused")
	r = runCase(t, through, `"init_error": {}`)
	require.Equal(t, "load: the outcome: expected an error, got none", r.Differences[0].String())
	r = runCase(t, &imitation{open: func(Setup) error { return errors.New("no such file") }}, `"init_error": {}`)
	require.Contains(t, r.Differences[0].String(), "got no such file", "a module that is not taken is no refusal of init")
}

func TestAStepIsRepeatedAndRunAtOnce(t *testing.T) {
	t.Parallel()
	var runs, inside, most atomic.Int64
	subject := &imitation{wrap: func(ctx context.Context, _ *aril.Invocation, next aril.Next) (any, error) {
		runs.Add(1)
		n := inside.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		defer inside.Add(-1)
		return next(ctx)
	}}
	r := runCase(t, subject, `"steps": [{"repeat": 3, "at_once": 4, "next": [{"value": 1, "delay_ms": 20}], "expect": {"same": true}}, {}]`)
	require.Equal(t, Passed, r.Status)
	require.EqualValues(t, 13, runs.Load())
	require.EqualValues(t, 4, most.Load())
}

func TestACallerGivesUp(t *testing.T) {
	t.Parallel()
	r := runCase(t, through, `"steps": [{"next": [{"value": 1, "delay_ms": 60000}], "cancel_after_ms": 5, "expect": {"error": {"code": "canceled"}}}]`)
	require.Empty(t, r.Differences)
	var gone error
	subject := &imitation{wrap: func(ctx context.Context, _ *aril.Invocation, next aril.Next) (any, error) {
		v, err := next(ctx)
		gone = ctx.Err()
		return v, err
	}}
	r = runCase(t, subject, `"steps": [{"next": [{"value": 1, "cancel": true}], "expect": {"same": true}}]`)
	require.Empty(t, r.Differences)
	require.ErrorIs(t, gone, context.Canceled)
}

func TestAKnownFailureMustKeepFailing(t *testing.T) {
	t.Parallel()
	f, err := ParseFile("f.json", []byte(`{"cases": [
		{"name": "good", "steps": [{"expect": {"same": true}}]},
		{"name": "bad", "steps": [{"expect": {"value": 1}}]},
		{"name": "bomb", "sandbox": true}
	]}`))
	require.NoError(t, err)
	suite := &Suite{Files: []*File{f}}
	run := func(known map[string]string) *Report {
		report, err := Run(t.Context(), through, suite, Options{Known: known})
		require.NoError(t, err)
		return report
	}
	report := run(nil)
	require.False(t, report.OK())
	require.Equal(t, "1 passed, 1 failed, 1 not run", report.Summary())
	report = run(map[string]string{"f.json/bad": "it is bad"})
	require.True(t, report.OK())
	require.Equal(t, "1 passed, 1 known to fail, 1 not run", report.Summary())
	report = run(map[string]string{"f.json/bad": "it is bad", "f.json/good": "it was bad"})
	require.False(t, report.OK())
	require.Contains(t, report.String(), "f.json/good: passed against its list\n    reason: it was bad\n")
	_, err = Run(t.Context(), through, suite, Options{Known: map[string]string{"f.json/gone": "x"}})
	require.ErrorContains(t, err, `there is no case "f.json/gone"`)
	_, err = Run(t.Context(), through, suite, Options{Known: map[string]string{"f.json/bad": ""}})
	require.ErrorContains(t, err, "has no reason")
}

func TestARunCanBeNarrowedWatchedAndEnded(t *testing.T) {
	t.Parallel()
	suite, err := Shipped()
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	report, err := Run(ctx, through, suite, Options{
		Select:  func(c *Case) bool { return strings.HasPrefix(c.ID(), "outcomes.json/") },
		Observe: func(*Result) { seen++; cancel() },
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, seen)
	require.Len(t, report.Results, 1)
}
