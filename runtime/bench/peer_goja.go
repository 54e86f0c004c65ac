package main

import (
	"bytes"
	"context"
	"errors"

	"github.com/dop251/goja"
)

var gojaSource = map[work]string{
	pass: `function wrap(input, next) { next() }`,
	echo: `function wrap(input, next) {
	const read = new Uint8Array(input);
	const out = new Uint8Array(next());
	out[0]++;
	return out.buffer;
}`,
	compute: `function wrap(input, next) {
	const read = new Uint8Array(input);
	const out = new Uint8Array(next());
	const view = new DataView(out.buffer);
	let x = view.getUint32(0, true);
	for (let i = 0; i < 10000; i++) x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
	view.setUint32(0, x, true);
	return out.buffer;
}`,
}

// gojaScript is the choice of many: embed a JavaScript interpreter in Go.
func gojaScript() *peer {
	return &peer{
		name: "goja",
		how:  "JavaScript: compiled once with `goja.Compile`, one Runtime a caller, payloads as ArrayBuffer, each copied so that a script cannot write into the host's. No limits.",
		open: func(_ context.Context, w *workload, callers int, next operation) (operation, func() error, error) {
			program, err := goja.Compile("extension.js", gojaSource[w.work], true)
			if err != nil {
				return nil, nil, err
			}
			return pooled(callers, w.isolated, func() (instance, error) { return newGoja(program, w, next) })
		},
	}
}

type gojaInstance struct {
	js   *goja.Runtime
	wrap goja.Callable
	next goja.Value
	w    *workload
	call call // of the operation that is inside
	ctx  context.Context
}

func newGoja(program *goja.Program, w *workload, next operation) (instance, error) {
	i := &gojaInstance{js: goja.New(), w: w}
	if _, err := i.js.RunProgram(program); err != nil {
		return nil, err
	}
	i.next = i.js.ToValue(func(goja.FunctionCall) goja.Value {
		out, err := next(i.ctx, i.call.in)
		if err != nil {
			panic(i.js.NewGoError(err))
		}
		i.call.out = out
		if w.work == pass {
			return goja.Undefined()
		}
		return i.js.ToValue(i.js.NewArrayBuffer(bytes.Clone(out)))
	})
	var ok bool
	if i.wrap, ok = goja.AssertFunction(i.js.Get("wrap")); !ok {
		return nil, errors.New("wrap is no function")
	}
	return i, nil
}

func (i *gojaInstance) run(ctx context.Context, in []byte) ([]byte, error) {
	i.ctx, i.call = ctx, call{in: in}
	input := goja.Undefined()
	if i.w.work != pass {
		input = i.js.ToValue(i.js.NewArrayBuffer(bytes.Clone(in)))
	}
	answer, err := i.wrap(goja.Undefined(), input, i.next)
	if err != nil {
		return nil, err
	}
	if i.w.work == pass {
		return i.call.out, nil
	}
	out, ok := answer.Export().(goja.ArrayBuffer)
	if !ok {
		return nil, errors.New("wrap returned no ArrayBuffer")
	}
	return bytes.Clone(out.Bytes()), nil
}

func (i *gojaInstance) close() error { return nil }
