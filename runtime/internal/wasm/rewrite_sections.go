package wasm

// encode writes the whole module. The order of sections and of what is in
// them is the module's; what is added comes last in each index space, but for
// the import, which comes last among the imports and so moves every function.
func (r *rewriter) encode() ([]byte, error) {
	m := r.m
	size := 0
	for i := range m.Bodies {
		size += len(m.Bodies[i].Code)
	}
	b := make([]byte, 0, 2*size+4096)
	b = append(b, "\x00asm\x01\x00\x00\x00"...)

	// The bodies may add no type: helpers.plan has added them all.
	b = r.section(b, sectionType, len(r.types), func(b []byte, i int) []byte {
		return appendTypes(appendTypes(append(b, 0x60), r.types[i].Params), r.types[i].Results)
	})
	b = r.section(b, sectionImport, len(m.Imports)+1, r.appendImport)
	b = r.section(b, sectionFunction, len(m.Funcs)+len(r.helpers.list), func(b []byte, i int) []byte {
		if i < len(m.Funcs) {
			return appendU32(b, m.Funcs[i])
		}
		return appendU32(b, r.helpers.list[i-len(m.Funcs)].typ)
	})
	b = r.section(b, sectionTable, len(m.Tables), func(b []byte, i int) []byte {
		// A table cannot grow: the host's memory for it is bounded at Load.
		limit := m.Tables[i].Limit
		limit.Max, limit.HasMax = limit.Min, true
		return appendLimit(append(b, byte(m.Tables[i].Elem)), limit)
	})
	b = r.section(b, sectionMemory, len(m.Memories), func(b []byte, i int) []byte {
		limit := r.memoryLimit()
		if r.opt.SparePage {
			limit.Max++
		}
		if r.tracked {
			limit.Min += TrackBase / PageSize
			limit.Max += TrackBase / PageSize
		}
		return appendLimit(b, limit)
	})
	b = r.section(b, sectionGlobal, len(m.Globals)+2, r.appendGlobal)
	b = r.exports(b)
	b = r.section(b, sectionElement, len(m.Elems), func(b []byte, i int) []byte {
		return r.appendElem(b, &m.Elems[i])
	})
	if r.keepData && r.survey.usesSegments {
		b = append(b, sectionDataCount)
		b, mark := beginSized(b)
		b = endSized(appendU32(b, uint32(len(m.Datas))), mark)
		return r.codeAndData(b)
	}
	return r.codeAndData(b)
}

func (r *rewriter) codeAndData(b []byte) ([]byte, error) {
	m := r.m
	w := bodyWriter{rewriter: r}
	if r.tracked {
		w.track = &tracker{}
	}
	content := len(b) + 1 + maxLEB // where the content of the section begins now
	b = r.section(b, sectionCode, len(m.Bodies)+len(r.helpers.list), func(b []byte, i int) []byte {
		b, mark := beginSized(b)
		if i < len(m.Bodies) {
			b = w.body(b, i)
		} else {
			b = append(b, r.helpers.list[i-len(m.Bodies)].body...)
		}
		full := len(b)
		b = endSized(b, mark)
		if r.lines != nil && i < len(m.Bodies) {
			r.lines.add(w.trail, mark-content, content+full-len(b), m.Bodies[i].Offset-m.CodeStart)
		}
		return b
	})
	if w.err != nil {
		return nil, w.err
	}
	if r.keepData {
		b = r.section(b, sectionData, len(m.Datas), func(b []byte, i int) []byte {
			d := &m.Datas[i]
			if d.Mode == Passive {
				b = append(b, 1)
			} else {
				offset := d.Offset
				if r.tracked { // its offset is a constant
					in := Instruction{B: uint32(offset.Bits)}
					shift(&in)
					offset.Bits = uint64(int64(int32(in.B)))
				}
				b = r.appendConst(append(b, 0), offset)
			}
			return append(appendU32(b, uint32(len(d.Bytes))), d.Bytes...)
		})
	}
	if r.lines != nil {
		b = appendTracer(b)
	}
	return b, nil
}

