package wasm

import "time"

// facts are what Validate has seen in the bodies and Admit judges.
type facts struct {
	seen       [opCount]int   // instructions of each opcode, by slot
	first      map[Opcode]int // function that first has it, for the opcodes that use was told of
	blockTypes bool           // whether a block names a type by index

	plain, tracked compileFacts // without and with marks of what is written
}

// compileFacts estimate the compiler's time.
type compileFacts struct {
	compile      time.Duration // for the whole module
	slowest      time.Duration // for the function below
	slowestIndex int           // its index, imports counted
}

func (f *compileFacts) add(function int, total time.Duration) {
	f.compile += total
	if total > f.slowest {
		f.slowest, f.slowestIndex = total, function
	}
}

func (f *compileFacts) join(o compileFacts) {
	f.compile += o.compile
	if o.slowest > f.slowest {
		f.slowest, f.slowestIndex = o.slowest, o.slowestIndex
	}
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
	f.plain.add(function, total)
	f.tracked.add(function, total+c.marks)
}

// compileTime picks the estimate for a form of the code.
func (f *facts) compileTime(track bool) compileFacts {
	if track {
		return f.tracked
	}
	return f.plain
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
	f.plain.join(o.plain)
	f.tracked.join(o.tracked)
}
