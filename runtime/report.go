package runtime

import "time"

// A Report says what one extension did in one operation.
type Report struct {
	Extension  string
	Tenant     string
	Operation  string
	Kind       string
	ID, Root   uint64 // of the operation and of its chain's root
	Depth      int
	Fuel       int64
	SelfTime   time.Duration // in the guest
	WaitTime   time.Duration // blocked in host functions
	TotalTime  time.Duration // with everything inside next
	Memory     int64         // bytes of linear memory
	Moved      int64         // bytes across the boundary, both ways
	HostCalls  int64
	NextCalls  int
	LogBytes   int64
	LogDropped int64 // lines past the limit
	Changed    bool  // it replaced the input or the outcome
	Err        error // a *CallError when it broke, the context's error when the caller gave up, else nil
}

func (a *activation) report(u Usage, started time.Time, err error) *Report {
	g := a.guest
	r := &Report{
		Extension: g.Name(), Tenant: g.Tenant(), Operation: a.op.Name, Kind: a.op.Kind,
		ID: a.node.id, Root: a.node.chain.root.id, Depth: int(a.node.depth),
		Fuel: u.Fuel, SelfTime: u.SelfTime, WaitTime: u.WaitTime, TotalTime: time.Since(started),
		Memory: u.Memory, Moved: a.moved, HostCalls: u.HostCalls, NextCalls: a.nexts,
		LogDropped: a.logDropped, Changed: a.changed, Err: err,
	}
	if limit := g.limits.LogBytes; limit >= 0 {
		r.LogBytes = limit - a.logLeft
	}
	return r
}

// What the runtime logs of its own.

// logBroken says how an extension broke; in a wrap also in which run of the
// operation, and how often the operation itself has run by then.
func (rt *Runtime) logBroken(a *activation, e *CallError) {
	l := a.guest.owner.logger
	if a.op != nil {
		l = l.With("operation", e.Operation, "id", a.node.id, "runs", a.node.runs.Load())
	}
	l.Warn("extension broke", "hook", e.Hook, "error", e.Error(), "trace", traceText(e.Trace))
}

func traceText(frames []Frame) []string {
	out := make([]string, len(frames))
	for i, f := range frames {
		out[i] = f.String()
	}
	return out
}

// logRejected notes why the host did not take something of a guest's, which
// the guest only sees as a status.
func (rt *Runtime) logRejected(a *activation, what string, err error) {
	name := ""
	if a.op != nil {
		name = a.op.Name
	}
	a.guest.owner.logger.Debug("rejected "+what, "operation", name, "error", err)
}

// logHidden keeps the text of an error that a guest saw only as a correlation
// id.
func (rt *Runtime) logHidden(g *Guest, id string, err error) {
	g.owner.logger.Info("hidden error", "correlation", id, "error", err)
}
