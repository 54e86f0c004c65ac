package wasm

// The readers of the sections. Each is called with pos at the section's
// content and end at its end.

func (p *parser) types() {
	n := p.count("types", 3, p.caps.Types)
	p.m.Types = make([]FuncType, n)
	for i := range p.m.Types {
		if b := p.byte(); b != 0x60 {
			p.failAt(p.pos-1, "%#02x is no function type", b)
		}
		p.m.Types[i].Params = p.typeList("parameters", p.caps.Params)
		p.m.Types[i].Results = p.typeList("results", p.caps.Results)
	}
}

func (p *parser) typeList(what string, limit int) []ValueType {
	n := p.count(what, 1, limit)
	if n == 0 {
		return nil
	}
	// A slab is never larger than what is left of the section, so all slabs
	// together are a small multiple of it.
	if cap(p.valueTypes)-len(p.valueTypes) < n {
		p.valueTypes = make([]ValueType, 0, max(n, min(4096, p.end-p.pos)))
	}
	from := len(p.valueTypes)
	for range n {
		p.valueTypes = append(p.valueTypes, p.valueType())
	}
	return p.valueTypes[from:len(p.valueTypes):len(p.valueTypes)]
}

func (p *parser) imports() {
	n := p.count("imports", 4, p.caps.Imports)
	p.m.Imports = make([]Import, n)
	for i := range p.m.Imports {
		im := &p.m.Imports[i]
		im.Module = p.name("module name of an import")
		im.Name = p.name("name of an import")
		switch im.Kind = ExternKind(p.byte()); im.Kind {
		case ExternFunc:
			im.Type = p.typeIndex()
		case ExternTable:
			im.Table = p.table()
		case ExternMemory:
			im.Memory = p.limit()
		case ExternGlobal:
			im.Global.Type, im.Global.Mutable = p.globalType()
		default:
			p.failAt(p.pos-1, "%#02x is no kind of import", byte(im.Kind))
		}
	}
}

func (p *parser) functions() {
	n := p.count("functions", 1, p.caps.Functions)
	p.m.Funcs = make([]uint32, n)
	for i := range p.m.Funcs {
		p.m.Funcs[i] = p.typeIndex()
	}
}

func (p *parser) typeIndex() uint32 {
	at := p.pos
	index := p.u32()
	if int64(index) >= int64(len(p.m.Types)) {
		p.failAt(at, "type %d is not there", index)
	}
	return index
}

func (p *parser) tables() {
	n := p.count("tables", 3, p.caps.Tables)
	p.m.Tables = make([]Table, n)
	for i := range p.m.Tables {
		p.m.Tables[i] = p.table()
	}
}

func (p *parser) table() Table {
	t := Table{Elem: p.refType()}
	t.Limit = p.limit()
	return t
}

func (p *parser) memories() {
	n := p.count("memories", 2, 1)
	p.m.Memories = make([]Limit, n)
	for i := range p.m.Memories {
		p.m.Memories[i] = p.limit()
	}
}

func (p *parser) globalType() (t ValueType, mutable bool) {
	t = p.valueType()
	switch b := p.byte(); b {
	case 0:
	case 1:
		mutable = true
	default:
		p.failAt(p.pos-1, "%#02x is no mutability", b)
	}
	return t, mutable
}

func (p *parser) globals() {
	n := p.count("globals", 4, p.caps.Globals)
	p.m.Globals = make([]Global, n)
	for i := range p.m.Globals {
		g := &p.m.Globals[i]
		g.Type, g.Mutable = p.globalType()
		g.Init = p.constExpr()
	}
}

func (p *parser) exports() {
	n := p.count("exports", 3, p.caps.Exports)
	p.m.Exports = make([]Export, n)
	seen := make(map[string]bool, n)
	for i := range p.m.Exports {
		e := &p.m.Exports[i]
		at := p.pos
		e.Name = p.name("name of an export")
		if seen[e.Name] {
			p.failAt(at, "second export named %q", e.Name)
		}
		seen[e.Name] = true
		if e.Kind = ExternKind(p.byte()); e.Kind > ExternGlobal {
			p.failAt(p.pos-1, "%#02x is no kind of export", byte(e.Kind))
		}
		e.Index = p.u32()
	}
}

func (p *parser) start() {
	p.m.Start = int(p.u32())
}

