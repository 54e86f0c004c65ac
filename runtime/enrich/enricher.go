package enrich

import (
	"context"
	"errors"
	"fmt"
	"os"
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
// kept and Config.Dir has. The error lists everything that is wrong with cfg.
func New(ctx context.Context, cfg Config) (*Enricher, error) {
	config, err := cfg.withDefaults(ctx)
	if err != nil {
		return nil, err
	}
	e := &Enricher{config: config, documents: map[Identity]owned{}, cache: newValueCache(config.CacheEntries, config.CacheBytes)}
	e.programs = programs{config: config, loaded: map[string]*program{}}
	e.current = newCatalogue(config.Compat, nil)
	e.current.release = e.releaseCatalogue
	if err := e.begin(ctx); err != nil {
		return nil, errors.Join(err, e.Close(ctx))
	}
	return e, nil
}

// begin loads what Config names.
func (e *Enricher) begin(ctx context.Context) error {
	e.publishing.Lock()
	defer e.publishing.Unlock()
	c := e.newChange(published, false)
	if e.config.Store != nil {
		docs, err := e.config.Store.Load(ctx)
		if err != nil {
			return err
		}
		c.add(e.parseAll(ctx, docs))
	}
	if dir := e.config.Dir; dir != "" {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer root.Close()
		docs, issues, err := e.collect(ctx, root.FS())
		if err != nil {
			return fmt.Errorf("load %s: %w", dir, err)
		}
		c.owner, c.wins, c.issues = dir, true, append(c.issues, issues...)
		c.add(e.parseAll(ctx, docs))
	}
	if len(c.next) == 0 && len(c.issues) == 0 && e.config.Attach == nil {
		return nil
	}
	c.kept = true
	_, err := c.serve(ctx)
	return err
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

// Generation counts the changes of the definitions since New.
func (e *Enricher) Generation() uint64 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.current.generation
}

// Revision is a digest of the definitions that are served and of their
// mappings' code: the same in every process that serves the same. It is part of
// ETags.
func (e *Enricher) Revision() string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.current.revision
}
