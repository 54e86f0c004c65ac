package wasm

import "time"

// facts are what Validate has seen in the bodies and Admit judges.
type facts struct {
	seen       [opCount]int   // instructions of each opcode, by slot
	first      map[Opcode]int // function that first has it, for the opcodes that use was told of
	blockTypes bool           // whether a block names a type by index

	compile      time.Duration // estimate for the whole module
	slowest      time.Duration // estimate for the function below
	slowestIndex int           // its index, imports counted
}

// use notes where an opcode was seen.
func (f *facts) use(op Opcode, function int) {
	if f.first == nil {
		f.first = map[Opcode]int{}
	}
	if _, ok := f.first[op]; !ok {
		f.first[op] = function
	}
}

// add ends a function.
func (f *facts) add(function int, c *compileCost) {
	total := c.total()
	f.compile += total
	if total > f.slowest {
		f.slowest, f.slowestIndex = total, function
	}
}

// join adds what was seen of the functions that follow.
func (f *facts) join(o *facts) {
	for slot, n := range o.seen {
		f.seen[slot] += n
	}
	for op, function := range o.first {
		f.use(op, function)
	}
	f.blockTypes = f.blockTypes || o.blockTypes
	f.compile += o.compile
	if o.slowest > f.slowest {
		f.slowest, f.slowestIndex = o.slowest, o.slowestIndex
	}
}
