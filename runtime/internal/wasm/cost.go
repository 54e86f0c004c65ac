package wasm

import "time"

// A compileCost estimates how long the engine's optimising compiler needs for
// one function, in the form that the rewriter gives it. It follows the control
// flow as the compiler will build it and counts what the compiler does more
// than linearly; to that come the prices of the instructions.
//
// The compiler is wazero v1.12.0's. What it does with n blocks in a row, one
// dominating the next:
//
//   - it walks from each edge's source up the tree of dominators (steps);
//   - it looks for a local's value backwards, block by block, at every read,
//     and remembers nothing before a block with several predecessors (walks);
//   - there it asks every predecessor, for every local (searches);
//   - it looks for an edge in the list of all edges to the same block (listed);
//   - it keeps what lives across a block in sets per block (lives);
//   - it gives each loop a parameter for each local and removes those that
//     are not needed one by one (loops × locals × (loops + locals)).
//
// Measured on a 2-core Linux VM:
//
//	10,000 br_if in a row                                  2.8 s
//	10,000 if … unreachable … end in a row                16.6 s
//	1,000 br_if, then 100,000 local.get                    7 s
//	1,000 br_if to one block, 1,000 locals read after it  18 s
//	300 nested loops, 1,000 locals read inside           100 s
//	1,000 nested loops, 100 locals read inside            16 s
//	br_table with 10,000 targets                           0.12 s
//	100,000 call_indirect / i64.trunc_f64_u                2.5 s / 2 s
//
// 43 such shapes, each with 1, 100 and 1,000 locals and as large as an
// estimate of 1 s lets it be, took 0.01 to 1.3 s of CPU time. 13 guests of
// real toolchains (Go, Rust, C, Zig, TinyGo, AssemblyScript) took 0.3 to 0.9
// of their estimates; their longest function was estimated at 0.2 s.
type compileCost struct {
	linear                        time.Duration
	marks                         time.Duration // on top, where code marks what it writes
	steps, walks, searches, lives int64
	listed                        int64
	blocks, loops, extra          int64 // extra: most values that a label carries

	// The block that the compiler is in.
	depth int32 // in the tree of dominators, or above
	chain int32 // blocks with one predecessor up to here
	reads int32 // of locals, in this block

	used      []uint64 // bitmap of the locals that code names
	usedCount int64
}

// The prices, about what was measured on a core of its own.
const (
	costInstruction = 1500 * time.Nanosecond
	costAccess      = 4 * time.Microsecond  // of memory, each at an address that is not known to be safe
	costMark        = 18 * time.Microsecond // of a store, where what is written is marked
	costVector      = 6 * time.Microsecond
	costMinMax      = 8 * time.Microsecond // of floats, and copysign
	costMemorySize  = 8 * time.Microsecond
	costDivide      = 12 * time.Microsecond // of integers: it can trap twice
	costTruncate    = 20 * time.Microsecond // a float that does not fit traps
	costTable       = 45 * time.Microsecond // table.get, table.grow …
	costBulk        = 12 * time.Microsecond // memory.copy …, which the rewriter makes calls
	costIndirect    = 30 * time.Microsecond // on top of the call
	costCall        = 3 * time.Microsecond
	costValue       = 300 * time.Nanosecond // a parameter or result of a call
	costTarget      = 15 * time.Microsecond // of br_table
	costTargetValue = 1500 * time.Nanosecond
	costFunction    = 10 * time.Microsecond
	costDeclare     = 400 * time.Nanosecond // of a local, used or not: the compiler gives each a value, and 100 bytes

	costStep      = 30 * time.Nanosecond
	costWalk      = 70 * time.Nanosecond
	costListed    = 2 * time.Nanosecond
	costSearch    = 40 * time.Nanosecond
	costLive      = 300 * time.Nanosecond
	costLoopLoop  = 100 * time.Nanosecond
	costLoopLocal = 300 * time.Nanosecond

	maxCostFunction = time.Hour // no estimate is larger, so that sums cannot overflow

	rewriteBlocks   = 4 // blocks of one check that the rewriter inserts
	rewriteLocals   = 3 // locals that the rewriter adds
	memoryVariables = 3 // base and length of memory, and fuel: read in most blocks
)

// opPrices are what each opcode costs by itself, by slot.
var opPrices = func() (prices [opCount]time.Duration) {
	for _, op := range Opcodes() {
		prices[op.slot()] = opPrice(op)
	}
	return prices
}()

// markPrices are what each opcode costs more in code that marks what it
// writes, by slot.
var markPrices = func() (prices [opCount]time.Duration) {
	for _, op := range Opcodes() {
		if op.Info().Class == ClassStore {
			prices[op.slot()] = costMark
		}
	}
	return prices
}()

