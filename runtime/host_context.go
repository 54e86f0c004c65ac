package runtime

import (
	"github.com/aril-wasm/aril/abi"
	"github.com/aril-wasm/aril/abi/names"
	"github.com/aril-wasm/aril/runtime/internal/sandbox"
)

// contextKey checks the level and the key, which all context functions have.
func (a *activation) contextKey(level uint32, ptr, n uint64) (*contextLevel, contextKey, abi.Status) {
	l := a.node.level(level)
	if l == nil {
		return nil, contextKey{}, abi.Invalid
	}
	if n == 0 || n > maxContextKey {
		return nil, contextKey{}, abi.Invalid
	}
	key, s := a.take(ptr, n, maxContextKey)
	return l, contextKey{a.guest, string(key)}, s
}

// maxContextKey is the longest key, in bytes.
const maxContextKey = 512

// contextValue copies a value and checks that it is one message.
func (a *activation) contextValue(ptr, n uint64) ([]byte, abi.Status) {
	src, s := a.take(ptr, n, a.guest.limits.ContextBytes)
	if s != abi.OK || n == 0 {
		return nil, s
	}
	if abi.Scan(src, abi.ScanLimits{}) != nil {
		return nil, abi.Invalid
	}
	return append([]byte(nil), src...), abi.OK
}

// giveBytes answers with as much of v as fits into a buffer that was checked.
func (a *activation) giveBytes(v []byte, buf, limit uint64) (abi.Status, uint32) {
	part := v[:min(uint64(len(v)), limit)]
	if s := a.move(uint64(len(part))); s != abi.OK {
		return s, 0
	}
	a.act.Write(buf, part)
	return abi.OK, uint32(len(v))
}

func hostContextGet(act *sandbox.Activation, stack []uint64) {
	a := act.Owner.(*activation)
	level, buf, limit := uint32(stack[0]), uint64(uint32(stack[3])), uint64(uint32(stack[4]))
	l, key, s := a.contextKey(level, uint64(uint32(stack[1])), uint64(uint32(stack[2])))
	if _, ok := a.act.Read(buf, limit); s == abi.OK && !ok {
		s = abi.Invalid
	}
	if s != abi.OK {
		stack[0] = abi.Pack(s, 0)
		return
	}
	v, ok := l.lookup(key)
	if !ok && level == names.LevelOwn {
		v, ok = a.node.inherited(key)
	}
	if !ok {
		stack[0] = abi.Pack(abi.NotFound, 0)
		return
	}
	stack[0] = abi.Pack(a.giveBytes(v, buf, limit))
}

func hostContextSet(act *sandbox.Activation, stack []uint64) {
	a := act.Owner.(*activation)
	l, key, s := a.contextKey(uint32(stack[0]), uint64(uint32(stack[1])), uint64(uint32(stack[2])))
	if s == abi.OK {
		var val []byte
		if val, s = a.contextValue(uint64(uint32(stack[3])), uint64(uint32(stack[4]))); s == abi.OK {
			_, _, s = l.swap(key, val, 1<<62)
		}
	}
	stack[0] = abi.Pack(s, 0)
}

func hostContextAppend(act *sandbox.Activation, stack []uint64) {
	a := act.Owner.(*activation)
	l, key, s := a.contextKey(uint32(stack[0]), uint64(uint32(stack[1])), uint64(uint32(stack[2])))
	var n uint32
	if s == abi.OK {
		var val []byte
		val, s = a.contextValue(uint64(uint32(stack[3])), uint64(uint32(stack[4])))
		if s == abi.OK && len(val) == 0 {
			s = abi.Invalid
		}
		if s == abi.OK {
			n, s = l.push(key, val)
		}
	}
	stack[0] = abi.Pack(s, n)
}

func hostContextSwap(act *sandbox.Activation, stack []uint64) {
	a := act.Owner.(*activation)
	buf, limit := uint64(uint32(stack[5])), uint64(uint32(stack[6]))
	l, key, s := a.contextKey(uint32(stack[0]), uint64(uint32(stack[1])), uint64(uint32(stack[2])))
	if s == abi.OK {
		if _, ok := a.act.Read(buf, limit); !ok {
			s = abi.Invalid
		}
	}
	var val []byte
	if s == abi.OK {
		val, s = a.contextValue(uint64(uint32(stack[3])), uint64(uint32(stack[4])))
	}
	if s != abi.OK {
		stack[0] = abi.Pack(s, 0)
		return
	}
	if now, _ := l.lookup(key); over(a.moved+int64(len(now)), a.guest.limits.TransferBytes) {
		stack[0] = abi.Pack(abi.Limit, 0) // before anything is changed
		return
	}
	old, had, s := l.swap(key, val, limit)
	switch {
	case s == abi.TooLarge && uint64(len(old)) > limit:
		stack[0] = abi.Pack(s, uint32(len(old)))
	case s != abi.OK:
		stack[0] = abi.Pack(s, 0)
	case !had:
		stack[0] = abi.Pack(abi.NotFound, 0)
	default:
		stack[0] = abi.Pack(a.giveBytes(old, buf, limit))
	}
}
