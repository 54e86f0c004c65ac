package enrich

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// errTimeout is why an extension's context ends.
var errTimeout = fmt.Errorf("the extension's time is over: %w", context.DeadlineExceeded)

// run runs one extension and decides what its failure means.
func (s *pass) run(ctx context.Context, x *Extension) (end ending) {
	slot := s.catalogue.bound[x].slot
	end = ending{extension: x, run: Run{Key: x.Key, Domain: x.Domain, Version: x.Version, Slot: slot}}
	config := s.enricher.config
	defer func() {
		if r := recover(); r != nil { // of a hook of the host, such as Allow
			s.failed(&end, fmt.Errorf("%w: %v", aril.ErrPanic, r))
		}
	}()
	if config.Allow != nil && !config.Allow(ctx, s.request, x) {
		end.run.Outcome, end.run.Cause, end.run.Message = OutcomeSkipped, CauseDenied, notFoundMessage(x.Key)
		return end
	}
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		end.canceled(ctx)
		return end
	}
	var value json.RawMessage
	var err error
	if x.Cache == nil {
		value, err = s.fresh(ctx, &end)
	} else {
		value, err = s.kept(ctx, &end)
	}
	if err == nil && value != nil && config.FilterValue != nil {
		value, err = s.filter(ctx, x, value)
		if value == nil && err == nil {
			end.run.Cause = CauseDenied
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		end.canceled(ctx)
	case err != nil:
		s.failed(&end, err)
	case value == nil:
		end.run.Outcome, end.run.Message = OutcomeEmpty, notFoundMessage(x.Key)
		if end.run.Cause == "" {
			end.run.Cause = CauseNoOutput
		}
	default:
		end.value = value
	}
	return end
}

func (e *ending) canceled(ctx context.Context) {
	e.run.Outcome, e.run.Err = OutcomeCanceled, context.Cause(ctx)
	e.run.Message = failedMessage(e.extension.Key, e.run.Err.Error())
}

// failed puts a failure into the ending, by the policy of the extension.
func (s *pass) failed(end *ending, err error) {
	x := end.extension
	end.run.Err, end.run.Detail = err, err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, aril.ErrDeadline), errors.Is(err, aril.ErrFuel):
		end.run.Outcome, end.run.Message = OutcomeTimeout, timeoutMessage(x.Key)
	case errors.Is(err, errInvalidData):
		end.run.Outcome, end.run.Message = OutcomeInvalid, invalidMessage(x.Key)
	default:
		end.run.Outcome, end.run.Message = OutcomeFailed, failedMessage(x.Key, err.Error())
	}
	if x.Fallback != nil {
		end.run.Outcome, end.value = OutcomeFallback, compact(x.Fallback)
		return
	}
	if policy := orElse(x.OnFailure, s.enricher.config.OnFailure); policy == "fail" || policy == "" && s.catalogue.compat.fails() {
		end.fails = &Error{Code: CodeExecutionFailed, Target: x.Key, Message: failedMessage(x.Key, err.Error()), Err: err}
	}
}

// fresh makes a value.
func (s *pass) fresh(ctx context.Context, end *ending) (value json.RawMessage, err error) {
	end.run.Outcome = OutcomeValue
	value, end.response, err = s.make(ctx, end.extension)
	return s.shape(end.extension, end.run.Slot, value, err)
}

// making is the key of a context in which a value for the cache is made.
type making struct{}

// kept takes a value from the cache, or makes it. Of those that miss at once
// one makes it, and the others wait for that one; what it fails to make they
// make themselves, within the same time. Who is below one that makes a value
// does not wait, since it could be for that one.
func (s *pass) kept(ctx context.Context, end *ending) (json.RawMessage, error) {
	x, cache := end.extension, s.enricher.cache
	key, ok := s.cacheKey(x)
	if !ok {
		return s.fresh(ctx, end)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout(x), errTimeout)
	defer cancel()
	for waited := false; !s.request.Fresh; waited = true {
		if value, ok := cache.get(key, time.Now()); ok {
			end.run.Outcome = OutcomeCached
			return value, nil
		}
		if waited || ctx.Value(making{}) != nil {
			break
		}
		made := cache.flight(key)
		if made == nil {
			defer cache.landed(key)
			if value, ok := cache.get(key, time.Now()); ok { // made between the two looks
				end.run.Outcome = OutcomeCached
				return value, nil
			}
			break
		}
		select {
		case <-made:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	value, err := s.fresh(context.WithValue(ctx, making{}, true), end)
	if err == nil && value != nil {
		cache.put(key, value, time.Now().Add(x.Cache.TTL))
	}
	return value, err
}

// make runs input handler, task and output handler. A nil value is no output.
func (s *pass) make(ctx context.Context, x *Extension) (value json.RawMessage, resp *TaskResponse, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout(x), errTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil { // of a native mapping, or a source of the host
			value, resp, err = nil, nil, fmt.Errorf("%w: %v", aril.ErrPanic, r)
		}
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		}
	}()
	b := s.catalogue.bound[x]
	before := *s.context
	input := &ScriptResponse{}
	if b.mapping != nil {
		answer, err := b.mapping.InputHandler(ctx, b.task.script(), &before)
		if err != nil && !errors.Is(err, ErrNoHandler) {
			return nil, nil, fmt.Errorf("input handler: %w", err)
		}
		if answer != nil {
			input = answer
		}
	}
	r := &taskRun{enricher: s.enricher, request: s.request, extension: x, task: b.task, context: &before, input: input}
	if resp, err = r.bounded(ctx); err != nil {
		return nil, nil, fmt.Errorf("task %s: %w", b.task.Key, err)
	}
	after := before
	after.Body = resp
	after.TaskResponse = clone(before.TaskResponse)
	after.TaskResponse[variableName(b.task.Key)] = resp
	if b.mapping != nil {
		answer, err := b.mapping.OutputHandler(ctx, &after)
		if err == nil && answer != nil {
			return answer.Data, resp, nil
		}
		if err == nil || !errors.Is(err, ErrNoHandler) {
			return nil, resp, wrapNil("output handler", err)
		}
	}
	value, err = resp.value()
	return value, resp, err
}

