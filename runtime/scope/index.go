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
	order []*executor          // by id, so that a page of them costs its length
}

// note adds an executor, if there is an index.
func (x *index) note(e *executor) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.on {
		x.add(e)
	}
}

func byID(e *executor, id uint64) int { return cmp.Compare(e.id, id) }

func (x *index) add(e *executor) {
	if x.ids[e.id] == nil {
		at, _ := slices.BinarySearchFunc(x.order, e.id, byID)
		x.order = slices.Insert(x.order, at, e)
	}
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
	if at, found := slices.BinarySearchFunc(x.order, e.id, byID); found {
		x.order = slices.Delete(x.order, at, at+1)
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

// page gives up to limit executors with an ID above after, by ID: those that
// have an entry, or the registered ones.
func (s *Scope) page(after uint64, limit int, registered bool) (out []AnyExecutor) {
	if registered {
		list := s.sortedRoster()
		at, _ := slices.BinarySearchFunc(list, after+1, func(e AnyExecutor, id uint64) int { return cmp.Compare(e.ID(), id) })
		return list[at:min(at+limit, len(list))]
	}
	x := s.indexed()
	x.mu.Lock()
	defer x.mu.Unlock()
	at, _ := slices.BinarySearchFunc(x.order, after+1, byID)
	for _, e := range x.order[at:] {
		if len(out) == limit {
			break
		}
		if c, ok := s.cells.Load(e); ok && c.(*cell).content.Load() != nil {
			out = append(out, e.self)
		}
	}
	return out
}

// sortedRoster gives the registered executors by ID; not to be changed.
func (s *Scope) sortedRoster() []AnyExecutor {
	s.rosterOnce.Do(func() {
		s.rosterByID = s.RegisteredExecutors()
		slices.SortFunc(s.rosterByID, func(a, b AnyExecutor) int { return cmp.Compare(a.ID(), b.ID()) })
	})
	return s.rosterByID
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
