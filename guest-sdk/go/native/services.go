package native

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/inprocess"
	"github.com/aril-wasm/aril/runtime/state"
)

// services are what a run offers to the extension.
type services struct{ *run }

// Context is the caller's.
func (s services) Context() context.Context { return s.ctx }

// Canceled reports whether the caller has given up.
func (s services) Canceled() bool { return s.ctx.Err() != nil }

// Log writes a line with the pairs in a group, as the runtime does.
func (s services) Log(level int32, message string, pairs map[string]any) {
	keys := make([]string, 0, len(pairs))
	for key := range pairs {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	attrs := make([]any, 0, len(keys))
	for _, key := range keys {
		attrs = append(attrs, slog.Any(key, pairs[key]))
	}
	s.logger.LogAttrs(s.ctx, slog.Level(level), message, slog.Group("guest", attrs...))
}

// start is where the monotonic clock begins.
var start = time.Now()

// Now reads a clock, to the microsecond.
func (s services) Now(clock uint32) int64 {
	ns := time.Now().UnixNano()
	if clock == names.ClockMonotonic {
		ns = int64(time.Since(start))
	}
	return ns - ns%int64(time.Microsecond)
}

// Sleep waits until the time is over or the caller gives up.
func (s services) Sleep(ns int64) bool {
	timer := time.NewTimer(time.Duration(ns))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// State is the extension's store.
func (s services) State() state.State { return s.x.cfg.State }

// Call runs a function of a scope, or one that the Config offers.
func (s services) Call(a *inprocess.Activation, module, function string, message []byte) uint64 {
	if module == names.ModuleScope {
		return s.scopeCall(function, message)
	}
	f := s.x.cfg.Functions[module+"."+function]
	if f == nil {
		return abi.Pack(abi.Denied, 0)
	}
	argument, problem := a.Argument(message)
	if problem != abi.OK {
		return abi.Pack(problem, 0)
	}
	answer, err := f(s.ctx, argument)
	if err != nil {
		return a.Fail(err)
	}
	return a.Answer(answer)
}
