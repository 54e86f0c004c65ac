package scope

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	aril "github.com/aril-wasm/aril/runtime"
)

// A ContextState is where an execution context is in its life.
type ContextState uint8

// The states, in order.
const (
	Active ContextState = iota
	Closing
	Closed
)

// String gives the state's name, in lower case.
func (s ContextState) String() string { return [...]string{"active", "closing", "closed"}[s] }

// A Context is an execution context: one execution of a flow, or one that
// [Scope.NewContext] made. It has data, tags, a journal, and what runs below
// it as children. It is not a context.Context, but belongs to one: see
// [Current]. It may be used from any goroutine.
type Context struct {
	scope    *Scope
	parent   *Context
	root     *Context
	id       uint64
	name     string
	flow     *flowCore // nil of NewContext
	depth    int
	parallel bool
	started  time.Time
	metadata map[string]any
	tags     []Tagged
	list     *extensionList // the snapshot that the root began with
	in       inContext      // what runs in it gets this
	data     Data

	mu        sync.Mutex
	state     ContextState
	completed time.Time
	err       error
	children  []*Context
	running   int           // work under way
	abandoned bool          // by a timeout: nobody waits for the work
	idle      chan struct{} // closed when running becomes 0; nil while nobody waits
	failures  []error       // of work that ended while closing
	journal   map[string]journaled
	observers listeners[func(state, previous ContextState)]
	closed    chan struct{} // made by the first who waits for another's Close
	closeDone bool
	closeErr  error
}

var contextIDs atomic.Uint64

// Current gives the execution context that ctx belongs to, nil for none.
func Current(ctx context.Context) *Context {
	if at := whereabouts(ctx); at != nil {
		return at.current
	}
	return nil
}

// A ContextClosedError says that something was to run in an execution context
// that is closing or closed.
type ContextClosedError struct {
	ID    uint64
	State ContextState
}

// Error names the context and its state.
func (e *ContextClosedError) Error() string {
	return fmt.Sprintf("execution context %d is %v", e.ID, e.State)
}

// Code is what extensions in the sandbox see.
func (e *ContextClosedError) Code() string { return "EC001" }

// ErrContextClosed is the cause of the context of what still runs when an
// execution context is closed by abort.
var ErrContextClosed = errors.New("execution context closed")

// ErrNoContext means that a function that works within an execution got a
// context that belongs to none.
var ErrNoContext = errors.New("the context belongs to no execution: it must be, or come from, the one that a handler got")

// A ContextConfig describes a context that [Scope.NewContext] makes.
type ContextConfig struct {
	// Name is what it is called. Default "execution".
	Name string

	// Metadata is kept with it. Default none.
	Metadata map[string]any

	// Tags are seen by everything in it, before the scope's.
	Tags []Tagged

	// Extensions wrap what runs in it, outside of the scope's. Default none.
	Extensions []aril.Extension
}

// NewContext makes an execution context of its own, for flows and steps that
// belong together: run them with what [Context.Context] gives. Close it
// when done.
func (s *Scope) NewContext(ctx context.Context, cfg ContextConfig) (*Context, error) {
	if s.closed.Load() {
		return nil, s.errClosed()
	}
	if err := tagErrors(cfg.Tags); err != nil {
		return nil, err
	}
	list, err := s.listWith(cfg.Extensions)
	if err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = "execution"
	}
	c := s.newContext(ctx, nil, list, cfg.Name, nil, cfg.Tags)
	c.metadata = cfg.Metadata
	if err := c.create(); err != nil {
		_ = c.Close(context.WithoutCancel(ctx), Abort)
		return nil, err
	}
	return c, nil
}

func (s *Scope) newContext(ctx context.Context, parent *Context, list *extensionList, name string, flow *flowCore, tags []Tagged) *Context {
	c := &Context{scope: s, parent: parent, id: contextIDs.Add(1), name: name, flow: flow, tags: present(tags), list: list, started: time.Now()}
	c.root = c
	if parent != nil {
		c.root, c.depth = parent.root, parent.depth+1
	}
	c.in.Context, c.in.current = ctx, c
	return c
}

