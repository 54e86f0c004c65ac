package prodtelemetry

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// Methods are what the host may ask.
func (t *Telemetry) Methods() guest.Methods {
	return guest.Methods{"getTelemetry": t.telemetry}
}

// telemetry is everything there is.
func (t *Telemetry) telemetry(guest.Value) (guest.Value, error) {
	list, err := errorLog.last(t.maxErrors, t.maxErrors)
	if err != nil {
		return guest.Value{}, err
	}
	entries := make([]any, len(list))
	for i, e := range list {
		entries[i] = e
	}
	sums, err := system(nil)
	return guest.Of(map[string]any{
		"executorMetrics": executors.Value(),
		"flowMetrics":     flows.Value(),
		"systemMetrics":   sums,
		"errorLog":        entries,
	}), err
}

// system sums up. Without a scope there is no word of its cache.
func system(s *guest.Scope) (map[string]any, error) {
	operations, err := total.Get()
	if err != nil {
		return nil, err
	}
	failed, err := errorLog.count.Get()
	if err != nil {
		return nil, err
	}
	active, err := executors.Len()
	if err != nil {
		return nil, err
	}
	executed, err := flows.Len()
	if err != nil {
		return nil, err
	}
	since, err := started.Get()
	if err != nil {
		return nil, err
	}
	memory, err := guest.Invoke(processMemory, nil)
	if err != nil {
		return nil, err
	}
	usage, err := memory.Any()
	if err != nil {
		return nil, err
	}
	sums := map[string]any{
		"startTime":       goTime(since),
		"totalOperations": operations,
		"activeExecutors": active,
		"flows":           executed,
		"memoryUsage":     usage,
		"errorRate":       float64(failed) / float64(max(operations, 1)),
	}
	if s != nil {
		cached := 0
		for e, err := range s.Entries() {
			if err != nil {
				return nil, err
			}
			if e.State == guest.Resolved {
				cached++
			}
		}
		sums["cacheSize"] = cached
	}
	return sums, nil
}

// recentErrors is how many errors an export tells of.
const recentErrors = 10

func (t *Telemetry) export(s *guest.Scope) error {
	sums, err := system(s)
	if err != nil {
		return err
	}
	list, err := sorted(executors, func(e Executor) string { return e.Name })
	if err != nil {
		return err
	}
	executed, err := sorted(flows, func(f Flow) string { return f.Name })
	if err != nil {
		return err
	}
	recent, err := errorLog.last(recentErrors, t.maxErrors)
	if err != nil {
		return err
	}
	now, since := guest.Now(), sums["startTime"].(time.Time)
	body, err := json.Marshal(map[string]any{
		"timestamp": goTime(now),
		"duration":  now.UnixNano()/1e6 - since.UnixMilli(),
		"metrics": map[string]any{
			"executors":    list,
			"flows":        executed,
			"system":       sums,
			"recentErrors": recent,
		},
	})
	if err != nil {
		return err
	}
	return post(t.endpoint, body)
}

// post sends JSON.
func post(endpoint string, body []byte) error {
	resp, err := guest.HTTP.Fetch(guest.Request{
		Method: "POST", URL: endpoint, Headers: guest.Headers{"content-type": {"application/json"}}, Body: body,
	})
	if err == nil && resp.Status >= 300 {
		err = guest.NewError("export_refused", "the endpoint answered "+strconv.Itoa(resp.Status))
	}
	return err
}

// sorted gives what a map has, by name.
func sorted[T any](of guest.Map[T], name func(T) string) ([]T, error) {
	all, err := of.All()
	list := make([]T, 0, len(all))
	for _, item := range all {
		list = append(list, item)
	}
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
	return list, err
}
