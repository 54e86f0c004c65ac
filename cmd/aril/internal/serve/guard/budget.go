package guard

import "sync"

// A budget bounds bytes over all requests. A named caller may take half.
type budget struct {
	most int64

	mu    sync.Mutex
	taken int64
	by    map[string]int64
}

func newBudget(most int64) *budget { return &budget{most: most, by: map[string]int64{}} }

// take reports whether there were n bytes left for a caller, and takes them.
func (b *budget) take(id string, n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken+n > b.most || named(id) && b.by[id]+n > b.most/2 {
		return false
	}
	b.add(id, n)
	return true
}

// force takes n bytes, whatever is left.
func (b *budget) force(id string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(id, n)
}

// full reports whether a caller may not begin anything new.
func (b *budget) full(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken >= b.most || named(id) && b.by[id] >= b.most/2
}

func (b *budget) give(id string, n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(id, -n)
}

func (b *budget) add(id string, n int64) {
	b.taken += n
	if b.by[id] += n; b.by[id] == 0 {
		delete(b.by, id)
	}
}
