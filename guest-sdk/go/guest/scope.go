package guest

import (
	"iter"

	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/guest-sdk/go/guest/msgpack"
)

// A Scope of the host resolves executors and keeps their values. An extension
// that is attached to it may look and, as far as its powers go, act. A Scope
// is no more than the number that names it: one may be kept, or made from a
// number, and is good until the scope is disposed of.
//
// An extension that calls its methods imports aril_scope_v1, which must be
// granted. Their errors are an [*Error] with one of the codes "not_attached",
// "not_found", "not_resolved", "reentrant", "denied", "limit", "closed" and
// "invalid_argument", or a [Status].
type Scope struct {
	// ID is the scope's number, unique in the host's process.
	ID uint64
}

// Executor names an executor by name. Where several have the name it is the
// one that had it first. That it exists is not looked at.
func (s *Scope) Executor(name string) Executor { return Executor{scope: s.ID, name: name} }

// A Listing says what [Scope.Entries] lists.
type Listing uint8

// What may be listed, and what goes with it.
const (
	Registered Listing = 1 << iota // what the host registered, resolved or not
	Values                         // with the values
)

// pageSize is how many executors are asked for at once; with values, which may
// be large, and without.
const (
	pageWithValues = 50
	pageSize       = 500
)

// Entries lists the executors that the scope has anything for, in the order of
// their IDs. It stops after the first error. What comes and goes meanwhile may
// or may not be seen.
func (s *Scope) Entries(with ...Listing) iter.Seq2[Entry, error] {
	var list Listing
	for _, l := range with {
		list |= l
	}
	return func(yield func(Entry, error) bool) {
		for after := uint64(0); ; {
			page, err := s.page(list, after)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if len(page) == 0 {
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			after = page[len(page)-1].id
		}
	}
}

func (s *Scope) page(list Listing, after uint64) ([]Entry, error) {
	limit := pageSize
	if list&Values != 0 {
		limit = pageWithValues
	}
	b := s.request(4)
	b = msgpack.AppendBool(appendKey(b, names.KeyRegistered), list&Registered != 0)
	b = msgpack.AppendBool(appendKey(b, names.KeyValues), list&Values != 0)
	b = msgpack.AppendUint(appendKey(b, names.KeyAfter), after)
	b = msgpack.AppendInt(appendKey(b, names.KeyLimit), int64(limit))
	answer, err := Invoke(scopeEntries, Raw(b))
	if err != nil {
		return nil, err
	}
	var page []Entry
	r := msgpack.NewReader(answer.raw)
	for range r.Items() {
		page = append(page, s.readEntry(r))
	}
	return page, r.End()
}

// request begins a message with the scope and more keys.
func (s *Scope) request(more int) []byte {
	return msgpack.AppendUint(appendKey(msgpack.AppendMap(nil, 1+more), names.KeyScope), s.ID)
}

// Get reads a key of the scope's own store, which the host and extensions
// share; nil where there is nothing. Which keys there are is the host's
// choice. What an extension keeps for itself belongs to [PerScope] or [State].
func (s *Scope) Get(key string) Value {
	v, err := Invoke(scopeGet, Raw(appendText(s.request(1), names.KeyKey, key)))
	if err != nil {
		return Value{err: err}
	}
	return v
}

// Set sets a key of the scope's own store to x, which is anything that [Of]
// takes; nil removes it.
func (s *Scope) Set(key string, x any) error {
	b, err := msgpack.AppendAny(appendKey(appendText(s.request(2), names.KeyKey, key), names.KeyValue), x)
	if err == nil {
		_, err = Invoke(scopeSet, Raw(b))
	}
	return err
}

// A Subscription is what an extension asked a scope to tell it. The host keeps
// it until it is cancelled or the extension is detached, whatever becomes of
// instances: one made in Attach lasts as long as the scope.
type Subscription struct {
	ID    uint64 // a [Tick] names it
	scope uint64
}

// OnChange asks for a [Change] whenever a value is about to be stored: the
// extension's [Changer] hears of it. Names are patterns of executors' names,
// where a trailing * stands for anything; none at all means every executor.
func (s *Scope) OnChange(names ...string) (Subscription, error) {
	return s.subscribe(eventChange, names, 0)
}

// OnRelease asks for a [Release] whenever a value is let go of: the
// extension's [Releaser] hears of it. Names are as with [Scope.OnChange].
func (s *Scope) OnRelease(names ...string) (Subscription, error) {
	return s.subscribe(eventRelease, names, 0)
}

// Every asks for a [Tick] each d, at least 10 ms: the extension's [Ticker]
// hears of it.
func (s *Scope) Every(d Duration) (Subscription, error) { return s.subscribe(eventTick, nil, d) }

const (
	eventChange  = names.EventChange
	eventRelease = names.EventRelease
	eventTick    = names.EventTick
)

func (s *Scope) subscribe(event string, patterns []string, every Duration) (Subscription, error) {
	b := appendText(s.request(3), names.KeyEvent, event)
	b = msgpack.AppendArray(appendKey(b, names.KeyNames), len(patterns))
	for _, p := range patterns {
		b = msgpack.AppendStr(b, p)
	}
	b = msgpack.AppendInt(appendKey(b, names.KeyEvery), int64(every))
	answer, err := Invoke(scopeSubscribe, Raw(b))
	if err != nil {
		return Subscription{}, err
	}
	id, err := As[uint64](answer)
	return Subscription{ID: id, scope: s.ID}, err
}

// Cancel ends the subscription. What is on its way may still arrive.
func (s Subscription) Cancel() error {
	scope := Scope{ID: s.scope}
	_, err := Invoke(scopeUnsubscribe, Raw(msgpack.AppendUint(appendKey(scope.request(1), names.KeySubscription), s.ID)))
	return err
}
