package main

import (
	"context"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

var luaSource = map[work]string{
	pass: `function wrap(input, next) next() end`,
	echo: `function wrap(input, next)
	local result = next()
	return string.char((result:byte(1) + 1) % 256) .. result:sub(2)
end`,
	compute: `function wrap(input, next)
	local result = next()
	local a, b, c, d = result:byte(1, 4)
	local x = a + b * 256 + c * 65536 + d * 16777216
	for i = 1, 10000 do x = (x * 1664525 + 1013904223) % 4294967296 end
	local function byte(n) return math.floor(x / n) % 256 end
	return string.char(byte(1), byte(256), byte(65536), byte(16777216)) .. result:sub(5)
end`,
}

// gopherLua is Lua in Go.
func gopherLua() *peer {
	return &peer{
		name: "gopher-lua",
		how:  "Lua: compiled once to a FunctionProto, one LState a caller, payloads as strings. No limits.",
		open: func(_ context.Context, w *workload, callers int, next operation) (operation, func() error, error) {
			chunk, err := parse.Parse(strings.NewReader(luaSource[w.work]), "extension.lua")
			if err != nil {
				return nil, nil, err
			}
			code, err := lua.Compile(chunk, "extension.lua")
			if err != nil {
				return nil, nil, err
			}
			return pooled(callers, w.isolated, func() (instance, error) { return newLua(code, w, next) })
		},
	}
}

type luaInstance struct {
	state *lua.LState
	wrap  lua.LValue
	next  *lua.LFunction
	w     *workload
	call  call // of the operation that is inside
	ctx   context.Context
}

func newLua(code *lua.FunctionProto, w *workload, next operation) (instance, error) {
	i := &luaInstance{state: lua.NewState(), w: w}
	i.state.Push(i.state.NewFunctionFromProto(code))
	if err := i.state.PCall(0, 0, nil); err != nil {
		return nil, err
	}
	i.wrap = i.state.GetGlobal("wrap")
	i.next = i.state.NewFunction(func(l *lua.LState) int {
		out, err := next(i.ctx, i.call.in)
		if err != nil {
			l.RaiseError("%s", err)
		}
		i.call.out = out
		if w.work == pass {
			return 0
		}
		l.Push(lua.LString(out))
		return 1
	})
	return i, nil
}

func (i *luaInstance) run(ctx context.Context, in []byte) ([]byte, error) {
	i.ctx, i.call = ctx, call{in: in}
	input := lua.LValue(lua.LNil)
	if i.w.work != pass {
		input = lua.LString(in)
	}
	if err := i.state.CallByParam(lua.P{Fn: i.wrap, NRet: 1, Protect: true}, input, i.next); err != nil {
		return nil, err
	}
	answer := i.state.Get(-1)
	i.state.Pop(1)
	if i.w.work == pass {
		return i.call.out, nil
	}
	return []byte(lua.LVAsString(answer)), nil
}

func (i *luaInstance) close() error {
	i.state.Close()
	return nil
}
