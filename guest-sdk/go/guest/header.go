package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// A header is the message that a hook is called with. It is read when the
// extension first asks for something that is in it.
type header struct {
	raw    []byte
	parsed bool

	kind, name, key, method, event, version []byte // parts of raw
	entropy, meta                           []byte
	id, root, scope                         uint64
	depth, maxNext, powers                  uint32

	// The last ones as strings: most activations see the same.
	kindText, nameText, eventText string
}

func (h *header) reset(raw []byte) {
	h.raw, h.parsed = raw, false
}

func (h *header) parse() *header {
	if h.parsed {
		return h
	}
	*h = header{raw: h.raw, parsed: true, kindText: h.kindText, nameText: h.nameText, eventText: h.eventText}
	r := msgpack.NewReader(h.raw)
	for key := range r.Fields() {
		switch key {
		case names.KeyKind:
			h.kind = r.View()
		case names.KeyName:
			h.name = r.View()
		case names.KeyKey:
			h.key = r.View()
		case names.KeyMethod:
			h.method = r.View()
		case names.KeyEvent:
			h.event = r.View()
		case names.KeyVersion:
			h.version = r.View()
		case names.KeyEntropy:
			h.entropy = r.View()
		case names.KeyMeta:
			h.meta = r.Raw()
		case names.KeyID:
			h.id = r.Uint()
		case names.KeyRoot:
			h.root = r.Uint()
		case names.KeyScope:
			h.scope = r.Uint()
		case names.KeyDepth:
			h.depth = uint32(r.Uint())
		case names.KeyMaxNext:
			h.maxNext = uint32(r.Uint())
		case names.KeyPowers:
			h.powers = uint32(r.Uint())
		}
	}
	if err := r.Err(); err != nil {
		panic("guest: the header is malformed: " + err.Error())
	}
	return h
}

// same gives b as a string, without an allocation if it is what *last holds.
func same(b []byte, last *string) string {
	if string(b) != *last {
		*last = string(b)
	}
	return *last
}
