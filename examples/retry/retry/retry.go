// Package retry is an extension that resolves an executor again when its
// factory failed in a way that may pass.
package retry

import (
	"strings"

	"github.com/aril-wasm/aril/guest-sdk/go/guest"
)

// stats has an entry for each executor whose last resolution met an error.
var stats = guest.Map[Stat]("stats")

// A Retry is the extension. Its configuration is maxRetries, default 3, and
// backoffMs, default 1000: the pause before the first retry, twice as long
// before each further one. Its methods are getRetryStats, and getRetryCount of
// an executor's name.
type Retry struct {
	maxRetries int
	backoff    guest.Duration
}

// New makes the extension.
func New() *Retry { return &Retry{} }

// Init reads the configuration.
func (e *Retry) Init(cfg guest.Config) (err error) {
	if e.maxRetries, err = guest.Or(cfg.Get("maxRetries"), 3); err != nil {
		return err
	}
	ms, err := guest.Or[int64](cfg.Get("backoffMs"), 1000)
	e.backoff = guest.Duration(ms) * guest.Millisecond
	return err
}

// WrapResolve calls next until it succeeds, tries are used up, or trying again
// is of no use. Updates are tried once.
func (e *Retry) WrapResolve(r *guest.Resolution, next guest.Next) (guest.Value, error) {
	if r.Operation() != "resolve" {
		return next()
	}
	name := r.Executor().NameOr("unnamed")
	pause := e.backoff
	for attempt := 1; ; attempt++ {
		result, err := next()
		if err == nil {
			report(stats.Delete(name))
			return result, nil
		}
		if givenUp(err) {
			return result, err
		}
		report(stats.Set(name, Stat{Attempts: attempt, LastError: err.Error(), LastAttemptAt: guest.Now()}))
		if attempt > e.maxRetries || !isRetriable(err) {
			giveUp(err)
			return result, err
		}
		if err := guest.Sleep(pause); err != nil {
			return guest.Value{}, err // the caller does not wait any longer
		}
		pause *= 2
	}
}

// isRetriable tells errors that may pass from those that will not.
func isRetriable(err error) bool {
	code := guest.Code(err)
	return code == "NETWORK_ERROR" || code == "TIMEOUT_ERROR" || strings.Contains(err.Error(), "rate limit")
}

// An error of a dependency comes by again at each executor that needs it. Tries
// would multiply if each of them tried again, so the one that gives up tells
// those further out, through the root of the chain of operations.
const lastError = "gave up on"

func giveUp(err error) { report(guest.Root.Set(lastError, err.Error())) }

func givenUp(err error) bool {
	last, _ := guest.As[string](guest.Root.Get(lastError))
	return last == err.Error()
}

// report is for what must not fail a resolution.
func report(err error) {
	if err != nil {
		guest.Log.Warn("statistics not kept", "error", err)
	}
}

// Methods are what the host may call.
func (*Retry) Methods() guest.Methods {
	return guest.Methods{
		"getRetryStats": func(guest.Value) (guest.Value, error) { return stats.Value(), nil },
		"getRetryCount": guest.Func(func(name string) (any, error) {
			stat, err := stats.Get(name)
			if err == guest.ErrNotFound {
				return 0, nil
			}
			return stat.Attempts, err
		}),
	}
}
