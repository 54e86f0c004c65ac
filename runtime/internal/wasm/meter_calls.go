package wasm

// Calls, and instructions that the rewriter makes calls of its helpers.

func (w *bodyWriter) call() {
	in := &w.in
	callee := in.A
	var t *FuncType
	if callee < w.imported {
		t = &w.m.Types[w.m.Imports[callee].Type]
	} else {
		t = &w.m.Types[w.m.Funcs[callee-w.imported]]
	}
	w.cost(uint32(len(t.Params) + len(t.Results)))
	in.A = w.function(callee)
	if w.opt.Unmetered {
		w.b = appendInstruction(w.b, in)
		return
	}
	if callee < w.imported {
		w.b = appendCheck(w.b, w.fuel, w.helpers.empty)
	} else if w.graph.charges[callee-w.imported] {
		w.passStack()
	}
	w.b = appendInstruction(w.b, in)
}

func (w *bodyWriter) callIndirect() {
	in := &w.in
	t := &w.m.Types[in.A]
	w.cost(uint32(len(t.Params) + len(t.Results)))
	if w.opt.Unmetered {
		w.b = appendInstruction(w.b, in)
		return
	}
	if w.graph.importInTable {
		w.b = appendCheck(w.b, w.fuel, w.helpers.empty)
	}
	w.passStack()
	w.b = appendInstruction(w.b, in)
}

// passStack tells the callee what is left.
func (w *bodyWriter) passStack() {
	w.op(OpLocalGet, w.stackL)
	w.op(OpGlobalSet, w.stack)
}

func (w *bodyWriter) bulk() {
	in := &w.in
	if w.opt.Unmetered {
		w.b = appendInstruction(w.b, in)
		return
	}
	switch in.Op {
	case OpMemoryFill:
		w.op(OpCall, w.helpers.fill)
	case OpMemoryCopy:
		w.op(OpCall, w.helpers.copy)
	case OpMemoryInit:
		w.op(OpCall, w.helpers.init[in.A])
	default: // the count is on top of the stack
		w.op(OpCall, w.helpers.spend)
		if in.Op == OpMemoryGrow && w.track != nil {
			w.op(OpCall, w.helpers.grow)
			return
		}
		w.b = appendInstruction(w.b, in)
	}
}
