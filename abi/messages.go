package abi

//go:generate go run github.com/tinylib/msgp@v1.6.5 -file messages.go -o messages_gen.go -tests=false

// An Operation is the header that aril_wrap finds in the mailbox. The input
// is not in it: a guest that wants it reads the slot INPUT.
type Operation struct {
	Kind    string `msg:"kind"`
	Name    string `msg:"name"`
	Key     string `msg:"key,omitempty"` // journal or cache key, "" for none
	ID      uint64 `msg:"id"`            // of this operation, unique in the Runtime
	Root    uint64 `msg:"root"`          // ID of the chain's root operation
	Depth   uint32 `msg:"depth"`         // 0 at the root
	MaxNext uint32 `msg:"max_next"`      // how often next may be called
	Powers  uint32 `msg:"powers"`        // bits, see package names
	Entropy []byte `msg:"entropy"`       // 32 random bytes, for seeding
	Meta    Raw    `msg:"meta,omitzero"` // map of the operation's tags
}

// An Error is an operation error as it crosses the boundary, both ways.
type Error struct {
	Code      string `msg:"code"`
	Message   string `msg:"message"`
	Kind      string `msg:"kind,omitempty"`
	Data      Raw    `msg:"data,omitzero"`
	Cause     *Error `msg:"cause,omitempty"`
	Retryable bool   `msg:"retryable,omitempty"`
	Handle    []byte `msg:"handle,omitempty"` // names the host's error value within this activation
}

// An Init is what aril_init finds in the mailbox. The configuration itself is
// in the slot CONFIG.
type Init struct {
	Name    string `msg:"name"`    // of the extension, as loaded
	Version string `msg:"version"` // of the host's implementation, for logs alone
	Powers  uint32 `msg:"powers"`
}

// A Call is the header that aril_call finds in the mailbox. The arguments are
// in the slot INPUT.
type Call struct {
	Method  string `msg:"method"`
	ID      uint64 `msg:"id"`
	Entropy []byte `msg:"entropy"`
}

// An Event is the header that aril_event finds in the mailbox. Its data is in
// the slot INPUT.
type Event struct {
	Event   string `msg:"event"`
	ID      uint64 `msg:"id"`
	Scope   uint64 `msg:"scope,omitempty"`
	Name    string `msg:"name,omitempty"`
	Entropy []byte `msg:"entropy"`
}

// A Manifest is the content of the custom section "aril": static facts of an
// extension, read at admission without running anything. Its JSON form is the
// input of `aril pack`.
type Manifest struct {
	Name         string   `msg:"name" json:"name"`
	Version      string   `msg:"version,omitempty" json:"version,omitempty"`
	Hooks        []string `msg:"hooks,omitempty" json:"hooks,omitempty"`               // which exports to call: "wrap", "event", "call", …; empty means all that are there
	Filters      []Filter `msg:"filters,omitempty" json:"filters,omitempty"`           // an operation that matches none is not shown to wrap; empty means all
	Capabilities []string `msg:"capabilities,omitempty" json:"capabilities,omitempty"` // import modules it cannot do without
	ConfigSchema Raw      `msg:"config_schema,omitzero" json:"-"`                      // JSON Schema of the configuration, as msgpack
}

// A Filter matches operations. An empty list matches everything; a pattern
// may end in "*".
type Filter struct {
	Kinds []string `msg:"kinds,omitempty" json:"kinds,omitempty"`
	Names []string `msg:"names,omitempty" json:"names,omitempty"`
	Keys  []string `msg:"keys,omitempty" json:"keys,omitempty"`
}
