package msgpackgen

import (
	"fmt"
	"go/ast"
)

// append writes what appends one value. x is an expression that has an
// address, and there says that it is known not to be nil.
func (w *writer) append(x string, t ast.Expr, there bool) {
	s := w.shapeOf(t)
	switch s.kind {
	case "bytes", "pointer", "slice", "map":
		if !there {
			w.line("if %s == nil {\nb = msgpack.AppendNil(b)\n} else {", x)
			defer w.line("}")
		}
	}
	switch s.kind {
	case "basic":
		b := basic[s.basic]
		as := b.as
		if s.basic == "float32" {
			as = "float32"
		}
		w.line("b = msgpack.Append%s(b, %s)", b.append, w.convert(s, as, x))
	case "bytes":
		w.line("b = msgpack.AppendBin(b, %s)", x)
	case "methods", "timestamp", "opaque":
		w.line("b = %s.AppendMsgpack(b)", x)
	case "time":
		w.line("b = msgpack.Timestamp{Seconds: %s.Unix(), Nanoseconds: uint32(%s.Nanosecond())}.AppendMsgpack(b)", x, x)
	case "any":
		w.line("if v, err := msgpack.AppendAny(b, %s); err != nil {\npanic(%q + err.Error())\n} else {\nb = v\n}", x, w.where+": ")
	case "pointer":
		if w.shapeOf(s.elem).kind == "methods" {
			w.append(x, s.elem, false)
		} else {
			w.append("*"+x, s.elem, false)
		}
	case "slice":
		i := w.enter("i")
		w.line("b = msgpack.AppendArray(b, len(%s))\nfor %s := range %s {", x, i, x)
		w.append(x+"["+i+"]", s.elem, false)
		w.line("}")
		w.depth--
	case "map":
		k := w.enter("k")
		v := "v" + k[1:]
		w.uses["maps"], w.uses["slices"] = "maps", "slices"
		w.line("b = msgpack.AppendMap(b, len(%s))\nfor _, %s := range slices.Sorted(maps.Keys(%s)) {", x, k, x)
		w.line("b = msgpack.AppendStr(b, %s)\n%s := %s[%s]", k, v, x, k)
		w.append(v, s.elem, false)
		w.line("}")
		w.depth--
	}
}

// decode writes what reads one value into x, which has an address.
func (w *writer) decode(x string, t ast.Expr) {
	s := w.shapeOf(t)
	if read := w.read(s); read != "" {
		w.line("%s = %s", x, read)
		return
	}
	switch s.kind {
	case "basic":
		w.decodeNarrow(x, s)
	case "methods":
		w.line("r.Fail(%s.DecodeMsgpack(r))", x)
	case "timestamp":
		w.line("if !r.Nil() {\n%s = r.Timestamp()\n}", x)
	case "opaque":
		w.line("if !r.Nil() {\n%s = r.Opaque()\n}", x)
	case "time":
		w.uses["time"] = "time"
		w.line("if !r.Nil() {\nt := r.Timestamp()\n%s = time.Unix(t.Unix(), int64(t.Nanosecond()))\n}", x)
	case "pointer":
		w.line("if r.Nil() {\n%s = nil\n} else {\n%s = new(%s)", x, x, w.mention(s.elem))
		if w.shapeOf(s.elem).kind == "methods" {
			w.decode(x, s.elem)
		} else {
			w.decode("*"+x, s.elem)
		}
		w.line("}")
	case "slice":
		v := w.enter("v")
		w.line("%s = nil\nfor range r.Items() {", x)
		if read := w.read(w.shapeOf(s.elem)); read != "" {
			w.line("%s = append(%s, %s)\n}", x, x, read)
		} else {
			w.line("var %s %s", v, w.mention(s.elem))
			w.decode(v, s.elem)
			w.line("%s = append(%s, %s)\n}", x, x, v)
		}
		w.depth--
	case "map":
		v := w.enter("v")
		k := "k" + v[1:]
		w.line("if r.Nil() {\n%s = nil\n} else {\n%s = make(%s)", x, x, w.mention(s.typ))
		w.line("for %s := range r.Fields() {\n%s = string([]byte(%s)) // the key is a part of the message", k, k, k)
		if read := w.read(w.shapeOf(s.elem)); read != "" {
			w.line("%s[%s] = %s\n}\n}", x, k, read)
		} else {
			w.line("var %s %s", v, w.mention(s.elem))
			w.decode(v, s.elem)
			w.line("%s[%s] = %s\n}\n}", x, k, v)
		}
		w.depth--
	}
}

// read gives the expression that reads a value, or "" where it takes more.
func (w *writer) read(s shape) string {
	switch s.kind {
	case "bytes":
		return "r.Bin()"
	case "any":
		return "r.Any()"
	case "basic":
		b := basic[s.basic]
		read := "r." + b.read + "()"
		switch own := w.mention(s.typ); {
		case b.narrow:
			return ""
		case own == b.as:
			return read
		default:
			return own + "(" + read + ")"
		}
	}
	return ""
}

// decodeNarrow reads a number that may not fit.
func (w *writer) decodeNarrow(x string, s shape) {
	b := basic[s.basic]
	w.line("if n := r.%s(); n == %s(%s(n)) {\n%s = %s(n)\n} else {", b.read, b.as, s.basic, x, w.mention(s.typ))
	w.line("r.Fail(&msgpack.SyntaxError{Offset: r.Offset(), Reason: %q})\n}", "the integer does not fit "+s.basic)
}

// convert writes x as a value of the type that an Append function takes.
func (w *writer) convert(s shape, as, x string) string {
	if id, ok := s.typ.(*ast.Ident); ok && id.Name == as {
		return x
	}
	return as + "(" + x + ")"
}

// notEmpty writes the condition under which a field with omitempty is written.
func (w *writer) notEmpty(x string, t ast.Expr) string {
	s := w.shapeOf(t)
	switch s.kind {
	case "basic":
		switch zero := basic[s.basic].zero; zero {
		case "false":
			return x
		default:
			return x + " != " + zero
		}
	case "bytes", "slice", "map":
		return "len(" + x + ") > 0"
	case "pointer", "any":
		return x + " != nil"
	case "timestamp":
		return x + " != (msgpack.Timestamp{})"
	case "time":
		return "!" + x + ".IsZero()"
	}
	w.fail("omitempty does not go with a %s", w.text(t))
	return "true"
}

// enter begins a loop and gives its variable.
func (w *writer) enter(letter string) string {
	w.depth++
	if w.depth == 1 {
		return letter
	}
	return fmt.Sprint(letter, w.depth)
}
