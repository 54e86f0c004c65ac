// Package caching is an extension that answers an operation with a key from
// what that operation gave before.
package caching

import "github.com/aril-wasm/aril/guest-sdk/go/guest"

// The results are kept as the host gave them; nothing here decodes one.
var (
	results = guest.Map[guest.Value]("results")
	hits    = guest.Counter("hits")
)

// published is the key of the scope's store where the host finds how the cache
// is doing. The host must share it.
const published = "cache"

// A Caching is the extension. Its configuration is clearOn, the executors on
// whose update the cache is emptied; default none.
type Caching struct{ clearOn []string }

// New makes the extension.
func New() *Caching { return &Caching{} }

// Init reads the configuration.
func (e *Caching) Init(cfg guest.Config) (err error) {
	e.clearOn, err = guest.Or[[]string](cfg.Get("clearOn"), nil)
	return err
}

// Attach begins with an empty cache.
func (e *Caching) Attach(s *guest.Scope) error {
	if len(e.clearOn) > 0 {
		if _, err := s.OnChange(e.clearOn...); err != nil {
			return err
		}
	}
	return empty(s)
}

// Change empties the cache when what results were made of is another now.
func (e *Caching) Change(c *guest.Change) (guest.Value, error) {
	if c.Operation() == "update" {
		return guest.Pass, empty(c.Scope())
	}
	return guest.Pass, nil
}

// Detach publishes the last figures, and leaves nothing behind.
func (e *Caching) Detach(s *guest.Scope) error {
	if err := publish(s); err != nil {
		return err
	}
	return results.Clear()
}

// Wrap answers from the cache, or fills it. Errors are not kept.
func (e *Caching) Wrap(op *guest.Operation, next guest.Next) (guest.Value, error) {
	if op.Kind() != "execution" || op.Key() == "" {
		return next()
	}
	key := op.Name() + " " + op.Key()
	kept, err := results.Get(key)
	if err == nil {
		if _, err := hits.Add(1); err != nil {
			guest.Log.Warn("hit not counted", "error", err)
		}
		return kept, nil
	}
	if err != guest.ErrNotFound {
		guest.Log.Warn("cache not read", "key", key, "error", err)
	}
	result, err := next(guest.Fetch)
	if err != nil {
		return result, err
	}
	if err := results.Set(key, result); err != nil {
		guest.Log.Warn("result not kept", "key", key, "error", err)
	}
	return result, nil
}

func empty(s *guest.Scope) error {
	if err := results.Clear(); err != nil {
		return err
	}
	return publish(s)
}

func publish(s *guest.Scope) error {
	entries, err := results.Len()
	if err != nil {
		return err
	}
	n, err := hits.Get()
	if err != nil {
		return err
	}
	return s.Set(published, map[string]int64{"entries": int64(entries), "hits": n})
}
