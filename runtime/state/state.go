// Package state keeps bytes for extensions on the host's side, so that a trap,
// an upgrade or a move to another machine loses nothing. Guests reach it
// through the capability aril_state_v1, a host through the same interface.
//
// Memory is a store in the memory of this process. Another store implements
// Store and State and passes statetest.Run.
package state

import (
	"context"
	"errors"
)

// MaxKeyBytes is the longest key that a guest can name.
const MaxKeyBytes = 512

// Unlimited, in a field of Limits, asks for no limit.
const Unlimited = -1

// Why a State refused. Nothing has changed then. Any other error means that
// the back end did not answer, and that what happened is not known; a guest
// sees UNAVAILABLE, or CANCELED if its caller has given up.
var (
	ErrKey      = errors.New("malformed key")             // empty or too long; INVALID
	ErrTooLarge = errors.New("value too large")           // one value; TOO_LARGE
	ErrLimit    = errors.New("state used up")             // keys, bytes, or the range of a number; LIMIT
	ErrType     = errors.New("value is not of that type") // Add to what is not 8 bytes; INVALID
)

// A Store has the states of many extensions. All methods may be called from
// any goroutine.
type Store interface {
	// Open gives the state of one extension of one tenant; "" is a name too.
	// The same names give the same content each time. Two extensions never
	// see each other's, whatever is in their names.
	Open(tenant, extension string) (State, error)
}

// A State is what one extension of one tenant keeps: values under keys. All
// methods may be called from any goroutine, and each is atomic.
//
// A key is 1 to 512 bytes of any content; keys are in byte order. A value is
// any bytes: an empty one is not an absent one. A method that is called with a
// context that is done returns its cause and does nothing. Methods honour ctx
// while they wait.
//
// A slice given to Put, CompareAndSwap or returned by Get may be shared:
// neither side changes it afterwards.
type State interface {
	// Get returns the value at key, not nil, and whether there is one.
	Get(ctx context.Context, key string) (value []byte, found bool, err error)

	// Put stores a value; nil is the empty value.
	Put(ctx context.Context, key string, value []byte) error

	// Delete removes key and reports whether it was there.
	Delete(ctx context.Context, key string) (found bool, err error)

	// List returns the keys that begin with prefix and come after the key
	// after, in order, at most limit of them. prefix "" means all, after ""
	// from the first, and limit below 1 none.
	List(ctx context.Context, prefix, after string, limit int) ([]string, error)

	// Add adds delta to the number at key, 8 bytes little-endian, two's
	// complement, and returns the sum. An absent key counts as 0. A value
	// that is not 8 bytes long is ErrType; a sum that does not fit is
	// ErrLimit.
	Add(ctx context.Context, key string, delta int64) (sum int64, err error)

	// Append appends tail to the value at key, which may be absent, and
	// returns its new length. It does not keep tail.
	Append(ctx context.Context, key string, tail []byte) (length int, err error)

	// CompareAndSwap replaces the value at key by new if it is old, and
	// reports whether it did. Here nil means "no value" and is not the empty
	// one: with old nil the key must be absent, with new nil it is removed.
	CompareAndSwap(ctx context.Context, key string, old, new []byte) (swapped bool, err error)
}

// Limits bounds the state of one (tenant, extension). In every field zero
// means the default written beside it; ask for no limit with Unlimited.
type Limits struct {
	// KeyBytes is the longest key. Default 512, which is also the longest
	// that a guest can name. Past it: ErrKey.
	KeyBytes int

	// ValueBytes is the longest value. Default 1 MiB. Past it: ErrTooLarge.
	ValueBytes int

	// Keys is how many keys there may be. Default 65,536. Past it: ErrLimit.
	Keys int

	// TotalBytes is the sum over all keys of key, value and an overhead of
	// 128 bytes. Default 16 MiB. Past it: ErrLimit.
	TotalBytes int64
}

// A Local is a State that only computes: its methods never wait for anything
// but each other. Their time is billed to the guest as computing; that of
// other states as waiting.
type Local interface {
	State

	// Local does nothing.
	Local()
}
