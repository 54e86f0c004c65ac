package enrich

import (
	"context"
	"errors"
	"sync/atomic"

	aril "github.com/aril-wasm/aril/runtime"
)

// A Mapping turns a request into a task's input and a task's response into an
// extension's value. Package enrich makes one of each guest; a host may offer
// its own in Config.Natives. Both methods may be called from many goroutines
// at once, and answer ErrNoHandler where there is nothing to do: the task then
// runs as it is defined, and its data is the value.
type Mapping interface {
	InputHandler(ctx context.Context, task *ScriptTask, c *ScriptContext) (*ScriptResponse, error)
	OutputHandler(ctx context.Context, c *ScriptContext) (*ScriptResponse, error)
}

// ErrNoHandler is what a Mapping answers that lacks a handler.
var ErrNoHandler = errors.New("no such handler")

// A NativeMapping is a Mapping made of functions; nil is a missing handler.
type NativeMapping struct {
	Input  func(ctx context.Context, task *ScriptTask, c *ScriptContext) (*ScriptResponse, error)
	Output func(ctx context.Context, c *ScriptContext) (*ScriptResponse, error)
}

// InputHandler calls Input.
func (m NativeMapping) InputHandler(ctx context.Context, task *ScriptTask, c *ScriptContext) (*ScriptResponse, error) {
	if m.Input == nil {
		return nil, ErrNoHandler
	}
	return m.Input(ctx, task, c)
}

// OutputHandler calls Output.
func (m NativeMapping) OutputHandler(ctx context.Context, c *ScriptContext) (*ScriptResponse, error) {
	if m.Output == nil {
		return nil, ErrNoHandler
	}
	return m.Output(ctx, c)
}

// The methods of a guest that is a mapping, called through aril_call. The
// argument of the first is a map with "task" and "context", that of the second
// the context; both answer a ScriptResponse, or nil for an empty one.
const (
	MethodInputHandler  = "input_handler"
	MethodOutputHandler = "output_handler"
)

// A guestMapping runs a guest. One that said once that it lacks a handler is
// not asked again.
type guestMapping struct {
	guest             *aril.Guest
	noInput, noOutput atomic.Bool
}

type inputArgs struct {
	Task    *ScriptTask    `json:"task"`
	Context *ScriptContext `json:"context"`
}

func (m *guestMapping) InputHandler(ctx context.Context, task *ScriptTask, c *ScriptContext) (*ScriptResponse, error) {
	return m.call(ctx, &m.noInput, MethodInputHandler, &inputArgs{task, c})
}

func (m *guestMapping) OutputHandler(ctx context.Context, c *ScriptContext) (*ScriptResponse, error) {
	return m.call(ctx, &m.noOutput, MethodOutputHandler, c)
}

func (m *guestMapping) call(ctx context.Context, missing *atomic.Bool, method string, args any) (*ScriptResponse, error) {
	if missing.Load() {
		return nil, ErrNoHandler
	}
	answer, err := callGuest(ctx, m.guest, method, args)
	if errors.Is(err, aril.ErrNoMethod) {
		missing.Store(true)
		return nil, ErrNoHandler
	}
	return answer, err
}
