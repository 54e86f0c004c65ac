package scope

import (
	"github.com/tinylib/msgp/msgp"

	"github.com/aril-wasm/aril/abi/names"
	aril "github.com/aril-wasm/aril/runtime"
)

// AppendMessage is what an extension in the sandbox reads of it:
// abi/ABI.md#execution.
func (op *ExecutionOperation) AppendMessage(dst []byte, v *aril.Values) (_ []byte, err error) {
	fields := uint32(6)
	tags := metaOf(op.Context.Tags())
	for _, there := range []bool{op.Flow != nil, len(op.Params) > 0, op.Mode != Sequential, op.ParentFlowName != "", len(tags) > 0} {
		if there {
			fields++
		}
	}
	dst = msgp.AppendMapHeader(dst, fields)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyScope), op.Context.scope.id)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyContext), op.Context.id)
	dst = msgp.AppendString(appendKey(dst, names.KeyMode), string(op.Mode))
	dst = msgp.AppendString(appendKey(dst, names.KeyFlowName), op.FlowName)
	dst = msgp.AppendInt(appendKey(dst, names.KeyDepth), op.Depth)
	dst = msgp.AppendBool(appendKey(dst, names.KeyParallel), op.IsParallel)
	if op.Flow != nil {
		dst = appendFlow(appendKey(dst, names.KeyFlow), op.Flow.flow())
	}
	if len(op.Params) > 0 {
		dst = msgp.AppendArrayHeader(appendKey(dst, names.KeyParams), uint32(len(op.Params)))
		for _, p := range op.Params {
			if dst, err = v.Append(dst, p); err != nil {
				return nil, err
			}
		}
	}
	if op.Mode != Sequential {
		dst = msgp.AppendInt(appendKey(dst, names.KeyCount), op.Count)
	}
	if op.ParentFlowName != "" {
		dst = msgp.AppendString(appendKey(dst, names.KeyParent), op.ParentFlowName)
	}
	if len(tags) > 0 {
		return v.Append(appendKey(dst, names.KeyTags), tags)
	}
	return dst, nil
}

// AppendMessage is what an extension in the sandbox reads of it:
// abi/ABI.md#context-lifecycle.
func (op *LifecycleOperation) AppendMessage(dst []byte, _ *aril.Values) ([]byte, error) {
	fields := uint32(4)
	if op.Mode != "" {
		fields++
	}
	dst = msgp.AppendMapHeader(dst, fields)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyScope), op.Context.scope.id)
	dst = msgp.AppendUint64(appendKey(dst, names.KeyContext), op.Context.id)
	dst = msgp.AppendString(appendKey(dst, names.KeyPhase), string(op.Phase))
	dst = msgp.AppendString(appendKey(dst, names.KeyName), op.Context.name)
	if op.Mode != "" {
		dst = msgp.AppendString(appendKey(dst, names.KeyMode), string(op.Mode))
	}
	return dst, nil
}

var (
	_ aril.Message = (*ExecutionOperation)(nil)
	_ aril.Message = (*LifecycleOperation)(nil)
)
