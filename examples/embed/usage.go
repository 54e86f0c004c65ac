package main

import (
	"context"
	"maps"
	"slices"
	"sync"

	aril "github.com/aril-wasm/aril/runtime"
)

// Used is what the operations in one extension used together.
type Used struct {
	Extension  string `json:"extension"`
	Operations int64  `json:"operations"`
	Fuel       int64  `json:"fuel"`
	SelfMicros int64  `json:"self_us"`
	WaitMicros int64  `json:"wait_us"`
	Memory     int64  `json:"memory"` // the most that one instance had, in bytes
	LogBytes   int64  `json:"log_bytes"`
	Broken     int64  `json:"broken"` // operations in which it broke
}

// usage adds up the runtime's reports.
type usage struct {
	mu sync.Mutex
	by map[string]Used
}

func (u *usage) add(_ context.Context, r *aril.Report) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.by == nil {
		u.by = map[string]Used{}
	}
	x := u.by[r.Extension]
	x.Extension = r.Extension
	x.Operations++
	x.Fuel += r.Fuel
	x.SelfMicros += r.SelfTime.Microseconds()
	x.WaitMicros += r.WaitTime.Microseconds()
	x.Memory = max(x.Memory, r.Memory)
	x.LogBytes += r.LogBytes
	if r.Err != nil {
		x.Broken++
	}
	u.by[r.Extension] = x
}

// all is sorted by name.
func (u *usage) all() []Used {
	u.mu.Lock()
	defer u.mu.Unlock()
	all := []Used{}
	for _, name := range slices.Sorted(maps.Keys(u.by)) {
		all = append(all, u.by[name])
	}
	return all
}
