package scope

import (
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
)

// The data of events: abi/ABI.md#data-of-events. It is encoded when a Listener
// reads it.

// appendKey appends a key of a map.
func appendKey(dst []byte, key string) []byte { return msgp.AppendString(dst, key) }

// nothingMore is an empty map.
type nothingMore struct{}

// AppendMessage is what a Listener reads of it, as all below.
func (nothingMore) AppendMessage(dst []byte, _ *aril.Values) ([]byte, error) {
	return msgp.AppendMapHeader(dst, 0), nil
}

// A failure is the data of an error.
type failure struct {
	executor uint64 // 0 for none
	err      error
}

func (f failure) AppendMessage(dst []byte, v *aril.Values) ([]byte, error) {
	dst = msgp.AppendMapHeader(dst, 2)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyExecutor), f.executor)
	return v.AppendError(appendKey(dst, names.KeyError), f.err), nil
}

// A changeData is the data of a change.
type changeData struct {
	Change
	showValue bool
}

func (c changeData) AppendMessage(dst []byte, v *aril.Values) ([]byte, error) {
	fields := uint32(2)
	if c.showValue {
		fields++
	}
	dst = msgp.AppendMapHeader(dst, fields)
	dst = msgp.AppendString(appendKey(dst, names.KeyChange), c.Event)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyExecutor), c.Executor.ID())
	if !c.showValue {
		return dst, nil
	}
	return v.Append(appendKey(dst, names.KeyValue), c.Value)
}

// A releaseData is the id of the executor that was released.
type releaseData uint64

func (r releaseData) AppendMessage(dst []byte, _ *aril.Values) ([]byte, error) {
	dst = msgp.AppendMapHeader(dst, 1)
	return msgp.AppendUint64(appendKey(dst, names.KeyExecutor), uint64(r)), nil
}

// A tickData is the data of a tick.
type tickData struct {
	subscription uint64
	every        time.Duration
	missed       int64
}

func (t tickData) AppendMessage(dst []byte, _ *aril.Values) ([]byte, error) {
	dst = msgp.AppendMapHeader(dst, 3)
	dst = msgp.AppendUint64(appendKey(dst, names.KeySubscription), t.subscription)
	dst = msgp.AppendInt64(appendKey(dst, names.KeyEvery), int64(t.every))
	return msgp.AppendInt64(appendKey(dst, names.KeyMissed), t.missed), nil
}

// A podData is the data of what befalls a root execution.
type podData struct {
	context *Context
	err     error // of pod_error
}

func (p podData) AppendMessage(dst []byte, v *aril.Values) ([]byte, error) {
	fields := uint32(3)
	if p.err != nil {
		fields++
	}
	dst = msgp.AppendMapHeader(dst, fields)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyContext), p.context.id)
	dst = appendFlow(appendKey(dst, names.KeyFlow), p.context.flow)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyScope), p.context.scope.id)
	if p.err == nil {
		return dst, nil
	}
	return v.AppendError(appendKey(dst, names.KeyError), p.err), nil
}

func appendFlow(dst []byte, f *flowCore) []byte {
	dst = msgp.AppendMapHeader(dst, 2)
	dst = msgp.AppendString(appendKey(dst, names.KeyName), f.name)
	return msgp.AppendString(appendKey(dst, names.KeyVersion), f.definition.Version)
}
