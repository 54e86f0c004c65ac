package enrich

import (
	"sync"
	"time"
)

// An Outcome is what became of an extension.
type Outcome string

const (
	OutcomeValue    Outcome = "value"    // it is in the response
	OutcomeCached   Outcome = "cached"   // it is there, from the cache
	OutcomeFallback Outcome = "fallback" // it failed, and its fallback is there
	OutcomeEmpty    Outcome = "empty"    // it made nothing
	OutcomeFailed   Outcome = "failed"
	OutcomeTimeout  Outcome = "timeout"
	OutcomeInvalid  Outcome = "invalid"  // what it made is no value of a response
	OutcomeCanceled Outcome = "canceled" // another one's failure, or the caller
	OutcomeSkipped  Outcome = "skipped"  // it was not chosen
)

// Why an extension was not chosen, or is not in the response.
const (
	CauseType      = "type"          // its type needs a workflow that lists it, or is switched off by what is named
	CauseScope     = "scope"         // it does not run at this kind of read
	CauseNotLoaded = "not loaded"    // there is no such definition
	CauseParameter = "parameter"     // it runs only when the request names it
	CauseDenied    = "authorization" // Config.Allow, or Config.FilterValue
	CauseNoOutput  = "no output"     // its mapping gave no data
)

// A Run says what became of one extension for one instance.
type Run struct {
	Key      string  `json:"key"`
	Domain   string  `json:"domain,omitempty"`
	Version  string  `json:"version,omitempty"`
	Slot     string  `json:"member,omitempty"`
	Phase    string  `json:"phase,omitempty"` // "core" or "workflow"
	Outcome  Outcome `json:"outcome"`
	Cause    string  `json:"cause,omitempty"`
	Message  string  `json:"message,omitempty"` // as the document of the system words it
	Detail   string  `json:"detail,omitempty"`
	Duration int64   `json:"durationMicros"`

	Err error `json:"-"`
}

// The words of the document for what goes wrong.
func notFoundMessage(key string) string { return "Extension '" + key + "' not found in response" }
func timeoutMessage(key string) string  { return "Extension '" + key + "' timed out" }
func invalidMessage(key string) string  { return "Extension '" + key + "' returned invalid data" }
func failedMessage(key, why string) string {
	return "Extension '" + key + "' execution failed: " + why
}

// causeText is the document's possible cause in full.
func causeText(cause string) string {
	switch cause {
	case CauseType, CauseScope:
		return "Extension type or scope mismatch"
	case CauseNotLoaded:
		return "Extension definition not loaded"
	case CauseParameter:
		return "Request parameter missing (for Requested types)"
	}
	return ""
}

// Statistics counts what became of one extension.
type Statistics struct {
	Domain, Key string
	Runs        int64
	Outcomes    map[Outcome]int64
	Time        time.Duration // of all runs together
}

// statistics is guarded by its own lock; a run takes far longer than a count.
type statistics struct {
	mu  sync.Mutex
	all map[string]*Statistics
}

func (s *statistics) add(r *Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*Statistics{}
	}
	k := id(r.Domain, r.Key)
	x := s.all[k]
	if x == nil {
		x = &Statistics{Domain: r.Domain, Key: r.Key, Outcomes: map[Outcome]int64{}}
		s.all[k] = x
	}
	x.Runs++
	x.Outcomes[r.Outcome]++
	x.Time += time.Duration(r.Duration) * time.Microsecond
}

// Statistics gives the counts of one extension, zero for one that never ran.
func (e *Enricher) Statistics(domain, key string) Statistics {
	e.stats.mu.Lock()
	defer e.stats.mu.Unlock()
	x := e.stats.all[id(domain, key)]
	if x == nil {
		return Statistics{Domain: domain, Key: key, Outcomes: map[Outcome]int64{}}
	}
	out := *x
	out.Outcomes = make(map[Outcome]int64, len(x.Outcomes))
	for o, n := range x.Outcomes {
		out.Outcomes[o] = n
	}
	return out
}
