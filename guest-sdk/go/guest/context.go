package guest

import (
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/internal/host"
)

// A Level is where a value of the context lives. The keys are the extension's
// own: other extensions do not see them unless the host says so.
type Level uint32

// The levels.
const (
	Own      Level = names.LevelOwn   // this operation; operations below it inherit what is there
	Root     Level = names.LevelRoot  // the root operation of the chain
	PerScope Level = names.LevelScope // the scope, or the pipeline where there is none
)

// Get gives the value at key. Where there is none, it carries [ErrNotFound].
func (l Level) Get(key string) Value {
	b, err := fetch(func(buf []byte) uint64 { return host.ContextGet(uint32(l), key, buf) })
	return Value{raw: b, err: err}
}

// Set sets the value at key to x, which is anything that [Of] takes.
func (l Level) Set(key string, x any) error {
	_, err := l.send(x, func(b []byte) uint64 { return host.ContextSet(uint32(l), key, b) })
	return err
}

// Delete removes key.
func (l Level) Delete(key string) error {
	status, _ := host.Unpack(host.ContextSet(uint32(l), key, nil))
	return check(status)
}

// Append adds x to the array at key, which is made when it is absent, and
// gives the new number of elements. Operations that run at once can do so
// without losing each other's. It is [ErrInvalid] if something else than an
// array is there.
func (l Level) Append(key string, x any) (int, error) {
	return l.send(x, func(b []byte) uint64 { return host.ContextAppend(uint32(l), key, b) })
}

// Swap sets the value at key to x and gives what was there, in one step. Where
// there was none, the Value carries [ErrNotFound], and x is set all the same.
func (l Level) Swap(key string, x any) Value {
	in := self()
	if in == nil {
		return Value{err: ErrPhase}
	}
	b, err := in.encode(x)
	if err != nil {
		return Value{err: err}
	}
	// A value of the context is at most as large as the mailbox.
	status, n := host.Unpack(host.ContextSwap(uint32(l), key, b, in.mailbox[:]))
	in.restore(b)
	if err := check(status); err != nil {
		return Value{err: err}
	}
	return Value{raw: append([]byte(nil), in.mailbox[:min(n, mailboxSize)]...)}
}

func (l Level) send(x any, f func(b []byte) uint64) (int, error) {
	in := self()
	if in == nil {
		return 0, ErrPhase
	}
	b, err := in.encode(x)
	if err != nil {
		return 0, err
	}
	status, n := host.Unpack(f(b))
	in.restore(b)
	return int(n), check(status)
}
