// Package performance is an extension that measures the flows of an execution
// and shows a flow what was measured below it.
package performance

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

// measured is where the measurements of an execution are, at level Root. What
// a flow sets at level Own is seen by the flows below it and by none above.
const measured = "performance"

// latest is the summary of the execution that ended last.
var latest = guest.Var[guest.Value]("latest")

// A Performance is the extension. Its method is getPerformance: by the name of
// a flow a map with calls, parallel, failed, depth, and microseconds, the
// time of all calls.
type Performance struct{}

// New makes the extension.
func New() *Performance { return &Performance{} }

// WrapExecute measures flows.
func (*Performance) WrapExecute(x *guest.Execution, next guest.Next) (guest.Value, error) {
	if x.Flow().Name == "" {
		return next()
	}
	started := guest.Monotonic()
	result, err := next()
	took := (guest.Monotonic() - started) / guest.Microsecond
	_, lost := guest.Root.Append(measured, map[string]any{
		"flow": x.FlowName(), "depth": x.Depth(), "parallel": x.IsParallel(), "failed": err != nil, "microseconds": int64(took),
	})
	if lost == nil && x.Depth() == 0 {
		lost = summarize()
	}
	if lost != nil {
		guest.Log.Warn("performance not kept", "flow", x.FlowName(), "error", lost)
	}
	return result, err
}

// summarize adds up what was measured, by flow. By the time the flow at depth 0
// ends, all others have.
func summarize() error {
	list, err := guest.As[[]any](guest.Root.Get(measured))
	if err != nil {
		return err
	}
	flows := map[string]any{}
	for _, item := range list {
		m := item.(map[string]any)
		flow, seen := flows[m["flow"].(string)].(map[string]any)
		if !seen {
			flow = map[string]any{"calls": 0, "parallel": 0, "failed": 0, "depth": m["depth"], "microseconds": int64(0)}
			flows[m["flow"].(string)] = flow
		}
		flow["calls"] = flow["calls"].(int) + 1
		for _, key := range []string{"parallel", "failed"} {
			if m[key] == true {
				flow[key] = flow[key].(int) + 1
			}
		}
		flow["microseconds"] = flow["microseconds"].(int64) + m["microseconds"].(int64)
	}
	return latest.Set(guest.Of(flows))
}

// Methods are what the host may call.
func (*Performance) Methods() guest.Methods {
	return guest.Methods{
		"getPerformance": func(guest.Value) (guest.Value, error) { return latest.Get() },
	}
}
