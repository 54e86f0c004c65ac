package sandbox

import (
	"context"
	"fmt"
	"time"

	"github.com/tetratelabs/wazero"

	"github.com/aril-wasm/aril/runtime/internal/wasm"
)

// A Code is one compiled module with what goes with it: data, names, exports.
// It is immutable and may be used from any goroutine. Codes whose rewritten
// bytes are equal share one compilation, whatever their data.
type Code struct {
	engine    *Engine
	rewritten *wasm.Rewritten
	shared    *compilation
	overhead  int64 // bytes of Go heap that an instance takes beside its memory
}

// Measured with wazero v1.12.0: what an instance keeps on Go's heap for each
// entry of a table, each function and each global, and for itself with its
// activation.
const (
	heapPerElement  = 8
	heapPerFunction = 8
	heapPerGlobal   = 64
	heapPerInstance = 16 << 10
)

// A compilation is what wazero made of some rewritten bytes.
type compilation struct {
	digest [32]byte
	module wazero.CompiledModule
	err    error
	ready  chan struct{} // closed when module or err is set
	users  int           // guarded by Engine.mu
}

// Compile compiles a rewritten module, or finds it compiled. Callers with the
// same bytes wait for one compile. Release it when done.
//
// elements, functions and globals are what the module declares, for the
// accounting of instances.
func (e *Engine) Compile(ctx context.Context, rw *wasm.Rewritten, elements, functions, globals int) (*Code, error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, ErrClosed
	}
	s, found := e.compilations[rw.Digest]
	if !found {
		s = &compilation{digest: rw.Digest, ready: make(chan struct{})}
		e.compilations[rw.Digest] = s
	}
	s.users++
	e.mu.Unlock()
	c := &Code{
		engine: e, rewritten: rw, shared: s,
		overhead: heapPerInstance + int64(elements)*heapPerElement + int64(functions)*heapPerFunction + int64(globals)*heapPerGlobal,
	}
	if !found {
		// The compile outlives a caller that gives up: others may wait for it,
		// and wazero does not stop in the midst of one.
		go s.compile(e, rw.Code)
	}
	late := time.NewTimer(e.config.CompileTime)
	defer late.Stop()
	select {
	case <-s.ready:
	case <-ctx.Done():
		c.Release()
		return nil, context.Cause(ctx)
	case <-late.C:
		c.Release()
		return nil, fmt.Errorf("compile: %w: not done, or not begun, after %v", ErrDeadline, e.config.CompileTime)
	}
	if s.err != nil {
		c.Release()
		return nil, s.err
	}
	return c, nil
}

func (s *compilation) compile(e *Engine, code []byte) {
	defer close(s.ready)
	defer func() {
		if r := recover(); r != nil {
			s.err = fmt.Errorf("compile: the engine panicked: %v", r)
		}
	}()
	e.compiling <- struct{}{}
	defer func() { <-e.compiling }()
	e.mu.Lock()
	abandoned := s.users == 0
	e.mu.Unlock()
	if abandoned { // while it waited for its turn
		s.err = context.Canceled
		return
	}
	// With more than one of its own workers wazero compiles in goroutines that
	// recover from nothing, and a panic of the compiler would end the process.
	module, err := e.wazero.CompileModule(context.Background(), code)
	if err != nil {
		s.err = fmt.Errorf("compile: %w", err)
		return
	}
	s.module = module
}

// Release gives the code back. The last release of a compilation frees it.
func (c *Code) Release() {
	e, s := c.engine, c.shared
	e.mu.Lock()
	s.users--
	last := s.users == 0
	if last {
		delete(e.compilations, s.digest)
	}
	e.mu.Unlock()
	if !last {
		return
	}
	go func() {
		<-s.ready
		if s.module != nil {
			_ = s.module.Close(context.Background()) // wazero v1.12 answers nil
		}
	}()
}
