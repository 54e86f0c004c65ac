package scope

import (
	"cmp"
	"slices"
	"sync"
)

// An index finds a scope's executors by ID and name, for guests. It is made
// when the first one asks, and kept up to date from then on.
type index struct {
	mu    sync.Mutex
	on    bool
	ids   map[uint64]*executor
	names map[string]*executor // the first of a name
}

// note adds an executor, if there is an index.
func (x *index) note(e *executor) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.on {
		x.add(e)
	}
}

func (x *index) add(e *executor) {
	x.ids[e.id] = e
	if _, taken := x.names[e.name]; !taken && e.name != "" {
		x.names[e.name] = e
	}
}

// forget takes an executor out that the scope has no value of any more, unless
// it is registered.
func (x *index) forget(e *executor, roster []AnyExecutor) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.on || slices.ContainsFunc(roster, func(r AnyExecutor) bool { return r.core() == e }) {
		return
	}
	delete(x.ids, e.id)
	if x.names[e.name] == e {
		delete(x.names, e.name)
	}
}

func (s *Scope) indexed() *index {
	x := &s.index
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.on {
		x.on, x.ids, x.names = true, map[uint64]*executor{}, map[string]*executor{}
		for _, e := range s.roster {
			x.add(e.core())
		}
		var cells []*executor
		s.cells.Range(func(e, _ any) bool { cells = append(cells, e.(*executor)); return true })
		slices.SortFunc(cells, func(a, b *executor) int { return cmp.Compare(a.id, b.id) })
		for _, e := range cells {
			x.add(e)
		}
	}
	return x
}

// Executor finds an executor of the scope by its ID: a registered one, or one
// that the scope was asked for and has not released. It gives nil for none.
func (s *Scope) Executor(id uint64) AnyExecutor {
	x := s.indexed()
	x.mu.Lock()
	defer x.mu.Unlock()
	if e := x.ids[id]; e != nil {
		return e.self
	}
	return nil
}

// ExecutorNamed finds an executor of the scope by name: the first one of that
// name. It gives nil for none.
func (s *Scope) ExecutorNamed(name string) AnyExecutor {
	x := s.indexed()
	x.mu.Lock()
	defer x.mu.Unlock()
	if e := x.names[name]; e != nil {
		return e.self
	}
	return nil
}

func (s *Scope) sortedRoster() []AnyExecutor {
	list := s.RegisteredExecutors()
	slices.SortFunc(list, func(a, b AnyExecutor) int { return cmp.Compare(a.ID(), b.ID()) })
	return list
}

// metaOf gives an executor's tags as extensions see them: by label. The name
// is told as the operation's.
func metaOf(tags []Tagged) map[string]any {
	var meta map[string]any
	for _, t := range tags {
		if t.tag == any(nameTag) || t.label == "" {
			continue
		}
		if meta == nil {
			meta = map[string]any{}
		}
		if _, taken := meta[t.label]; !taken {
			meta[t.label] = t.value
		}
	}
	return meta
}
