package runtime

import (
	"maps"
	"sync"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi"
)

// A Store keeps the context data of level scope: what extensions put there in
// one operation and find in another. Each extension has keys of its own, and
// its limits hold for each Store. The zero value is empty and ready. It may be
// used from any goroutine, and must not be copied.
type Store struct{ level contextLevel }

// Forget drops what one extension keeps in the store, as when it leaves for
// good: data is kept until then, even of a guest that was unloaded.
func (s *Store) Forget(e Extension) {
	g, ok := e.(*Guest)
	if !ok {
		return
	}
	l := &s.level
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.data, func(k contextKey, _ []byte) bool { return k.owner == g })
	delete(l.held, g)
}

// A contextLevel is keyed data at one level: an operation's own, its root's,
// or a Store's. Keys are private to an extension. The zero value is
// empty. It may be used from any goroutine; each method is atomic.
type contextLevel struct {
	mu   sync.Mutex
	data map[contextKey][]byte
	held map[*Guest]contextUse
}

// A contextUse is what one extension keeps in one level.
type contextUse struct{ keys, bytes int64 }

type contextKey struct {
	owner *Guest
	key   string
}

// lookup finds a value. Bytes are never changed once stored.
func (l *contextLevel) lookup(k contextKey) ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.data[k]
	return v, ok
}

// swap stores val, which it keeps, and gives what was there; when that is
// longer than room, it answers TOO_LARGE and changes nothing. An empty val
// removes.
func (l *contextLevel) swap(k contextKey, val []byte, room uint64) (old []byte, had bool, s abi.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, had = l.data[k]
	if uint64(len(old)) > room {
		return old, had, abi.TooLarge
	}
	return old, had, l.put(k, val, had)
}

func (l *contextLevel) put(k contextKey, val []byte, had bool) abi.Status {
	limits := &k.owner.limits
	if over(int64(len(val)), limits.ContextBytes) {
		return abi.TooLarge
	}
	use := l.held[k.owner]
	if had {
		use.keys--
		use.bytes -= int64(len(l.data[k]))
	}
	if len(val) > 0 {
		use.keys++
		use.bytes += int64(len(val))
	}
	if over(use.keys, limits.ContextKeys) || len(val) > 0 && over(use.bytes, limits.ContextTotal) {
		return abi.Limit
	}
	if l.data == nil {
		l.data, l.held = map[contextKey][]byte{}, map[*Guest]contextUse{}
	}
	l.held[k.owner] = use
	if len(val) == 0 {
		delete(l.data, k)
	} else {
		l.data[k] = val
	}
	return abi.OK
}

// push appends one message to the array at k, made when absent, and reports
// the new count.
func (l *contextLevel) push(k contextKey, elem []byte) (count uint32, s abi.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, had := l.data[k]
	var rest []byte
	if had {
		n, body, err := msgp.ReadArrayHeaderBytes(old)
		if err != nil {
			return 0, abi.Invalid
		}
		count, rest = n, body
	}
	val := make([]byte, 0, len(old)+len(elem)+5)
	val = msgp.AppendArrayHeader(val, count+1)
	val = append(append(val, rest...), elem...)
	if s := l.put(k, val, had); s != abi.OK {
		return 0, s
	}
	return count + 1, abi.OK
}

// level finds the data of one of the three levels.
func (n *node) level(level uint32) *contextLevel {
	switch level {
	case 0:
		return n.ownLevel()
	case 1:
		return n.chain.root.ownLevel()
	case 2:
		return n.scope
	}
	return nil
}

func (n *node) ownLevel() *contextLevel {
	if l := n.own.Load(); l != nil {
		return l
	}
	n.own.CompareAndSwap(nil, &contextLevel{})
	return n.own.Load()
}

// inherited finds a value at level own: this operation's, or the nearest
// above it.
func (n *node) inherited(k contextKey) ([]byte, bool) {
	for ; n != nil; n = n.parent() {
		if own := n.own.Load(); own != nil {
			if v, ok := own.lookup(k); ok {
				return v, true
			}
		}
	}
	return nil, false
}
