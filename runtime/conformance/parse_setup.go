package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// selfTime is the default of a case. It is long, so that a loaded machine
// breaks no extension.
const selfTime = 10 * time.Second

func (raw *rawCase) setup(d *dialect, errs *problems) Setup {
	s := Setup{Config: errs.in("config").value(d, raw.Config, 0), Grants: raw.Grants}
	s.Limits = aril.Limits{SelfTime: selfTime, EventTime: selfTime}
	var ok bool
	if s.Isolation, ok = isolations[raw.Isolation]; !ok {
		errs.add(fmt.Errorf("isolation %q is none of fresh, pooled and single", raw.Isolation))
	}
	if raw.Powers != nil {
		s.Powers = aril.ObserveOnly
	}
	for _, name := range raw.Powers {
		power, ok := powers[name]
		if !ok {
			errs.add(fmt.Errorf("power %q is none of %s", name, listed(powers)))
		}
		s.Powers = s.Powers&^aril.ObserveOnly | power
	}
	for _, name := range slices.Sorted(maps.Keys(raw.Limits)) {
		set, ok := limits[name]
		if !ok {
			errs.add(fmt.Errorf("limit %q is none of %s", name, listed(limits)))
			continue
		}
		set(&s.Limits, raw.Limits[name])
	}
	for _, name := range slices.Sorted(maps.Keys(raw.Functions)) {
		if s.Functions == nil {
			s.Functions = map[string]Function{}
		}
		s.Functions[name] = raw.function(name, d, errs.in("function "+name))
	}
	return s
}

var isolations = map[string]aril.Isolation{"": aril.Fresh, "fresh": aril.Fresh, "pooled": aril.Pooled, "single": aril.Single}

var powers = map[string]aril.Powers{
	"ReadInput": aril.ReadInput, "ReadResult": aril.ReadResult, "ReadErrorText": aril.ReadErrorText,
	"ChangeInput": aril.ChangeInput, "ChangeResult": aril.ChangeResult, "Skip": aril.Skip, "Repeat": aril.Repeat,
}

var limits = map[string]func(*aril.Limits, int64){
	"fuel":           func(l *aril.Limits, n int64) { l.Fuel = n },
	"memory_bytes":   func(l *aril.Limits, n int64) { l.MemoryBytes = n },
	"stack_bytes":    func(l *aril.Limits, n int64) { l.StackBytes = n },
	"self_ms":        func(l *aril.Limits, n int64) { l.SelfTime = milliseconds(n) },
	"wait_ms":        func(l *aril.Limits, n int64) { l.WaitTime = milliseconds(n) },
	"event_fuel":     func(l *aril.Limits, n int64) { l.EventFuel = n },
	"host_calls":     func(l *aril.Limits, n int64) { l.HostCalls = n },
	"next_calls":     func(l *aril.Limits, n int64) { l.NextCalls = n },
	"input_bytes":    func(l *aril.Limits, n int64) { l.InputBytes = n },
	"result_bytes":   func(l *aril.Limits, n int64) { l.ResultBytes = n },
	"transfer_bytes": func(l *aril.Limits, n int64) { l.TransferBytes = n },
	"log_bytes":      func(l *aril.Limits, n int64) { l.LogBytes = n },
	"context_keys":   func(l *aril.Limits, n int64) { l.ContextKeys = n },
	"context_bytes":  func(l *aril.Limits, n int64) { l.ContextBytes = n },
}

func listed[V any](m map[string]V) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// function makes a function of the embedder's that answers as its entries say,
// the last one again and again.
func (raw *rawCase) function(name string, d *dialect, errs *problems) Function {
	if module, function, ok := strings.Cut(name, "."); !ok || module == "" || function == "" {
		errs.add(errors.New("it is not of the form module.function"))
	}
	entries := raw.Functions[name]
	if len(entries) == 0 {
		errs.add(errors.New("it has no answers"))
	}
	var answers []entry
	for i := range entries {
		e := entries[i].parse("", d, errs)
		if e.operation != nil {
			errs.add(errors.New("a function runs no operation"))
		}
		answers = append(answers, e)
	}
	var mu sync.Mutex
	calls := 0
	return func(ctx context.Context, _ any) (any, error) {
		mu.Lock()
		e := answers[min(calls, len(answers)-1)]
		calls++
		mu.Unlock()
		if err := wait(ctx, e.delay); err != nil {
			return nil, err
		}
		return e.value, e.failure
	}
}