// section appends a section of n items, and nothing when there is none.
func (r *rewriter) section(b []byte, id byte, n int, item func(b []byte, i int) []byte) []byte {
	if n == 0 {
		return b
	}
	b, mark := beginSized(append(b, id))
	b = appendU32(b, uint32(n))
	for i := range n {
		b = item(b, i)
	}
	return endSized(b, mark)
}

func (r *rewriter) appendImport(b []byte, i int) []byte {
	if i == len(r.m.Imports) {
		b = appendName(appendName(b, MeterModule), MeterRefuel)
		return appendU32(append(b, byte(ExternFunc)), r.helpers.refuelType)
	}
	imp := &r.m.Imports[i]
	name, ok := r.opt.Rename[ImportName{imp.Module, imp.Name}]
	if !ok {
		name = ImportName{imp.Module, imp.Name}
	}
	b = appendName(appendName(b, name.Module), name.Name)
	return appendU32(append(b, byte(ExternFunc)), imp.Type)
}

func (r *rewriter) appendGlobal(b []byte, i int) []byte {
	if i >= len(r.m.Globals) { // the balance and the stack
		return append(b, byte(I64), 1, byte(OpI64Const), 0, byte(OpEnd))
	}
	g := &r.m.Globals[i]
	b = append(b, byte(g.Type), 0)
	if g.Mutable {
		b[len(b)-1] = 1
	}
	return r.appendConst(b, g.Init)
}

// appendConst appends a constant expression, its end included.
func (r *rewriter) appendConst(b []byte, e ConstExpr) []byte {
	in := Instruction{Op: e.Op, Bits: e.Bits, Bits2: e.Bits2, A: uint32(e.Bits)}
	if e.Op == OpRefFunc {
		in.A = r.function(in.A)
	}
	return append(appendInstruction(b, &in), byte(OpEnd))
}

func (r *rewriter) exports(b []byte) []byte {
	m := r.m
	type export struct {
		name  string
		kind  ExternKind
		index uint32
	}
	list := make([]export, 0, len(m.Exports)+len(m.Globals)+3)
	for _, e := range m.Exports {
		if e.Kind == ExternFunc {
			e.Index = r.function(e.Index)
		}
		list = append(list, export{e.Name, e.Kind, e.Index})
	}
	list = append(list, export{FuelGlobal, ExternGlobal, r.fuel}, export{StackGlobal, ExternGlobal, r.stack})
	if m.Start >= 0 {
		list = append(list, export{StartExport, ExternFunc, r.function(uint32(m.Start))})
	}
	for i, g := range m.Globals {
		if saved(g) {
			list = append(list, export{globalName(i), ExternGlobal, uint32(i)})
		}
	}
	return r.section(b, sectionExport, len(list), func(b []byte, i int) []byte {
		return appendU32(append(appendName(b, list[i].name), byte(list[i].kind)), list[i].index)
	})
}

// Flags of an element segment.
// https://www.w3.org/TR/wasm-core-2/#element-section%E2%91%A0
const (
	elemNotActive   = 1
	elemTable       = 2 // active: a table is named; else: declarative
	elemExpressions = 4
)

func (r *rewriter) appendElem(b []byte, e *Elem) []byte {
	flags := byte(0)
	for _, init := range e.Init {
		if init.Op != OpRefFunc {
			flags |= elemExpressions
		}
	}
	if e.Type != FuncRef {
		flags |= elemExpressions
	}
	switch {
	case e.Mode == Passive:
		flags |= elemNotActive
	case e.Mode == Declarative:
		flags |= elemNotActive | elemTable
	case e.Table != 0 || e.Type != FuncRef:
		flags |= elemTable
	}
	b = append(b, flags)
	if e.Mode == Active {
		if flags&elemTable != 0 {
			b = appendU32(b, e.Table)
		}
		b = r.appendConst(b, e.Offset)
	}
	if flags&(elemNotActive|elemTable) != 0 {
		if flags&elemExpressions != 0 {
			b = append(b, byte(e.Type))
		} else {
			b = append(b, 0) // funcref
		}
	}
	b = appendU32(b, uint32(len(e.Init)))
	for _, init := range e.Init {
		if flags&elemExpressions != 0 {
			b = r.appendConst(b, init)
		} else {
			b = appendU32(b, r.function(uint32(init.Bits)))
		}
	}
	return b
}