func wrapNil(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (s *pass) timeout(x *Extension) time.Duration {
	if x.Timeout > 0 {
		return x.Timeout
	}
	return s.enricher.config.Timeout
}

// value is what a task without an output handler gives.
func (r *TaskResponse) value() (json.RawMessage, error) {
	if !r.IsSuccess {
		if r.Metadata["Cancelled"] == true {
			return nil, fmt.Errorf("%s: %w", r.ErrorMessage, context.DeadlineExceeded)
		}
		return nil, errors.New(r.ErrorMessage)
	}
	if r.raw != nil || r.Data == nil {
		return r.raw, nil
	}
	return json.Marshal(r.Data)
}

func (t *Task) script() *ScriptTask {
	return &ScriptTask{Key: t.Key, Domain: t.Domain, Version: t.Version, Type: itoa(int(t.Kind)), Config: t.config}
}

// shape makes what a mapping gave a value of the response.
func (s *pass) shape(x *Extension, slot string, raw json.RawMessage, err error) (json.RawMessage, error) {
	if err != nil || raw == nil {
		return nil, err
	}
	if len(raw) > s.enricher.config.ValueBytes {
		return nil, fmt.Errorf("%w: %d bytes; the most is %d", errInvalidData, len(raw), s.enricher.config.ValueBytes)
	}
	if !json.Valid(raw) {
		return nil, fmt.Errorf("%w: it is not JSON", errInvalidData)
	}
	value := compact(raw)
	inner := slot
	if s.catalogue.compat == Compat0026 {
		inner = "data"
	}
	if s.catalogue.compat != Compat0033 && bytes.HasPrefix(value, quoteJSON([]byte{'{'}, []byte(inner))) {
		o, err := parseObject(value)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errInvalidData, err)
		}
		if len(o) == 1 || s.catalogue.compat == Compat0026 {
			value = o.Get(inner)
		}
	}
	if string(value) == "null" {
		return nil, nil
	}
	return value, nil
}

// compact takes blanks out of valid JSON.
func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

func (s *pass) filter(ctx context.Context, x *Extension, value json.RawMessage) (json.RawMessage, error) {
	value, err := s.enricher.config.FilterValue(ctx, s.request, x, value)
	if err == nil && value != nil && !json.Valid(value) {
		err = fmt.Errorf("%w: what the filter left is not JSON", errInvalidData)
	}
	return value, err
}

// told counts, observes and logs the end of a run.
func (s *pass) told(ctx context.Context, end *ending) {
	s.enricher.stats.add(&end.run)
	if s.enricher.config.Observe != nil {
		run := end.run
		s.enricher.config.Observe(ctx, &run)
	}
	level := slog.LevelDebug
	if end.run.Err != nil && end.run.Outcome != OutcomeCanceled {
		level = slog.LevelWarn
	} else if end.run.Outcome == OutcomeEmpty {
		level = slog.LevelInfo
	}
	logger := s.enricher.config.Logger
	if end.run.Message == "" || !logger.Enabled(ctx, level) {
		return
	}
	logger.LogAttrs(ctx, level, end.run.Message, slog.String("extension", end.run.Key), slog.String("domain", end.run.Domain),
		slog.String("workflow", s.request.Workflow), slog.String("instance", s.instance.ID), slog.String("outcome", string(end.run.Outcome)),
		slog.String("cause", end.run.Cause), slog.String("detail", end.run.Detail), slog.Int64("micros", end.run.Duration))
}

// logMissed says why what the request names is not there.
func (s *pass) logMissed(ctx context.Context) {
	if !s.demand.some() {
		return
	}
	for _, r := range s.missed(s.result.Runs) {
		s.enricher.config.Logger.LogAttrs(ctx, slog.LevelInfo, r.Message, slog.String("cause", r.Cause), slog.String("detail", r.Detail),
			slog.String("workflow", s.request.Workflow), slog.String("instance", s.instance.ID))
	}
}

func (s *pass) audit(ctx context.Context, err error) {
	if s.enricher.config.Audit == nil {
		return
	}
	s.enricher.config.Audit(ctx, &AuditRecord{
		Time: time.Now(), Caller: s.request.Caller.ID, Domain: s.request.Domain, Workflow: s.request.Workflow,
		Instance: orElse(s.instance.ID, s.instance.Key), Read: s.read, Requested: s.request.Extensions,
		Extensions: s.result.Runs, Failed: err != nil, TraceID: s.request.TraceID,
	})
}
