package enrich

import (
	"context"
	"errors"
	"sync"
)

// ErrClosed is what a closed Enricher answers.
var ErrClosed = errors.New("enricher is closed")

// An Enricher holds definitions and runs the extensions that they define. It
// may be used from any goroutine.
type Enricher struct {
	config   *Config
	programs programs
	cache    *valueCache
	stats    statistics

	publishing sync.Mutex // held while a catalogue is made
	documents  map[Identity]owned

	mu      sync.RWMutex
	current *catalogue
	closed  bool
}

// New makes an Enricher without definitions, but for those that Config.Store
// kept. The error lists everything that is wrong with cfg.
func New(ctx context.Context, cfg Config) (*Enricher, error) {
	config, err := cfg.withDefaults(ctx)
	if err != nil {
		return nil, err
	}
	e := &Enricher{config: config, documents: map[Identity]owned{}, cache: newValueCache(config.CacheEntries, config.CacheBytes)}
	e.programs = programs{config: config, loaded: map[string]*program{}}
	e.current = newCatalogue(config.Compat, nil)
	e.current.release = e.releaseCatalogue
	if config.Store != nil {
		docs, err := config.Store.Load(ctx)
		if err == nil && len(docs) > 0 {
			_, err = e.Publish(ctx, docs...)
		}
		if err != nil {
			return nil, errors.Join(err, e.Close(ctx))
		}
	}
	return e, nil
}

// Close ends the Enricher; what runs is let finish within ctx. It closes the
// Runtime if New made it.
func (e *Enricher) Close(ctx context.Context) error {
	e.mu.Lock()
	already := e.closed
	e.closed = true
	c := e.current
	e.mu.Unlock()
	if already {
		return nil
	}
	c.done()
	if e.config.ownsRuntime {
		return e.config.Runtime.Close(ctx)
	}
	return nil
}

// acquire gives the catalogue that is served now; give it back with done.
func (e *Enricher) acquire() (*catalogue, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.closed {
		return nil, ErrClosed
	}
	e.current.users.Add(1)
	return e.current, nil
}

// done gives a catalogue back. The last one to do so frees its mappings.
func (c *catalogue) done() {
	if c.users.Add(-1) == 0 {
		c.release(c)
	}
}

func (e *Enricher) releaseCatalogue(c *catalogue) {
	for _, p := range c.programs {
		e.programs.release(p)
	}
}

// Attached is what Config.Attach made of the definitions that are served now.
func (e *Enricher) Attached() any {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.current.attached
}

// Generation counts the changes of the definitions. It is part of ETags.
func (e *Enricher) Generation() uint64 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.current.generation
}
