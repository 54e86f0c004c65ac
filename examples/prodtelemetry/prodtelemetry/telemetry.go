// Package prodtelemetry has two extensions that watch a scope in production.
//
// [Telemetry] adds up: how often each executor was resolved and updated and each
// flow executed, how long it took, what failed. [Collector] sends single events. Both keep what
// they know in the State, so that they are the same in the host's process and
// in the sandbox, where an instance lives as long as one call.
package prodtelemetry

import (
	"errors"
	"slices"
	"strings"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Telemetry measures resolutions, updates and flows, keeps a log of errors, and posts
// a summary to an HTTP endpoint: at an interval, and when the scope ends. Its
// configuration, all optional:
//
//	enableProfiling  measure; default true
//	samplingRate     the part of resolutions and flows that is measured, 0 to 1; default 1
//	maxErrorLogSize  how many errors are kept; default 100
//	exportInterval   in milliseconds; default 60000
//	exportEndpoint   a URL; default none, and nothing is exported
//
// Its method getTelemetry gives everything it knows.
type Telemetry struct {
	profiling bool
	sampling  float64
	maxErrors int64
	interval  int64
	endpoint  string
}

// New gives the extension.
func New() *Telemetry { return new(Telemetry) }

// What it knows.
var (
	started   = guest.Var[guest.Timestamp]("startTime")
	executors = guest.Map[Executor]("executorMetrics")
	flows     = guest.Map[Flow]("flowMetrics")
	total     = guest.Counter("totalOperations")
	errorLog  = ring[Error]{count: "errors", entries: "errorLog"}
)

// Init reads the configuration.
func (t *Telemetry) Init(cfg guest.Config) error {
	var errs [5]error
	t.profiling, errs[0] = guest.Or(cfg.Get("enableProfiling"), true)
	t.sampling, errs[1] = guest.Or(cfg.Get("samplingRate"), 1.0)
	t.maxErrors, errs[2] = guest.Or(cfg.Get("maxErrorLogSize"), int64(100))
	t.interval, errs[3] = guest.Or(cfg.Get("exportInterval"), int64(60_000))
	t.endpoint, errs[4] = guest.Or(cfg.Get("exportEndpoint"), "")
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if t.sampling < 0 || t.sampling > 1 || t.maxErrors < 1 || t.interval < 1 {
		return errors.New("samplingRate is 0 to 1, maxErrorLogSize and exportInterval are above 0")
	}
	return nil
}

// Attach begins the exports.
func (t *Telemetry) Attach(s *guest.Scope) error {
	guest.Log.Info("production telemetry initialized")
	if err := started.Set(guest.Now()); err != nil || t.endpoint == "" {
		return err
	}
	_, err := s.Every(guest.Duration(t.interval) * guest.Millisecond)
	return err
}

// WrapResolve measures.
func (t *Telemetry) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	name, update := r.Executor().NameOr("unnamed"), r.Operation() == "update"
	dependent := above(name, update)
	sampled := t.profiling && (update || guest.Rand.Float64() < t.sampling)
	if !update && !sampled {
		return next()
	}
	at, _ := r.Executor().Lookup()
	start := guest.Monotonic()
	v, err := next()
	took := float64(guest.Monotonic()-start) / float64(guest.Millisecond)
	if sampled {
		check(record(name, update, at.State == guest.Resolved, took, err))
		if dependent != "" {
			check(executors.Update(dependent, func(e *Executor) { e.dependsOn(dependent, name) }))
		}
	}
	if update && err != nil {
		t.log(Error{Executor: name, Operation: "update"}, err)
	}
	return v, err
}

// above tells which executor needs the one that is being resolved, if any, and
// leaves its own name for those that this one needs. What follows an update
// is no dependency of what was updated.
func above(name string, update bool) string {
	const key = "executor"
	dependent, _ := guest.As[string](guest.Own.Get(key))
	if update {
		name = ""
	}
	_ = guest.Own.Set(key, name)
	return dependent
}

func record(name string, update, hit bool, took float64, failed error) error {
	if _, err := total.Add(1); err != nil {
		return err
	}
	return executors.Update(name, func(e *Executor) {
		e.Name = name
		if update {
			e.UpdateCount++
		} else {
			e.ResolveCount++
			e.LastResolvedAt = goTime(guest.Now())
			was := e.CacheHitRate * float64(e.ResolveCount-1)
			if hit {
				was++
			}
			e.CacheHitRate = was / float64(e.ResolveCount)
		}
		if failed != nil {
			e.ErrorCount++
		}
		e.TotalDuration += took
		e.AverageDuration = e.TotalDuration / float64(e.ResolveCount+e.UpdateCount)
	})
}

func (e *Executor) dependsOn(name, dependency string) {
	e.Name = name
	if !slices.Contains(e.Dependencies, dependency) {
		e.Dependencies = append(e.Dependencies, dependency)
	}
}

// OnError hears of each failed resolution once.
func (t *Telemetry) OnError(f *guest.Failure) {
	t.log(Error{Executor: f.Executor().NameOr("unnamed"), Operation: "resolve"}, f.Err())
}

// log completes an entry with the error.
func (t *Telemetry) log(e Error, err error) {
	e.Timestamp, e.Code, e.Message = goTime(guest.Now()), guest.Code(err), truncate(err.Error(), 1000)
	check(errorLog.add(t.maxErrors, e))
}

// check is for what the program must not suffer from. A tick that the end of
// the scope cuts off is none: there is a last export.
func check(err error) {
	if err != nil && !errors.Is(err, guest.ErrCanceled) {
		guest.Log.Warn("telemetry is incomplete", "error", err)
	}
}

// truncate cuts a text off after n bytes.
func truncate(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }

// Tick exports. What fails is tried again by the next one.
func (t *Telemetry) Tick(tick *guest.Tick) error {
	check(t.export(tick.Scope()))
	return nil
}

// Detach exports for the last time.
func (t *Telemetry) Detach(s *guest.Scope) error {
	if t.endpoint != "" {
		check(t.export(s))
	}
	sums, err := system(nil)
	guest.Log.Info("production telemetry disposed", "totalOperations", sums["totalOperations"],
		"errorRate", sums["errorRate"], "executors", sums["activeExecutors"], "flows", sums["flows"])
	return err
}
