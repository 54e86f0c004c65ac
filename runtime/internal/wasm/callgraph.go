package wasm

import "maps"

// A survey is what one look at every body gives: enough to know, while one
// body is written, what the others are like.
type survey struct {
	frames       []uint64 // native bytes of one call of each function
	edges        []uint32 // callees, as function indices
	edgeEnds     []uint32 // of each function's edges
	indirect     []bool   // the function has a call_indirect
	anyIndirect  bool
	usesSegments bool            // memory.init or data.drop
	inits        map[uint32]bool // data segments of memory.init
	fill, copy   bool            // memory.fill and memory.copy occur
	loops        []bool          // see meter.go: which loops keep the balance in a local
	loopStarts   []uint32        // of each function's loops in loops
}

func (s *survey) module(m *Module) error {
	n := len(m.Bodies)
	s.frames = make([]uint64, n)
	s.edgeEnds = make([]uint32, n)
	s.indirect = make([]bool, n)
	s.loopStarts = make([]uint32, n)
	s.inits = map[uint32]bool{}
	var parts [maxParts]survey
	var ends [maxParts]int
	err := m.inParts(func(part, from, to int) error {
		p := &parts[part]
		*p = survey{frames: s.frames, edgeEnds: s.edgeEnds, indirect: s.indirect, loopStarts: s.loopStarts, inits: map[uint32]bool{}}
		ends[part] = to
		v := surveyor{survey: p, m: m}
		for i := from; i < to; i++ {
			if err := v.body(i); err != nil {
				return err
			}
			p.edgeEnds[i] = uint32(len(p.edges))
		}
		return nil
	})
	from := 0
	for part := range parts {
		from = s.join(&parts[part], from, ends[part])
	}
	return err
}

// join adds what was seen of functions from to to, and gives to, or from where
// there are none.
func (s *survey) join(p *survey, from, to int) int {
	edges, loops := uint32(len(s.edges)), uint32(len(s.loops))
	for i := from; i < to; i++ {
		s.edgeEnds[i] += edges
		s.loopStarts[i] += loops
	}
	s.edges, s.loops = append(s.edges, p.edges...), append(s.loops, p.loops...)
	maps.Copy(s.inits, p.inits)
	s.anyIndirect = s.anyIndirect || p.anyIndirect
	s.usesSegments = s.usesSegments || p.usesSegments
	s.fill, s.copy = s.fill || p.fill, s.copy || p.copy
	return max(from, to)
}

func (s *survey) callees(function int) []uint32 {
	start := uint32(0)
	if function > 0 {
		start = s.edgeEnds[function-1]
	}
	return s.edges[start:s.edgeEnds[function]]
}

// A callGraph says how much native stack calls can take. Functions are
// counted from the first one with a body.
//
// A function that can be in progress twice on one stack, because it is in a
// cycle of calls or because call_indirect can reach it, is chargeable: it
// takes its need from the balance when it is entered. What other functions
// need is known beforehand and charged by the chargeable one that calls them,
// or by the host.
type callGraph struct {
	need       []uint64 // its frame and the deepest calls of functions that are not chargeable
	chargeable []bool
	charges    []bool // it, or what it calls, charges: the balance must be right when it is called
	// importInTable says that call_indirect may reach an import.
	importInTable bool
}

func (g *callGraph) build(m *Module, s *survey) {
	n := len(m.Bodies)
	g.need = make([]uint64, n)
	g.chargeable = make([]bool, n)
	g.charges = make([]bool, n)
	imported := uint32(len(m.Imports))
	table := func(e ConstExpr) {
		if e.Op != OpRefFunc {
			return
		}
		if index := uint32(e.Bits); index < imported {
			g.importInTable = true
		} else if s.anyIndirect {
			g.chargeable[index-imported] = true
		}
	}
	for i := range m.Elems {
		for _, e := range m.Elems[i].Init {
			table(e)
		}
	}
	for i := range m.Globals {
		table(m.Globals[i].Init)
	}
	g.walk(s, imported)
}

// walk visits the functions callees first (Tarjan's algorithm, without
// recursion: a module may nest calls 100,000 deep).
func (g *callGraph) walk(s *survey, imported uint32) {
	n := len(g.need)
	var (
		order   = make([]uint32, n) // 0: not seen
		low     = make([]uint32, n)
		onStack = make([]bool, n)
		stack   []uint32
		next    = uint32(1)
	)
	type visit struct{ function, edge uint32 }
	var visits []visit
	enter := func(f uint32) {
		order[f], low[f] = next, next
		next++
		onStack[f] = true
		stack = append(stack, f)
		visits = append(visits, visit{function: f})
	}
	for root := range uint32(n) {
		if order[root] != 0 {
			continue
		}
		enter(root)
		for len(visits) > 0 {
			v := &visits[len(visits)-1]
			f := v.function
			callees := s.callees(int(f))
			if int(v.edge) < len(callees) {
				callee := callees[v.edge] - imported
				v.edge++
				switch {
				case order[callee] == 0:
					enter(callee)
				case onStack[callee]:
					low[f] = min(low[f], order[callee])
				}
				if callee == f {
					g.chargeable[f] = true
				}
				continue
			}
			visits = visits[:len(visits)-1]
			if len(visits) > 0 {
				parent := visits[len(visits)-1].function
				low[parent] = min(low[parent], low[f])
			}
			if low[f] != order[f] {
				continue
			}
			// f is the first of a strongly connected component: it and what is
			// above it on the stack.
			at := len(stack) - 1
			for stack[at] != f {
				at--
			}
			component := stack[at:]
			for _, member := range component {
				onStack[member] = false
				if len(component) > 1 {
					g.chargeable[member] = true
				}
			}
			for _, member := range component {
				g.settle(s, imported, member)
			}
			stack = stack[:at]
		}
	}
}

// settle computes the figures of a function whose callees outside its own
// component have theirs.
func (g *callGraph) settle(s *survey, imported, f uint32) {
	g.charges[f] = g.chargeable[f] || s.indirect[f]
	deepest := uint64(0)
	for _, callee := range s.callees(int(f)) {
		callee -= imported
		if !g.chargeable[callee] {
			deepest = max(deepest, g.need[callee])
		}
		if g.charges[callee] || g.chargeable[callee] {
			g.charges[f] = true
		}
	}
	g.need[f] = s.frames[f] + deepest
}

// functionType is the type of a function.
func (m *Module) functionType(index uint32) *FuncType {
	if imported := uint32(len(m.Imports)); index >= imported {
		return &m.Types[m.Funcs[index-imported]]
	}
	return &m.Types[m.Imports[index].Type]
}
