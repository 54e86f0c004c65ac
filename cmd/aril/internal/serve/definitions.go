package serve

import (
	"sync"

	"github.com/aril-wasm/aril/cmd/aril/internal/serve/flow"
	"github.com/aril-wasm/aril/runtime/enrich"
)

// A memory knows which documents a catalogue was made of, for the one that is
// served and the one that was made last.
type memory struct {
	mu        sync.Mutex
	documents map[*flow.Catalogue][]enrich.Document
}

// keep replaces all but what serves.
func (m *memory) keep(serves, made *flow.Catalogue, docs []enrich.Document) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := map[*flow.Catalogue][]enrich.Document{made: docs}
	if old, ok := m.documents[serves]; ok {
		kept[serves] = old
	}
	m.documents = kept
}

func (m *memory) of(c *flow.Catalogue) []enrich.Document {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.documents[c]
}

// attach is enrich.Config.Attach.
func (s *Service) attach(docs []enrich.Document) (any, []enrich.Issue) {
	c, issues := flow.Parse(docs)
	if c == nil {
		return nil, issues
	}
	s.offered.Store(int64(len(docs)))
	if s.config.Dev {
		s.memory.keep(s.catalogue(), c, docs)
	}
	return c, issues
}

// catalogue gives the state machines that are served now; nil before any are.
func (s *Service) catalogue() *flow.Catalogue {
	if s.enricher == nil {
		return nil
	}
	c, _ := s.enricher.Attached().(*flow.Catalogue)
	return c
}
