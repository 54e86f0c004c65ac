package store

import (
	"context"
	"sync"

	"github.com/aril-wasm/aril/runtime/enrich"
)

// Definitions keep what was published, in the same database. Save gives
// ErrChanged where another process has saved since this one loaded or saved:
// what it would write lacks what the other acknowledged.
func (s *Store) Definitions() enrich.Store { return s.definitions }

// definitions remember which generation this process has seen.
type definitions struct {
	db database

	mu         sync.Mutex
	generation string
}

func (d *definitions) Load(ctx context.Context) ([]enrich.Document, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	docs, generation, err := d.db.loadDefinitions(ctx)
	if err != nil {
		return nil, err
	}
	d.generation = generation
	return docs, nil
}

func (d *definitions) Save(ctx context.Context, docs []enrich.Document) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, doc := range docs {
		if !text(doc.Name) {
			return ErrInvalid
		}
	}
	next := newETag()
	if err := d.db.saveDefinitions(ctx, docs, d.generation, next); err != nil {
		return err
	}
	d.generation = next
	return nil
}
