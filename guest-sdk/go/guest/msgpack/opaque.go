package msgpack

import "github.com/aril-wasm/aril/abi/names"

// An Opaque stands for a value of the host that cannot be encoded, such as a
// connection. A guest can hold it, compare it with == and give it back, within
// the activation that read it; it cannot look inside.
type Opaque struct {
	handle [names.HandleSize]byte
	typ    string
}

// Type names the value's Go type, such as "sql.DB".
func (o Opaque) Type() string { return o.typ }

// AppendMsgpack appends the value as it was read.
func (o Opaque) AppendMsgpack(b []byte) []byte {
	data := make([]byte, 0, len(o.handle)+len(o.typ))
	data = append(append(data, o.handle[:]...), o.typ...)
	return AppendExt(b, names.ExtOpaque, data)
}

func opaqueOf(data []byte) (Opaque, bool) {
	var o Opaque
	if len(data) < len(o.handle) {
		return o, false
	}
	o.typ = string(data[copy(o.handle[:], data):])
	return o, true
}

// An Ext is an extension value that is neither a timestamp nor an [Opaque].
type Ext struct {
	Type int8
	Data []byte
}

// AppendMsgpack appends the value as it was read.
func (e Ext) AppendMsgpack(b []byte) []byte { return AppendExt(b, e.Type, e.Data) }
