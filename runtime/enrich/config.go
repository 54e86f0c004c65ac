package enrich

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
	"github.com/aril-wasm/aril/runtime/state"
)

// A Config configures an [Enricher]. The zero value runs extensions that need
// nothing of the host: script tasks and guest mappings. In every number zero
// means the default written beside it; a negative one is an error.
type Config struct {
	// Compat says whose behaviour counts. Default CompatDocs.
	Compat Compat

	// Runtime loads the mappings, each distinct one once, and keeps them loaded:
	// a script takes about 1 MiB of the Runtime's MemoryBytes. Default: one with
	// the default limits, which Close closes.
	Runtime *aril.Runtime

	// Limits bounds each mapping. Grants are what mappings may import beside
	// the default capabilities.
	Limits aril.Limits
	Grants []aril.Capability

	// Natives are mappings in Go, which a location names as "native:NAME".
	// They run without a sandbox, and nothing ends them: they must come back
	// when their context is done.
	Natives map[string]Mapping

	// JavaScript makes a module of a script. Default: package
	// guest-sdk/js's engine.
	JavaScript func(script []byte) ([]byte, error)

	// Module finds a mapping by its SHA-256, in lower-case hexadecimal. What
	// it returns is held against the digest. Default: there is none.
	Module func(ctx context.Context, digest string) ([]byte, error)

	// HTTP says what tasks of kind HTTP may ask. Without Hosts they may ask
	// nobody, unless Fetch is set. Its Time is 30 s by default.
	HTTP aril.HTTPConfig

	// Fetch does the requests of tasks, in the place of a client that HTTP
	// configures. FetchUnverified does those of tasks with validateSsl false;
	// without it such definitions are refused.
	Fetch           Fetch
	FetchUnverified Fetch

	// Instances answers tasks that read other instances. Default: they fail.
	Instances InstanceSource

	// State is where state store tasks keep values. Default: in memory, gone
	// with the Enricher.
	State state.Store

	// Store keeps what was published over restarts. Default: none.
	Store Store

	// Dir is a directory whose definitions New loads together with those of
	// Store, as either may refer to the other. LoadDir loads it again. Default:
	// none.
	Dir string

	// Secrets gives the values of {{secrets.STORE.KEY}}, and what guests ask
	// for by aril_secrets_v1.get. Default: there are none, and guests that
	// import it are refused.
	Secrets func(ctx context.Context, r SecretRequest) (string, error)

	// Allow says whether an extension may run for a request. One that may not
	// is left out. Default: all may.
	Allow func(ctx context.Context, r *Request, e *Extension) bool

	// FilterValue changes what an extension made before it gets into a
	// response; nil leaves it out. It runs on cached values too. Default: none.
	FilterValue func(ctx context.Context, r *Request, e *Extension, value json.RawMessage) (json.RawMessage, error)

	// Audit is told of every response that had data in it. Keep it short; it
	// runs on the goroutine of the request. Default: nobody is told.
	Audit func(ctx context.Context, a *AuditRecord)

	// Observe is called for each run of an extension, when its group is over.
	Observe func(ctx context.Context, r *Run)

	// Attach makes a value of all the definitions that are about to be served,
	// sorted by name: say, the state machines of the workflows. New calls it
	// too, also where there are none yet. See [Enricher.Attached]. An issue that
	// is no warning refuses the change. It is called by one goroutine at a time.
	// Default: nothing is attached.
	Attach func(docs []Document) (any, []Issue)

	// Logger gets failures and what was published. Default: nothing is logged.
	Logger *slog.Logger

	// OnFailure is what a failure does where the extension does not say:
	// "omit" or "fail". Default: what the level does, omit for docs and
	// 0.0.26, fail for 0.0.33.
	OnFailure string

	// Timeout is how long one extension may take with everything in it, where
	// it does not say. Default 30 s.
	Timeout time.Duration

	// Concurrent is how many extensions of one request run at once. Default
	// 16. Pages share it.
	Concurrent int

	// ValueBytes caps what one extension adds to a response, ResponseBytes
	// what all of them add to one instance. Defaults 1 MiB and 8 MiB.
	ValueBytes    int
	ResponseBytes int

	// Runs is how many extensions may run for one response, the items of a
	// page taken together. Default 10,000.
	Runs int

	// DocumentBytes caps one definition or mapping file, Documents how many
	// definitions are loaded. Defaults 16 MiB and 100,000.
	DocumentBytes int
	Documents     int

	// CacheEntries and CacheBytes cap what extensions with a cache policy
	// keep. Defaults 10,000 and 64 MiB.
	CacheEntries int
	CacheBytes   int

	ownsRuntime bool
	noRuntime   bool // for those who load no mapping
}

// A SecretRequest names a secret and says who asks.
type SecretRequest struct {
	Extension string // its key; for a guest the mapping's name
	Store     string
	Key       string
}

// withDefaults fills in what is missing and lists what is wrong.
func (c Config) withDefaults(ctx context.Context) (*Config, error) {
	var errs []error
	if c.Compat > Compat0033 {
		errs = append(errs, fmt.Errorf("Compat is %d; want CompatDocs, Compat0026 or Compat0033", c.Compat))
	}
	if c.OnFailure != "" && c.OnFailure != "omit" && c.OnFailure != "fail" {
		errs = append(errs, fmt.Errorf("OnFailure is %q; want omit or fail", c.OnFailure))
	}
	for _, f := range []struct {
		name string
		v    *int
		def  int
	}{
		{"Concurrent", &c.Concurrent, 16}, {"ValueBytes", &c.ValueBytes, 1 << 20}, {"ResponseBytes", &c.ResponseBytes, 8 << 20},
		{"Runs", &c.Runs, 10_000}, {"DocumentBytes", &c.DocumentBytes, 16 << 20}, {"Documents", &c.Documents, 100_000},
		{"CacheEntries", &c.CacheEntries, 10_000}, {"CacheBytes", &c.CacheBytes, 64 << 20},
	} {
		if *f.v < 0 {
			errs = append(errs, fmt.Errorf("%s is below 0; 0 is the default, %d", f.name, f.def))
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("%s is below 0; 0 is the default, 30s", "Timeout"))
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.State == nil {
		c.State = state.Memory(state.Limits{})
	}
	if c.JavaScript == nil {
		c.JavaScript = javaScriptModule
	}
	c.Natives = maps.Clone(c.Natives)
	if c.Fetch == nil && len(c.HTTP.Hosts) > 0 {
		if c.HTTP.Time == 0 {
			c.HTTP.Time = 30 * time.Second
		}
		fetch, err := NewFetch(c.HTTP)
		errs = append(errs, err)
		c.Fetch = fetch
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if c.Runtime == nil && !c.noRuntime {
		rt, err := aril.New(ctx, aril.Config{Logger: c.Logger})
		if err != nil {
			return nil, err
		}
		c.Runtime, c.ownsRuntime = rt, true
	}
	return &c, nil
}