// adopt makes c a child, closed with its parent. It fails when the parent is
// closing.
func (c *Context) adopt(child *Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != Active {
		return &ContextClosedError{c.id, c.state}
	}
	c.children = append(c.children, child)
	return nil
}

// ID is unique in the process and never 0.
func (c *Context) ID() uint64 { return c.id }

// Name is the flow's name, or the one given to NewContext.
func (c *Context) Name() string { return c.name }

// Scope is where it runs.
func (c *Context) Scope() *Scope { return c.scope }

// Parent is the context around it, nil at the root.
func (c *Context) Parent() *Context { return c.parent }

// Root is the outermost context, which may be itself.
func (c *Context) Root() *Context { return c.root }

// Depth is 0 at the root.
func (c *Context) Depth() int { return c.depth }

// FlowName is the name of the flow that runs in it, "" for none.
func (c *Context) FlowName() string {
	if c.flow == nil {
		return ""
	}
	return c.flow.name
}

// ParentFlowName is the FlowName of the context around it.
func (c *Context) ParentFlowName() string {
	if c.parent == nil {
		return ""
	}
	return c.parent.FlowName()
}

// IsParallel reports whether it runs in an item of [Parallel] or its like.
func (c *Context) IsParallel() bool { return c.parallel }

// Details are facts about a Context.
type Details struct {
	Name      string
	Started   time.Time
	Completed time.Time // zero while it runs
	Err       error     // that it ended with
	Metadata  map[string]any
}

// Details gives the facts as they are now.
func (c *Context) Details() Details {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Details{c.name, c.started, c.completed, c.err, c.metadata}
}

// Context is the context.Context of what runs in it. It ends when the context
// is aborted.
func (c *Context) Context() context.Context { return &c.in }

// State is where it is in its life.
func (c *Context) State() ContextState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// OnState has fn called after each change of state. A panic in it is logged.
func (c *Context) OnState(fn func(state, previous ContextState)) (remove func()) {
	return c.observers.add(fn)
}

// Data is the context's own data. Reading through [Context.Get] falls back to
// the contexts around it.
func (c *Context) Data() *Data { return &c.data }

// Get gives the value at key: the context's own, else that of the nearest
// context around it that has one, else nil.
func (c *Context) Get(key any) any {
	for at := c; at != nil; at = at.parent {
		if v, ok := at.data.lookup(key); ok {
			return v
		}
	}
	return nil
}

// Set stores a value in the context's own data. Contexts below see it, those
// around it do not.
func (c *Context) Set(key, value any) { c.data.Set(key, value) }

// SetTag puts a tag on the context: what runs in it, and below, finds it.
func (c *Context) SetTag(t Tagged) error {
	if err := tagErrors([]Tagged{t}); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tags = append([]Tagged{t}, slices.DeleteFunc(slices.Clone(c.tags), func(old Tagged) bool { return old.tag == t.tag })...)
	return nil
}

// Tags are the context's tags, then those of the contexts around it, then the
// scope's: the first of a kind holds.
func (c *Context) Tags() []Tagged {
	var all []Tagged
	for at := c; at != nil; at = at.parent {
		at.mu.Lock()
		all = append(all, at.tags...)
		at.mu.Unlock()
	}
	return append(all, c.scope.tags...)
}

// begin counts work that is about to run in the context.
func (c *Context) begin() error {
	if c.scope.closed.Load() {
		return c.scope.errClosed()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != Active {
		return &ContextClosedError{c.id, c.state}
	}
	c.running++
	return nil
}

// abandon gives up on what runs in the context, past its timeout.
func (c *Context) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abandoned = true
}

// end counts it out again.
func (c *Context) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running--; c.running == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
	if err != nil && c.state == Closing {
		c.failures = append(c.failures, err)
	}
}
