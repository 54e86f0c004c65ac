package enrich

import (
	"container/list"
	"encoding/json"
	"sync"
	"time"
)

// A valueCache keeps values of extensions, the least recently used of which
// make room.
type valueCache struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[string]*list.Element
	order   *list.List // most recently used first
	bytes   int
	flights map[string]chan struct{} // by key: closed when the one who makes the value is through
}

type cached struct {
	key   string
	value json.RawMessage
	until time.Time
}

// entryOverhead is what an entry takes beside its bytes.
const entryOverhead = 256

func newValueCache(entries, bytes int) *valueCache {
	return &valueCache{maxEntries: entries, maxBytes: bytes, entries: map[string]*list.Element{}, order: list.New(), flights: map[string]chan struct{}{}}
}

func (c *valueCache) get(key string, now time.Time) (json.RawMessage, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.entries[key]
	if !ok {
		return nil, false
	}
	entry := found.Value.(*cached)
	if !now.Before(entry.until) {
		c.drop(found)
		return nil, false
	}
	c.order.MoveToFront(found)
	return entry.value, true
}

func (c *valueCache) put(key string, value json.RawMessage, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.entries[key]; ok {
		c.drop(old)
	}
	size := len(key) + len(value) + entryOverhead
	if size > c.maxBytes {
		return
	}
	c.bytes += size
	c.entries[key] = c.order.PushFront(&cached{key, value, until})
	for len(c.entries) > c.maxEntries || c.bytes > c.maxBytes {
		c.drop(c.order.Back())
	}
}

// flight is nil for the first to make a value, who then owes landed. The others
// get what closes when that one is through.
func (c *valueCache) flight(key string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if made, ok := c.flights[key]; ok {
		return made
	}
	c.flights[key] = make(chan struct{})
	return nil
}

func (c *valueCache) landed(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.flights[key])
	delete(c.flights, key)
}

func (c *valueCache) drop(e *list.Element) {
	entry := c.order.Remove(e).(*cached)
	delete(c.entries, entry.key)
	c.bytes -= len(entry.key) + len(entry.value) + entryOverhead
}
