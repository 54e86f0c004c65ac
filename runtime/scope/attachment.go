package scope

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
)

// An attachment is a Listener in a scope. What it subscribes to is kept here,
// since a guest's instances come and go.
type attachment struct {
	listener Listener
	scope    *Scope
	by       []*registration // guarded by attachments
	started  atomic.Bool

	mu     sync.Mutex
	over   bool
	lastID uint64
	subs   map[uint64]func() // removes the subscription
}

// attachments finds scopes for the capability: only who is attached to a scope
// reaches it.
var attachments = attachmentTable{all: map[attachmentKey]*attachment{}}

type attachmentTable struct {
	mu  sync.RWMutex
	all map[attachmentKey]*attachment
}

type attachmentKey struct {
	listener Listener
	scope    uint64
}

// find gives the attachment of a Listener, nil for none.
func (t *attachmentTable) find(l Listener, scope uint64) *attachment {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.all[attachmentKey{l, scope}]
}

// join adds a registration to the attachment, and says whether it is the first.
func (t *attachmentTable) join(l Listener, r *registration) (a *attachment, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := attachmentKey{l, r.scope.id}
	a = t.all[key]
	if a == nil {
		a = &attachment{listener: l, scope: r.scope, subs: map[uint64]func(){}}
		t.all[key], first = a, true
	}
	a.by = append(a.by, r)
	return a, first
}

// leave takes a registration out, and says whether it was the last.
func (t *attachmentTable) leave(a *attachment, r *registration) (last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(a.by, r)
	if i < 0 {
		return false
	}
	a.by = slices.Delete(a.by, i, i+1)
	return len(a.by) == 0
}

// drop ends an attachment, and what it kept at level scope.
func (t *attachmentTable) drop(a *attachment) {
	a.unsubscribe()
	defer a.scope.store.Forget(a.listener)
	t.mu.Lock()
	defer t.mu.Unlock()
	a.by = nil
	if key := (attachmentKey{a.listener, a.scope.id}); t.all[key] == a {
		delete(t.all, key)
	}
}

// speaker is the registration that is told what concerns all of them.
func (a *attachment) speaker() *registration {
	attachments.mu.RLock()
	defer attachments.mu.RUnlock()
	if len(a.by) == 0 {
		return nil
	}
	return a.by[0]
}

func (a *attachment) event(ctx context.Context, typ, name string, data aril.Message) (any, bool, error) {
	if !a.listener.HearsEvents() {
		return nil, false, nil
	}
	return a.listener.Event(ctx, aril.Event{Type: typ, Scope: a.scope.id, Name: name, Data: data, Store: &a.scope.store})
}

// tell is event where there is no answer.
func (a *attachment) tell(ctx context.Context, typ, name string, data aril.Message) {
	if _, _, err := a.event(ctx, typ, name, data); err != nil && ctx.Err() == nil {
		a.scope.notTaken(a.listener, typ, err)
	}
}

// subscribe begins a subscription.
func (a *attachment) subscribe(event string, patterns []string, every time.Duration) (uint64, error) {
	filter := []abi.Filter{{Names: slices.Clone(patterns)}}
	if err := (&abi.Manifest{Name: "subscription", Filters: filter}).Validate(); err != nil {
		return 0, refusal(names.CodeInvalidArgument, err.Error())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.over:
		return 0, refusal(names.CodeClosed, "the extension is being detached")
	case len(a.subs) >= names.MaxSubscriptions:
		return 0, refusal(names.CodeLimit, fmt.Sprintf("an extension has at most %d subscriptions in a scope", names.MaxSubscriptions))
	}
	id := a.lastID + 1
	var remove func()
	switch event {
	case names.EventChange:
		remove = a.scope.OnChange(func(ctx context.Context, c Change) (*Preset, error) {
			if !abi.MatchFilters(filter, KindResolve, c.Executor.Name(), "") {
				return nil, nil
			}
			return a.change(ctx, c)
		})
	case names.EventRelease:
		remove = a.scope.OnRelease(func(ctx context.Context, e AnyExecutor) {
			if abi.MatchFilters(filter, KindResolve, e.Name(), "") {
				a.tell(ctx, names.EventRelease, e.Name(), releaseData(e.ID()))
			}
		})
	case names.EventTick:
		if every < names.MinTick {
			return 0, refusal(names.CodeInvalidArgument, fmt.Sprintf("a tick comes at most every %v", time.Duration(names.MinTick)))
		}
		remove = a.scope.Every(every, a.ticker(id, every))
	default:
		return 0, refusal(names.CodeInvalidArgument, "events to subscribe to are change, release and tick")
	}
	a.lastID = id
	a.subs[id] = remove
	return id, nil
}

func (a *attachment) ticker(id uint64, every time.Duration) func(context.Context) {
	last := time.Now()
	return func(ctx context.Context) {
		now := time.Now()
		missed := max(0, int64((now.Sub(last)+every/2)/every)-1)
		last = now
		a.tell(ctx, names.EventTick, "", tickData{id, every, missed})
	}
}

// unsubscribe ends all subscriptions.
func (a *attachment) unsubscribe() {
	a.mu.Lock()
	subs := a.subs
	a.subs, a.over = nil, true
	a.mu.Unlock()
	for _, remove := range subs {
		remove()
	}
}

// cancel ends one subscription.
func (a *attachment) cancel(id uint64) error {
	a.mu.Lock()
	remove := a.subs[id]
	delete(a.subs, id)
	a.mu.Unlock()
	if remove == nil {
		return refusal(names.CodeNotFound, "there is no such subscription")
	}
	remove()
	return nil
}

// change tells of a value that is about to be stored. An answer replaces the
// value; an error fails the resolution or update.
func (a *attachment) change(ctx context.Context, c Change) (*Preset, error) {
	e := c.Executor.core()
	may := a.listener.Powers()
	if !a.listener.HearsEvents() {
		return nil, nil
	}
	answer, answered, err := a.listener.Event(ctx, aril.Event{
		Type: names.EventChange, Scope: a.scope.id, Name: e.name, Store: &a.scope.store,
		Data: changeData{c, may.Has(aril.ReadResult)}, AnswerType: e.typ, AnswerBase: c.Value,
	})
	switch {
	case err != nil && answered && !may.Has(aril.Skip):
		return nil, denied(a.listener, names.EventChange, aril.Skip)
	case err != nil || !answered:
		return nil, err
	case !may.Has(aril.ChangeInput):
		return nil, denied(a.listener, names.EventChange, aril.ChangeInput)
	}
	return &Preset{target: e, value: answer}, nil
}

// denied is the error of an answer that needs a power.
func denied(l Listener, event string, need aril.Powers) error {
	return &aril.CallError{Extension: l.Name(), Hook: "event", Err: aril.ErrDenied,
		Detail: fmt.Sprintf("the answer to %s needs the power %v", event, need)}
}

// isBroken reports whether an extension broke, rather than answered.
func isBroken(err error) bool {
	var broken *aril.CallError
	return errors.As(err, &broken)
}
