package sandbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// A Quota bounds the linear memory of many instances together, in bytes.
// When there is not enough, whoever holds least is served first, so that one
// extension cannot keep the others out by asking often.
// All methods may be called from any goroutine.
type Quota struct {
	mu      sync.Mutex
	limit   int64 // below 0: none
	used    int64
	waiters []*quotaWaiter // oldest first
	waiting atomic.Int32   // len(waiters), to look at without the lock
}

// A Share is what one extension holds of a Quota.
type Share struct{ held int64 } // guarded by Quota.mu

type quotaWaiter struct {
	share *Share
	bytes int64
	ready chan struct{}
}

// NewQuota returns a quota of limit bytes; a negative limit means none.
func NewQuota(limit int64) *Quota { return &Quota{limit: limit} }

// Used reports the bytes that are taken.
func (q *Quota) Used() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.used
}

// Waiting is how many wait for memory.
func (q *Quota) Waiting() int { return int(q.waiting.Load()) }

// take takes n bytes if they are free and nobody waits for them.
func (q *Quota) take(s *Share, n int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit >= 0 && (q.used+n > q.limit || len(q.waiters) > 0) {
		return false
	}
	q.add(s, n)
	return true
}

func (q *Quota) add(s *Share, n int64) {
	q.used += n
	s.held += n
}

// wait takes n bytes as soon as they are free: first of all who holds least,
// among equals in order of arrival. pressure, if not nil, is called to free
// what is idle.
func (q *Quota) wait(ctx context.Context, s *Share, n int64, pressure func()) error {
	q.mu.Lock()
	if q.limit >= 0 && n > q.limit {
		q.mu.Unlock()
		return fmt.Errorf("%w: an instance needs %d bytes; all instances of the runtime together may have %d", ErrMemory, n, q.limit)
	}
	if q.limit < 0 || (q.used+n <= q.limit && len(q.waiters) == 0) {
		q.add(s, n)
		q.mu.Unlock()
		return nil
	}
	w := &quotaWaiter{share: s, bytes: n, ready: make(chan struct{})}
	q.waiters = append(q.waiters, w)
	q.waiting.Add(1)
	q.mu.Unlock()
	if pressure != nil {
		pressure() // after it queued: what becomes idle from now on sees it waiting
	}
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		q.mu.Lock()
		defer q.mu.Unlock()
		for i, o := range q.waiters {
			if o == w {
				q.waiters = append(q.waiters[:i], q.waiters[i+1:]...)
				q.waiting.Add(-1)
				q.serve()
				return context.Cause(ctx)
			}
		}
		// Served at the same moment: hand it on.
		q.add(s, -n)
		q.serve()
		return context.Cause(ctx)
	}
}

func (q *Quota) give(s *Share, n int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.add(s, -n)
	q.serve()
}

func (q *Quota) serve() {
	for len(q.waiters) > 0 {
		first := 0
		for i, w := range q.waiters {
			if w.share.held < q.waiters[first].share.held {
				first = i
			}
		}
		w := q.waiters[first]
		if q.used+w.bytes > q.limit {
			return // nobody overtakes it, or what is large would wait for ever
		}
		q.add(w.share, w.bytes)
		q.waiters = slices.Delete(q.waiters, first, first+1)
		q.waiting.Add(-1)
		close(w.ready)
	}
}

// A linearMemory is the memory of one instance: a reserved region that never
// moves, of which length bytes are in use. It implements
// experimental.LinearMemory. wazero cannot be told no at the first
// Reallocate, so the quota for it is taken before, in prepaid.
type linearMemory struct {
	quota    *Quota
	share    *Share
	limit    uint64 // bytes this instance may have
	prepaid  uint64 // bytes taken from the quota already
	overhead int64  // bytes of Go heap that the instance takes beside it, taken from the quota too
	region   region // limit bytes
	length   uint64
	refused  bool   // a growth was refused since this was last cleared
	pressure func() // Config.Pressure
	pressed  bool   // it was called since this was last cleared
	hidden   uint64 // bytes of the region below the guest's address 0, not counted in any other figure
	shrink   bool   // the next Reallocate takes memory back to base
	base     uint64
}

// Reallocate makes the memory size bytes long; nil means refused.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if m.shrink {
		m.length = m.base
		return m.region.bytes()[:m.hidden+m.base]
	}
	size -= m.hidden
	if size > m.limit {
		m.refused = true
		return nil
	}
	if size > m.prepaid {
		if !m.quota.take(m.share, int64(size-m.prepaid)) && !m.press(int64(size-m.prepaid)) {
			m.refused = true
			return nil
		}
		m.prepaid = size
	}
	m.length = size
	return m.region.bytes()[:m.hidden+size]
}

// press takes n bytes after it has freed what idle instances hold. It does so
// once in an activation: a guest must not keep the pools empty.
func (m *linearMemory) press(n int64) bool {
	if m.pressed || m.pressure == nil {
		return false
	}
	m.pressed = true
	m.pressure()
	return m.quota.take(m.share, n)
}

// Free gives the memory back. wazero calls it when the module is closed,
// which the instance does when no frame of it is left.
func (m *linearMemory) Free() {
	m.region.release()
	m.quota.give(m.share, int64(m.prepaid)+m.overhead)
	m.prepaid, m.overhead, m.length = 0, 0, 0
}
