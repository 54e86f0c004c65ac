package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/aril-wasm/aril/examples/prodtelemetry/prodtelemetry"
)

// A summary is what the extension posts to the endpoint.
type summary struct {
	Metrics struct {
		Executors []prodtelemetry.Executor
		Flows     []prodtelemetry.Flow
		System    struct {
			TotalOperations int
			ActiveExecutors int
			CacheSize       int
			ErrorRate       float64
			MemoryUsage     struct{ HeapUsed int64 }
		}
		RecentErrors []prodtelemetry.Error
	}
}

// An endpoint is the server to which the extensions post.
type endpoint struct {
	*httptest.Server

	mu        sync.Mutex
	summaries []summary
	events    map[string]int // by metric and event
	arrived   chan struct{}
}

func newEndpoint() *endpoint {
	e := &endpoint{arrived: make(chan struct{}, 1), events: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /telemetry", func(w http.ResponseWriter, r *http.Request) {
		var s summary
		take(w, r, &s, func() { e.summaries = append(e.summaries, s) }, e)
	})
	mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		var list []prodtelemetry.Event
		take(w, r, &list, func() {
			for _, event := range list {
				e.events[event.Metric+" "+event.Event]++
			}
		}, e)
	})
	e.Server = httptest.NewServer(mux)
	return e
}

// take reads a posted message into v and has it kept.
func take(w http.ResponseWriter, r *http.Request, v any, keep func(), e *endpoint) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(v); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	keep()
	e.mu.Unlock()
	select {
	case e.arrived <- struct{}{}:
	default:
	}
}

// forget begins anew.
func (e *endpoint) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.summaries, e.events = nil, map[string]int{}
}

// last gives the summary that came last, and how many there have been.
func (e *endpoint) last() (summary, int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.summaries) == 0 {
		return summary{}, 0
	}
	return e.summaries[len(e.summaries)-1], len(e.summaries)
}

// counted gives how many events of a kind have come.
func (e *endpoint) counted(kind string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.events[kind]
}

// wait waits until so many summaries have come, and gives the last one.
func (e *endpoint) wait(ctx context.Context, n int) (summary, error) {
	for {
		if s, have := e.last(); have >= n {
			return s, nil
		}
		select {
		case <-e.arrived:
		case <-ctx.Done():
			return summary{}, context.Cause(ctx)
		}
	}
}