// elements reads the element segments. The leading number of each holds three
// bits: not active, explicit table or declarative, expressions for entries.
// https://www.w3.org/TR/wasm-core-2/#element-section%E2%91%A0
func (p *parser) elements() {
	n := p.count("element segments", 3, p.caps.ElementSegments)
	p.m.Elems = make([]Elem, n)
	for i := range p.m.Elems {
		e := &p.m.Elems[i]
		at := p.pos
		flags := p.u32()
		if flags > 7 {
			p.failAt(at, "%d is no kind of element segment", flags)
		}
		notActive, explicit, expressions := flags&1 != 0, flags&2 != 0, flags&4 != 0
		switch {
		case !notActive:
			e.Mode = Active
			if explicit {
				e.Table = p.u32()
			}
			e.Offset = p.constExpr()
		case explicit:
			e.Mode = Declarative
		default:
			e.Mode = Passive
		}
		e.Type = FuncRef
		if notActive || explicit {
			if expressions {
				e.Type = p.refType()
			} else if b := p.byte(); b != 0 {
				p.failAt(p.pos-1, "%#02x is no kind of elements", b)
			}
		}
		e.Init = p.elementEntries(expressions)
	}
}

func (p *parser) elementEntries(expressions bool) []ConstExpr {
	least := 1
	if expressions {
		least = 3
	}
	n := p.count("element entries", least, p.caps.ElementEntries-p.entries)
	p.entries += n
	init := make([]ConstExpr, n)
	for i := range init {
		if expressions {
			init[i] = p.constExpr()
		} else {
			init[i] = ConstExpr{Op: OpRefFunc, Bits: uint64(p.u32())}
		}
	}
	return init
}

func (p *parser) dataCount() {
	at := p.pos
	n := p.u32()
	if int64(n) > int64(p.caps.DataSegments) {
		p.failAt(at, "%d data segments are more than %d", n, p.caps.DataSegments)
	}
	p.m.DataCount = int(n)
}

func (p *parser) code() {
	at := p.pos
	n := p.count("function bodies", 3, p.caps.Functions)
	if n != len(p.m.Funcs) {
		p.failAt(at, "%d functions are declared and %d have a body", len(p.m.Funcs), n)
	}
	p.m.Bodies = make([]Body, n)
	p.m.CodeStart, p.m.CodeSize = at, p.end-at
	sectionEnd := p.end
	for i := range p.m.Bodies {
		p.end = sectionEnd
		at := p.pos
		size := p.u32()
		if int64(size) > int64(p.end-p.pos) {
			p.failAt(at, "the body of function %d is longer than the section", i)
		}
		if int64(size) > int64(p.caps.BodyBytes) {
			p.failAt(at, "function %d: a body of %d bytes is more than %d", i, size, p.caps.BodyBytes)
		}
		p.end = p.pos + int(size)
		body := &p.m.Bodies[i]
		body.Locals = p.locals(i)
		body.Offset = p.pos
		body.Code = p.bytes(p.end - p.pos)
		if len(body.Code) == 0 || Opcode(body.Code[len(body.Code)-1]) != OpEnd {
			p.failAt(p.end-1, "the body of function %d does not end with end", i)
		}
	}
	p.end = sectionEnd
}

func (p *parser) locals(function int) []LocalRun {
	at := p.pos
	n := p.count("runs of locals", 2, p.caps.Locals)
	if cap(p.localRuns)-len(p.localRuns) < n {
		p.localRuns = make([]LocalRun, 0, max(n, min(4096, (len(p.b)-p.pos)/8)))
	}
	from := len(p.localRuns)
	total := int64(len(p.m.Types[p.m.Funcs[function]].Params))
	for range n {
		at := p.pos
		count := p.u32()
		if total += int64(count); total > int64(p.caps.Locals) {
			p.failAt(at, "function %d has more than %d locals", function, p.caps.Locals)
		}
		p.localRuns = append(p.localRuns, LocalRun{Count: count, Type: p.valueType()})
	}
	if p.totalLocals += int(total); p.totalLocals > p.caps.LocalsTotal {
		p.failAt(at, "all functions together have more than %d locals", p.caps.LocalsTotal)
	}
	return p.localRuns[from:len(p.localRuns):len(p.localRuns)]
}

func (p *parser) data() {
	at := p.pos
	n := p.count("data segments", 2, p.caps.DataSegments)
	if p.m.DataCount >= 0 && n != p.m.DataCount {
		p.failAt(at, "%d data segments are announced and %d are there", p.m.DataCount, n)
	}
	p.m.Datas = make([]Data, n)
	for i := range p.m.Datas {
		d := &p.m.Datas[i]
		at := p.pos
		switch flags := p.u32(); flags {
		case 0:
			d.Mode = Active
			d.Offset = p.constExpr()
		case 1:
			d.Mode = Passive
		case 2:
			d.Mode = Active
			at := p.pos
			if memory := p.u32(); memory != 0 {
				p.failAt(at, "memory %d of a data segment is not there", memory)
			}
			d.Offset = p.constExpr()
		default:
			p.failAt(at, "%d is no kind of data segment", flags)
		}
		d.Bytes = p.bytes(p.count("bytes of data", 1, p.end))
	}
}
