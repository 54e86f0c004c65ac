// Package telemetry is an extension that counts and times what a scope does:
// resolutions, updates, errors, and how many resolutions found something
// there already.
package telemetry

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

// What must outlive one operation is in the extension's state. Natively that
// is memory; in the sandbox it is the host's, since a Fresh extension forgets
// everything else.
var (
	hits    = guest.Counter("hits")
	misses  = guest.Counter("misses")
	metrics = guest.Map[Metrics]("metrics")
)

// A Telemetry is the extension. Its methods are getMetrics, getCacheStats and
// getExecutorMetrics, which takes an executor's name, or nil for all of them.
type Telemetry struct{}

// New makes the extension.
func New() *Telemetry { return &Telemetry{} }

// WrapResolve measures a resolution or an update.
func (*Telemetry) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	resolving := r.Operation() == "resolve"
	if resolving {
		countLookup(r.Executor())
	}
	start := guest.Monotonic()
	result, err := next()
	took := float64(guest.Monotonic()-start) / float64(guest.Millisecond)

	kept := metrics.Update(r.Executor().NameOr("unnamed"), func(m *Metrics) {
		switch {
		case resolving && err == nil:
			m.ResolveCount++
			m.LastResolveTime = took
			m.LastResolvedAt = guest.Now()
		case resolving:
			m.ErrorCount++
			m.LastErrorTime = took
		case err == nil:
			m.UpdateCount++
			m.LastUpdateTime = took
		default:
			m.LastUpdateErrorTime = took
		}
	})
	if kept != nil {
		guest.Log.Warn("metrics not kept", "executor", r.Name(), "error", kept)
	}
	return result, err
}

// countLookup counts what the scope has before the operation runs: a value, a
// failure or a resolution under way is a hit.
func countLookup(e guest.Executor) {
	entry, err := e.Lookup()
	counter := misses
	if entry.State != guest.Unresolved {
		counter = hits
	}
	if err == nil {
		_, err = counter.Add(1)
	}
	if err != nil {
		guest.Log.Warn("lookup not counted", "executor", e.Name(), "error", err)
	}
}

// Methods are what the host may call.
func (*Telemetry) Methods() guest.Methods {
	return guest.Methods{
		"getMetrics":         func(guest.Value) (guest.Value, error) { return allMetrics() },
		"getCacheStats":      func(guest.Value) (guest.Value, error) { return cacheStats() },
		"getExecutorMetrics": guest.Func(executorMetrics),
	}
}

func allMetrics() (guest.Value, error) {
	hit, missed, err := lookups()
	ratio := 0.0
	if hit+missed > 0 {
		ratio = float64(hit) / float64(hit+missed)
	}
	cache := map[string]any{"hits": hit, "misses": missed, "ratio": ratio}
	return guest.Of(map[string]any{"cache": cache, "executors": metrics.Value()}), err
}

func cacheStats() (guest.Value, error) {
	hit, missed, err := lookups()
	return guest.Of(map[string]int64{"hits": hit, "misses": missed}), err
}

func lookups() (hit, missed int64, err error) {
	if hit, err = hits.Get(); err == nil {
		missed, err = misses.Get()
	}
	return hit, missed, err
}

// executorMetrics gives those of one executor, nil for one it has not seen, or
// those of all.
func executorMetrics(name string) (any, error) {
	if name == "" {
		return metrics.Value(), nil
	}
	m, err := metrics.Get(name)
	if err == guest.ErrNotFound {
		return nil, nil
	}
	return &m, err
}