func opPrice(op Opcode) time.Duration {
	switch op.Info().Class {
	case ClassLoad, ClassStore:
		return costAccess
	case ClassVector:
		return costVector
	case ClassMemory:
		return costMemorySize
	case ClassBulk:
		return costBulk
	case ClassTable:
		return costTable
	}
	switch {
	case op >= OpI32DivS && op <= OpI32RemU, op >= OpI64DivS && op <= OpI64RemU:
		return costDivide
	case op >= OpI32TruncF32S && op <= OpI32TruncF64U, op >= OpI64TruncF32S && op <= OpI64TruncF64U:
		return costTruncate
	case op >= OpF32Min && op <= OpF32Copysign, op >= OpF64Min && op <= OpF64Copysign:
		return costMinMax
	case op == OpCallIndirect:
		return costIndirect
	}
	return costInstruction
}

// begin starts a function that has this many locals.
func (c *compileCost) begin(locals int) {
	used := c.used[:0]
	if n := locals/64 + 1; cap(used) < n {
		used = make([]uint64, n)
	} else {
		used = used[:n]
		clear(used)
	}
	*c = compileCost{used: used, linear: costFunction + time.Duration(locals)*costDeclare, blocks: 1, depth: 1, chain: 1}
	c.check()
}

// total is the estimate for the function.
func (c *compileCost) total() time.Duration {
	c.next(0)
	locals := float64(c.usedCount + rewriteLocals + c.extra)
	loops := float64(c.loops)
	ns := float64(c.linear) +
		float64(c.steps)*float64(costStep) +
		float64(c.walks)*float64(costWalk) +
		float64(c.listed)*float64(costListed) +
		float64(c.searches)*locals*float64(costSearch) +
		(float64(c.lives)+float64(c.blocks)*locals)*float64(costLive) +
		loops*locals*(loops*float64(costLoopLoop)+locals*float64(costLoopLocal))
	return time.Duration(min(ns, float64(maxCostFunction)))
}

// next ends the current block; live values are on the operand stack.
func (c *compileCost) next(live int) {
	c.walks += int64(c.reads+memoryVariables) * int64(c.chain)
	c.reads = 0
	c.blocks++
	c.lives += int64(live)
}

// follow goes on in a block that only the current one leads to.
func (c *compileCost) follow(live int) {
	c.next(live)
	c.steps += int64(c.depth)
	c.depth++
	c.chain++
}

// check is one check of the rewriter: a condition, what it guards, and the
// block where both meet.
func (c *compileCost) check() {
	c.next(0)
	c.blocks += rewriteBlocks - 1
	c.steps += rewriteBlocks * int64(c.depth)
	c.searches += 2 * int64(c.chain+1)
	c.depth += 2
	c.chain = 1
}

// A join is a block with several predecessors, as they become known.
type join struct {
	preds, minDepth, lastChain int32
	chains                     int64

	// Of an if: where its condition was.
	depth, chain int32
}

// edge goes from the current block to a join, with values.
func (c *compileCost) edge(j *join, live int) {
	c.steps += int64(c.depth)
	c.lives += int64(live)
	if j.preds == 0 || c.depth < j.minDepth {
		j.minDepth = c.depth
	}
	j.preds++
	j.lastChain = c.chain
	j.chains += int64(c.chain) + 1
}

// enter goes on at a join whose predecessors are all known.
func (c *compileCost) enter(j *join, live int) {
	c.next(live)
	switch j.preds {
	case 0: // dead code: the compiler skips what follows
	case 1:
		c.depth, c.chain = j.minDepth+1, j.lastChain+1
	default:
		c.depth, c.chain = j.minDepth+1, 1
		c.join(j)
	}
}

// join settles the edges into a block with several predecessors: each of them
// is searched, and the list of them is walked for each.
func (c *compileCost) join(j *join) {
	c.searches += j.chains
	c.listed += int64(j.preds) * int64(j.preds)
}

// loop goes on in the header of a loop.
func (c *compileCost) loop(j *join, params, live int) {
	c.edge(j, live)
	c.next(live)
	c.depth++
	c.chain = 1
	c.loops++
	c.carry(params)
	c.check()
}

// closeLoop settles the edges back to the header, and goes on behind.
func (c *compileCost) closeLoop(j *join, live int) {
	c.join(j)
	c.follow(live)
}

// carry notes how many values a label carries.
func (c *compileCost) carry(n int) { c.extra = max(c.extra, int64(n)) }

// ifThen goes on in the first arm of an if, orElse in the second.
func (c *compileCost) ifThen(j *join, live int) {
	j.depth, j.chain = c.depth, c.chain
	c.follow(live)
}

func (c *compileCost) orElse(j *join, live int) {
	c.depth, c.chain = j.depth, j.chain
	c.follow(live)
}

// local notes that code names a local.
func (c *compileCost) local(index uint32) {
	word, bit := index/64, uint64(1)<<(index%64)
	if int(word) < len(c.used) && c.used[word]&bit == 0 {
		c.used[word] |= bit
		c.usedCount++
	}
}

// call is a call with so many parameters and results.
func (c *compileCost) call(values int) { c.linear += costCall + time.Duration(values)*costValue }
